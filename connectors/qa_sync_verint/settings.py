"""The settings of a Verint source, checked all at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from qa_sync.errors import Problem
from qa_sync.validation import validated
from qa_sync_verint.auth import Signing
from qa_sync_verint.files.profile import Zone

#: What public clients show to exist, and where. The others are not public: a tenant's SDK documentation has them.
KNOWN_PATHS = {
    "employees": "/wfo/user-mgmt-api/v1/employees",
    "organizations": "/wfo/user-mgmt-api/v1/organizations",
    "groups": "/wfo/user-mgmt-api/v1/groups",
    "interactions": "/DASWebAPI/Query/ExecuteDynamicQuery",
}
UNKNOWN = ("evaluations", "evaluation_answers", "forms", "appeals")
RESOURCES = (*KNOWN_PATHS, *UNKNOWN)


class Strict(BaseModel):
    """Settings: an unknown one is a typing mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class FilesSettings(Strict):
    """Where export files are, and the profile that describes them (a path in the workspace or a starter's name)."""

    folder: Annotated[str, BeforeValidator(str), Field(min_length=1)]
    profile: Annotated[str, BeforeValidator(str), Field(min_length=1)]


class KeySettings(Strict):
    """An API key."""

    key_id: Annotated[str, Field(min_length=1, pattern=r"^[^\s,]+$")]
    key: Annotated[str, Field(min_length=1, repr=False)]


class AuthSettings(Strict):
    """How requests are authorised; which settings are needed depends on ``kind``."""

    kind: Literal["hmac", "session", "oauth2", "none"]
    key_id: str = ""
    key: Annotated[str, Field(repr=False)] = ""
    standby: KeySettings | None = None
    sign_query: bool = False
    path_form: Literal["raw", "decoded"] = "raw"
    canonical_headers: Literal["lower_names", "lower_all"] = "lower_names"
    key_encoding: Literal["base64url", "raw"] = "base64url"
    headers: dict[str, str] = Field(default_factory=dict)
    user: str = ""
    password: Annotated[str, Field(repr=False)] = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: Annotated[str, Field(repr=False)] = ""
    standby_client_id: str = ""
    standby_client_secret: Annotated[str, Field(repr=False)] = ""
    scope: str = ""

    @property
    def signing(self) -> Signing:
        """The options of the signed header."""
        return Signing(
            sign_query=self.sign_query,
            path_form=self.path_form,
            canonical_headers=self.canonical_headers,
            key_encoding=self.key_encoding,
        )


class ResourceSettings(Strict):
    """One REST resource. What is not public has no default path, and its shape is described here.

    ``records`` and ``id`` are JSON pointers; ``keep`` lists the pointers of what may be stored of a record.
    """

    path: str | None = None
    records: str = "/data"
    id: str = "/id"
    stamp: str | None = None
    next: str = "/links/next"
    keep: tuple[str, ...] = ()
    params: dict[str, str] = Field(default_factory=dict)


class InteractionSettings(Strict):
    """The interaction query: from which day, how large the windows are, and which custom data fields may be stored."""

    path: str = KNOWN_PATHS["interactions"]
    start: date | None = None
    window_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    overlap_minutes: Annotated[int, Field(ge=0)] = 1440
    time_zone: Zone = "UTC"
    keep: tuple[str, ...] = ()
    max_records: Annotated[int, Field(ge=1)] | None = None


class RestSettings(Strict):
    """A tenant's REST interface."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
    auth: AuthSettings
    resources: dict[str, ResourceSettings] = Field(default_factory=dict)
    interactions: InteractionSettings = InteractionSettings()
    spacing_seconds: Annotated[float, Field(ge=0, le=60)] = 0.2


class Settings(Strict):
    """A source ``connector: verint``. ``streams`` defaults to those of the file profile, and employees by REST."""

    connector: Literal["verint"] = "verint"
    files: FilesSettings | None = None
    rest: RestSettings | None = None
    streams: tuple[str, ...] | None = None
    page_records: Annotated[int, Field(ge=1, le=20_000)] = 2_000


_HINTS = {
    "base_url": "an address such as https://acme.verint.example",
    "key_id": "the id of an API key: no blank and no comma",
}


def read_settings(raw: Mapping[str, Any], name: str) -> tuple[Settings, list[Problem]]:
    """Return the settings and what is wrong between them; ``name`` is the source's name in the workspace.

    Raises:
        ConfigError: single settings are wrong; every one of them, and never their values.
    """
    base = ("sources", name)
    settings = validated(Settings, dict(raw), at=base, hints=_HINTS)
    problems = [Problem(what=what, hint=hint, path=(*base, *path)) for path, what, hint in _between(settings)]
    return settings, problems


def _between(settings: Settings) -> list[tuple[tuple[str, ...], str, str]]:
    found: list[tuple[tuple[str, ...], str, str]] = []
    if settings.files is None and settings.rest is None:
        hint = "give files: {folder, profile}, rest: {base_url, auth}, or both"
        found.append(((), "neither files nor rest is set", hint))
    rest = settings.rest
    if rest is None:
        return found
    found += [(("rest", "auth", *path), what, hint) for path, what, hint in _auth(rest.auth)]
    for name, resource in rest.resources.items():
        place = ("rest", "resources", name)
        if name not in RESOURCES or name == "interactions":
            found.append((place, "no such resource", f"one of {', '.join(sorted(set(RESOURCES) - {'interactions'}))}"))
        elif name in UNKNOWN and not resource.path:
            found.append(
                (
                    (*place, "path"),
                    "is empty, and no public document says what it should be",
                    "take it from your tenant's SDK documentation, or remove this resource",
                )
            )
        elif name in UNKNOWN and not resource.keep:
            found.append(
                (
                    (*place, "keep"),
                    "is empty: nothing of a record may be stored",
                    "list the JSON pointers that may be, such as /attributes/score",
                )
            )
    return found


def _auth(auth: AuthSettings) -> list[tuple[tuple[str, ...], str, str]]:
    needed = {
        "hmac": ("key_id", "key"),
        "session": ("user", "password"),
        "none": (),
        "oauth2": ("token_url", "client_id", "client_secret"),
    }[auth.kind]
    found: list[tuple[tuple[str, ...], str, str]] = [
        ((name,), f"is needed for kind: {auth.kind}", "") for name in needed if not getattr(auth, name)
    ]
    if auth.kind == "hmac" and auth.key:
        keys: list[tuple[tuple[str, ...], str]] = [(("key",), auth.key)]
        if auth.standby:
            keys.append((("standby", "key"), auth.standby.key))
        for path, key in keys:
            try:
                auth.signing.key_bytes(key)
            except ValueError:
                found.append((path, "is not base64url", "older internal keys are text: set key_encoding: raw"))
    found += [
        (("headers", name), "is not a header that is signed", "its name must begin with Verint-")
        for name in auth.headers
        if not name.lower().startswith("verint-")
    ]
    return found

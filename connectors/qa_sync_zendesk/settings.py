"""What an administrator writes under a Zendesk source, checked all at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from qa_sync.errors import Problem
from qa_sync.validation import is_loopback, validated
from qa_sync.wording import nearest
from qa_sync_zendesk.qa.streams import QA_ENDPOINTS
from qa_sync_zendesk.streams import ENDPOINTS

STREAMS = {*ENDPOINTS, *QA_ENDPOINTS}

MAX_PER_PAGE = 1000
_PATH = re.compile(r"[^.\[\]\s]+(\[\])?(\.[^.\[\]\s]+(\[\])?)*\Z")


def _number_text(value: object) -> object:
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,19}", str(value)):
        msg = "a number is expected, as Zendesk shows it in its address"
        raise ValueError(msg)
    return str(value)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ClientCredentials(_Part):
    """OAuth with a confidential client: the way that lasts."""

    kind: Literal["client_credentials"]
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    scope: str = "read"


class RefreshToken(_Part):
    """OAuth with a refresh token from an authorization; each renewal replaces it, so the newest is kept by us."""

    kind: Literal["refresh_token"]
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    refresh_token: SecretStr = Field(min_length=1)
    scope: str = "read"


class Bearer(_Part):
    """A token somebody else renews."""

    kind: Literal["bearer"]
    token: SecretStr = Field(min_length=1)


class ApiToken(_Part):
    """An API token: Zendesk stops all of them on 2027-04-30."""

    kind: Literal["api_token"]
    email: str = Field(min_length=1)
    token: SecretStr = Field(min_length=1)


class WriteBack(_Part):
    """What is written into tickets, and from what: off unless it stands in the workspace.

    ``select``: SQL over the workspace's tables with a column ``ticket_id`` and those that the others name.
    ``custom_fields``: ticket field id → column. ``tags`` and ``note``: texts in which ``{column}`` stands for a
    value; the note is internal.
    """

    select: str = Field(min_length=1)
    custom_fields: dict[Annotated[str, BeforeValidator(_number_text)], str] = Field(default_factory=dict)
    tags: tuple[str, ...] = ()
    note: str = ""


Auth = Annotated[ClientCredentials | RefreshToken | Bearer | ApiToken, Field(discriminator="kind")]


def _moment(value: object) -> object:
    """Read a date as midnight UTC, and an instant without zone as UTC: epoch seconds are what Zendesk asks for."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            msg = "not a date such as 2026-01-31, nor an instant such as 2026-01-31T08:00:00Z"
            raise ValueError(msg) from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    msg = "not a date such as 2026-01-31"
    raise ValueError(msg)


class Settings(_Part):
    """Settings of one Zendesk account.

    ``start``: how far back the first pull goes. ``per_page``: records a page, lowered for a while when pages
    time out. ``keep``: dotted paths stored on top of the safe default, per stream. ``hash_key``: secret under which
    requester ids are hashed; without it one is made and kept in the workspace's state folder.
    ``metric_sets``: have each ticket carry its metrics (solved_at, reply times). ``support_type_scope``: "all"
    also brings tickets that only an AI agent handled.

    ``audit_tickets``, ``audit_search``: whose audits ``ticket_audits`` reads, by number and by a search.

    ``qa_auth``: Zendesk QA's own token, for the streams whose names begin with ``qa_``; ``auth`` is for all others.
    ``qa_look_back_days``: how far before the last pull QA records are read again, since they change long after they
    were written; ``qa_full_days``: after how many days all of them are. ``qa_workspaces``: ids to read, none for all.
    """

    connector: Literal["zendesk"] = "zendesk"
    base_url: str
    streams: tuple[str, ...] = ("tickets", "users")
    auth: Auth | None = Field(default=None, validate_default=True)
    start: Annotated[datetime, BeforeValidator(_moment)] = datetime(2020, 1, 1, tzinfo=UTC)
    per_page: int = Field(default=MAX_PER_PAGE, ge=1, le=MAX_PER_PAGE)
    keep: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    hash_key: SecretStr | None = Field(default=None, min_length=16)
    metric_sets: bool = True
    support_type_scope: Literal["all", "agent", "ai_agent"] = "all"
    audit_tickets: tuple[Annotated[int, Field(gt=0)], ...] = ()
    audit_search: str = Field(default="", validate_default=True)
    qa_auth: Bearer | None = Field(default=None, validate_default=True)
    qa_look_back_days: int = Field(default=35, ge=1, le=3650)
    qa_full_days: int = Field(default=30, ge=1, le=3650)
    qa_workspaces: tuple[Annotated[str, BeforeValidator(_number_text)], ...] = ()
    write_back: WriteBack | None = None

    @field_validator("base_url")
    @classmethod
    def _one_host(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            parts, host = urlsplit(""), ""
        if parts.scheme not in {"http", "https"} or not host or re.search(r"[\s\\]", value):
            msg = "must be like https://acme.zendesk.com"
            raise ValueError(msg)
        if parts.username is not None or parts.password is not None or "@" in parts.netloc:
            msg = "must hold no user or password; credentials belong under auth"
            raise ValueError(msg)
        if parts.query or parts.fragment or "#" in value or "?" in value:
            msg = "must hold no ? and no #"
            raise ValueError(msg)
        if parts.path.rstrip("/").endswith("/api/v2"):
            msg = "leave out /api/v2"
            raise ValueError(msg)
        if parts.scheme == "http" and not is_loopback(host):
            msg = "must start with https:// (http is for 127.0.0.1 only: it would send the token in clear)"
            raise ValueError(msg)
        return value.rstrip("/")

    @field_validator("streams")
    @classmethod
    def _known_streams(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in STREAMS]
        if unknown or not value or len(set(value)) != len(value):
            near = [nearest(name, STREAMS) for name in unknown]
            told = f"no stream {', '.join(unknown)}" if unknown else "name each stream once, and at least one"
            listed = ", ".join(str(name) for name in near) if near and all(near) else ""
            msg = f"{told}; did you mean {listed}?" if listed else f"{told}; there are {', '.join(sorted(STREAMS))}"
            raise ValueError(msg)
        return value

    @field_validator("auth", "qa_auth")
    @classmethod
    def _signed(cls, value: object, info: ValidationInfo) -> object:
        own = QA_ENDPOINTS if info.field_name == "qa_auth" else ENDPOINTS
        if value is None and any(stream in own for stream in info.data.get("streams", ())):
            kind = "missing"
            raise PydanticCustomError(kind, "missing")
        return value

    @field_validator("audit_search")
    @classmethod
    def _chosen(cls, value: str, info: ValidationInfo) -> str:
        if "ticket_audits" in info.data.get("streams", ()) and not value and not info.data.get("audit_tickets"):
            msg = "ticket_audits reads chosen tickets only: choose them here or under audit_tickets"
            raise ValueError(msg)
        return value

    @field_validator("keep")
    @classmethod
    def _paths(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for stream, paths in value.items():
            if stream not in STREAMS:
                msg = f"no stream {stream}; there are {', '.join(sorted(STREAMS))}"
                raise ValueError(msg)
            bad = [path for path in paths if not _PATH.match(path)]
            if bad:
                msg = f"{stream}: not a dotted path: {', '.join(bad)}"
                raise ValueError(msg)
        return value


def read_settings(settings: Mapping[str, object], name: str) -> Settings:
    """Check the settings of the source ``name``.

    Raises:
        ConfigError: with every problem, at its path in the workspace file; no value is quoted.
    """
    return validated(Settings, dict(settings), at=("sources", name), hints=_HINTS)


def placed(problem: Problem, name: str) -> Problem:
    """Return a problem whose path began inside a source's settings as one of the workspace file."""
    return replace(problem, path=("sources", name, *problem.path))


_HINTS = {
    "base_url": "the address of the account, such as https://acme.zendesk.com",
    "auth": "for example {kind: client_credentials, client_id: ..., client_secret: ...}",
    "qa_auth": "for example {kind: bearer, token: ...}; the token is made in Zendesk QA under Settings, Connections",
    "audit_search": "a search such as: tags:escalated updated>2026-01-01",
    "hash_key": "a random text of at least 16 characters, kept with the secrets",
}

"""What an administrator writes under a Google Sheets sink or source, checked all at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from qa_sync.validation import is_loopback, validated

GOOGLE = "https://sheets.googleapis.com"
_SHEET_URL = re.compile(r"/spreadsheets/d/([A-Za-z0-9_-]+)")
_SHEET_ID = re.compile(r"[A-Za-z0-9_-]{4,}\Z")
#: Below Google's 60 a minute and user, so that other tools of the same account get through.
CALLS_PER_MINUTE = 55


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ApplicationDefault(_Part):
    """What the machine has: an attached account, workload identity, or ``gcloud auth application-default login``."""

    kind: Literal["application_default"]


class ServiceAccount(_Part):
    """A service account's key: the path of its file, or its text (from the environment or the keyring)."""

    kind: Literal["service_account"]
    file: str | None = None
    json_text: SecretStr | None = Field(default=None, alias="json", min_length=2)

    @model_validator(mode="after")
    def _one_of_two(self) -> ServiceAccount:
        if (self.file is None) == (self.json_text is None):
            msg = "give either file (a path) or json (the key's text, such as ${GOOGLE_KEY})"
            raise ValueError(msg)
        return self


class OAuthUser(_Part):
    """A person's authorization: the file that ``gcloud`` or gspread's ``oauth()`` wrote."""

    kind: Literal["oauth_user"]
    file: str


class Anonymous(_Part):
    """Nobody: for the sandbox on this machine."""

    kind: Literal["anonymous"]


Credentials = Annotated[ApplicationDefault | ServiceAccount | OAuthUser | Anonymous, Field(discriminator="kind")]


class Unverified(_Part):
    """Behaviour of Google that nobody has shown; see docs before changing.

    ``column_guard``: "recreate" makes a write fail as a whole when a column was moved between our read and
    our write, by deleting and creating its mark at the place expected; "none" leaves that window open.
    """

    column_guard: Literal["recreate", "none"] = "recreate"


class _Spreadsheet(_Part):
    connector: Literal["gsheets"] = "gsheets"
    spreadsheet: str
    credentials: Credentials = Field(default_factory=lambda: ApplicationDefault(kind="application_default"))
    base_url: str = GOOGLE
    timeout: float = Field(default=190.0, gt=0, le=600)
    calls_per_minute: int = Field(default=CALLS_PER_MINUTE, ge=1)

    @field_validator("credentials", mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"kind": value} if isinstance(value, str) else value

    @field_validator("spreadsheet")
    @classmethod
    def _id(cls, value: str) -> str:
        found = _SHEET_URL.search(value)
        if found:
            return found[1]
        if not _SHEET_ID.match(value):
            msg = "neither the address nor the id of a spreadsheet"
            raise ValueError(msg)
        return value

    @field_validator("base_url")
    @classmethod
    def _one_host(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            parts, host = urlsplit(""), ""
        if parts.scheme not in {"http", "https"} or not host or re.search(r"[\s\\@?#]", value):
            msg = f"must be like {GOOGLE}, without user, password, ? or #"
            raise ValueError(msg)
        if parts.path.strip("/"):
            msg = "must be scheme and host only"
            raise ValueError(msg)
        if parts.scheme == "http" and not is_loopback(host):
            msg = "must start with https:// (http is for 127.0.0.1 only: it would send the token in clear)"
            raise ValueError(msg)
        return value.rstrip("/")

    @model_validator(mode="after")
    def _nobody_stays_home(self) -> _Spreadsheet:
        if self.credentials.kind == "anonymous" and not is_loopback(urlsplit(self.base_url).hostname or ""):
            msg = "credentials: anonymous works with the sandbox on this machine only"
            raise ValueError(msg)
        return self


class SinkSettings(_Spreadsheet):
    """Settings of a sink on one spreadsheet.

    ``spreadsheet``: its address or id; it must be shared with the account. ``base_url``: another host that
    speaks the same language, such as the sandbox. ``timeout``: seconds to wait for an answer (Google takes up
    to 180 for one request). ``calls_per_minute``: of reads and of writes, each. ``watch``: how ``qa-sync watch``
    learns of ticked boxes: by Drive's list of changes (which costs no quota of Sheets), or by reading the control tab.
    """

    watch: Literal["drive", "control"] = "control"
    unverified: Unverified = Field(default_factory=Unverified)


class TabSettings(_Part):
    """One tab that is read as a stream.

    ``title`` or ``gid`` (the number in its address, which renaming does not change); ``key``: headers whose
    values identify a row; ``header_row``: counted from 1; ``keep``: headers to store (default all).
    ``managed``: instead of all these a tab that qa-sync keeps up, as dashboard/tab: read is what people wrote beside
    our rows, in columns made for them (by name) and of their own (by header); ``keep`` limits which.
    """

    title: str | None = Field(default=None, min_length=1)
    gid: int | None = Field(default=None, ge=0)
    managed: str | None = Field(default=None, pattern=r"^[^/]+/[^/]+$")
    key: tuple[str, ...] = ()
    header_row: int = Field(default=1, ge=1, le=1000)
    keep: tuple[str, ...] | None = None

    @field_validator("key", mode="before")
    @classmethod
    def _one_key(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of_two(self) -> TabSettings:
        if [self.title, self.gid, self.managed].count(None) != 2:
            msg = "give either title or gid, or managed for a tab that qa-sync keeps up"
            raise ValueError(msg)
        if self.managed is not None and (self.key or self.header_row != 1):
            msg = "a managed tab has its own key and header: leave out key and header_row"
            raise ValueError(msg)
        if self.managed is None and not self.key:
            msg = "give key: the headers that identify a row, such as [person, valid_from]"
            raise ValueError(msg)
        return self


class SourceSettings(_Spreadsheet):
    """Settings of a source: which tabs are streams. ``page_rows``: rows handed over at a time.

    ``who``: with "drive", rows of managed tabs say who changed the spreadsheet last, and when, as of the reading that
    first saw them so; Drive knows no more of single cells.
    """

    who: Literal["drive", "none"] = "none"
    tabs: dict[str, TabSettings] = Field(min_length=1)
    page_rows: int = Field(default=5000, ge=1)


def read_sink_settings(settings: Mapping[str, object], name: str) -> SinkSettings:
    """Check the settings of the sink ``name``.

    Raises:
        ConfigError: with every problem, at its path in the workspace file; no value is quoted.
    """
    return validated(SinkSettings, dict(settings), at=("sinks", name), hints=_HINTS)


def read_source_settings(settings: Mapping[str, object], name: str) -> SourceSettings:
    """Check the settings of the source ``name``.

    Raises:
        ConfigError: with every problem, at its path in the workspace file; no value is quoted.
    """
    return validated(SourceSettings, dict(settings), at=("sources", name), hints=_HINTS)


_HINTS = {
    "spreadsheet": "the address or id of a spreadsheet that is shared with the account",
    "tabs": "for example {roster: {title: Roster, key: [person]}}",
    "key": "the headers that identify a row, such as [person, valid_from]",
}

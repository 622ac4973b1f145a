"""From settings to an authorized session. Nothing is read or asked for before the first request needs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

from qa_sync.errors import AuthError, ConfigError, Problem
from qa_sync_gsheets.settings import Anonymous, Credentials, OAuthUser, ServiceAccount

#: Reading and writing spreadsheets whose id is known needs no more; gspread's own default is all of Drive.
SCOPES = ("https://www.googleapis.com/auth/spreadsheets",)
#: Which files have changed, and who changed them; nothing of what is in them.
DRIVE_SCOPE = "https://www.googleapis.com/auth/drive.metadata.readonly"
READ_SCOPES = ("https://www.googleapis.com/auth/spreadsheets.readonly",)


def open_session(
    credentials: Credentials, folder: Path, place: tuple[str | int, ...], *, read_only: bool, drive: bool = False
) -> requests.Session:
    """Return a session that signs its requests.

    Args:
        credentials: as the settings say.
        folder: where relative paths start.
        place: path of the settings in the workspace file, for problems.
        read_only: ask for reading only.
        drive: ask also for what Drive knows about changes.

    Raises:
        ConfigError: a key file is missing or is none. AuthError: the machine has no default credentials.
    """
    if isinstance(credentials, Anonymous):
        return requests.Session()
    from google.auth.transport.requests import AuthorizedSession

    scopes = [*(READ_SCOPES if read_only else SCOPES), *((DRIVE_SCOPE,) if drive else ())]
    found = _google(credentials, folder, (*place, "credentials"), scopes)
    session: requests.Session = AuthorizedSession(found)  # type: ignore[no-untyped-call]
    return session


def _google(credentials: Credentials, folder: Path, place: tuple[str | int, ...], scopes: list[str]) -> Any:
    if isinstance(credentials, ServiceAccount):
        from google.oauth2.service_account import Credentials as Key

        text = credentials.json_text.get_secret_value() if credentials.json_text else None
        info = _parsed(text, credentials.file, folder, place)
        try:
            return Key.from_service_account_info(info, scopes=scopes)  # type: ignore[no-untyped-call]
        except (ValueError, TypeError):
            what = "this is no key of a service account"
            raise ConfigError(Problem(what=what, hint="download a JSON key in Google Cloud", path=place)) from None
    if isinstance(credentials, OAuthUser):
        from google.oauth2.credentials import Credentials as User

        info = _parsed(None, credentials.file, folder, place)
        try:
            return User.from_authorized_user_info(info, scopes=scopes)  # type: ignore[no-untyped-call]
        except ValueError:
            what = "this is no file of an authorized user"
            raise ConfigError(Problem(what=what, hint="make one with gspread.oauth()", path=place)) from None
    return _machine(scopes)


def _machine(scopes: list[str]) -> Any:
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    try:
        found, _project = google.auth.default(scopes=scopes)
    except DefaultCredentialsError:
        command = f"gcloud auth application-default login --scopes={','.join(scopes)}"
        msg = f"this machine has no default Google credentials; run `{command}`, or set credentials to a key"
        raise AuthError(msg) from None
    return found


def _parsed(text: str | None, file: str | None, folder: Path, place: tuple[str | int, ...]) -> dict[str, Any]:
    name = "json" if text is not None else "file"
    if text is None:
        path = folder / str(file)
        try:
            text = path.read_text("utf-8")
        except OSError:
            what = f"cannot read {file}"
            hint = "a relative path starts at the workspace"
            raise ConfigError(Problem(what=what, hint=hint, path=(*place, name))) from None
    try:
        info = json.loads(text)
    except ValueError:
        info = None
    if not isinstance(info, dict):
        raise ConfigError(Problem(what="this is not the JSON text of a key", path=(*place, name)))
    return info

"""What a refusal says about the set-up: which setting to look at, and whether other streams would only say the same."""

from __future__ import annotations

from collections.abc import Sequence

from qa_sync.errors import AuthError, Problem, QASyncError, TransientError
from qa_sync_zendesk.qa.streams import QA_ENDPOINTS

#: Scopes that an endpoint wants, any of them; all others want ``read``.
SCOPES = {
    "tickets": "tickets:read",
    "users": "users:read",
    "organizations": "organizations:read",
}


def diagnose(name: str, at: int, error: QASyncError, granted: Sequence[str] = ()) -> tuple[Problem, bool]:
    """Return what to fix, and whether the other streams of the same interface would only say the same.

    Args:
        name: the stream that was asked for.
        at: its place in the settings' list.
        error: how it was refused.
        granted: scopes of the token, as far as the account tells them.
    """
    status = getattr(error, "status", None)
    qa = name in QA_ENDPOINTS
    if isinstance(error, AuthError):
        return _refused(name, at, error, granted)
    if status == 404 and qa:
        what = f"no Zendesk QA here: {error}"
        hint = "the account needs the add-on (a trial has none): remove the qa_ streams, or check base_url"
        return Problem(what=what, hint=hint, path=("streams",)), True
    if status == 404:
        hint = f"remove {name} from streams, or check base_url"
        return Problem(what=f"no {name} here: {error}", hint=hint, path=("streams", at)), False
    if isinstance(error, TransientError) and status == 429:
        return Problem(what=str(error), hint="another program uses this account's rate limit; try again later"), True
    if isinstance(error, TransientError) or (status is not None and 300 <= status < 400):
        hint = "is this the account's own address, and reachable from here?"
        return Problem(what=str(error), hint=hint, path=("base_url",)), True
    return Problem(what=str(error), path=("streams", at)), False


def _refused(name: str, at: int, error: AuthError, granted: Sequence[str]) -> tuple[Problem, bool]:
    if name in QA_ENDPOINTS:
        hint = "make a token in Zendesk QA under Settings, Connections; Support's credentials are not good for it"
        return Problem(what=str(error), hint=hint, path=("qa_auth",)), True
    if getattr(error, "status", None) != 403:
        hint = "check client id, secret and scope (or the token), and that the client is confidential and not revoked"
        return Problem(what=str(error), hint=hint, path=("auth",)), True
    wanted = ["read", *([SCOPES[name]] if name in SCOPES else [])]
    if granted and not set(wanted) & set(granted):
        what = f"no access to {name}: the token lacks the scope {' or '.join(wanted)}; it has {', '.join(granted)}"
        return Problem(what=what, hint="add it to auth.scope, and allow it to the client", path=("streams", at)), False
    hint = "the token needs a scope for it (read, or tickets:read and users:read) and an administrator"
    return Problem(what=f"no access to {name}: {error}", hint=hint, path=("streams", at)), False

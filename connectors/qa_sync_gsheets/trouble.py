"""Google's refusals in our words: what, where, what to try. Bodies are read for their codes, and never quoted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from qa_sync.errors import AuthError, QASyncError, SinkError, TransientError

_REQUEST = re.compile(r"Invalid requests\[(\d+)\]\.(\w+)")
#: Reasons of a 403 that mean "slow down".
_TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})


class AmbiguousWrite(TransientError):
    """Nobody knows whether a write landed: no answer, or one that says nothing about it."""


class Refused(SinkError):
    """A request that Google will not carry out as it stands (400). ``number`` and ``kind`` name the sub-request."""

    def __init__(self, message: str, *, number: int = -1, kind: str = "") -> None:
        super().__init__(message)
        self.number = number
        self.kind = kind


class NotThere(SinkError):
    """404: no such spreadsheet, as far as this account may know."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to make of an answer: the error, and whether to try again."""

    error: QASyncError
    again: bool = False


def judge(status: int, body: Any, *, writes: bool, account: str) -> Verdict:
    """Return what an answer other than 2xx means.

    Args:
        status: of the answer.
        body: its JSON, if it was any.
        writes: the request would have changed something.
        account: who we are, where known: the address to share the file with.
    """
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    reasons = _reasons(error)
    whom = account or "the account that qa-sync uses"
    if status == 429 or (status == 403 and reasons & _TOO_FAST):
        return Verdict(TransientError("Google Sheets: too many requests a minute", retry_after=60.0), again=True)
    if status >= 500 or status in {408, 409}:
        if writes:
            return Verdict(AmbiguousWrite(f"Google Sheets answered {status}; the write may or may not have landed"))
        return Verdict(TransientError(f"Google Sheets answered {status}; try again later"), again=True)
    if status == 401:
        return Verdict(AuthError("Google refused the credentials (401); renew or replace them"))
    if status == 403:
        return Verdict(AuthError(_forbidden(reasons, whom)))
    if status == 404:
        return Verdict(
            NotThere(
                f"no such spreadsheet for {whom}; check its address, and share the file with that account as an editor"
            )
        )
    found = _REQUEST.search(str(error.get("message", "")))
    number, kind = (int(found[1]), found[2]) if found else (-1, "")
    where = f" (request {number}, {kind})" if found else ""
    return Verdict(Refused(f"Google Sheets refused the request with {status}{where}", number=number, kind=kind))


def _reasons(error: dict[str, Any]) -> set[str]:
    details = [one for one in error.get("details") or [] if isinstance(one, dict)]
    older = [one for one in error.get("errors") or [] if isinstance(one, dict)]
    return {str(one["reason"]) for one in (*details, *older) if one.get("reason")}


def _forbidden(reasons: set[str], whom: str) -> str:
    if "storageQuotaExceeded" in reasons:
        return (
            "a service account owns no Drive storage and cannot create files; "
            f"let a person create the spreadsheet and share it with {whom}"
        )
    if "SERVICE_DISABLED" in reasons or "accessNotConfigured" in reasons:
        return "the Google Sheets API is not switched on for this project; enable it in Google Cloud"
    if reasons & {"ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions"}:
        return "the credentials lack the spreadsheets scope; sign in again with it"
    return f"{whom} may not use this spreadsheet (403); share it with that account as an editor"

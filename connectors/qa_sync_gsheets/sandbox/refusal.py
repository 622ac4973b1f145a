"""How the emulator says no, in Google's own shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class Refusal(Exception):
    """An answer other than 2xx: Google's code, message, status and details."""

    def __init__(self, code: int, message: str, details: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = list(details)

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": STATUSES[self.code]}
        if self.details:
            error["details"] = self.details
        return {"error": error}


def not_found() -> Refusal:
    """The file does not exist, or the caller may not know that it does."""
    return Refusal(404, "Requested entity was not found.")


def forbidden() -> Refusal:
    """The file is not shared with the caller."""
    return Refusal(403, "The caller does not have permission")


def unavailable() -> Refusal:
    """503, which says nothing about whether the write landed."""
    return Refusal(503, "The service is currently unavailable.")


def storage_exceeded() -> Refusal:
    """What a service account hears when it creates a file: it owns no Drive storage."""
    message = "The user's Drive storage quota has been exceeded."
    refusal = Refusal(403, message)
    refusal.body = lambda: {  # type: ignore[method-assign]
        "error": {
            "code": 403,
            "message": message,
            "errors": [{"message": message, "domain": "usageLimits", "reason": "storageQuotaExceeded"}],
        }
    }
    return refusal


def over_quota(kind: str) -> Refusal:
    """429 for ``kind`` "Read" or "Write", with the body that Google sends."""
    message = (
        f"Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests per minute per user' "
        "of service 'sheets.googleapis.com' for consumer 'project_number:1'."
    )
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
            "quota_limit": f"{kind}RequestsPerMinutePerUser",
            "quota_metric": f"sheets.googleapis.com/{kind.lower()}_requests",
        },
    }
    return Refusal(429, message, [detail])

"""What Zendesk's error codes mean, in words of ours: an answer's own words are never repeated."""

from __future__ import annotations

import json
from typing import Any

import requests

_LONGEST = 20_000
_MEANINGS = {
    "InvalidEndpoint": "InvalidEndpoint: the account's plan lacks this endpoint, or base_url is not the account's",
    "RecordNotFound": "RecordNotFound: there is no such record",
    "APIRateLimitExceeded": "the account's rate limit is used up",
    "Rate limited by Zendesk edge protection": "held back at Zendesk's edge",
    "invalid_token": "the token has expired or was revoked",
    "invalid_client": "the client id is unknown or its secret is wrong",
    "unauthorized_client": "the client may not use this kind of grant: it must be confidential",
    "invalid_grant": "the refresh token has expired, was spent or was revoked",
    "invalid_scope": "the scope is not known",
    "insufficient_scope": "the token lacks a scope",
    "Forbidden": "the user lacks a permission: exports are for administrators",
    "Couldn't authenticate you": "the credentials are unknown",
    "InvalidPaginationDepth": "an offset list ends at 10,000 records",
}

#: Zendesk QA answers in the codes of google.rpc.
_QA_MEANINGS = {
    3: "Zendesk QA does not take these parameters",
    5: "Zendesk QA knows no such thing; the account may have no Zendesk QA",
    7: "Zendesk QA's token may not read this",
    8: "Zendesk QA's rate limit is used up",
    16: "Zendesk QA's token has expired, was revoked, or is not one of Zendesk QA",
}


def explain(response: requests.Response) -> str:
    """Return the meaning of the code in a refusal, "" when it is none we know."""
    body = response.content
    if not body or len(body) > _LONGEST:
        return ""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if isinstance(answer, dict) and answer.get("code") in _QA_MEANINGS and "message" in answer:
        return _QA_MEANINGS[answer["code"]]
    return next((_MEANINGS[code] for code in _codes(answer) if code in _MEANINGS), "")


def _codes(answer: Any) -> list[str]:
    """Return what may be a code in any of the shapes in use: an object, a code, a list of objects."""
    if not isinstance(answer, dict):
        return []
    found: list[Any] = [answer.get("error"), answer.get("detail")]
    error, errors = answer.get("error"), answer.get("errors")
    for part in [error, *(errors if isinstance(errors, list) else [])]:
        if isinstance(part, dict):
            found += [part.get("code"), part.get("title")]
    return [code for code in found if isinstance(code, str)]

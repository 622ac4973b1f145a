"""Make a URL safe to print: scheme, host and path only."""

from __future__ import annotations

from urllib.parse import urlsplit


def redact_url(url: str) -> str:
    """Return ``url`` without user, password, query and fragment.

    >>> redact_url("https://bot:pw@acme.example/api/v2/users.json?query=ann#x")
    'https://acme.example/api/v2/users.json'
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port:
        host += f":{parts.port}"
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else parts.path

"""Check a signed header as a server would. Written apart from ``qa_sync_verint.auth``: neither can be wrong unseen."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote

_HEADER = re.compile(
    r"Vrnt-1-HMAC-SHA256 salt=([^,\s]+),iat=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ),kid=([^,\s]+),sig=([\w-]{43})\Z"
)


@dataclass(slots=True, kw_only=True)
class Verifier:
    """Knows keys by id and which variant of the signature it wants. Salts are remembered: none may come twice."""

    keys: dict[str, str]
    sign_query: bool = False
    path_form: str = "raw"
    canonical_headers: str = "lower_names"
    key_encoding: str = "base64url"
    skew_seconds: float = 300.0
    salts: set[str] = field(default_factory=set)

    def fault(self, method: str, target: str, headers: Sequence[tuple[str, str]], now: datetime) -> str:
        """Return why a request is refused, "" when its signature is right; ``target`` is path and query as sent."""
        given = {name.lower(): value for name, value in headers}
        match = _HEADER.match(given.get("authorization", ""))
        if match is None:
            return "no signature of the known form"
        salt, iat, key_id, signature = match.groups()
        if key_id not in self.keys:
            return "unknown or expired key"
        sent = datetime.strptime(iat, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs((now - sent).total_seconds()) > self.skew_seconds:
            return "the time is too far off"
        if salt in self.salts:
            return "the salt was used before"
        path, _, query = target.partition("?")
        if self.sign_query and query:
            path = path + "?" + query
        if self.path_form == "decoded":
            path = unquote(path)
        message = "\n".join([salt, method, path, iat, self._headers(headers)]) + "\n"
        wanted = hmac.digest(self._key(key_id), message.encode("utf-8"), hashlib.sha256)
        if not hmac.compare_digest(urlsafe_b64encode(wanted).rstrip(b"=").decode(), signature):
            return "the signature is wrong"
        self.salts.add(salt)
        return ""

    def _key(self, key_id: str) -> bytes:
        text = self.keys[key_id]
        if self.key_encoding == "raw":
            return text.encode("ascii")
        while len(text) % 4:
            text += "="
        return urlsafe_b64decode(text)

    def _headers(self, headers: Sequence[tuple[str, str]]) -> str:
        chosen = [pair for pair in headers if pair[0][:7].lower() == "verint-"]
        if self.canonical_headers == "lower_all":
            return "".join((name + ":" + value + "\n").lower() for name, value in chosen)
        by_name: Mapping[str, str] = {name.lower(): value for name, value in chosen}
        return "".join(name + ":" + by_name[name] + "\n" for name in sorted(by_name))

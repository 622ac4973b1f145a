"""The token endpoint: a test key signs in as a service account would, and requests show the token."""

from __future__ import annotations

import json
import secrets
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from qa_sync_gsheets.sandbox.refusal import Refusal

EMAIL = "qa-sync@sandbox.example.iam.gserviceaccount.com"
AUDIENCE = "https://oauth2.googleapis.com/token"


@lru_cache(maxsize=8)
def _private_key(_email: str) -> Any:
    """Make a key for an account: once a process, because it takes a third of a second."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Tokens:
    """Known keys and tokens. Without ``required`` everybody may come in, as nobody else can reach loopback."""

    def __init__(self, *, required: bool = False, email: str = EMAIL) -> None:
        self.required = required
        self._email = email
        self._public: Any = None
        self._tokens: set[str] = set()

    def new_key(self, token_uri: str) -> dict[str, str]:
        """Make a service account's key file whose token address is ours."""
        from cryptography.hazmat.primitives import serialization

        key = _private_key(self._email)
        self._public = key.public_key()
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": "sandbox",
            "private_key_id": "1",
            "client_id": "1",
            "client_email": self._email,
            "token_uri": token_uri,
            "private_key": private.decode(),
        }

    def answer(self, raw: bytes) -> tuple[int, dict[str, Any]]:
        """Give a token for an assertion that our key has signed."""
        from google.auth import jwt

        assertion = parse_qs(raw.decode()).get("assertion", [""])[0]
        try:
            claims = self._verified(jwt, assertion)
        except (ValueError, TypeError, KeyError):
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        token = "sandbox." + secrets.token_urlsafe(24)
        self._tokens.add(token)
        return 200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer", "scope": claims["scope"]}

    def _verified(self, jwt: Any, assertion: str) -> dict[str, Any]:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        _header, claims, signed, signature = jwt._unverified_decode(assertion)
        try:
            self._public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, AttributeError) as error:
            msg = "not our key"
            raise ValueError(msg) from error
        if claims["iss"] != self._email:
            msg = "not our account"
            raise ValueError(msg)
        verified: dict[str, Any] = claims
        return verified

    def expire(self) -> None:
        """Make every token given so far worthless."""
        self._tokens.clear()

    def require(self, token: str) -> None:
        """Refuse a request without a token of ours."""
        if self.required and token not in self._tokens:
            wanted = "Expected OAuth 2 access token, login cookie or other valid authentication credential."
            raise Refusal(401, f"Request had invalid authentication credentials. {wanted}")


def as_text(key: dict[str, str]) -> str:
    """Return a key file's text on one line, for an environment variable."""
    return json.dumps(key)

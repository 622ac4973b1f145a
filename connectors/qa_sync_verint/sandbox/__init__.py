"""A stand-in built from public shapes: a signed REST interface on loopback, and a folder of export files.

It is not Verint's software and proves nothing about it; it keeps to what public clients and file layouts show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qa_sync_verint.sandbox.exports import write_files
from qa_sync_verint.sandbox.server import OAUTH_PATH, Asked, Server, Tenant
from qa_sync_verint.sandbox.verifier import Verifier
from qa_sync_verint.sandbox.world import World, employee

__all__ = ["Asked", "Sandbox", "employee", "start", "write_files"]

_ENVIRONMENT = {
    "VERINT_KEY_ID": "sandboxkey1",
    "VERINT_KEY": "c2FuZGJveC1rZXktbm90LWZvci1hbnl0aGluZy1yZWFs",
    "VERINT_STANDBY_KEY_ID": "sandboxkey2",
    "VERINT_STANDBY_KEY": "c2FuZGJveC1zdGFuZGJ5LWtleS1ub3QtcmVhbC1laXRoZXI",
    "VERINT_USER": "qa-sync-sandbox",
    "VERINT_PASSWORD": "sandbox-password-not-for-anything-real",
    "VERINT_CLIENT_ID": "qa-sync-sandbox-client",
    "VERINT_CLIENT_SECRET": "sandbox-secret-not-for-anything-real",
}


class Sandbox:
    """A running stand-in; see ``start``. ``tenant`` holds its state, and switches that make it misbehave."""

    def __init__(self, tenant: Tenant, server: Server, folder: Path | None) -> None:
        self.tenant = tenant
        self.folder = folder
        self._server = server

    @property
    def url(self) -> str:
        """Where it listens, such as http://127.0.0.1:40001."""
        return self._server.url

    @property
    def requests(self) -> list[Asked]:
        """Everything asked so far, oldest first."""
        return list(self.tenant.asked)

    def settings(self, kind: str = "hmac") -> Mapping[str, object]:
        """Return the settings of a source of this sandbox; secrets are references into ``environment()``."""
        auth: dict[str, object] = {
            "hmac": {"kind": "hmac", "key_id": "${VERINT_KEY_ID}", "key": "${VERINT_KEY}"},
            "session": {"kind": "session", "user": "${VERINT_USER}", "password": "${VERINT_PASSWORD}"},
            "oauth2": {
                "kind": "oauth2",
                "token_url": self.url + OAUTH_PATH,
                "client_id": "${VERINT_CLIENT_ID}",
                "client_secret": "${VERINT_CLIENT_SECRET}",
            },
        }
        settings: dict[str, object] = {
            "connector": "verint",
            "rest": {"base_url": self.url, "auth": auth[kind], "spacing_seconds": 0},
        }
        if self.folder is not None:
            settings["files"] = {"folder": str(self.folder), "profile": "mappings/demo/verint_files.yaml"}
        return settings

    def workspace(self) -> Mapping[str, Mapping[str, object]]:
        """Return the source that a workspace needs to read it."""
        return {"sources": {"verint": {"mapping": "mappings/verint.yaml", **self.settings()}}}

    def pages(self) -> Mapping[str, str]:
        """Return nothing: there is nothing to look at."""
        return {}

    def environment(self) -> Mapping[str, str]:
        """Return the environment variables that the settings refer to."""
        return dict(_ENVIRONMENT)

    def expire_key(self) -> None:
        """Let the first key be refused from now on; the standby key works."""
        self.tenant.verifier.keys.pop(_ENVIRONMENT["VERINT_KEY_ID"], None)

    def expire_tokens(self) -> None:
        """Let every token issued so far be refused from now on."""
        self.tenant.tokens.clear()

    def refuse_next(self, status: int, *, retry_after: float | None = None, times: int = 1) -> None:
        """Refuse the next requests with a status, and say when to come back."""
        self.tenant.refusals += [(status, retry_after)] * times

    def stop(self) -> None:
        """End the server."""
        self._server.stop()


def start(
    programme: Any = None,
    *,
    port: int = 0,
    folder: Path | None = None,
    until: datetime | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    **options: Any,
) -> Sandbox:
    """Start a stand-in on 127.0.0.1.

    Args:
        programme: a ``qa_sync.testing.programme.Programme`` to serve; None serves nobody.
        port: 0 takes a free one.
        folder: where the programme's export files are written; None writes none.
        until: what the programme did later has not happened yet.
        clock: the tenant's time.
        options: of the verifier: sign_query, path_form, canonical_headers, key_encoding, skew_seconds.
    """
    world = World()
    if programme is not None:
        world.load(programme.until(until) if until is not None else programme)
        if folder is not None:
            write_files(programme, folder, until=until)
    keys = {
        _ENVIRONMENT["VERINT_KEY_ID"]: _ENVIRONMENT["VERINT_KEY"],
        _ENVIRONMENT["VERINT_STANDBY_KEY_ID"]: _ENVIRONMENT["VERINT_STANDBY_KEY"],
    }
    tenant = Tenant(
        world,
        Verifier(keys=keys, **options),
        user=_ENVIRONMENT["VERINT_USER"],
        password=_ENVIRONMENT["VERINT_PASSWORD"],
        client_id=_ENVIRONMENT["VERINT_CLIENT_ID"],
        client_secret=_ENVIRONMENT["VERINT_CLIENT_SECRET"],
        clock=clock,
    )
    return Sandbox(tenant, Server(tenant, port), folder)

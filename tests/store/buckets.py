"""An emulator of S3 on this machine, and stores in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE
from urllib.request import Request, urlopen

import pytest
from store.pages import day, page

from qa_sync.engine.duck import DuckEngine
from qa_sync.model.system import RAW
from qa_sync.store import Store
from qa_sync.store.bucket import BucketPath, open_bucket

#: Keys that the emulator takes; that they never show is tested.
KEYS = {"access_key_id": "AKIAPLANTEDKEY", "secret_access_key": "planted/secret+key"}


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator."""

    url: str

    @property
    def options(self) -> dict[str, str]:
        """What a workspace must say to reach it."""
        return {"endpoint": self.url, **KEYS}

    def folder(self, name: str) -> BucketPath:
        """Return an empty prefix."""
        return open_bucket(f"s3://quality/{name}", self.options)

    def store(self, name: str, state: Path) -> Store:
        """Return a store in a prefix."""
        return Store(self.folder(name), state=state)


#: A process of its own: Delta Lake holds the interpreter while it waits for an answer.
_SERVE = """
import logging, sys, time
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def emulated() -> Iterator[Emulator]:
    """Start an emulator with one bucket; it ends with whoever started it."""
    pytest.importorskip("moto.server", reason="needs moto: pip install --group test")
    pytest.importorskip("obstore", reason="needs obstore: pip install 'qa-sync[s3]'")
    with subprocess.Popen([sys.executable, "-c", _SERVE], stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            with urlopen(Request(f"{url}/quality", method="PUT")) as made:
                assert made.status == 200
            yield Emulator(url)
        finally:
            server.kill()


def add(store: Store, n: int) -> None:
    """Commit one record of a stream."""
    raw = store.raw("s", "t")
    here = raw.position()
    rows = raw.prepare(page((str(n), n, json.dumps({"n": n}))), at=day(0), by_arrival=False).rows
    raw.commit(rows, cursor=f"after {n}", expected_n=here.n, run_id="r", at=day(0))


def ids(store: Store) -> list[str]:
    """Return the ids of the stream's records."""
    engine = DuckEngine(threads=1)
    try:
        engine.scan("it", store.raw("s", "t").files(), RAW)
        found: list[str] = engine.fetch("SELECT id FROM it ORDER BY id")["id"].to_pylist()
    finally:
        engine.close()
    return found

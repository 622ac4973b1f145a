"""A fault at every write: nothing acknowledged is lost, the store always opens again, and goes on."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from store.faulty import NOW
from store.test_durable import add

from qa_sync.store import Store, Upkeep
from qa_sync.store.log import read_log

HERE = Path(__file__).parent
KINDS = ("enospc", "eio", "short", "lost")
CALLS = {"short": ("write", "pwrite", "writev"), "lost": ("rename", "link", "linkat")}


@dataclass(frozen=True, slots=True)
class Injector:
    """The compiled library, and every call that a whole life makes, in order."""

    library: Path
    calls: tuple[str, ...]

    def run(self, folder: Path, at: int, kind: str, log: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Live once in a process of its own, with one fault."""
        environment = {**os.environ, "LD_PRELOAD": str(self.library), "FAULT_ROOT": str(folder), "FAULT_AT": str(at),
                       "FAULT_KIND": kind, "PYTHONPATH": str(HERE.parent)}  # fmt: skip
        if log:
            environment["FAULT_LOG"] = str(log)
        return subprocess.run([sys.executable, str(HERE / "faulty.py"), str(folder)], env=environment, text=True,
                              capture_output=True, check=False, timeout=120)  # fmt: skip

    def places(self, kind: str) -> list[int]:
        """Return the numbers of the calls that a kind of fault can strike."""
        return [at for at, name in enumerate(self.calls, 1) if kind not in CALLS or name in CALLS[kind]]


@pytest.fixture(scope="module")
def injector(tmp_path_factory: pytest.TempPathFactory) -> Injector:
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("faults are injected with a C compiler on Linux")
    folder = tmp_path_factory.mktemp("faults")
    library, log = folder / "faults.so", folder / "calls"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-w", "-o", library, HERE / "faults.c", "-ldl"], check=True)
    done = Injector(library, ()).run(folder / "whole", 0, "", log)
    assert done.returncode == 0, done.stdout + done.stderr
    calls = tuple(line.split()[1] for line in log.read_text().splitlines())
    assert {"write", "fsync", "rename"} <= set(calls)
    assert set(calls) & {"link", "linkat"}, "commits are no longer made with a link: what else could be lost?"
    return Injector(library, calls)


def check(folder: Path, done: subprocess.CompletedProcess[str]) -> None:
    """What was acknowledged is there, the store is whole after a repair, and goes on."""
    told = done.stdout.splitlines()
    if done.returncode in (5, 6):
        assert told[-1].startswith("refused "), done.stderr
    else:
        assert done.returncode in (0, 77), done.stderr
    store = Store(folder)
    upkeep = Upkeep(store)
    upkeep.repair(NOW)
    assert upkeep.status(NOW)[1] == []
    raw = store.raw("s", "t")
    acknowledged = max((int(line.split()[1]) for line in told if line.startswith("commit ")), default=0)
    here = raw.position()
    assert here.n >= acknowledged
    files = [str(raw.path / span.path) for span in read_log(raw.path).spans if span.removed is None]
    held = duckdb.execute("SELECT id, payload FROM read_parquet($1) ORDER BY id", [files]).fetchall() if files else []
    assert [row[0] for row in held] == [f"id{n}" for n in range(here.n)], "lost or doubled"
    assert here.cursor == (str(here.n - 1) if here.n else None)
    assert [run.run_id for run in store.ledger.runs()] == ["run"] or "run" not in told
    assert len({row[1] for row in held}) <= 1, "half erased"
    if "erased" in told:
        assert "Planted" not in str(held)
    before = here.n
    add(store, 99)
    assert raw.position().n == before + 1


def test_a_fault_at_a_few_writes_loses_nothing(injector: Injector, tmp_path: Path) -> None:
    rng = random.Random(20261122)
    for kind in KINDS:
        at = rng.choice(injector.places(kind))
        done = injector.run(tmp_path / kind, at, kind)
        assert done.returncode in (5, 6, 77), "the fault did not strike"
        check(tmp_path / kind, done)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_every_write_loses_nothing(injector: Injector, tmp_path: Path, kind: str) -> None:
    places = injector.places(kind)
    print(f"{len(places)} places for {kind}")
    for at in places:
        folder = tmp_path / f"{kind}{at}"
        try:
            check(folder, injector.run(folder, at, kind))
        except AssertionError as error:
            msg = f"{kind} at call {at} ({injector.calls[at - 1]})"
            raise AssertionError(msg) from error
        shutil.rmtree(folder)

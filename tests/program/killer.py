"""Kills commands at random moments: one process that has everything imported, and forks a child a command.

Usage: killer.py WORKSPACE SEED KILLS COMMAND... (words of one command joined by "+"). Two writers and a reader work at
once; prints one JSON line: kills, finished commands, and what any of them complained of that is no plain refusal.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from qa_sync.cli import ask, main, runs, upkeep  # noqa: F401  (imported before any fork: a child starts at once)
from qa_sync.runner import erasure, runs_diff  # noqa: F401
from qa_sync.store import bucket_lock

#: A lock in a bucket is waited for until it has not been written for so long.
bucket_lock.LEASE_SECONDS = float(os.environ.get("QA_SYNC_TEST_LEASE", bucket_lock.LEASE_SECONDS))

READS = (
    ("report", "agreement"),
    ("report", "evaluators"),
    ("query", "SELECT count(*) FROM evaluations"),
    ("store", "status"),
)
#: A finished command that says one of these has refused to do its work, and changed nothing.
PLAIN = (
    "is in use by",
    "nothing has been mapped",
    "no run with a snapshot",
    "can no longer be shown",
    "ran into another",
)


def child(folder: Path, words: tuple[str, ...], log: Path) -> int:
    """Start a command in a child; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    with contextlib.suppress(BaseException), log.open("a") as said, contextlib.redirect_stdout(None):  # type: ignore[type-var]
        sys.stderr = said
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
        code = main(["--workspace", str(folder), *words, "--quiet"])
        said.flush()
        os._exit(code)
    os._exit(99)


def kill_all(folder: Path, seed: int, kills: int, commands: list[tuple[str, ...]]) -> dict[str, object]:
    """Run until so many children were killed."""
    rng = random.Random(seed)
    log = folder.parent / "killed.log"
    log.write_text("")
    struck, finished, odd = 0, 0, 0
    longest = 0.5
    while struck < kills:
        began = time.monotonic()
        alive = {child(folder, rng.choice(commands), log): True for _ in range(2)}
        alive[child(folder, rng.choice(READS), log)] = False
        doom = {pid: began + rng.uniform(0.0, 1.1) * longest for pid, writes in alive.items() if writes}
        while alive:
            for pid in list(alive):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    del alive[pid]
                    doom.pop(pid, None)
                    finished += 1
                    odd += os.waitstatus_to_exitcode(status) not in (0, 1, 2, 3)
                    longest = max(0.2, 0.9 * longest + 0.1 * (time.monotonic() - began))
                elif time.monotonic() >= doom.get(pid, float("inf")):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    del alive[pid], doom[pid]
                    struck += 1
            time.sleep(0.002)
    complaints = [
        line
        for line in log.read_text().splitlines()
        if line.startswith("error: ") and not any(p in line for p in PLAIN)
    ]
    return {"kills": struck, "finished": finished, "odd": odd, "complaints": sorted(set(complaints))}


if __name__ == "__main__":
    place, seed, kills, *given = sys.argv[1:]
    print(json.dumps(kill_all(Path(place), int(seed), int(kills), [tuple(words.split("+")) for words in given])))

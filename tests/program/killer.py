"""Kills commands at random moments: one process that has everything imported, and forks a child a command.

Usage: killer.py WORKSPACE SEED KILLS COMMAND... (words of one command joined by "+"). Two writers work at once, often
beside a reader; prints one JSON line: kills, finished commands, and what any of them complained of that is no plain refusal.
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


#: So many of the writers are let live: how long a command takes is known from these alone, as those that escape the
#: killer are the quick ones.
SPARED = 0.1

#: In so many of the rounds somebody reads.
READING = 0.4


def lengths_of(folder: Path, commands: list[tuple[str, ...]], log: Path) -> dict[tuple[str, ...], float]:
    """Return how long each command takes when nothing else is at work: measured once, and kept beside the workspace."""
    kept = folder.parent / "lengths.json"
    found = dict(json.loads(kept.read_text())) if kept.exists() else {}
    for words in dict.fromkeys(commands):
        if "+".join(words) not in found:
            began = time.monotonic()
            os.waitpid(child(folder, words, log), 0)
            found["+".join(words)] = max(0.2, time.monotonic() - began)
    kept.write_text(json.dumps(found))
    return {words: found["+".join(words)] for words in commands}


def kill_all(folder: Path, seed: int, kills: int, commands: list[tuple[str, ...]]) -> dict[str, object]:
    """Run until so many children were killed, each at a moment drawn from the whole length of its command."""
    rng = random.Random(seed)
    log = folder.parent / "killed.log"
    log.write_text("")
    struck, finished, odd = 0, 0, 0
    length = lengths_of(folder, commands, log)
    while struck < kills:
        began = time.monotonic()
        chosen = {child(folder, words, log): words for words in (rng.choice(commands) for _ in range(2))}
        alive = set(chosen)
        if rng.random() < READING:
            alive.add(child(folder, rng.choice(READS), log))
        doom = {
            pid: began + rng.uniform(0.0, 1.1) * length[words] for pid, words in chosen.items() if rng.random() > SPARED
        }
        while alive:
            for pid in list(alive):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    alive.remove(pid)
                    finished += 1
                    code = os.waitstatus_to_exitcode(status)
                    odd += code not in (0, 1, 2, 3)
                    if pid in chosen and pid not in doom and code == 0:
                        words = chosen[pid]
                        length[words] = 0.7 * length[words] + 0.3 * (time.monotonic() - began)
                    doom.pop(pid, None)
                elif time.monotonic() >= doom.get(pid, float("inf")):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    alive.remove(pid)
                    del doom[pid]
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

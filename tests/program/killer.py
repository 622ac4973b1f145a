"""Kills commands at random moments: one process that has everything imported, and forks a child a command.

Usage: killer.py WORKSPACE SEED KILLS COMMAND... (words of one command joined by "+"). Two writers work at once, often
beside two readers; prints one JSON line: kills, finished commands, and what any of them complained of that is no plain refusal.

killer.py --alone WORKSPACE SEED KILLS COMMAND has one writer at a time: see ``kill_alone``.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from qa_sync.cli import ask, main, runs, upkeep  # noqa: F401  (imported before any fork: a child starts at once)
from qa_sync.runner import erasure, runs_diff  # noqa: F401
from qa_sync.store import bucket_lock, shorten

for needed in (
    "deltalake",
    "duckdb",
    "pandas",
    "python_calamine",
    "scipy.stats",
    "xlsxwriter",
    "qa_sync_excel.sink",
    "qa_sync_files.source",
):
    importlib.import_module(needed)  # what commands import when they need it, as above

#: A lock in a bucket is waited for until it has not been written for so long.
bucket_lock.LEASE_SECONDS = float(os.environ.get("QA_SYNC_TEST_LEASE", bucket_lock.LEASE_SECONDS))

#: Logs are shortened every few commits, so that this is killed, too.
shorten.LONG, shorten.STAYING = 12, 4

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
    "a person was erased while this ran",
    "nobody is called so, and no record holds that text",
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

#: In so many of the rounds two read.
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
            alive |= {child(folder, rng.choice(READS), log) for _ in range(2)}
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


def kill_alone(folder: Path, seed: int, kills: int, words: tuple[str, ...]) -> dict[str, object]:
    """Run a command once whole; then in a copy of the workspace as it was, killed again and again until it finishes;
    then in another copy, until so many were killed. Says which copies finished, and which the last kill left."""
    rng, log = random.Random(seed), folder.parent / "killed.log"
    fresh = folder.with_name("fresh")
    shutil.copytree(folder, fresh)
    length = lengths_of(folder, [words], log)[words]
    struck, finished = 0, []
    hurt = shutil.copytree(fresh, folder.with_name("hurt0"))
    while True:
        doom = time.monotonic() + rng.uniform(0.1, 1.0) * length
        pid = child(hurt, words, log)
        done = status = 0
        while not done and time.monotonic() < doom:
            time.sleep(0.002)
            done, status = os.waitpid(pid, os.WNOHANG)
        if not done:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            struck += 1
            if struck == kills:
                return {"kills": struck, "finished": finished, "left": str(hurt)}
            continue
        if os.waitstatus_to_exitcode(status):
            raise RuntimeError(log.read_text())
        finished.append(str(hurt))
        hurt = shutil.copytree(fresh, folder.with_name(f"hurt{len(finished)}"))


if __name__ == "__main__":
    alone = sys.argv[1] == "--alone"
    place, seed, kills, *given = sys.argv[1 + alone :]
    commands = [tuple(words.split("+")) for words in given]
    told = (
        kill_alone(Path(place), int(seed), int(kills), commands[0])
        if alone
        else kill_all(Path(place), int(seed), int(kills), commands)
    )
    print(json.dumps(told))

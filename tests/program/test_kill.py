"""A run may be killed at any moment: after a restart the state equals that of an uninterrupted run, nothing twice."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from program import command as here
from program.rating_files import qa_sync, state, workspace, write_ratings


def _killer(*arguments: str, environment: Mapping[str, str]) -> Any:
    """Return what killer.py says."""
    command = [sys.executable, str(Path(__file__).with_name("killer.py")), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_ten_kills_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ratings(tmp_path / "ratings", items=40, raters=8)
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    whole, environment = workspace(tmp_path, tmp_path / "ratings")
    told = _killer("--alone", str(whole), "2026", "10", "run", environment=environment)
    assert told["kills"] == 10
    wanted = state(whole)
    assert wanted["evaluations"], "the run made nothing that could be lost"
    assert wanted["published"]
    for finished in told["finished"]:
        assert state(Path(finished)) == wanted
    left = Path(told["left"])
    here.qa_sync(left, "run", "--quiet")
    assert state(left) == wanted
    again = here.ask(left, "run")
    assert all(counts["data_cells"] == 0 for counts in again["counts"]["publish"].values())
    assert all(counts["commits"] == 0 for counts in again["counts"]["sync"].values())


PERSON = "worker-W003"
COMMITTING = ("run", "sync", "sync", "map", "map", "publish", "store+compact", "store+vacuum")

#: Kills before the mapping changes again: else there would soon be nothing left to commit.
PHASE = 50


def _rename(ratings: Path) -> None:
    for file in ratings.glob("*.csv"):
        file.write_text(file.read_text().replace("W003", PERSON))


def _rule(folder: Path, number: int) -> None:
    """Change the mapping so that every table is made anew, and nothing that is compared changes."""
    path = folder / "mappings" / "ratings.yaml"
    text = path.read_text().replace(
        "kind: {const: standard}", f"kind: {{const: standard}}\n        url: {{const: r{number}}}"
    )
    path.write_text(
        text
        if "url: {const" not in path.read_text()
        else re.sub(r"url: {const: r\d+}", f"url: {{const: r{number}}}", path.read_text())
    )


def _plain(folder: Path) -> str:
    return re.sub(r"erased-[0-9a-f]{6}", "erased", json.dumps(state(folder), sort_keys=True, default=str))


def all_commands_killed(tmp_path: Path, *, kills: int, seed: int, items: int, raters: int) -> None:
    """Every command that commits, killed at random, two writers and two readers at once: nothing shows afterwards."""
    ratings = tmp_path / "ratings"
    write_ratings(ratings, items=items, raters=raters)
    _rename(ratings)
    whole, environment = workspace(tmp_path / "whole", ratings)
    hurt, _ = workspace(tmp_path / "hurt", ratings)
    erase = ("store", "erase", "--person", PERSON)
    _rule(whole, 3)
    qa_sync(whole, environment, "run", "--quiet")
    qa_sync(whole, environment, *erase, "--quiet")
    qa_sync(whole, environment, "publish", "--quiet")
    rng = random.Random(seed)
    count = max(4, kills // PHASE)
    phases = [(number, COMMITTING) for number in range(10, 10 + count - 2)]
    phases += [(3, (*COMMITTING, "+".join(erase))), (3, COMMITTING)]  # in the end as the uninterrupted one has it
    for number, commands in phases:
        _rule(hurt, number)  # a changed mapping: whichever command maps next makes the tables anew
        told = _killer(str(hurt), str(rng.random())[2:], str(-(-kills // count)), *commands, environment=environment)
        assert (told["complaints"], told["odd"]) == ([], 0)
        assert told["kills"] >= kills // count
        assert qa_sync(hurt, environment, "store", "status").returncode == 0
    qa_sync(hurt, environment, "run", "--quiet")
    if PERSON in _plain(hurt):  # else an erasure came through before
        qa_sync(hurt, environment, *erase, "--quiet")
    qa_sync(hurt, environment, "publish", "--quiet")
    assert _plain(hurt) == _plain(whole)
    assert PERSON not in _plain(hurt)


@pytest.mark.soak
def test_a_thousand_kills_of_every_command_change_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("QA_SYNC_SEED", "20261122"))
    print(f"seed {seed}")
    all_commands_killed(tmp_path, kills=int(os.environ.get("QA_SYNC_KILLS", "1000")), seed=seed, items=40, raters=8)

"""A run may be killed at any moment: after a restart the state equals that of an uninterrupted run, nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from program.rating_files import ask, qa_sync, state, workspace, write_ratings


def killed_runs(tmp_path: Path, *, kills: int, seed: int, items: int, raters: int) -> None:
    ratings = tmp_path / "ratings"
    write_ratings(ratings, items=items, raters=raters)
    whole, environment = workspace(tmp_path / "whole", ratings)
    began = time.monotonic()
    qa_sync(whole, environment, "run", "--quiet")
    length = time.monotonic() - began
    wanted = state(whole)
    assert wanted["evaluations"], "the run made nothing that could be lost"

    rng = random.Random(seed)
    hurt, environment = workspace(tmp_path / "hurt", ratings)
    struck = 0
    while struck < kills:
        process = subprocess.Popen(
            [sys.executable, "-m", "qa_sync", "--workspace", str(hurt), "run", "--quiet"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            # Start-up is the same every time; the moments that matter come after it.
            _, error = process.communicate(timeout=rng.uniform(0.2, 1.0) * length)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            struck += 1
            continue
        assert process.returncode == 0, error.decode()
        if rng.random() < 0.5:  # a finished workspace has few commits left: start anew now and then
            assert state(hurt) == wanted
            hurt, environment = workspace(tmp_path / f"hurt{struck}-{rng.random()}", ratings)
    qa_sync(hurt, environment, "run", "--quiet")
    assert state(hurt) == wanted
    again = ask(hurt, environment, "run")
    assert all(counts["data_cells"] == 0 for counts in again["counts"]["publish"].values())
    assert all(counts["commits"] == 0 for counts in again["counts"]["sync"].values())


def test_ten_kills_change_nothing(tmp_path: Path) -> None:
    killed_runs(tmp_path, kills=10, seed=2026, items=40, raters=8)


@pytest.mark.soak
def test_two_hundred_kills_change_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("QA_SYNC_SEED", "20261122"))
    print(f"seed {seed}")
    killed_runs(tmp_path, kills=200, seed=seed, items=400, raters=20)

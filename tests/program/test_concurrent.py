"""Several processes on one store: no commit is lost, no reader sees a torn state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from program.rating_files import ask, qa_sync, state, workspace, write_ratings


def test_two_syncs_of_one_stream_and_a_reader_lose_and_tear_nothing(tmp_path: Path) -> None:
    ratings = tmp_path / "ratings"
    write_ratings(ratings)
    alone, environment = workspace(tmp_path / "alone", ratings)
    qa_sync(alone, environment, "run", "--quiet")
    wanted = state(alone)

    shared, environment = workspace(tmp_path / "shared", ratings)
    command = [sys.executable, "-m", "qa_sync", "--workspace", str(shared)]
    writers = [
        subprocess.Popen([*command, "sync", "--quiet"], env=environment, stderr=subprocess.PIPE) for _ in range(3)
    ]
    for writer in writers:
        _, error = writer.communicate(timeout=120)
        assert writer.returncode == 0, error.decode()
    mappers = [
        subprocess.Popen([*command, "map", "--quiet"], env=environment, stderr=subprocess.PIPE) for _ in range(2)
    ]
    for mapper in mappers:
        _, error = mapper.communicate(timeout=120)
        assert mapper.returncode == 0, error.decode()
    # Readers while another run is at work: an answer needs a recorded state, and that is always a whole one.
    runner = subprocess.Popen([*command, "run", "--quiet"], env=environment, stderr=subprocess.PIPE)
    torn = "SELECT count(*) AS n FROM answers a ANTI JOIN evaluations e USING (evaluation_id)"
    while runner.poll() is None:
        assert ask(shared, environment, "query", torn) == [{"n": 0}]
    _, error = runner.communicate()
    assert runner.returncode == 0, error.decode()
    assert state(shared) == wanted


def test_an_overlapping_run_says_who_holds_the_workspace(tmp_path: Path) -> None:
    from qa_sync.store import lease

    ratings = tmp_path / "ratings"
    write_ratings(ratings, items=5, raters=3)
    folder, environment = workspace(tmp_path, ratings)
    (folder / "data").mkdir()
    with lease(folder / "data", "run", run_id="the-other-run"):
        refused = qa_sync(folder, environment, "run", "--quiet", expect=1)
        assert "the-other-run" in refused.stderr
    qa_sync(folder, environment, "run", "--quiet")

"""Several processes on one store: no commit is lost, no reader sees a torn state."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from program import command as here
from program.children import started
from program.rating_files import qa_sync, state, workspace, write_ratings


def test_two_syncs_of_one_stream_and_a_reader_lose_and_tear_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratings = tmp_path / "ratings"
    write_ratings(ratings, items=30, raters=6)
    shared, environment = workspace(tmp_path / "shared", ratings)
    command = [sys.executable, "-m", "qa_sync", "--workspace", str(shared)]
    for words in ("sync", "map"):
        doing = [*command, words, "--quiet"]
        with started(doing, environment) as one, started(doing, environment) as other:
            assert _failures([one, other]) == []
    # A reader while another run stores more: an answer needs a recorded state, and that is always a whole one.
    with (ratings / "gal_adultcontent2_labels.csv").open("a") as file:
        file.writelines(f"{10_000 + at},I{at % 30:04d},LATE{at // 30},G,1\n" for at in range(300))
    torn = """
        SELECT (SELECT count(*) FROM answers) AS answers, (SELECT count(*) FROM evaluations) AS evaluations,
               (SELECT count(*) FROM answers ANTI JOIN evaluations USING (evaluation_id)) AS torn"""
    seen = set()
    with started([*command, "run", "--quiet"], environment) as runner:
        while runner.poll() is None:
            (row,) = here.query(shared, torn)
            assert (row["torn"], row["answers"]) == (0, row["evaluations"])
            seen.add(row["answers"])
            with suppress(subprocess.TimeoutExpired):  # a reader who asks without a pause only slows the run
                runner.wait(timeout=0.1)
        _, error = runner.communicate()
        assert runner.returncode == 0, error.decode()
    (row,) = here.query(shared, torn)
    assert len(seen | {row["answers"]}) == 2, "the run stored nothing while it was looked at"
    alone, _ = workspace(tmp_path / "alone", ratings)
    monkeypatch.setenv("QA_SYNC_RATINGS", str(ratings))
    here.qa_sync(alone, "run", "--quiet")
    assert state(shared) == state(alone)


def _failures(processes: list[subprocess.Popen[bytes]]) -> list[str]:
    """Wait for all of them, then tell what those that failed said."""
    said = [process.communicate(timeout=120)[1].decode() for process in processes]
    return [text for process, text in zip(processes, said, strict=True) if process.returncode]


def test_an_overlapping_run_says_who_holds_the_workspace(tmp_path: Path) -> None:
    from qa_sync.store import lease

    ratings = tmp_path / "ratings"
    write_ratings(ratings, items=5, raters=3)
    folder, environment = workspace(tmp_path, ratings)
    (folder / "data").mkdir()
    with lease(folder / "data", "run", run_id="the-other-run"):
        refused = qa_sync(folder, environment, "run", "--quiet", expect=1)
        assert "the-other-run" in refused.stderr

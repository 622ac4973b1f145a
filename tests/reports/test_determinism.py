"""A report is the same to the last byte: with any number of threads, asked for again, and reconciled in parts."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from program.finished import Finished

from qa_sync.engine.databases import THREADS
from qa_sync.reconcile import parts
from qa_sync.reports import REPORTS, Ask, build


def _bytes(finished: Finished, threads: int) -> dict[str, bytes]:
    """Every report as JSON of its rows and notes; text of a double says each of its bits."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv(THREADS, str(threads))
        it = stack.enter_context(finished.world.workspace().open())
        assert it.engine.fetch("SELECT current_setting('threads') AS n")["n"][0].as_py() == threads
        asked = [(name, Ask()) for name in REPORTS] + [
            ("summary", Ask(by=("queue", "language"))),
            ("evaluators", Ask(by=("auditor",), where={"site": "Dublin"})),
            ("agreement", Ask(by=("auditee",))),
        ]
        made = {}
        for name, ask in asked:
            report = build(name, it.scene, ask)
            made[f"{name} {ask}"] = repr((report.rows.to_pydict(), report.notes, report.charts)).encode()
        return made


def test_threads_and_repetition_and_parts_change_no_byte(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    one = _bytes(finished, 1)
    asked = []
    monkeypatch.setattr(parts, "wanted", lambda engine: asked.append(engine) or (3, True))
    assert _bytes(finished, 3) == one
    assert asked


def test_a_figure_does_not_depend_on_what_else_is_shown(finished: Finished) -> None:
    with finished.world.workspace().open() as it:
        whole = {row["auditee"]: row for row in build("evaluators", it.scene, Ask(by=("auditee",))).rows.to_pylist()}
        for site in ("Dublin", "Brightline Manila"):
            part = build("evaluators", it.scene, Ask(by=("auditee",), where={"site": site})).rows.to_pylist()
            assert part
            moved = {row["auditee"] for row in part if row["pairs"] != whole[row["auditee"]]["pairs"]}
            assert [row for row in part if row["auditee"] not in moved] == [
                whole[row["auditee"]] for row in part if row["auditee"] not in moved
            ]
            assert len(moved) < len(part)

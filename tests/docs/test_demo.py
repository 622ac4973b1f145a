"""What the demo shows of its plan: quotas that add up, each of which can be traced."""

from __future__ import annotations

from docs.conftest import Demo

from qa_sync.runner.workspace import Workspace

_BECAME = ("done", "replaced", "skipped", "waiting", "overdue")


def test_the_demos_quotas_add_up_and_a_number_of_them_is_made_again(demo: Demo) -> None:
    workspace = Workspace(demo.folder)
    rows = workspace.report("quotas", by=("week",)).to_dict("records")
    assert len(rows) == 12
    for row in rows:
        assert row["drawn"] == sum(row[name] for name in _BECAME)
        assert 0.85 < row["fulfilled"] < 1
        assert row["frame"] > 100
    found = workspace.explain("quotas", rows[3]["key"], "done", by=("week",))
    assert (found.value, found.agrees) == (rows[3]["done"], True)
    own = [row["role"] for row in found.evaluations.to_pylist() if row["part"] == "own"]
    assert own.count("sample") == rows[3]["done"]

"""Reports of few or equal numbers: each rate is hidden by its own n, and what never varies has no interval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from reconcile.world import World, day
from reports.scenes import generated, opened, opened_world

from qa_sync.reports import REPORTS, Ask, build
from qa_sync.runner.opened import Opened


@pytest.fixture(scope="module")
def it() -> Iterator[Opened]:
    with opened(generated(), n_min=4) as made:
        yield made


def rows_of(it: Opened, name: str, **ask: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = build(name, it.scene, Ask(**ask)).rows.to_pylist()
    return found


@pytest.mark.parametrize(
    ("name", "by", "rate", "n"),
    [
        ("critical", ("site", "week"), "sensitivity", "auditor_found"),
        ("critical", ("site", "week"), "precision", "auditee_found"),
        ("auditors", (), "agreement", "shared"),
    ],
)
def test_a_rate_is_hidden_by_the_number_it_is_a_share_of_and_keeps_its_interval(
    it: Opened, name: str, by: tuple[str, ...], rate: str, n: str
) -> None:
    rows = rows_of(it, name, by=by)
    assert [row for row in rows if (row[rate] is None) != (row[n] < 4)] == []
    few = [row for row in rows if 0 < row[n] < 4]
    assert few
    assert [row for row in few if row[f"{rate}_low"] is None] == []


def test_people_whose_scores_never_differ_otherwise_are_not_known_for_certain() -> None:
    """Every evaluator is lenient by the same 25 points in every audit: nothing varies, so nothing has a width."""
    made = World()
    made.form()
    good, worse = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}, {"Q1": 10, "Q2": 10, "Q3": 5, "C1": "pass"}
    for at in range(16):
        made.evaluation(
            f"e{at}", good, interaction_id=f"t{at}", evaluator_id=f"p{at % 2}", submitted_at=day(7 * (at // 2))
        )
        audit = {"kind": "ata", "evaluator_id": "v1", "audited_evaluation_id": f"e{at}"}
        made.evaluation(f"a{at}", worse, interaction_id=f"t{at}", submitted_at=day(7 * (at // 2) + 1), **audit)
    with opened_world(made, n_min=2) as it:
        standing = rows_of(it, "standing")
        drift = rows_of(it, "drift")
        scores = rows_of(it, "scores")
    assert [(row["severity"], row["severity_low"]) for row in standing] == [(pytest.approx(25 / 3), None)] * 2
    leniency = 25.0
    assert [(row["shrunken_bias"], row["shrunken_bias_low"], row["shrunken_bias_high"]) for row in standing] == [
        (leniency, None, None)
    ] * 2
    assert {(row["change"], row["change_low"], row["change_high"]) for row in drift} == {(0.0, None, None)}
    assert [(row["leniency"], row["leniency_low"]) for row in scores] == [(leniency, None)]
    assert [(row["limit_strict"], row["limit_strict_low"]) for row in scores] == [(leniency, None)]


@pytest.mark.parametrize("fails", [False, True])
def test_no_interval_of_any_report_is_without_width_crossed_or_beside_its_value(fails: bool) -> None:
    """Six of forty evaluations audited, all alike: each is agreed with, or each is failed by the auditor."""
    made = World()
    made.form()
    good, bad = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}, {"Q1": 5, "Q2": 10, "Q3": 10, "C1": "fail"}
    for at in range(40):
        made.evaluation(f"e{at}", good, interaction_id=f"t{at}", submitted_at=day(at / 10))
    for at in range(6):
        audit = {"kind": "ata", "evaluator_id": "v1", "audited_evaluation_id": f"e{at}"}
        made.evaluation(f"a{at}", bad if fails else good, interaction_id=f"t{at}", submitted_at=day(4), **audit)
    seen, wrong = 0, []
    with opened_world(made, n_min=2) as it:
        for name in REPORTS:
            rows = rows_of(it, name)
            for column in [one for one in (rows[0] if rows else ()) if f"{one}_low" in rows[0]]:
                for row in rows:
                    low, value, high = (row[one] for one in (f"{column}_low", column, f"{column}_high"))
                    seen += low is not None
                    if low is not None and not low < high:
                        wrong.append((name, column, "no width", low, high))
                    if None not in (low, value) and not low - 1e-9 <= value <= high + 1e-9:
                        wrong.append((name, column, "beside its value", low, value, high))
    assert wrong == []
    assert seen >= 20


def test_time_to_a_decision_by_its_week_says_that_open_ones_are_not_in_it(it: Opened) -> None:
    notes = build("disputes", it.scene, Ask(by=("closed_week",))).notes
    assert [note for note in notes if "whatever still waits has a row of its own" in note]
    assert not [note for note in build("disputes", it.scene).notes if "whatever still waits" in note]

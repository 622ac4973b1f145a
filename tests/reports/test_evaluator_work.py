"""Audits that judge the evaluator on a form of their own are counted, and are part of no agreement."""

from __future__ import annotations

from statistics import mean, stdev
from typing import Any

import pytest
from reconcile.world import World, day
from reports.by_hand import wilson
from reports.scenes import opened_world
from scipy.stats import t

from qa_sync.errors import ConfigError
from qa_sync.reports import Ask, build, explain
from qa_sync.reports.explain import NUMBERS

POINTS = (10, 8, 10, 6, 9, 10)


def programme() -> World:
    """Six scored reviews of u1, one of u2 who failed a critical criterion, and two of u1 that are only a word."""
    made = World()
    made.form()
    review = {"Q1": {"max": 10, "weight": 1}, "C1": {"max": 0, "weight": 0, "crit": True}}
    made.form("Review", "1", review, about="evaluator_work", pass_mark=85)
    made.form("Word", "1", {}, about="evaluator_work", scale="nominal")
    full = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}
    for at in range(7):
        made.evaluation(f"e{at}", full, interaction_id=f"t{at}", evaluator_id="u2" if at == 6 else "u1")
    by = {"evaluator_id": "v1", "submitted_at": day(1), "kind": "ata", "about": None}
    for at, points in enumerate((*POINTS, 10)):
        named = {"audited_evaluation_id": f"e{at}", "interaction_id": f"t{at}"}
        answers = {"Q1": points, "C1": "fail" if at == 6 else "pass"}
        made.evaluation(
            f"r{at}", answers, form_id="Review", form_version="1", agent_id="u2" if at == 6 else "u1", **named, **by
        )
    for at, word in enumerate(("Good", "Poor")):
        word_only = {"form_id": "Word", "form_version": "1", "outcome_label": word, "agent_id": "u1"}
        made.evaluation(f"w{at}", interaction_id=f"x{at}", **word_only, **by)
    return made


def rows(*by: str, **where: str) -> dict[str, dict[str, Any]]:
    with opened_world(programme()) as it:
        return {row["key"]: row for row in build("evaluator_work", it.scene, Ask(by=by, where=where)).rows.to_pylist()}


def test_scores_words_and_failures_of_each_evaluator_by_hand() -> None:
    found = rows()
    row = found["Review|u1"]
    scores = [10.0 * points for points in POINTS]
    half = t.ppf(0.975, 5) * stdev(scores) / 6**0.5
    assert (row["audits"], row["linked"], row["scored"], row["failed"]) == (6, 6, 6, 0)
    wanted = (mean(scores), mean(scores) - half, mean(scores) + half)
    assert [row[f"score{end}"] for end in ("", "_low", "_high")] == pytest.approx(wanted)
    passed = sum(score >= 85 for score in scores)
    assert [row[f"passed{end}"] for end in ("", "_low", "_high")] == pytest.approx((passed / 6, *wilson(passed, 6)))
    few = found["Review|u2"]
    assert (few["audits"], few["failed"], few["score"], few["passed"]) == (1, 1, None, None)
    words = found["Word|u1"]
    assert (words["audits"], words["linked"], words["scored"], words["words"]) == (2, 0, 0, "Good 1, Poor 1")


def test_a_mean_over_forms_of_several_scales_is_left_out_and_results_can_be_grouped_by() -> None:
    row = rows("auditee")["u1"]
    assert (row["audits"], row["scored"]) == (8, 6)
    assert (row["score"], row["score_low"], row["score_high"]) == (None, None, None)
    assert {key: one["audits"] for key, one in rows("result", form="Word").items()} == {"Good": 1, "Poor": 1}
    assert rows("auditor")["v1"]["audits"] == 9


def test_every_number_is_made_again_from_its_audits() -> None:
    with opened_world(programme()) as it:
        report = build("evaluator_work", it.scene)
        for row in report.rows.to_pylist():
            for field in report.fields:
                if field.kind in NUMBERS and row[field.name] is not None:
                    found = explain("evaluator_work", it.scene, row["key"], field.name)
                    assert (found.value, found.agrees) == (row[field.name], True), (row["key"], field.name)


def test_they_are_in_no_agreement_and_auditees_see_no_peer() -> None:
    with opened_world(programme()) as it:
        assert build("pairs", it.scene).rows.num_rows == 0
        shown = build("evaluator_work", it.scene, Ask(audience="auditees")).rows.to_pylist()
        with pytest.raises(ConfigError, match="grouped or filtered"):
            build("evaluator_work", it.scene, Ask(by=("blind",)))
    assert {row["auditee"] for row in shown}.isdisjoint({"u1", "u2"})
    assert sum(row["audits"] for row in shown) == 9

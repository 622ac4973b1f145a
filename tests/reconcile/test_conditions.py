"""A criterion that its form does not ask is not missing: what the conditions of a catalogue mean for pairs."""

from __future__ import annotations

from typing import Any

import pytest
from reconcile.world import World, day, pairs_of

import qa_sync
from qa_sync.errors import ConfigError
from qa_sync.forms import parse_catalogue

CATALOGUE = """
- form_id: F1
  version: "3"
  higher_is: better
  scale: points
  criteria:
    - {key: refund, options: [{option: "No", points: 0}, {option: "Yes", points: 10}]}
    - {key: amount, max_points: 10, asked_when: {criterion: refund, is: "Yes"}}
    - {key: tone, max_points: 10}
    - key: lawful
      weight: 0
      critical_class: compliance
      options: [{option: Fail, is_fail: true}, Pass]
      asked_when: {criterion: amount, at_most: 5}
"""
YES = {"refund": "Yes", "amount": 10, "tone": 10}
NO = {"refund": "No", "tone": 10}


def world_of(auditee: dict[str, Any], auditor: dict[str, Any], **reported: float) -> World:
    world = World()
    for table, rows in parse_catalogue(CATALOGUE, file="f.yaml").rows.items():
        for row in rows:
            world.add(table, **row)
    world.evaluation("e1", auditee, **{"reported_score": None, **reported})
    world.evaluation("a1", auditor, kind="ata", evaluator_id="v1", submitted_at=day(1))
    return world


def told(pair: dict[str, Any]) -> tuple[Any, ...]:
    words = [flag for flag in pair["flags"] if flag == "UNASKED_ANSWER"]
    agreed = (pair["items_agree"], pair["items_compared"])
    return pair["outcome"], pair["reason"], pair["auditee_score"], pair["auditor_score"], *agreed, words


def test_what_is_not_asked_is_not_missing() -> None:
    cases: list[tuple[dict[str, Any], dict[str, Any], tuple[Any, ...]]] = [
        # Neither was asked for the amount: nothing is missing, and both say so alike.
        (NO, NO, ("EXACT", None, 50.0, 50.0, 4, 4, [])),
        # One was asked and one was not: they disagree about two criteria, refund and whether amount applies.
        (YES, NO, ("LENIENT", None, 100.0, 50.0, 2, 4, [])),
        # An answer that should be there is missing as ever.
        ({"refund": "Yes", "tone": 10}, YES, ("NOT_COMPARABLE", "AUDITEE_INCOMPLETE", None, None, 2, 2, [])),
        (YES, {"tone": 10}, ("NOT_COMPARABLE", "AUDITOR_INCOMPLETE", None, None, 1, 1, [])),
        # A value left over from before the answer that led to it was taken back does not count, and is told.
        ({**NO, "amount": 10}, NO, ("EXACT", None, 50.0, 50.0, 4, 4, ["UNASKED_ANSWER"])),
        ({**NO, "amount": "NA"}, {**NO, "amount": "NOT_ASKED"}, ("EXACT", None, 50.0, 50.0, 4, 4, [])),
        # It fails nothing either, however far down the chain it stands.
        ({**NO, "amount": 0, "lawful": "Fail"}, NO, ("EXACT", None, 50.0, 50.0, 4, 4, ["UNASKED_ANSWER"])),
        (
            {**YES, "amount": 5, "lawful": "Fail"},
            {**YES, "amount": 5, "lawful": "Pass"},
            ("CRITICAL_FALSE", None, 0.0, pytest.approx(250 / 3), 3, 4, []),
        ),
    ]
    pairs = pairs_of(*(world_of(auditee, auditor) for auditee, auditor, _ in cases))
    assert list(map(told, pairs)) == [expected for _, _, expected in cases]


def test_comparisons_show_the_criterion_as_not_asked() -> None:
    rows = world_of({**NO, "amount": 10}, YES).run().rows("comparisons", "position")
    shown = [(r["criterion_key"], r["treatment"], r["auditee_state"], r["auditee_points"]) for r in rows]
    assert shown == [
        ("refund", "value", "valued", 0.0),
        ("amount", "applicability_disagreement", "not_asked", None),
        ("tone", "value", "valued", 10.0),
        ("lawful", "applicability_agreement", "not_asked", None),
    ]


def test_a_source_that_counts_what_its_form_did_not_ask_is_a_finding_with_its_reason() -> None:
    result = world_of({**NO, "amount": 10}, NO, reported_score=66.7).run()
    (finding,) = result.rows("score_findings")
    assert (finding["reported"], finding["recomputed"], finding["reason"]) == (66.7, 50.0, "ANSWERS_UNASKED")


def test_frames_know_conditions() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([{"interaction_id": "i1", "evaluator_id": "u1", "refund": "No", "amount": None}])
    form: dict[str, Any] = {
        "criteria": {
            "refund": {"options": {"No": 0, "Yes": 10}},
            "amount": {"max": 10, "asked_when": {"criterion": "refund", "is": "Yes"}},
        }
    }
    made = qa_sync.reconcile(frame, frame.drop(columns="evaluator_id"), form=form)
    assert made.pairs["outcome"].tolist() == ["EXACT"]
    assert made.comparisons["auditee_state"].tolist() == ["valued", "not_asked"]
    form["criteria"]["amount"]["asked_when"] = {"criterion": "refund", "is": "yes"}
    with pytest.raises(ConfigError, match="refund has no option 'yes'; did you mean Yes"):
        qa_sync.reconcile(frame, frame.drop(columns="evaluator_id"), form=form)

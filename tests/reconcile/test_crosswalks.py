"""Forms that count as each other: one form in two systems, or a criterion that got another key."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from reconcile.random_worlds import OTHER_SYSTEM
from reconcile.world import World, day

import qa_sync
from qa_sync.errors import ConfigError

FULL = {"Q1": 10, "Q2": 5, "Q3": 10, "C1": "pass"}
THEIRS = {"K1": 10, "Q2": 5, "K3": 10, "K4": "ok"}


def audited(answers: dict[str, Any], **form: Any) -> World:
    """Work on F1, audited in another system on G1."""
    world = World()
    world.form()
    world.form("G1", "1", OTHER_SYSTEM, **{"counts_as": "F1", **form})
    world.evaluation("e1", FULL)
    world.evaluation("a1", answers, kind="ata", evaluator_id="v1", submitted_at=day(1), form_id="G1", form_version="1")
    return world


def test_one_form_in_two_systems_is_paired_and_compared() -> None:
    result = audited(THEIRS).run()
    pair = result.pair()
    assert (pair["outcome"], pair["delta"], pair["items_compared"], pair["common_weight"]) == ("EXACT", 0.0, 4, 1.0)
    assert "BRIDGED" in pair["flags"]
    assert [row["criterion_key"] for row in result.rows("comparisons", "criterion_key")] == ["C1", "Q1", "Q2", "Q3"]


def test_words_that_count_as_each_other_agree_and_fail_alike() -> None:
    pair = audited({**THEIRS, "K4": "not ok"}).run().pair()
    assert (pair["outcome"], pair["delta"], pair["delta_raw"]) == ("CRITICAL_MISS", 90.0, 0.0)


def test_weights_are_the_auditors_systems_for_both_sides() -> None:
    pair = audited({**THEIRS, "K3": 0}).run().pair()
    assert (pair["auditee_score"], pair["auditor_score"], pair["outcome"]) == (90.0, 30.0, "LENIENT")


def test_without_a_word_that_they_are_one_two_forms_stay_two() -> None:
    assert audited(THEIRS, counts_as=None).run().bucket("a1") == ("UNMATCHED_AUDITOR", "FORM_MISMATCH")


def test_too_little_in_common_is_not_comparable() -> None:
    criteria = {**OTHER_SYSTEM, "K3": {"max": 20, "weight": 3, "counts_as": "Q3"}}
    world = World()
    world.form()
    world.form("G1", "1", criteria, counts_as="F1")
    world.evaluation("e1", FULL)
    world.evaluation("a1", THEIRS, kind="ata", evaluator_id="v1", submitted_at=day(1), form_id="G1", form_version="1")
    pair = world.run().pair()
    assert (pair["outcome"], pair["reason"]) == ("NOT_COMPARABLE", "COMMON_WEIGHT_BELOW_MIN")
    assert pair["common_weight"] == pytest.approx(20 / 80)


def test_a_criterion_that_got_another_key_in_a_new_version_is_still_the_same() -> None:
    world = World()
    world.form("F1", "3", {"Q1": {"max": 10, "weight": 1}})
    world.form("F1", "4", {"greeting": {"max": 10, "weight": 1, "counts_as": "Q1"}})
    world.evaluation("e1", {"Q1": 10})
    world.evaluation("a1", {"greeting": 5}, kind="ata", evaluator_id="v1", submitted_at=day(1), form_version="4")
    pair = world.run().pair()
    assert (pair["outcome"], pair["delta"]) == ("LENIENT", 50.0)


def test_two_criteria_that_count_as_one_are_never_compared_twice() -> None:
    criteria = {"A": {"max": 10, "weight": 1, "counts_as": "Q1"}, "B": {"max": 10, "weight": 1, "counts_as": "Q1"}}
    world = World()
    world.form("F1", "3", {"Q1": {"max": 10, "weight": 1}})
    world.form("G1", "1", criteria, counts_as="F1")
    world.evaluation("e1", {"Q1": 10})
    world.evaluation(
        "a1", {"A": 10, "B": 0}, kind="ata", evaluator_id="v1", submitted_at=day(1), form_id="G1", form_version="1"
    )
    assert world.run().pair()["reason"] == "COMMON_WEIGHT_BELOW_MIN"


def test_frames_of_two_systems_are_reconciled_on_two_forms() -> None:
    ours = {"criteria": {"tone": {"options": ["bad", "good"]}}, "scale": "ordinal", "form_id": "ours"}
    theirs = {
        "criteria": {"Ton": {"options": ["bad", "good"], "counts_as": "tone"}},
        "scale": "ordinal",
        "form_id": "theirs",
        "counts_as": "ours",
    }
    auditee = pd.DataFrame({"interaction_id": ["1", "2"], "evaluator_id": "u", "tone": ["good", "bad"]})
    auditor = pd.DataFrame({"interaction_id": ["1", "2"], "evaluator_id": "v", "Ton": ["good", "good"]})
    result = qa_sync.reconcile(auditee, auditor, form=ours, auditor_form=theirs)
    assert result.pairs["outcome"].tolist() == ["EXACT", "STRICT"]
    assert result.comparisons["criterion_key"].tolist() == ["tone", "tone"]
    with pytest.raises(ConfigError, match="both forms are 'ours' version '1'"):
        qa_sync.reconcile(auditee, auditor, form=ours, auditor_form={**theirs, "form_id": "ours"})

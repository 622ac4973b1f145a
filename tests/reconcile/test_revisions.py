"""Which revision counts: late edits, disputes, deletions, and records that arrive in pieces."""

from __future__ import annotations

from typing import Any

import pytest
from reconcile.world import World, answer, day

from qa_sync.reconcile.programme import Programme

ONE = {"Q1": {"max": 10, "weight": 1}, "Q2": {"max": 10, "weight": 1}}
FULL = {"Q1": 10, "Q2": 10}


@pytest.fixture
def world() -> World:
    made = World()
    made.form(criteria=ONE)
    return made


def audit(world: World, **values: Any) -> None:
    world.evaluation("a1", {"Q1": 10, "Q2": 10}, kind="ata", evaluator_id="v1", **{"submitted_at": day(2), **values})


def separate_answer(world: World, key: str, value: Any, at: float, **more: Any) -> None:
    world.add(
        "answers",
        evaluation_id="e1",
        criterion_key=key,
        **answer(value),
        record=f"e1:{key}",
        stream="answers",
        stamp=day(at),
        ingested=day(max(at, 0)),
        **more,
    )


def test_version_order_decides_and_not_arrival(world: World) -> None:
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, effective_at=day(1), stamp=day(1), ingested=day(3))
    world.evaluation("e1", {"Q1": 0, "Q2": 10}, effective_at=day(0), stamp=day(0), ingested=day(5))
    audit(world)
    assert world.run().pair()["outcome"] == "EXACT"


def test_equal_stamps_are_ordered_by_sequence_and_then_by_hash(world: World) -> None:
    for hash_, points in (("b", 0), ("c", 10), ("a", 5)):
        version = {"stamp": day(0), "ingested": day(0), "record": "e1", "stream": "evaluations", "payload_hash": hash_}
        world.evaluation("e1", effective_at=day(0))
        world.rows["evaluations"][-1] |= {"payload_hash": hash_}
        for key in ("Q1", "Q2"):
            world.add("answers", evaluation_id="e1", criterion_key=key, **answer(points), **version)
    audit(world)
    assert world.run().pair()["auditee_score"] == 100.0


def test_a_revision_in_force_at_the_very_moment_of_the_audit_counts(world: World) -> None:
    world.evaluation("e1", {"Q1": 0, "Q2": 10}, effective_at=day(0))
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, effective_at=day(2), cause="edit")
    audit(world, submitted_at=day(2))
    assert world.run().pair()["outcome"] == "EXACT"


def test_as_of_sees_neither_what_came_later_nor_what_takes_effect_later(world: World) -> None:
    world.evaluation("e1", {"Q1": 0, "Q2": 10}, effective_at=day(0), ingested=day(0))
    world.evaluation("e1", {"Q1": 5, "Q2": 10}, effective_at=day(1), ingested=day(9))
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, effective_at=day(8), ingested=day(2))
    audit(world, ingested=day(2))
    assert world.run(as_of=day(3)).pair()["auditee_score"] == 50.0
    later = world.run(as_of=day(30)).pair()
    assert (later["auditee_score"], later["current_auditee_score"]) == (75.0, 100.0)


def test_an_export_that_tells_late_gives_the_first_own_revision(world: World) -> None:
    world.evaluation("e1", {"Q1": 0, "Q2": 10}, stamp=day(5))
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, stamp=day(6))
    audit(world)
    pair = world.run().pair()
    assert (pair["outcome"], pair["current_outcome"]) == ("STRICT", "EXACT")
    assert "AUDITEE_EDITED_AFTER_AUDIT" in pair["flags"]


def test_a_new_revision_with_the_same_answers_is_no_edit(world: World) -> None:
    world.evaluation("e1", {"Q1": 0, "Q2": 10}, effective_at=day(0))
    world.evaluation("e1", {"Q1": 0, "Q2": 10}, effective_at=day(5), status="released")
    audit(world)
    assert "AUDITEE_EDITED_AFTER_AUDIT" not in world.run().pair()["flags"]


def test_a_dispute_known_only_from_its_event_is_no_own_work(world: World) -> None:
    world.evaluation("e1", {"Q1": 0, "Q2": 10}, effective_at=day(0))
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, effective_at=day(1.5))
    world.add(
        "disputes",
        dispute_id="d",
        event_no=1,
        event="resolved",
        event_at=day(1),
        evaluation_id="e1",
        outcome="overturned_full",
    )
    audit(world)
    pair = world.run().pair()
    assert (pair["outcome"], pair["current_outcome"]) == ("STRICT", "EXACT")
    assert "DISPUTED" in pair["flags"]


def test_what_follows_an_adjudication_without_a_cause_holds_its_answers(world: World) -> None:
    world.evaluation("e1", {"Q1": 0, "Q2": 10}, effective_at=day(0))
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, effective_at=day(0.5), cause="dispute")
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, effective_at=day(1), status="final")
    audit(world)
    assert world.run().pair()["outcome"] == "STRICT"


def test_only_an_adjudicated_revision_is_not_compared_as_original(world: World) -> None:
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, cause="dispute")
    audit(world)
    pair = world.run().pair()
    assert (pair["outcome"], pair["reason"], pair["delta"]) == ("NOT_COMPARABLE", "NO_ORIGINAL_REVISION", None)
    assert pair["current_outcome"] == "EXACT"


def test_an_overturned_audit_reaches_the_agent_only_by_policy(world: World) -> None:
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, reported_score=100.0, reported_max=100.0)
    audit(world, effective_at=day(2))
    world.evaluation(
        "a1",
        {"Q1": 0, "Q2": 10},
        kind="ata",
        evaluator_id="v1",
        submitted_at=day(2),
        effective_at=day(4),
        cause="dispute",
    )
    assert world.run().pair()["agent_score"] == 100.0
    pair = world.run(Programme(propagate_ata_to_agent=True)).pair()
    assert (pair["agent_score"], pair["before_outcome"], pair["outcome"]) == (50.0, "EXACT", "LENIENT")


def test_a_withdrawn_dispute_leaves_no_flag(world: World) -> None:
    world.evaluation("e1", {"Q1": 10, "Q2": 10})
    audit(world)
    for n, event in enumerate(("opened", "retracted"), start=1):
        world.add("disputes", dispute_id="d", event_no=n, event=event, event_at=day(3), evaluation_id="e1")
    assert "DISPUTED" not in world.run().pair()["flags"]


def test_an_answer_removed_by_a_revision_is_gone(world: World) -> None:
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, effective_at=day(0))
    world.evaluation("e1", {"Q1": 10}, effective_at=day(1))
    audit(world)
    assert world.run().pair()["reason"] == "AUDITEE_INCOMPLETE"


def test_an_evaluation_dropped_from_its_record_is_voided(world: World) -> None:
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, record="r1", stamp=day(0))
    world.evaluation("e2", {"Q1": 10, "Q2": 10}, record="r1", stamp=day(1), evaluator_id="u2", interaction_id="i2")
    assert world.run().bucket("e1") == ("VOIDED", "REMOVED")


def test_a_deleted_record_that_comes_back_is_live_again(world: World) -> None:
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, effective_at=day(0))
    world.delete("e1", day(1))
    assert world.run().bucket("e1") == ("VOIDED", "DELETED")
    world.evaluation("e1", {"Q1": 10, "Q2": 10}, effective_at=day(2))
    assert world.run().bucket("e1") == ("AUDITEE_ONLY", None)


def test_a_tombstone_for_an_unknown_evaluation_is_no_evaluation(world: World) -> None:
    world.delete("never seen", day(1))
    assert world.run().counts.evaluations == 0


def test_answers_of_a_stream_of_their_own_are_found_and_protected_from_later_edits(world: World) -> None:
    world.evaluation("e1")
    separate_answer(world, "Q1", 0, at=9)  # arrived after the audit, but is the first thing known
    separate_answer(world, "Q2", 10, at=-1)
    audit(world)
    assert world.run().pair()["outcome"] == "STRICT"
    separate_answer(world, "Q1", 10, at=11)
    pair = world.run().pair()
    assert (pair["outcome"], pair["current_outcome"]) == ("STRICT", "EXACT")
    assert "AUDITEE_EDITED_AFTER_AUDIT" in pair["flags"]


def test_an_answer_of_its_own_stream_that_is_deleted_is_missing_today(world: World) -> None:
    world.evaluation("e1")
    for key in ("Q1", "Q2"):
        separate_answer(world, key, 10, at=0)
    world.add("answers", record="e1:Q2", stream="answers", stamp=day(5), ingested=day(5), deleted=True)
    audit(world)
    pair = world.run().pair()
    assert (pair["outcome"], pair["current_reason"]) == ("EXACT", "AUDITEE_INCOMPLETE")


def test_an_evaluation_spread_over_records_of_one_answer_each_is_whole(world: World) -> None:
    for n, key in enumerate(("Q1", "Q2")):
        world.evaluation("e1", {key: 10}, record=f"line {n}", seq=n, stamp=day(3))
    audit(world)
    assert world.run().pair()["outcome"] == "EXACT"


def test_redelivered_rows_change_nothing(world: World) -> None:
    for ingested in (day(0), day(1), day(2)):
        world.evaluation("e1", {"Q1": 5, "Q2": 10}, ingested=ingested)
        audit(world, ingested=ingested)
    result = world.run()
    assert result.pair()["items_agree"] == 1
    assert len(result.rows("comparisons")) == 2


@pytest.mark.parametrize("named", ["e1", None])
def test_a_source_that_dates_an_evaluation_anew_when_it_is_saved_moves_neither_audit_nor_work(
    world: World, named: str | None
) -> None:
    """The auditee edits after the audit, then the auditor saves again: the headline stays on what was audited."""
    work = {**FULL, "Q1": 0}
    world.evaluation("e1", work, submitted_at=day(0), effective_at=day(0))
    world.evaluation("e1", FULL, submitted_at=day(3), effective_at=day(3), seq=1, cause="edit")
    audit = {"kind": "ata", "evaluator_id": "v1", "audited_evaluation_id": named}
    world.evaluation("a1", FULL, submitted_at=day(2), effective_at=day(2), **audit)
    world.evaluation("a1", FULL, submitted_at=day(9), effective_at=day(9), seq=1, cause="edit", **audit)
    pair = world.run().pair()
    assert (pair["outcome"], pair["delta"], pair["current_outcome"]) == ("STRICT", -50.0, "EXACT")
    assert (pair["auditee_submitted_at"], pair["auditor_submitted_at"]) == (day(0), day(2))
    assert "AUDITEE_EDITED_AFTER_AUDIT" in pair["flags"]


def test_a_draft_is_not_the_first_submission(world: World) -> None:
    world.evaluation("e1", FULL, status="draft", submitted_at=day(0), effective_at=day(0))
    world.evaluation("e1", FULL, submitted_at=day(4), effective_at=day(4), seq=1)
    (row,) = world.run().rows("buckets")
    assert (row["bucket"], row["submitted_at"]) == ("AUDITEE_ONLY", day(4))


@pytest.mark.parametrize("disputed", ["e1", "a1"])
def test_a_revision_that_a_dispute_caused_is_a_dispute_whether_or_not_its_events_are_known(
    world: World, disputed: str
) -> None:
    for name, kind in (("e1", "standard"), ("a1", "ata")):
        own = {"kind": kind, "evaluator_id": f"of-{name}", "submitted_at": day(kind == "ata")}
        world.evaluation(name, FULL, effective_at=day(1), **own)
        if name == disputed:
            world.evaluation(name, {**FULL, "Q1": 5}, effective_at=day(3), seq=1, cause="dispute", **own)
    assert "DISPUTED" in world.run().pair()["flags"]

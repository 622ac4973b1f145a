"""Who is paired with whom, and why not: the rules that fixtures alone do not show."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from reconcile.world import World, day, pairs_of, side_by_side

from qa_sync.errors import ConservationError
from qa_sync.reconcile import pairing
from qa_sync.reconcile.programme import Programme

FULL = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}
GOLD = Programme(references=("gold",))


@pytest.fixture
def world() -> World:
    made = World()
    made.form()
    return made


def audit(world: World, name: str = "a1", **values: Any) -> None:
    world.evaluation(
        name, values.pop("answers", FULL), **{"kind": "ata", "evaluator_id": "v1", "submitted_at": day(2), **values}
    )


def test_another_agent_of_a_transferred_ticket_is_not_confused(world: World) -> None:
    world.evaluation("e1", FULL, agent_id="g1")
    world.evaluation("e2", FULL, agent_id="g2", evaluator_id="u2")
    audit(world, agent_id="g2")
    assert world.run().pair()["auditee_evaluation_id"] == "e2"


def test_another_segment_is_another_piece_of_work(world: World) -> None:
    world.evaluation("e1", FULL, segment_id="s1")
    audit(world, segment_id="s2")
    assert world.run().bucket("a1") == ("UNMATCHED_AUDITOR", "NO_AUDITEE_EVAL")


def test_agent_of_the_interaction_stands_in_for_an_unsaid_one(world: World) -> None:
    world.add("interactions", interaction_id="i1", kind="ticket", agent_id="g7")
    world.evaluation("e1", FULL, agent_id="g7")
    audit(world, agent_id=None)
    assert world.run().pair()["agent_id"] == "g7"


def test_two_accounts_of_one_person_are_one_evaluator(world: World) -> None:
    world.add("identities", account_id="other", person_id="u1")
    world.evaluation("e1", FULL, evaluator_id="u1", submitted_at=day(0))
    world.evaluation("e2", FULL, evaluator_id="other", submitted_at=day(1))
    audit(world)
    pair = world.run().pair()
    assert (pair["auditee_evaluation_id"], pair["auditee_id"]) == ("e2", "u1")


def test_of_several_by_one_evaluator_time_decides() -> None:
    worlds = []
    cases: list[tuple[list[int], int | None, str]] = [
        ([0, 1, 3], 2, "e2"),  # the last submitted before the audit began
        ([0, 1, 1], None, "e2"),  # equal times: the smallest id
        ([2, 3, 4], 1, "e1"),  # all while it was going on: the earliest
    ]
    for times, started, _ in cases:
        worlds.append(world := World())
        world.form()
        for n, at in enumerate(times, start=1):
            world.evaluation(f"e{n}", FULL, submitted_at=day(at))
        audit(world, submitted_at=day(5), started_at=None if started is None else day(started))
    assert [pair["auditee_evaluation_id"] for pair in pairs_of(*worlds)] == [wanted for _, _, wanted in cases]


def test_two_accounts_of_one_agent_are_one_agent(world: World) -> None:
    world.add("identities", account_id="desk:7", person_id="phone:9")
    world.evaluation("e1", FULL, agent_id="desk:7")
    audit(world, agent_id="phone:9")
    assert world.run().pair()["agent_id"] == "phone:9"


def test_explicit_link_holds_across_window_agent_and_interaction(world: World) -> None:
    world.evaluation("e1", FULL, interaction_id="elsewhere", agent_id="g9")
    audit(world, submitted_at=day(90), audited_evaluation_id="e1")
    assert world.run().pair()["link"] == "explicit"


def test_a_named_evaluation_that_is_unknown_is_never_replaced_by_a_guess(world: World) -> None:
    world.evaluation("e1", FULL)
    audit(world, audited_evaluation_id="gone")
    assert world.run().bucket("a1") == ("UNMATCHED_AUDITOR", "NO_AUDITEE_EVAL")


def test_blind_task_is_stronger_than_the_key_and_proves_blindness(world: World) -> None:
    world.evaluation("e1", FULL, evaluator_id="u1")
    world.evaluation("e2", FULL, evaluator_id="u2", blind_task_id="t")
    audit(world, blind_task_id="t")
    pair = world.run().pair()
    assert (pair["auditee_evaluation_id"], pair["link"], pair["is_blind"]) == ("e2", "blind_task", True)
    assert pair["is_embargoed"]


def test_work_of_the_blind_task_that_was_retracted_is_never_replaced_by_somebody_elses(world: World) -> None:
    world.evaluation("e1", FULL, evaluator_id="u1")
    world.evaluation("e2", FULL, evaluator_id="u2", blind_task_id="t", status="retracted")
    audit(world, blind_task_id="t")
    assert world.run().bucket("a1") == ("UNMATCHED_AUDITOR", "VOIDED")


def test_a_blind_audit_may_come_first_and_blindness_is_not_inferred(world: World) -> None:
    world.evaluation("e1", FULL, submitted_at=day(10))
    audit(world, kind="blind", submitted_at=day(1))
    pair = world.run().pair()
    assert pair["is_blind"] is None
    assert "BLIND_UNKNOWN" in pair["flags"]
    assert not pair["is_embargoed"]


def test_an_open_audit_never_comes_before_the_work(world: World) -> None:
    world.evaluation("e1", FULL, submitted_at=day(10))
    audit(world, submitted_at=day(1))
    assert world.run().bucket("a1") == ("UNMATCHED_AUDITOR", "OUT_OF_WINDOW")


def test_the_audit_window_ends_with_its_last_second(world: World) -> None:
    world.evaluation("e1", FULL, submitted_at=day(0))
    world.evaluation("e2", FULL, interaction_id="i2", submitted_at=day(0))
    audit(world, submitted_at=day(28))
    audit(world, "a2", interaction_id="i2", submitted_at=day(28 + 1e-6))
    result = world.run()
    assert result.pair()["auditor_evaluation_id"] == "a1"
    assert result.bucket("a2") == ("UNMATCHED_AUDITOR", "OUT_OF_WINDOW")


def test_roster_of_that_day_makes_an_auditor(world: World) -> None:
    world.add("rosters", person_id="w", role="auditor", valid_from=date(2026, 1, 10))
    world.evaluation("e1", FULL, submitted_at=day(0))
    world.evaluation("e2", FULL, evaluator_id="w", submitted_at=day(6))
    world.evaluation("e3", FULL, evaluator_id="w", interaction_id="i2", submitted_at=day(0))
    result = world.run()
    assert result.pair()["pair_id"] == "e1|e2"
    assert result.bucket("e3") == ("AUDITEE_ONLY", None)


def test_a_session_without_a_kind_is_a_calibration(world: World) -> None:
    world.evaluation("c1", FULL, kind=None, session_id="s1")
    world.evaluation("c2", FULL, kind="standard", session_id="s1", evaluator_id="u2")
    result = world.run()
    assert [result.bucket(name) for name in ("c1", "c2")] == [("EXCLUDED", "CALIBRATION")] * 2


def test_evaluator_work_is_reported_beside_the_pairs(world: World) -> None:
    world.form(
        "ATA", "1", {"goal": {"options": ["Met goal", "Did not meet goal"]}}, about="evaluator_work", scale="nominal"
    )
    world.evaluation("e1", FULL)
    world.evaluation(
        "w1",
        {},
        about="evaluator_work",
        kind="ata",
        form_id="ATA",
        form_version="1",
        evaluator_id="v1",
        agent_id="u1",
        interaction_id=None,
        audited_evaluation_id="e1",
        submitted_at=day(3),
        outcome_label="Met goal",
    )
    world.evaluation(
        "w2",
        {},
        about="evaluator_work",
        kind="ata",
        form_id="ATA",
        form_version="1",
        evaluator_id="v1",
        agent_id="u2",
        interaction_id=None,
        submitted_at=day(3),
        reported_score=80.0,
    )
    result = world.run()
    assert result.pairs == []
    assert result.bucket("w1") == ("EVALUATOR_WORK", None)
    assert result.bucket("e1") == ("AUDITEE_ONLY", None)
    linked, alone = result.rows("evaluator_work")
    assert (linked["auditee_id"], linked["auditor_id"], linked["is_linked"], linked["outcome_label"]) == (
        "u1",
        "v1",
        True,
        "Met goal",
    )
    assert linked["basis_date"] == date(2026, 1, 5)  # the audited evaluation's day
    assert (alone["auditee_id"], alone["is_linked"], alone["basis_date"]) == ("u2", False, date(2026, 1, 8))


def test_an_audit_can_itself_be_audited(world: World) -> None:
    world.evaluation("e1", FULL)
    audit(world)
    audit(world, "s1", evaluator_id="boss", audited_evaluation_id="a1", submitted_at=day(3), answers={**FULL, "Q1": 0})
    result = world.run()
    assert {pair["pair_id"]: pair["outcome"] for pair in result.pairs} == {"e1|a1": "EXACT", "a1|s1": "LENIENT"}
    assert result.bucket("a1") == ("PAIRED_AUDITOR", None)


def test_a_reference_is_compared_with_everybody_and_is_never_ambiguous(world: World) -> None:
    world.form("L", "1", {"label": {"options": ["G", "P", "R", "X"]}}, scale="ordinal", higher_is="more_severe")
    place = {"form_id": "L", "form_version": "1", "agent_id": None, "submitted_at": None}
    for n, label in enumerate("GPRX", start=1):
        world.evaluation(f"e{n}", {"label": label}, **place, evaluator_id=f"u{n}", repeat_no=1)
    world.evaluation("e5", {"label": "X"}, **place, evaluator_id="u1", repeat_no=2)
    world.evaluation("gold", {"label": "P"}, **place, kind="gold", evaluator_id=None)
    world.evaluation("idle", {"label": "P"}, **{**place, "interaction_id": "i9"}, kind="gold", evaluator_id=None)
    result = world.run(GOLD)
    assert [(p["auditee_evaluation_id"], p["delta"], p["leniency"], p["outcome"], p["link"]) for p in result.pairs] == [
        ("e1", -1.0, 1.0, "LENIENT", "reference"),
        ("e2", 0.0, 0.0, "EXACT", "reference"),
        ("e3", 1.0, -1.0, "STRICT", "reference"),
        ("e4", 2.0, -2.0, "STRICT", "reference"),
    ]
    assert result.bucket("idle") == ("REFERENCE_UNUSED", "NO_AUDITEE_EVAL")
    assert result.bucket("e5") == ("EXCLUDED", "REPEAT")
    (repeat,) = result.rows("other_pairs")
    assert (repeat["relation"], repeat["pair_id"], repeat["delta"]) == ("repeat", "e5|e1", 3.0)


def test_a_gold_answer_is_excluded_where_no_references_are_declared(world: World) -> None:
    world.evaluation("gold", FULL, kind="gold")
    assert world.run().bucket("gold") == ("EXCLUDED", "GOLD")


def test_self_audit_is_kept_apart_for_intra_rater_work(world: World) -> None:
    world.evaluation("e1", FULL)
    audit(world, evaluator_id="u1", answers={**FULL, "Q1": 0})
    result = world.run()
    assert result.pairs == []
    assert [(row["relation"], row["delta"], row["is_headline"]) for row in result.rows("other_pairs")] == [
        ("self_audit", 25.0, False)
    ]


def test_several_auditors_are_compared_with_each_other(world: World) -> None:
    world.evaluation("e1", FULL)
    audit(world, "a1", answers={**FULL, "Q1": 0})
    audit(world, "a2", evaluator_id="v2")
    result = world.run()
    assert [pair["is_headline"] for pair in result.pairs] == [True, False]  # equal rank and time: the smallest id
    (between,) = result.rows("other_pairs")
    assert (between["relation"], between["pair_id"], between["delta"]) == ("inter_auditor", "a1|a2", -25.0)
    assert {row["criterion_key"] for row in result.rows("other_comparisons")} == set(FULL)


def test_what_is_not_in_force_is_counted_and_named() -> None:
    ends = {"retracted": ("VOIDED", "RETRACTED"), "deleted": ("VOIDED", "DELETED"), "draft": ("DRAFT", None)}
    worlds = {}
    for status in ends:
        worlds[status] = world = World()
        world.form()
        world.evaluation("e1", FULL, status=status)
        audit(world)
    for status, made in side_by_side(worlds).items():
        assert made.bucket("e1") == ends[status]
        assert made.bucket("a1") == ("UNMATCHED_AUDITOR", ends[status][0])


def test_a_lost_pair_stops_the_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.evaluation("e1", FULL)
    audit(world)
    kept = pairing.links
    monkeypatch.setattr(pairing, "ranked", lambda programme: _without_pairs(programme))
    with pytest.raises(ConservationError, match="1 paired auditors but 0 auditors in pairs"):
        world.run()
    monkeypatch.setattr(pairing, "links", kept)


def _without_pairs(programme: Programme, plain: Any = pairing.ranked) -> str:
    return f"SELECT * FROM ({plain(programme)}) x WHERE 1 = 0"


def test_a_doubled_evaluation_stops_the_run(world: World) -> None:
    world.add("identities", account_id="u1", person_id="p1")
    world.add("identities", account_id="u1", person_id="p2")  # a broken view: two people for one account
    world.evaluation("e1", FULL)
    with pytest.raises(ConservationError, match="1 evaluations but 2 in buckets"):
        world.run()

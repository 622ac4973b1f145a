"""How two evaluations are compared: scores, scales, versions, criticals, flags, places and weeks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from reconcile.world import F1, Result, World, day, pairs_of

from qa_sync.reconcile import outcomes, schema
from qa_sync.reconcile.programme import Programme
from qa_sync.reconcile.tables import RESULTS

FULL = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}


def compared(
    auditee: dict[str, Any],
    auditor: dict[str, Any],
    *,
    criteria: Any = F1,
    programme: Programme | None = None,
    of_auditee: dict[str, Any] | None = None,
    of_auditor: dict[str, Any] | None = None,
    **form: Any,
) -> dict[str, Any]:
    """The pair of two sets of answers on one form."""
    return (
        side_of(auditee, auditor, criteria=criteria, of_auditee=of_auditee, of_auditor=of_auditor, **form)
        .run(programme)
        .pair()
    )


def side_of(
    auditee: dict[str, Any],
    auditor: dict[str, Any],
    *,
    criteria: Any = F1,
    of_auditee: dict[str, Any] | None = None,
    of_auditor: dict[str, Any] | None = None,
    **form: Any,
) -> World:
    """The same as a world, to be reconciled beside others."""
    world = World()
    world.form(criteria=criteria, **form)
    return pair_up(world, auditee, auditor, of_auditee, of_auditor)


def pair_up(
    world: World,
    auditee: dict[str, Any],
    auditor: dict[str, Any],
    of_auditee: dict[str, Any] | None = None,
    of_auditor: dict[str, Any] | None = None,
) -> World:
    world.evaluation("e1", auditee, **(of_auditee or {}))
    world.evaluation(
        "a1", auditor, **{"kind": "ata", "evaluator_id": "v1", "submitted_at": day(1), **(of_auditor or {})}
    )
    return world


def test_tolerance_is_inclusive_and_in_points() -> None:
    one = {"Q": {"max": 100, "weight": 1}}
    worlds = [side_of({"Q": 100}, {"Q": points}, criteria=one) for points in (95, 94.99, 95.0000000001)]
    assert [pair["outcome"] for pair in pairs_of(*worlds)] == ["WITHIN_TOLERANCE", "LENIENT", "WITHIN_TOLERANCE"]


def test_binary_fractions_do_not_break_the_tolerance() -> None:
    thirds = {f"Q{n}": {"max": 1, "weight": 0.1} for n in range(20)}
    full = dict.fromkeys(thirds, 1)
    assert compared(full, {**full, "Q3": 0}, criteria=thirds)["outcome"] == "WITHIN_TOLERANCE"


def test_the_form_decides_what_lenient_means() -> None:
    given = {"Q": 100}, {"Q": 0}
    one = {"Q": {"max": 100, "weight": 1}}
    worlds = [side_of(*given, criteria=one, higher_is=word) for word in ("better", "more_severe", "neutral")]
    assert [pair["outcome"] for pair in pairs_of(*worlds)] == ["LENIENT", "STRICT", "DIFFERENT"]


def test_an_ordinal_form_may_tolerate_levels() -> None:
    levels = {"L": {"options": ["G", "P", "R", "X"]}}
    pair = compared({"L": "P"}, {"L": "G"}, criteria=levels, scale="ordinal", tolerance=1.0)
    assert (pair["outcome"], pair["delta"], pair["tolerance"]) == ("WITHIN_TOLERANCE", 1.0, 1.0)


def test_an_option_off_the_scale_is_not_comparable() -> None:
    pair = compared({"L": "BROKEN"}, {"L": "G"}, criteria={"L": {"options": ["G", "P"]}}, scale="ordinal")
    assert (pair["outcome"], pair["reason"], pair["delta"]) == ("NOT_COMPARABLE", "OFF_SCALE", None)


def test_one_side_all_na_is_an_unscored_difference() -> None:
    pair = compared({"Q": "NA"}, {"Q": 10}, criteria={"Q": {"max": 10, "weight": 1}})
    assert (pair["outcome"], pair["delta"], pair["auditee_score"], pair["auditor_score"]) == (
        "UNSCORED_DIFFERENCE",
        None,
        None,
        100.0,
    )


def test_a_form_of_outcome_words_alone_is_compared_by_them() -> None:
    goal = {"outcome_label": "Met goal"}
    worlds = [
        side_of({}, {}, criteria={}, of_auditee=goal, of_auditor={"outcome_label": word})
        for word in ("Met goal", "Missed")
    ]
    assert [(pair["outcome"], pair["delta"], pair["items_compared"]) for pair in pairs_of(*worlds)] == [
        ("EXACT", None, 1),
        ("UNSCORED_DIFFERENCE", None, 1),
    ]


def test_not_asked_against_a_value_is_an_applicability_disagreement() -> None:
    pair = compared({**FULL, "Q2": "NOT_ASKED"}, FULL)
    assert (pair["applicability_disagreements"], pair["value_pairs"], pair["outcome"]) == (
        1,
        3,
        "SAME_SCORE_DIFFERENT_ITEMS",
    )


def test_a_critical_failure_caps_the_score_where_the_form_says_cap() -> None:
    pair = compared(FULL, {**FULL, "C1": "fail"}, auto_fail="cap", auto_fail_cap=40.0)
    assert (pair["outcome"], pair["auditor_score"], pair["delta"], pair["delta_raw"]) == (
        "CRITICAL_MISS",
        40.0,
        60.0,
        0.0,
    )


def test_a_critical_criterion_that_earned_nothing_failed() -> None:
    pair = compared({"Q": 10}, {"Q": 0}, criteria={"Q": {"max": 10, "weight": 1, "crit": True, "options": {"x": {}}}})
    assert (pair["outcome"], pair["auditor_auto_failed"]) == ("CRITICAL_MISS", True)


def test_an_auto_fail_that_only_the_source_knows_counts() -> None:
    pair = compared(FULL, FULL, of_auditor={"auto_failed": True})
    assert (pair["outcome"], pair["delta"]) == ("CRITICAL_MISS", 100.0)


def test_both_failing_on_the_same_criterion_is_agreement() -> None:
    assert compared({**FULL, "C1": "fail"}, {**FULL, "C1": "fail"})["outcome"] == "EXACT"


def bridged(auditee: dict[str, Any], auditor: dict[str, Any], later: Any) -> dict[str, Any]:
    world = World()
    world.form("F1", "2", F1)
    world.form("F1", "3", later)
    return pair_up(world, auditee, auditor, {"form_version": "2"}).run().pair()


def test_versions_are_bridged_over_common_criteria() -> None:
    pair = bridged({**FULL, "Q1": 0}, {**FULL, "Q4": 0}, {**F1, "Q4": {"max": 2, "weight": 1}})
    assert (pair["outcome"], pair["delta"], pair["items_compared"]) == ("STRICT", -25.0, 4)
    assert "BRIDGED" in pair["flags"]
    assert pair["common_weight"] == pytest.approx(40 / 42)


def test_each_version_must_have_enough_of_its_own_weight_in_common() -> None:
    def share(older: dict[str, Any], newer: dict[str, Any]) -> tuple[str | None, float]:
        world = World()
        for version, weights in (("2", older), ("3", newer)):
            world.form("F1", version, {key: {"max": 10, "weight": weight} for key, weight in weights.items()})
        full = [dict.fromkeys(weights, 10) for weights in (older, newer)]
        pair = pair_up(world, *full, {"form_version": "2"}).run().pair()
        return pair["reason"], pytest.approx(pair["common_weight"])

    assert share({"Q1": 1, "Q2": 9}, {"Q1": 9, "Q3": 1}) == ("COMMON_WEIGHT_BELOW_MIN", 0.1)
    assert share({"Q1": 9, "Q2": 1}, {"Q1": 1, "Q3": 9}) == ("COMMON_WEIGHT_BELOW_MIN", 0.1)
    assert share({"Q1": 9, "Q2": 1}, {"Q1": 1}) == (None, 0.9)


@pytest.mark.parametrize("older", [{"pass": {}, "fail": {}}, {"pass": {"is_fail": True}, "fail": {"is_fail": False}}])
@pytest.mark.parametrize("is_fatal", [True, False])
def test_between_versions_equal_answers_fail_alike_by_the_auditors_version(older: Any, is_fatal: bool) -> None:
    was_fatal = any(option for option in older.values())
    newer = {"pass": {}, "fail": {"is_fail": True}}
    world = World()
    world.form("F1", "2", {**F1, "C1": {**F1["C1"], "crit": was_fatal, "options": older}})
    world.form("F1", "3", {**F1, "C1": {**F1["C1"], "crit": is_fatal, "options": newer}})
    pair = pair_up(world, {**FULL, "C1": "fail"}, {**FULL, "C1": "fail"}, {"form_version": "2"}).run().pair()
    assert (pair["outcome"], pair["delta"]) == ("EXACT", 0.0)
    assert (pair["auditee_auto_failed"], pair["auditor_auto_failed"]) == (is_fatal, is_fatal)


def test_renaming_a_criterion_changes_nothing() -> None:
    pair = bridged(FULL, FULL, {**F1, "Q1": {**F1["Q1"], "label": "A new name"}})
    assert (pair["outcome"], pair["common_weight"]) == ("EXACT", 1.0)


def test_a_criterion_on_another_scale_is_not_common() -> None:
    pair = bridged(FULL, FULL, {**F1, "Q3": {"max": 20, "weight": 2}})
    assert (pair["outcome"], pair["reason"]) == ("NOT_COMPARABLE", "COMMON_WEIGHT_BELOW_MIN")
    assert pair["common_weight"] == pytest.approx(20 / 60)


def test_a_criterion_with_another_option_is_not_common() -> None:
    few = {"Q": {"max": 10, "weight": 1, "options": {"no": {"points": 0}, "yes": {"points": 10}}}}
    more = {"Q": {**few["Q"], "options": {"no": {"points": 0}, "half": {"points": 5}, "yes": {"points": 10}}}}
    world = World()
    world.form("F1", "2", few)
    world.form("F1", "3", more)
    pair = pair_up(world, {"Q": "yes"}, {"Q": "yes"}, {"form_version": "2"}).run().pair()
    assert (pair["reason"], pair["common_weight"]) == ("COMMON_WEIGHT_BELOW_MIN", 0.0)


def test_points_are_those_of_the_form_and_not_of_the_record() -> None:
    world = World()
    world.form(criteria={"Q": {"max": 10, "weight": 1, "options": {"no": {"points": 0}, "yes": {"points": 10}}}})
    pair_up(world, {"Q": "yes"}, {"Q": "yes"})
    world.rows["answers"][0]["points"] = 7.0
    assert world.run().pair()["auditee_score"] == 100.0


def test_an_unsaid_version_is_the_newest_and_numbers_are_numbers() -> None:
    world = World()
    world.form("F1", "9", F1)
    world.form("F1", "10", {**F1, "Q1": {"max": 100, "weight": 1}})
    pair = (
        pair_up(world, {**FULL, "Q1": 100}, {**FULL, "Q1": 100}, {"form_version": None}, {"form_version": None})
        .run()
        .pair()
    )
    assert (pair["form_version"], pair["auditee_score"], pair["outcome"]) == ("10", 100.0, "EXACT")


def test_an_unknown_form_is_not_comparable_and_never_a_crash() -> None:
    pair = pair_up(World(), FULL, FULL).run().pair()
    assert (pair["outcome"], pair["reason"]) == ("NOT_COMPARABLE", "FORM_UNKNOWN")


def test_an_answer_to_an_unknown_criterion_is_left_aside_and_flagged() -> None:
    pair = compared({**FULL, "Q9": 1}, FULL)
    assert pair["outcome"] == "EXACT"
    assert "UNKNOWN_CRITERION" in pair["flags"]


def test_options_give_points_levels_and_failures() -> None:
    criteria = {
        "Q": {"max": 10, "weight": 1, "options": {"bad": {"points": 0}, "fair": {"points": 4}, "good": {"points": 10}}}
    }
    world = World()
    world.form(criteria=criteria)
    result = pair_up(world, {"Q": "good"}, {"Q": "fair"}).run()
    (row,) = result.rows("comparisons")
    assert (row["auditee_level"], row["auditor_level"], row["auditee_points"], row["delta"], row["agrees"]) == (
        2,
        1,
        10.0,
        6.0,
        False,
    )
    assert result.pair()["delta"] == 60.0


def test_a_reported_score_that_differs_is_flagged() -> None:
    worlds = [
        side_of(FULL, FULL, of_auditee={"reported_score": score, "reported_max": most})
        for score, most in ((40.0, 40.0), (99.0, 100.0), (100.01, None), (99.9, None))
    ]
    assert ["SCORE_MISMATCH" in pair["flags"] for pair in pairs_of(*worlds)] == [False, True, False, True]


def test_pass_fail_flip_is_told_even_within_tolerance() -> None:
    pair = compared({"Q": 82}, {"Q": 78}, criteria={"Q": {"max": 100, "weight": 1}}, pass_mark=80.0)
    assert pair["outcome"] == "WITHIN_TOLERANCE"
    assert "PASS_FAIL_FLIP" in pair["flags"]


def test_blindness_is_said_as_the_source_proves_it() -> None:
    worlds = [side_of(FULL, FULL, of_auditor={"is_blind": value}) for value in (True, False, None)]
    words = [[flag for flag in pair["flags"] if "BLIND" in flag] for pair in pairs_of(*worlds)]
    assert words == [["BLIND"], ["NOT_BLIND"], ["BLIND_UNKNOWN"]]


def test_a_blind_audit_is_under_embargo_until_it_is_known_to_be_released() -> None:
    later = datetime(2100, 1, 1, tzinfo=UTC)
    told: list[tuple[dict[str, Any], bool]] = [
        ({}, True),
        ({"is_released": False}, True),
        ({"is_released": True}, False),
        # A date that has come releases; one to come does not, whatever else is said.
        ({"released_at": day(20)}, False),
        ({"released_at": later}, True),
        ({"released_at": later, "is_released": True}, True),
        ({"released_at": day(20), "is_released": False}, True),
        ({"status": "released"}, False),
        ({"status": "in_review"}, False),
        ({"status": "final", "is_released": False}, True),
    ]
    world = World()
    world.form()
    for at, (values, _) in enumerate(told):
        for is_blind in (True, False):
            item = f"i{at}{is_blind}"
            audit = {"kind": "ata", "evaluator_id": "v1", "submitted_at": day(1), "is_blind": is_blind, **values}
            world.evaluation(f"e{item}", FULL, interaction_id=item)
            world.evaluation(f"a{item}", FULL, interaction_id=item, **audit)
    found = {pair["auditee_evaluation_id"]: pair["is_embargoed"] for pair in world.run().pairs}
    assert [(found[f"ei{at}True"], found[f"ei{at}False"]) for at in range(len(told))] == [
        (embargoed, False) for _, embargoed in told
    ]


def placed(programme: Programme, world: World) -> Result:
    world.form()
    world.add(
        "rosters",
        person_id="u1",
        role="evaluator",
        valid_from=date(2025, 1, 1),
        valid_to=date(2026, 1, 6),
        site="old",
        team="t1",
        site_kind="bpo",
        queue="from the roster",
    )
    world.add("rosters", person_id="u1", role="evaluator", valid_from=date(2026, 1, 7), site="new", team="t2")
    return pair_up(world, FULL, FULL, of_auditor={"submitted_at": day(9)}).run(programme)


def test_site_and_team_are_those_of_that_day_and_late_audits_are_told() -> None:
    world = World()
    world.add(
        "interactions",
        interaction_id="i1",
        kind="ticket",
        group_id="g",
        closed_at=day(3),
        dimensions=[("region", "EU"), ("tier", "1")],
    )
    world.add("lookups", lookup="queue", lookup_key="g", lookup_value="Refunds")
    result = placed(Programme(), world)
    pair = result.pair()
    assert (pair["site"], pair["team"], pair["site_kind"], pair["queue"], pair["week"]) == (
        "old",
        "t1",
        "bpo",
        "Refunds",
        "2026-W02",
    )
    assert pair["dimensions"] == {"region": "EU", "tier": "1"}
    assert "LATE" in pair["flags"]
    closed = placed(Programme(basis_event="closed_at"), world_with_closing()).pair()
    assert (closed["site"], closed["basis_date"]) == ("new", date(2026, 1, 8))
    audited = placed(Programme(basis_event="auditor_submitted_at"), World()).pair()
    assert (audited["week"], audited["queue"], "LATE" in audited["flags"]) == ("2026-W03", None, False)


def world_with_closing() -> World:
    world = World()
    world.add("interactions", interaction_id="i1", kind="ticket", closed_at=day(3))
    return world


def test_the_frame_of_unaudited_work_has_its_week_and_site() -> None:
    world = World()
    world.add("rosters", person_id="u1", role="evaluator", valid_from=date(2025, 1, 1), site="s1")
    world.evaluation("e1", FULL, submitted_at=datetime(2026, 3, 29, 23, 30, tzinfo=UTC))
    (row,) = world.run(Programme(time_zone="Europe/Dublin")).rows("buckets")
    assert (row["bucket"], row["basis_date"], row["week"], row["site"]) == (
        "AUDITEE_ONLY",
        date(2026, 3, 30),
        "2026-W14",
        "s1",
    )


def test_results_have_the_columns_and_types_that_are_documented() -> None:
    result = placed(Programme(), World())
    for table, declared in (
        ("pairs_current", schema.PAIRS),
        ("other_pairs", schema.PAIRS),
        ("comparisons_current", schema.COMPARISONS),
        *((declared.name, declared) for declared in RESULTS),
    ):
        found = result.engine.fetch(f"SELECT * FROM {table}")
        assert tuple(found.column_names) == declared.names
        for column in declared.columns:
            kind = found.schema.field(column.name).type
            same = (
                pa.types.is_integer(kind)
                if column.type == "integer"
                else str(kind).replace("list<l:", "list<item:").replace(" ('entries')", "")
                == str(column.arrow_type).replace(" ('entries')", "")
            )
            assert same, (table, column.name, kind)
            if column.required:
                assert found[column.name].null_count == 0, (table, column.name)


def test_every_word_that_is_used_is_explained() -> None:
    from qa_sync.model.tables import EVALUATION_KINDS
    from qa_sync.reconcile.candidates import GRADES

    used = {
        *GRADES.values(),
        *outcomes.WITHOUT_PAIR,
        *(kind.upper() for kind in EVALUATION_KINDS if kind not in ("standard", "ata", "blind")),
    }
    assert all(outcomes.explain(word) for word in used)

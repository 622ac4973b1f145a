"""The thirty-two cases that a naive implementation gets wrong, one test each, in the order of the specification.

Each shows what the naive answer would have been, where there is one number to show. What other tests hold in depth
(the brute-force twin, the worked fixtures) is here once more in its smallest form.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from reconcile.world import World, day, pairs_of, side_by_side

import qa_sync.agreement as ag
from qa_sync.reconcile.programme import Programme

FULL = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}


@pytest.fixture
def world() -> World:
    made = World()
    made.form()
    return made


def work(world: World, name: str = "e1", answers: dict[str, Any] | None = None, **values: Any) -> None:
    world.evaluation(name, answers or FULL, **values)


def audit(world: World, name: str = "a1", answers: dict[str, Any] | None = None, **values: Any) -> None:
    given = {"kind": "ata", "evaluator_id": "v1", "submitted_at": day(2), **values}
    world.evaluation(name, answers or FULL, **given)


def compared(world: World, ours: dict[str, Any], theirs: dict[str, Any], **run: Any) -> dict[str, Any]:
    work(world, answers={**FULL, **ours})
    audit(world, answers={**FULL, **theirs})
    return world.run(**run).pair()


def test_01_a_ticket_alone_is_no_key(world: World) -> None:
    work(world, "e1", agent_id="g1")
    work(world, "e2", {**FULL, "Q1": 0}, agent_id="g2", evaluator_id="u2")
    audit(world, agent_id="g2", answers={**FULL, "Q1": 0})
    pair = world.run().pair()
    assert (pair["auditee_evaluation_id"], pair["outcome"]) == ("e2", "EXACT")


def test_02_what_has_no_partner_is_counted_with_its_reason(world: World) -> None:
    work(world)
    audit(world, interaction_id="i2")
    audit(world, "a2", submitted_at=day(40))
    result = world.run()
    assert result.pairs == []
    assert {row["evaluation_id"]: (row["bucket"], row["reason"]) for row in result.rows("buckets")} == {
        "e1": ("AUDITEE_ONLY", None),
        "a1": ("UNMATCHED_AUDITOR", "NO_AUDITEE_EVAL"),
        "a2": ("UNMATCHED_AUDITOR", "OUT_OF_WINDOW"),
    }


def test_03_what_the_auditee_changed_after_seeing_the_audit_improves_no_headline(world: World) -> None:
    work(world, effective_at=day(0))
    work(world, answers={**FULL, "Q3": 0}, effective_at=day(3), seq=1, cause="edit")
    audit(world, answers={**FULL, "Q3": 0})
    pair = world.run().pair()
    assert (pair["outcome"], pair["delta"], pair["current_outcome"]) == ("LENIENT", 50.0, "EXACT")
    assert "AUDITEE_EDITED_AFTER_AUDIT" in pair["flags"]


def test_04_a_dispute_makes_no_auditee_right(world: World) -> None:
    work(world, answers={**FULL, "Q3": 0}, effective_at=day(0))
    work(world, effective_at=day(1), seq=1, cause="dispute")
    audit(world)
    pair = world.run().pair()
    assert (pair["outcome"], pair["delta"], pair["current_outcome"]) == ("STRICT", -50.0, "EXACT")


def test_05_a_calibration_without_its_kind_is_none_of_the_work(world: World) -> None:
    work(world, "c1", session_id="s1")
    audit(world)
    result = world.run()
    assert result.bucket("c1") == ("EXCLUDED", "CALIBRATION")
    assert result.bucket("a1") == ("UNMATCHED_AUDITOR", "NO_AUDITEE_EVAL")


def test_06_two_auditors_are_two_pairs_and_never_an_average(world: World) -> None:
    work(world)
    audit(world, "a1", answers={**FULL, "Q3": 0})
    audit(world, "a2", evaluator_id="v2", reference_rank="senior")
    result = world.run()
    assert {row["pair_id"]: (row["auditor_score"], row["is_headline"]) for row in result.pairs} == {
        "e1|a1": (50.0, False),
        "e1|a2": (100.0, True),
    }
    assert [row["pair_id"] for row in result.rows("other_pairs")] == ["a1|a2"]


def test_07_rates_are_pooled_and_no_mean_of_means() -> None:
    agree, compared, who = [1, 90], [2, 100], [0, 1]
    pooled = ag.line_item_accuracy(agree, compared)[0].value
    assert pooled == pytest.approx(91 / 102)
    by_evaluator = ag.line_item_accuracy(agree, compared, who, 2).value
    assert by_evaluator.mean() == pytest.approx(0.7)  # the naive answer


def test_08_na_is_neither_zero_nor_full_marks(world: World) -> None:
    pair = compared(world, {"Q1": "NA", "Q2": 5}, {"Q1": "NA", "Q2": 5})
    assert pair["auditee_score"] == pytest.approx(100 * (5 + 20) / 30)  # as 0: 62.5; as 10: 87.5
    assert pair["outcome"] == "EXACT"


def test_09_an_na_on_one_side_counts(world: World) -> None:
    pair = compared(world, {"Q2": "NA"}, {"Q2": 0})
    names = ("outcome", "delta", "value_pairs", "applicability_disagreements", "items_agree", "items_compared")
    assert tuple(pair[name] for name in names) == ("LENIENT", 25.0, 3, 1, 3, 4)


def test_10_not_asked_and_na_agree(world: World) -> None:
    pair = compared(world, {"Q2": "NOT_ASKED"}, {"Q2": "NA"})
    assert (pair["outcome"], pair["items_agree"], pair["value_pairs"]) == ("EXACT", 4, 3)


def test_11_a_missed_fatal_stands_beside_the_scores_and_not_in_them(world: World) -> None:
    pair = compared(world, {"Q1": 5}, {"C1": "fail"})
    assert (pair["outcome"], pair["delta"], pair["delta_raw"]) == ("CRITICAL_MISS", 87.5, -12.5)


def test_12_failing_for_different_reasons_is_no_agreement() -> None:
    world = World()
    world.form(criteria={name: {"max": 0, "weight": 0, "crit": True} for name in ("C1", "C2")})
    work(world, answers={"C1": "fail", "C2": "pass"})
    audit(world, answers={"C1": "pass", "C2": "fail"})
    assert world.run().pair()["outcome"] == "CRITICAL_WRONG_REASON"


def test_13_weights_are_those_of_the_version_used() -> None:
    world = World()
    world.form("F1", "1", {"Q1": {"max": 10, "weight": 1}, "Q2": {"max": 10, "weight": 1}})
    world.form("F1", "2", {"Q1": {"max": 10, "weight": 3}, "Q2": {"max": 10, "weight": 1}})
    for version, name in (("1", "e1"), ("2", "e2")):
        world.evaluation(name, {"Q1": 0, "Q2": 10}, form_version=version, interaction_id=name)
        world.evaluation(
            f"a{name}",
            {"Q1": 0, "Q2": 10},
            form_version=version,
            interaction_id=name,
            kind="ata",
            evaluator_id="v1",
            submitted_at=day(1),
        )
    assert [row["auditee_score"] for row in world.run().pairs] == [50.0, 25.0]


def test_14_the_scale_is_the_forms() -> None:
    ours, theirs = list("GGPPGX"), list("GPPPGX")  # nobody chose R
    names = ["kappa_linear", "ac1"]
    observed = ag.agreement(ours, theirs, levels=list("GPX"))[names].iloc[0].tolist()  # the naive answer
    whole = ag.agreement(ours, theirs, levels=list("GPRX"))[names].iloc[0].tolist()
    assert observed == pytest.approx([0.785714, 0.757576], abs=1e-6)
    assert whole == pytest.approx([0.842105, 0.789474], abs=1e-6)


@pytest.mark.parametrize("table", [[[20, 0], [0, 0]], [[0, 0], [0, 0]]], ids=["everybody passes", "no pairs"])
def test_15_an_undefined_kappa_is_nothing_with_a_reason(table: list[list[int]]) -> None:
    found = ag.cohen_kappa(table)[0]
    assert found.value is None
    assert found.reason.startswith("undefined: ")


def test_16_the_tolerance_is_in_points_and_inclusive() -> None:
    world = World()
    world.form(criteria={"A": {"max": 20, "weight": 1}, "B": {"max": 80, "weight": 1}})
    work(world, answers={"A": 20, "B": 80})
    audit(world, answers={"A": 15, "B": 80})
    pair = world.run().pair()
    assert (pair["outcome"], pair["delta"]) == ("WITHIN_TOLERANCE", 5.0)
    assert ag.within_tolerance([5.0, 4.9999999999, 5.0000000001, 5.00001, 0.05], 5.0).tolist() == [
        True,
        True,
        True,
        False,
        True,
    ]


def test_17_the_form_says_which_way_is_lenient() -> None:
    worlds = []
    for higher_is in ("better", "more_severe"):
        worlds.append(world := World())
        world.form(criteria={"L": {"options": ["G", "P", "R", "X"]}}, scale="ordinal", higher_is=higher_is)
        work(world, answers={"L": "R"})
        audit(world, answers={"L": "G"})
    told = [(pair["outcome"], pair["delta"]) for pair in pairs_of(*worlds)]
    assert told == [("LENIENT", 2.0), ("STRICT", 2.0)]


@pytest.mark.parametrize(
    ("at", "zone", "local", "week"),
    [
        (datetime(2026, 1, 1, 2, 30, tzinfo=UTC), "America/Los_Angeles", date(2025, 12, 31), "2026-W01"),
        (datetime(2027, 1, 2, 12, tzinfo=UTC), "UTC", date(2027, 1, 2), "2026-W53"),
        (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), "Europe/Dublin", date(2026, 3, 29), "2026-W13"),
        (datetime(2026, 3, 29, 23, 30, tzinfo=UTC), "Europe/Dublin", date(2026, 3, 30), "2026-W14"),
    ],
    ids=["year and week differ", "week 53", "before midnight on the day clocks change", "after it"],
)
def test_18_weeks_are_those_of_the_programmes_zone(
    world: World, at: datetime, zone: str, local: date, week: str
) -> None:
    work(world, submitted_at=at)
    (row,) = world.run(Programme(time_zone=zone)).rows("buckets")
    assert (row["basis_date"], row["week"]) == (local, week)


def test_19_last_months_work_has_last_months_roster(world: World) -> None:
    world.add("rosters", person_id="u1", role="evaluator", site="Manila", valid_from=date(2025, 1, 1))
    world.add("rosters", person_id="u1", role="evaluator", site="Dublin", valid_from=date(2026, 1, 15))
    world.rows["rosters"][0]["valid_to"] = date(2026, 1, 14)
    work(world)
    work(world, "e2", interaction_id="i2", submitted_at=day(20))
    assert [row["site"] for row in world.run().rows("buckets")] == ["Manila", "Dublin"]


def test_20_nothing_is_rounded_before_it_is_added_up() -> None:
    world = World()
    world.form(criteria={f"Q{n}": {"max": 1, "weight": 1} for n in range(3)})
    for n in range(3):
        work(world, f"e{n}", {"Q0": 1, "Q1": 1, "Q2": 0}, interaction_id=f"i{n}")
        audit(world, f"a{n}", {"Q0": 1, "Q1": 0, "Q2": 0}, interaction_id=f"i{n}")
    assert sum(row["delta"] for row in world.run().pairs) == pytest.approx(100.0, abs=1e-9)  # rounded: 99.99


def test_21_what_is_delivered_twice_counts_once(world: World) -> None:
    for _ in range(2):
        work(world)
        audit(world)
    result = world.run()
    assert (len(result.pairs), result.counts.evaluations, len(result.rows("comparisons"))) == (1, 2, 4)


def test_22_a_deletion_is_seen_from_then_on_only(world: World) -> None:
    work(world)
    audit(world)
    world.delete("e1", day(10))
    assert len(world.run(as_of=day(9)).pairs) == 1
    now = world.run()
    assert (now.pairs, now.bucket("e1")) == ([], ("VOIDED", "DELETED"))


def test_23_answers_of_one_evaluation_are_one_cluster() -> None:
    agree, compared = np.array([10, 10, 10, 10, 0]), np.full(5, 10)
    clustered = ag.line_item_accuracy(agree, compared)[0]
    naive = ag.proportion(agree.sum(), compared.sum())[0]
    assert clustered.value == naive.value
    assert clustered.upper - clustered.lower > 2 * (naive.upper - naive.lower)


def test_24_the_population_holds_what_was_never_audited(world: World) -> None:
    for n in range(5):
        work(world, f"e{n}", interaction_id=f"i{n}")
    audit(world, interaction_id="i0")
    buckets = [row["bucket"] for row in world.run().rows("buckets")]
    assert (buckets.count("PAIRED_AUDITEE"), buckets.count("AUDITEE_ONLY")) == (1, 4)


def test_25_targeted_audits_are_a_stratum_of_their_own(world: World) -> None:
    work(world)
    audit(world, sampling="targeted")
    assert world.run().pair()["sampling"] == "targeted"
    rate = ag.stratified_proportion([90, 1], [100, 10], [1000, 10])  # random, and those picked for trouble
    assert rate.value == pytest.approx((1000 * 0.9 + 10 * 0.1) / 1010)
    assert rate.value > 0.89 > 91 / 110  # the naive answer


def test_26_ties_are_broken_by_content_and_never_by_row_order() -> None:
    worlds = {}
    for order in (("a1", "a2", "a3"), ("a3", "a1", "a2")):
        worlds[" ".join(order)] = world = World()
        world.form()
        work(world)
        for number, name in enumerate(order):
            audit(world, name, evaluator_id=f"v{number}", answers={**FULL, "Q1": int(name[1])})
    heads = [next(row for row in made.pairs if row["is_headline"]) for made in side_by_side(worlds).values()]
    assert [row["auditor_evaluation_id"] for row in heads] == ["a1", "a1"]


def test_27_raters_without_a_common_chain_are_not_ranked_together() -> None:
    fit = ag.crossed_severity([0, 0, 1, 1], [0, 1, 2, 3], [90, 80, 50, 40], n_items=2, n_raters=4)
    assert fit.component.tolist() == [0, 0, 1, 1]
    ranks = ag.rank_claims(ag.shrink_means([5.0, -5, 5, -5], [30] * 4, 4.0), components=fit.component)
    assert ranks.of.tolist() == [2, 2, 2, 2]


def test_28_open_disputes_are_in_no_denominator(world: World) -> None:
    for n, events in enumerate((["opened"], ["opened", "resolved"], ["opened", "retracted"])):
        work(world, f"e{n}", interaction_id=f"i{n}")
        for number, event in enumerate(events, start=1):
            outcome = "overturned_full" if event == "resolved" else None
            at = {"event_at": day(n + number), "ingested": day(n + number)}
            world.add(
                "disputes",
                dispute_id=f"d{n}",
                event_no=number,
                event=event,
                evaluation_id=f"e{n}",
                outcome=outcome,
                **at,
            )
    cases = world.run().rows("dispute_cases")
    resolved = [case for case in cases if case["state"] == "resolved"]
    rates = ag.dispute_rates(0, sum(case["is_overturned"] for case in resolved), 0, len(cases), len(cases))
    assert (rates.overturn.value[0], rates.overturn.n[0]) == (1.0, 1)  # of all three: 33 %


def test_29_two_accounts_are_one_evaluator(world: World) -> None:
    world.add("identities", account_id="u1-old", person_id="u1")
    work(world, evaluator_id="u1-old")
    audit(world, evaluator_id="u1")
    assert world.run().bucket("a1") == ("EXCLUDED", "SELF_AUDIT")


def test_30_the_same_table_has_the_same_interval_and_says_its_seed() -> None:
    one, two = (ag.with_dirichlet_interval([[8, 1], [2, 3]])[0] for _ in range(2))
    assert one == two
    assert one.seed == ag.DEFAULT_SEED


def test_31_numbers_and_dates_are_written_as_values_and_never_as_local_text() -> None:
    from qa_sync_gsheets.wire import write_cell

    assert write_cell(1234.5) == {"userEnteredValue": {"numberValue": 1234.5}}
    assert write_cell("1.234,5") == {"userEnteredValue": {"stringValue": "1.234,5"}}


@pytest.mark.parametrize("text", ["=IMPORTXML(1)", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_32_a_comment_is_never_a_formula(text: str) -> None:
    from qa_sync_gsheets.wire import write_cell

    assert write_cell(text) == {"userEnteredValue": {"stringValue": text}}

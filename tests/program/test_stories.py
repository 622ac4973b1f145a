"""What people came for, one test a story: the pains of quality teams, each with what ends it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from program.command import ask, opened_once, query
from program.finished import Finished
from reconcile.world import T0, World, day
from reports.scenes import opened_world

from qa_sync.reports import Ask, build
from qa_sync.runner.opened import Opened

pytestmark = pytest.mark.usefixtures("kept_open")

FULL = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}


def _rows(it: Opened, name: str, **asked: Any) -> list[dict[str, Any]]:
    return build(name, it.scene, Ask(**asked)).rows.to_pylist()


def _pair(made: World, number: int, mine: dict[str, Any], theirs: dict[str, Any], **values: Any) -> None:
    """An evaluation and its audit, each on an interaction of its own."""
    own = {"interaction_id": f"i{number}", **values}
    made.evaluation(f"e{number}", mine, **own)
    audit = {"kind": "ata", "evaluator_id": "v1", "submitted_at": day(1), "audited_evaluation_id": f"e{number}"}
    made.evaluation(f"a{number}", theirs, **{**own, **audit})


# ---- 1. "Two tabs show two numbers for the same week." ----------------------------------------------------------


def test_1_a_cell_tells_its_definition_and_the_evaluations_that_give_it_exactly(finished: Finished) -> None:
    folder = finished.folder
    with opened_once():
        shown = ask(folder, "report", "summary", "--by", "queue,week")
        row = next(row for row in shown["rows"] if row["line_accuracy"] is not None)
        told = ask(folder, "explain", "summary", row["key"], "line_accuracy", "--by", "queue,week")
        ids = sorted({one["evaluation_id"] for one in told["evaluations"]})
        pairs = query(
            folder,
            f"""SELECT items_agree, items_compared FROM pairs WHERE is_headline AND outcome <> 'NOT_COMPARABLE'
                AND list_contains({ids}, auditee_evaluation_id) AND list_contains({ids}, auditor_evaluation_id)""",
        )
    assert len(pairs) == row["pairs"]
    again = sum(pair["items_agree"] for pair in pairs) / sum(pair["items_compared"] for pair in pairs)
    assert again == row["line_accuracy"] == told["value"] == told["recomputed"]
    assert (told["metric"], told["version"]) == ("summary.line_accuracy", 1)
    assert "criteria answered alike / criteria compared" in told["formula"]
    notes = " ".join(told["notes"])
    assert "ISO weeks of Europe/Dublin, by when the evaluation was submitted" in notes
    assert "In no number" in notes


# ---- 2. "Last Monday's deck no longer matches the sheet.": all of test_as_of -------------------------------------


# ---- 3. "We agree 92 %, yet my auditors miss the fatals." --------------------------------------------------------


def test_3_missed_fatals_stand_beside_agreement_and_the_paradox_is_named() -> None:
    made = World()
    made.form("F1", "3", {"Q1": {"max": 10, "weight": 1}, "C1": {"max": 0, "weight": 0, "crit": True}})
    number = 0
    for mine, theirs, count in (("pass", "pass", 118), ("pass", "fail", 5), ("fail", "pass", 2)):
        for _ in range(count):
            number += 1
            _pair(made, number, {"Q1": 10, "C1": mine}, {"Q1": 10, "C1": theirs})
    for other in range(20 * number):  # a small part is audited, as it is everywhere
        made.evaluation(f"u{other}", {})
    with opened_world(made) as it:
        (row,) = [row for row in _rows(it, "agreement") if row["criterion"] == "C1"]
        assert (round(row["percent_agreement"], 3), round(row["kappa"], 3)) == (0.944, -0.023)
        assert round(row["ac1"], 3) == 0.941
        assert row["kappa_low"] < row["kappa"] < row["kappa_high"]
        assert row["ac1_low"] < row["ac1"] < row["ac1_high"]
        assert row["caution"] == "kappa paradox: nearly all answers are alike; AC1 holds"
        whole, customer = _rows(it, "critical")
        assert (whole["critical_class"], customer["critical_class"]) == ("all", "customer")
        for found in (whole, customer):
            assert (found["missed"], found["falsely"], found["sensitivity"], found["auditee_found"]) == (5, 2, 0, 2)
            assert found["sensitivity_high"] == pytest.approx(0.4345, abs=1e-4)  # Wilson of 0 in 5
            # Two errors are too few for a rate; its interval says how little 0 of 2 is.
            assert (found["precision"], found["precision_high"]) == (None, pytest.approx(0.6576, abs=1e-4))
        (total,) = _rows(it, "summary", by=("form",))
        assert (total["critical_miss"], total["critical_false"]) == (5, 2)


# ---- 4. "Five audits decided my rating." --------------------------------------------------------------------------


def _audited(unaudited: int) -> World:
    """Three evaluators; of one of them, so many evaluations were not audited beside the 60 that were."""
    made = World()
    made.form()
    number = 0
    for who, right, count, more in (("few", 1, 3, 0), ("many", 40, 60, unaudited), ("others", 90, 100, 0)):
        for at in range(count):
            number += 1
            mine = FULL if at < right else {**FULL, "Q1": 0, "Q2": 0, "Q3": 0, "C1": "fail"}
            _pair(made, number, mine, FULL, evaluator_id=who)
        for _ in range(more):
            number += 1
            made.evaluation(f"e{number}", FULL, evaluator_id=who, interaction_id=f"i{number}")
    return made


def test_4_few_audits_are_never_compared_and_every_rate_has_n_an_interval_and_a_shrunken_value() -> None:
    widths = {}
    for unaudited in (60, 240):
        with opened_world(_audited(unaudited)) as it:
            rows = {row["auditee"]: row for row in _rows(it, "standing")}
        few, many, others = rows["few"], rows["many"], rows["others"]
        assert (few["pairs"], few["line_accuracy"], few["compared"]) == (3, None, "not compared: n=3")
        assert few["line_accuracy_high"] - few["line_accuracy_low"] > 0.5
        assert 1 / 3 < few["shrunken"] < 0.8 < others["shrunken"]
        assert (many["line_accuracy"], many["compared"]) == (pytest.approx(2 / 3), "below the mean")
        assert all(None not in (row["shrunken_low"], row["shrunken_high"]) for row in rows.values())
        assert not [name for name in few if "rank" in name]
        widths[unaudited] = many["line_accuracy_high"] - many["line_accuracy_low"]
    # Of N evaluations 60 were audited: the interval is narrower by sqrt((N - 60) / (N - 1)).
    assert widths[60] / widths[240] == pytest.approx(((60 / 119) / (240 / 299)) ** 0.5)


# ---- 5. "Same score, different reasons." --------------------------------------------------------------------------


def test_5_equal_totals_with_different_answers_are_listed_answer_by_answer() -> None:
    made = World()
    made.form(
        criteria={**{key: {"max": 10, "weight": 1} for key in ("Q1", "Q2")}, "C1": {"crit": True}, "C2": {"crit": True}}
    )
    _pair(made, 1, {"Q1": 10, "Q2": 5, "C1": "pass", "C2": "pass"}, {"Q1": 5, "Q2": 10, "C1": "pass", "C2": "pass"})
    _pair(made, 2, {"Q1": 10, "Q2": 10, "C1": "fail", "C2": "pass"}, {"Q1": 10, "Q2": 10, "C1": "pass", "C2": "fail"})
    with opened_world(made) as it:
        report = build("disagreements", it.scene)
        rows = report.rows.to_pylist()
    told = {
        (row["outcome"], row["criterion"], row["auditee_answer"], row["auditor_answer"], row["delta"]) for row in rows
    }
    assert told == {
        ("SAME_SCORE_DIFFERENT_ITEMS", "Q1", "10.0", "5.0", 5.0),
        ("SAME_SCORE_DIFFERENT_ITEMS", "Q2", "5.0", "10.0", -5.0),
        ("CRITICAL_WRONG_REASON", "C1", "fail", "pass", 1.0),
        ("CRITICAL_WRONG_REASON", "C2", "pass", "fail", -1.0),
    }
    assert report.notes[0].startswith("1 pairs have equal scores")


# ---- 6. "Disputes live in a side sheet and never reach the score." ------------------------------------------------


def test_6_a_decided_dispute_reaches_the_score_and_the_overturn_rate_once() -> None:
    made = World()
    made.form(criteria={"Q1": {"max": 10, "weight": 1}})
    # The auditor gave 0; the auditee disputed the audit, and it was overturned.
    made.evaluation("e1", {"Q1": 10})
    audit = {"kind": "ata", "evaluator_id": "v1", "audited_evaluation_id": "e1", "submitted_at": day(1)}
    made.evaluation("a1", {"Q1": 0}, **audit)
    made.evaluation("a1", {"Q1": 10}, **audit, effective_at=day(4), cause="dispute", seq=1)
    for _delivery in range(2):  # synced twice
        for number, event, at, more in (
            (1, "opened", day(2), {}),
            (2, "resolved", day(4), {"outcome": "overturned_full", "decided_by": "s1"}),
        ):
            made.rows["disputes"] = [row for row in made.rows["disputes"] if row["event_no"] != number]
            made.add(
                "disputes",
                dispute_id="D1",
                event_no=number,
                event=event,
                event_at=at,
                evaluation_id="a1",
                raised_by="u1",
                ingested=at,
                stamp=at,
                record=f"D1/{number}",
                **more,
            )
    with opened_world(made) as it:
        (pair,) = it.engine.fetch("SELECT outcome, delta, before_outcome, before_delta FROM pairs").to_pylist()
        assert pair == {"outcome": "EXACT", "delta": 0.0, "before_outcome": "LENIENT", "before_delta": 100.0}
        (row,) = _rows(it, "disputes", by=("challenges",))
        assert (row["disputes"], row["overturned"], row["overturn_rate"]) == (1, 1, 1.0)
        (shown,) = _rows(it, "pairs")
        assert "DISPUTED" in shown["flags"]
        (auditor,) = _rows(it, "auditors")
        assert (auditor["decided"], auditor["overturn_rate"]) == (1, 1.0)
    assert day(4) > T0


# ---- 7. "Calibration and test evaluations leaked into the averages." ----------------------------------------------


def test_7_calibrations_are_in_no_average_and_are_listed_even_without_a_kind() -> None:
    made = World()
    made.form()
    _pair(made, 1, FULL, {**FULL, "Q1": 0})
    with opened_world(made) as it:
        before = _rows(it, "summary", by=("form",))
    made.evaluation("c1", {**FULL, "Q2": 0}, kind="calibration", session_id="S1", interaction_id="i1")
    made.evaluation("c2", {**FULL, "Q3": 0}, session_id="S1", interaction_id="i1", evaluator_id="u9")
    made.evaluation("t1", {**FULL, "Q3": 0}, kind="training", interaction_id="i1", evaluator_id="u8")
    with opened_world(made) as it:
        assert _rows(it, "summary", by=("form",)) == before
        listed = {row["evaluation_id"]: (row["what"], row["reason"]) for row in _rows(it, "exceptions")}
    assert listed == {
        "c1": ("EXCLUDED", "CALIBRATION"),
        "c2": ("EXCLUDED", "CALIBRATION"),
        "t1": ("EXCLUDED", "TRAINING"),
    }


# ---- 8. "The BPO says the form changed." --------------------------------------------------------------------------


def test_8_versions_are_bridged_or_refused_and_charts_begin_anew() -> None:
    made = World()
    made.form("F1", "3")
    made.form(
        "F1",
        "4",
        {
            **{k: {"max": 10, "weight": w} for k, w in (("Q1", 1), ("Q2", 1), ("Q3", 2))},
            "C1": {"max": 0, "weight": 0, "crit": True, "label": "Says who he is"},
        },
    )
    made.form("F1", "5", {"Q1": {"max": 10, "weight": 1}, "Z": {"max": 10, "weight": 9}})
    number = 0
    for week in range(4):
        for _ in range(3):
            number += 1
            own = {
                "submitted_at": day(7 * week),
                "form_version": "3" if week < 2 else "4",
                "interaction_id": f"i{number}",
            }
            made.evaluation(f"e{number}", FULL, **own)
            audit = {**own, "kind": "ata", "evaluator_id": "v1", "audited_evaluation_id": f"e{number}"}
            made.evaluation(f"a{number}", FULL, **{**audit, "submitted_at": own["submitted_at"] + timedelta(days=1)})
    made.evaluation("e98", FULL, interaction_id="i98")
    made.evaluation(
        "a98",
        FULL,
        interaction_id="i98",
        kind="ata",
        evaluator_id="v1",
        form_version="4",
        audited_evaluation_id="e98",
        submitted_at=day(1),
    )
    made.evaluation("e99", {"Q1": 10, "Z": 10}, interaction_id="i99", form_version="5")
    made.evaluation(
        "a99",
        FULL,
        interaction_id="i99",
        kind="ata",
        evaluator_id="v1",
        audited_evaluation_id="e99",
        submitted_at=day(1),
    )
    with opened_world(made) as it:
        pairs = {row["auditee_evaluation_id"]: row for row in _rows(it, "pairs")}
        # Renaming a label alone changes nothing; criteria in common bridge two versions; too few of them are refused.
        assert (pairs["e98"]["outcome"], "BRIDGED" in pairs["e98"]["flags"]) == ("EXACT", True)
        assert (pairs["e99"]["outcome"], pairs["e99"]["reason"]) == ("NOT_COMPARABLE", "COMMON_WEIGHT_BELOW_MIN")
        phases = {row["week"]: row["phase"] for row in _rows(it, "control", by=("form",))}
        begun = [row["begins"] for row in _rows(it, "trend")]
    assert list(dict(sorted(phases.items())).values()) == ["1", "1", "2", "2"]
    assert begun == [None, None, "F1 4", None]


# ---- 10. "I match tickets to audits by hand on Monday morning." ---------------------------------------------------


def test_10_one_command_pairs_everything_and_every_row_that_is_left_has_a_reason(finished: Finished) -> None:
    folder = finished.folder
    assert finished.first["status"] == "done"
    with opened_once():
        buckets = query(folder, "SELECT bucket, reason FROM buckets")
        evaluations = query(
            folder, "SELECT count(DISTINCT evaluation_id) AS n FROM evaluations_history WHERE NOT deleted"
        )
        tickets = query(
            folder,
            """SELECT count(*) AS pairs, count(i.ticket_id) AS tickets FROM pairs p
               LEFT JOIN interactions i ON i.interaction_id = p.interaction_id""",
        )[0]
        exceptions = ask(folder, "report", "exceptions")["rows"]
    assert len(buckets) == evaluations[0]["n"]
    found = Counter(row["bucket"] for row in buckets)
    odd = {name: n for name, n in found.items() if name in ("UNMATCHED_AUDITOR", "AMBIGUOUS", "EXCLUDED", "VOIDED")}
    assert {row["what"] for row in exceptions} >= set(odd)
    assert Counter(row["what"] for row in exceptions if row["what"] in odd) == Counter(odd)
    assert [row for row in exceptions if row["what"] in odd and not row["reason"]] == []
    assert tickets["pairs"] > 100
    assert tickets["tickets"] == tickets["pairs"]

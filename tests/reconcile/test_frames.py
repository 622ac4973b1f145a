"""Reconciling two pandas frames without a workspace."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from reconcile.world import F1
from shared_data import shared_data

from qa_sync.errors import ConfigError
from qa_sync.reconcile.form import Criterion, Form, to_form
from qa_sync.reconcile.frames import FrameResult, reconcile_frames
from qa_sync.reconcile.programme import Programme

FORM = {"criteria": {"Q1": {"max": 10}, "Q2": {"max": 10}, "tone": {"options": ["bad", "good"]}}, "pass_mark": 60}
LABELS = {"scale": "ordinal", "higher_is": "more_severe", "criteria": {"label": {"options": ["G", "P", "R", "X"]}}}


def auditees(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "interaction_id": ["i1", "i2", "i3"],
            "evaluator_id": ["u1", "u1", "u2"],
            "Q1": [10, 5, "NA"],
            "Q2": [10, 10, 0],
            "tone": ["good", "good", "bad"],
            **more,
        }
    )


def auditors(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "interaction_id": ["i1", "i2", "i9"],
            "evaluator_id": ["v1", "v1", "v1"],
            "Q1": [10, 10, 10],
            "Q2": [5, 5, 10],
            "tone": ["good", "bad", "good"],
            **more,
        }
    )


def outcomes(result: FrameResult) -> list[tuple[Any, ...]]:
    return list(result.pairs[["interaction_id", "outcome", "delta", "items_agree"]].itertuples(index=False, name=None))


def test_wide_frames_are_paired_and_compared() -> None:
    result = reconcile_frames(auditees(), auditors(), form=FORM)
    assert outcomes(result) == [("i1", "LENIENT", 25.0, 2), ("i2", "SAME_SCORE_DIFFERENT_ITEMS", 0.0, 0)]
    assert dict(result.unmatched[["interaction_id", "bucket"]].itertuples(index=False, name=None)) == {
        "i3": "AUDITEE_ONLY",
        "i9": "UNMATCHED_AUDITOR",
    }
    assert len(result.comparisons) == 6
    assert result.counts.evaluations == len(result.buckets) == 6


def test_long_frames_say_the_same_as_wide_ones_in_any_row_order() -> None:
    wide = reconcile_frames(auditees(), auditors(), form=FORM)

    def to_long(frame: pd.DataFrame) -> pd.DataFrame:
        long = frame.melt(id_vars=["interaction_id", "evaluator_id"], var_name="criterion", value_name="answer")
        return long.sample(frac=1, random_state=3)

    long = reconcile_frames(to_long(auditees()), to_long(auditors()), form=FORM)
    pd.testing.assert_frame_equal(long.pairs, wide.pairs)
    pd.testing.assert_frame_equal(long.comparisons, wide.comparisons)


def test_a_gap_is_missing_and_never_zero() -> None:
    result = reconcile_frames(auditees(Q2=[None, 10, 0]), auditors(), form=FORM)
    first = result.pairs.iloc[0]
    assert (first["outcome"], first["reason"]) == ("NOT_COMPARABLE", "AUDITEE_INCOMPLETE")
    assert pd.isna(first["delta"])


def test_reference_answers_are_compared_with_everybody() -> None:
    labels = pd.DataFrame({"interaction_id": ["i1"] * 3, "evaluator_id": ["u1", "u2", "u3"], "label": ["G", "P", "X"]})
    gold = pd.DataFrame({"interaction_id": ["i1", "i2"], "label": ["P", "G"]})
    result = reconcile_frames(labels, gold, form=LABELS, reference=True)
    assert result.pairs["delta"].tolist() == [-1.0, 0.0, 2.0]
    assert result.unmatched["bucket"].tolist() == ["REFERENCE_UNUSED"]


def test_times_apply_the_window_and_place_the_week() -> None:
    at = pd.Series(pd.to_datetime(["2026-01-01T02:30Z", "2026-01-01T02:30Z", "2026-01-01T02:30Z"]))
    result = reconcile_frames(
        auditees(submitted_at=at),
        auditors(submitted_at=at + pd.to_timedelta([1, 50, 1], unit="D")),
        form=FORM,
        programme=Programme(time_zone="America/Los_Angeles"),
    )
    assert result.pairs["week"].tolist() == ["2026-W01"]
    assert str(result.pairs["basis_date"].iloc[0])[:10] == "2025-12-31"
    assert "OUT_OF_WINDOW" in result.unmatched["reason"].tolist()


def test_other_columns_become_dimensions_and_numeric_options_match() -> None:
    form = {"scale": "ordinal", "criteria": {"stars": {"options": ["1", "2", "3"]}}}
    mine = pd.DataFrame(
        {"interaction_id": ["i1"], "evaluator_id": ["u1"], "stars": [3.0], "market": ["IE"], "tier": [None]}
    )
    theirs = pd.DataFrame({"interaction_id": ["i1"], "evaluator_id": ["v1"], "stars": [1]})
    pair = reconcile_frames(mine, theirs, form=form).pairs.iloc[0]
    assert (pair["delta"], pair["dimensions"]) == (2.0, {"market": "IE"})


def test_inputs_are_left_as_they_were() -> None:
    mine, theirs = auditees(), auditors()
    reconcile_frames(mine, theirs, form=FORM)
    pd.testing.assert_frame_equal(mine, auditees())
    pd.testing.assert_frame_equal(theirs, auditors())


def test_everything_wrong_with_frames_is_said_at_once() -> None:
    naive = pd.to_datetime(pd.Series(["2026-01-01"] * 3))
    with pytest.raises(ConfigError) as caught:
        reconcile_frames(auditees().drop(columns="evaluator_id"), auditors(submitted_at=naive), form=FORM)
    assert len(caught.value.problems) == 2
    assert "no column 'evaluator_id'" in str(caught.value)
    assert "no time zone" in str(caught.value)


def test_ids_may_be_categories_and_times_of_arrow() -> None:
    at = pd.Series(pd.to_datetime(["2026-01-01T02:30Z"] * 3)).astype(pd.ArrowDtype(pa.timestamp("us", tz="UTC")))
    mine, theirs = (
        frame.astype({"interaction_id": "category", "evaluator_id": "category"})
        for frame in (auditees(submitted_at=at), auditors(submitted_at=at))
    )
    assert outcomes(reconcile_frames(mine, theirs, form=FORM)) == outcomes(
        reconcile_frames(auditees(), auditors(), form=FORM)
    )


def test_two_rows_of_one_evaluation_are_refused() -> None:
    twice = pd.concat([auditees(), auditees()])
    with pytest.raises(ConfigError, match="two rows are one evaluation"):
        reconcile_frames(twice, auditors(), form=FORM)


ONE = {"criteria": {"Q1": {"max": 10}}}


def times(*texts: str) -> pd.DatetimeIndex:
    return pd.to_datetime(list(texts), utc=True)


def one_audit(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "evaluation_id": ["a1"],
            "interaction_id": ["i1"],
            "evaluator_id": ["v1"],
            "submitted_at": times("2026-01-09T10:00Z"),
            "Q1": [10],
            **more,
        }
    )


def revised(**more: Any) -> pd.DataFrame:
    """One evaluation: 0 at first, 10 three days later, a day before the audit."""
    return pd.DataFrame(
        {
            "evaluation_id": ["e1", "e1"],
            "interaction_id": ["i1", "i1"],
            "evaluator_id": ["u1", "u1"],
            "submitted_at": times("2026-01-05T10:00Z", "2026-01-05T10:00Z"),
            "effective_at": times("2026-01-05T10:00Z", "2026-01-08T10:00Z"),
            "Q1": [0, 10],
            **more,
        }
    )


@pytest.mark.parametrize(("cause", "original"), [("dispute", "STRICT"), ("edit", "EXACT")])
@pytest.mark.parametrize("is_long", [False, True])
def test_rows_of_one_evaluation_that_took_effect_at_different_times_are_its_revisions(
    cause: str, original: str, is_long: bool
) -> None:
    frame = revised(cause=[None, cause]).iloc[::-1]
    if is_long:
        heads = [name for name in frame.columns if name != "Q1"]
        frame = frame.melt(id_vars=heads, var_name="criterion", value_name="answer")
    result = reconcile_frames(frame, one_audit(), form=ONE)
    assert result.pairs[["outcome", "current_outcome"]].to_numpy().tolist() == [[original, "EXACT"]]
    assert result.counts.evaluations == 2


def test_as_of_sees_no_revision_that_took_effect_later() -> None:
    frame = revised(status=["submitted", "deleted"], effective_at=times("2026-01-05T10:00Z", "2026-01-20T00:00Z"))
    now = reconcile_frames(frame, one_audit(), form=ONE)
    before = reconcile_frames(frame, one_audit(), form=ONE, as_of=datetime(2026, 1, 19, tzinfo=UTC))
    assert now.buckets[["bucket", "reason"]].to_numpy().tolist() == [
        ["UNMATCHED_AUDITOR", "VOIDED"],
        ["VOIDED", "DELETED"],
    ]
    assert before.pairs["outcome"].tolist() == ["STRICT"]


def test_a_row_that_came_twice_counts_once_and_two_that_differ_are_refused() -> None:
    first = revised().iloc[:1]
    again = reconcile_frames(pd.concat([first, first]), pd.concat([one_audit(), one_audit()]), form=ONE)
    assert again.counts == reconcile_frames(first, one_audit(), form=ONE).counts
    assert again.counts.evaluations == 2
    with pytest.raises(ConfigError, match=r"two rows are one evaluation \(1 too many\).*effective_at"):
        reconcile_frames(pd.concat([first, first.assign(Q1=5)]), one_audit(), form=ONE)


def test_one_id_on_both_sides_is_refused_and_never_two_evaluations_made_one() -> None:
    with pytest.raises(ConfigError, match="1 of its evaluation_id stand in the auditee frame too"):
        reconcile_frames(revised(), one_audit(evaluation_id=["e1"]), form=ONE)


@pytest.mark.parametrize("kind", ["Int64", "string", "object"])
def test_gaps_are_gaps_in_every_kind_of_column(kind: str) -> None:
    audits = pd.concat([one_audit(), one_audit(evaluation_id=["a2"], interaction_id=["i9"])], ignore_index=True)
    audits["audited_evaluation_id"] = pd.Series([None, None], dtype=kind)
    audits["reported_score"] = pd.Series([95, None], dtype="Int64")
    audits["tier"] = pd.Series([None, 2], dtype="Int64")
    audits["Q1"] = pd.Series([10, None], dtype="Int64")
    result = reconcile_frames(revised().iloc[:1], audits, form=ONE)
    assert result.pairs[["pair_id", "link", "outcome"]].to_numpy().tolist() == [["e1|a1", "key", "STRICT"]]


def test_numbers_that_a_gap_made_floats_are_the_ids_they_were() -> None:
    work = pd.DataFrame(
        {"evaluation_id": [1, 2], "interaction_id": [7, 7], "evaluator_id": ["u1", "u2"], "Q1": [0, 10]}
    )
    audits = pd.DataFrame(
        {
            "evaluation_id": ["a1", "a2"],
            "interaction_id": [7.0, 9.0],
            "evaluator_id": [11.0, 12.0],
            "audited_evaluation_id": [2, None],
            "Q1": [10, 10],
        }
    )
    result = reconcile_frames(work, audits, form=ONE)
    assert result.pairs[["pair_id", "interaction_id", "auditor_id"]].to_numpy().tolist() == [["2|a1", "7", "11"]]


def test_what_a_row_does_not_say_is_what_its_side_is() -> None:
    kinds = one_audit(kind=["calibration"], evaluation_id=["a2"]), one_audit(kind=[None])
    result = reconcile_frames(revised().iloc[:1], pd.concat(kinds), form=ONE)
    assert result.counts.buckets == {"EXCLUDED": 1, "PAIRED_AUDITEE": 1, "PAIRED_AUDITOR": 1}


def test_empty_frames_give_empty_results() -> None:
    result = reconcile_frames(auditees().iloc[:0], auditors().iloc[:0], form=FORM)
    assert (len(result.pairs), result.counts.evaluations) == (0, 0)


def test_a_word_that_a_column_does_not_know_is_told_and_not_shown() -> None:
    theirs = auditors().assign(kind=["calibraton", *["ata"] * (len(auditors()) - 1)])
    with pytest.raises(ConfigError, match=r"column 'kind' has 1 values.*did you mean calibration\?") as caught:
        reconcile_frames(auditees(), theirs, form=FORM)
    assert "calibraton" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"column 'status' has 3 values.*known: "):
        reconcile_frames(auditees().assign(status="secret words").iloc[:3], auditors(), form=FORM)


def test_a_form_reports_every_unknown_setting() -> None:
    with pytest.raises(ConfigError) as caught:
        to_form({"criteria": {"Q": {"maximum": 3}}, "colour": "red"})
    assert len(caught.value.problems) == 2


def test_a_form_refuses_values_outside_its_vocabulary() -> None:
    with pytest.raises(ConfigError, match="'worse' is not one of better"):
        Form(criteria={"Q": Criterion(options=("a",), failing=("b",))}, higher_is="worse")


def test_a_programme_refuses_settings_it_cannot_use() -> None:
    with pytest.raises(ConfigError) as caught:
        Programme(time_zone="Mars/Olympus", tolerance=-1.0, references=("standard",), min_common_weight=2.0)
    assert [problem.path[-1] for problem in caught.value.problems] == [
        "time_zone",
        "tolerance",
        "min_common_weight",
        "references",
    ]


def test_the_package_can_be_called_whoever_imported_it_first() -> None:
    import qa_sync.reconcile

    result = sys.modules["qa_sync.reconcile"](auditees(), auditors(), form=FORM)  # type: ignore[operator]
    assert outcomes(result) == outcomes(reconcile_frames(auditees(), auditors(), form=FORM))
    assert qa_sync.reconcile.Programme is Programme


def test_real_ratings_against_gold_give_the_published_numbers() -> None:
    folder = shared_data("ratings")
    labels = pd.read_csv(folder / "gal_adultcontent2_labels.csv").rename(
        columns={"item_id": "interaction_id", "worker_id": "evaluator_id"}
    )
    gold = pd.read_csv(folder / "gal_adultcontent2_gold.csv").rename(
        columns={"item_id": "interaction_id", "gold": "label"}
    )
    pairs = reconcile_frames(
        labels.drop(columns="seq"), gold.drop(columns="has_labels"), form=LABELS, reference=True
    ).pairs
    assert (len(pairs), pairs["auditee_id"].nunique()) == (3317, 269)
    assert pairs["delta"].eq(0).mean() == pytest.approx(0.6816, abs=5e-5)
    assert pairs["delta"].mean() == pytest.approx(-0.1076, abs=5e-5)
    assert pairs["leniency"].mean() == pytest.approx(0.1076, abs=5e-5)


def test_default_form_of_the_fixtures_can_be_written_down() -> None:
    form = to_form(
        {
            "criteria": {
                key: {
                    "max": c["max"],
                    "weight": c["weight"],
                    "is_critical": bool(c.get("crit")),
                    **({"options": ["pass", "fail"], "failing": ["fail"]} if c.get("crit") else {}),
                }
                for key, c in F1.items()
            }
        }
    )
    mine = pd.DataFrame(
        {"interaction_id": ["i"], "evaluator_id": ["u"], "Q1": [10], "Q2": [10], "Q3": [10], "C1": ["pass"]}
    )
    theirs = mine.assign(evaluator_id="v", C1="fail")
    pair = reconcile_frames(mine, theirs, form=form).pairs.iloc[0]
    assert (pair["outcome"], pair["delta"], pair["delta_raw"]) == ("CRITICAL_MISS", 100.0, 0.0)


def test_repeats_sessions_and_critical_errors_come_back_beside_the_pairs() -> None:
    form = {
        "criteria": {
            "Q": {"max": 10},
            "C": {"options": ["pass", "fail"], "failing": ["fail"], "is_critical": True, "critical_class": "customer"},
        }
    }
    columns = [
        "evaluation_id",
        "interaction_id",
        "evaluator_id",
        "kind",
        "session_id",
        "repeat_no",
        "is_blind",
        "Q",
        "C",
    ]
    ours = pd.DataFrame(
        [
            ("e1", "i1", "u1", "standard", None, 1, None, 10, "pass"),
            ("e2", "i1", "u1", "standard", None, 2, True, 5, "pass"),
            ("c1", "i2", "u1", "calibration", "s", 1, None, 10, "pass"),
            ("c2", "i2", "u2", "consensus", "s", 1, None, 5, "pass"),
        ],
        columns=columns,
    )
    ours["submitted_at"] = pd.to_datetime(["2026-01-05", "2026-01-15", "2026-01-05", "2026-01-06"], utc=True)
    theirs = pd.DataFrame({"interaction_id": ["i1"], "evaluator_id": ["v1"], "Q": [10], "C": ["fail"]})
    theirs["submitted_at"] = pd.to_datetime(["2026-01-07"], utc=True)
    result = reconcile_frames(ours, theirs, form=form)
    assert result.pairs["outcome"].tolist() == ["CRITICAL_MISS"]
    assert result.others[["relation", "pair_id", "delta", "is_intra_rater"]].values.tolist() == [
        ["calibration", "c1|c2", 50.0, False],
        ["repeat", "e2|e1", -50.0, True],
    ]
    assert result.critical[["critical_class", "auditee_found", "auditor_found"]].values.tolist() == [
        ["customer", False, True]
    ]
    assert result.calibrations[["person_id", "score", "agreed_score"]].fillna(-1).values.tolist() == [
        ["u1", 100.0, 50.0],
        ["u2", 50.0, -1],
    ]


def test_categories_are_the_values_that_they_stand_for() -> None:
    """As pandas reads them from Parquet, and makes them to save memory; with gaps and over whole numbers, too."""
    plain = reconcile_frames(auditees(site=[7, None, 8]), auditors(), form=FORM)
    ours = auditees(site=pd.Series([7, None, 8], dtype="Int64")).astype(
        dict.fromkeys(["Q1", "tone", "site"], "category")
    )
    theirs = auditors().astype("category")
    found = reconcile_frames(ours.astype({"interaction_id": "category", "evaluator_id": "category"}), theirs, form=FORM)
    pd.testing.assert_frame_equal(found.pairs, plain.pairs)
    pd.testing.assert_frame_equal(found.comparisons, plain.comparisons)


def test_a_column_whose_name_is_a_number_is_a_dimension_or_a_criterion() -> None:
    named = {"Q1": 1, "Q2": 2}
    form = {**FORM, "criteria": {str(named.get(key, key)): one for key, one in FORM["criteria"].items()}}
    plain = reconcile_frames(auditees(**{"9": ["a", "b", "c"]}), auditors(), form=FORM)
    found = reconcile_frames(
        auditees(nine=["a", "b", "c"]).rename(columns={**named, "nine": 9}), auditors().rename(columns=named), form=form
    )
    assert outcomes(found) == outcomes(plain)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([{"interaction_id": "i1"}], "auditor frame: is no pandas frame but a list; use pandas.DataFrame"),
        (
            auditors(submitted_at="2026-01-12T09:00Z"),
            "auditor frame: column 'submitted_at' holds no moments of one time zone; "
            "use pandas.to_datetime(frame['submitted_at'], utc=True)",
        ),
    ],
)
def test_what_is_no_frame_and_texts_for_moments_are_told_with_what_to_write(given: Any, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        reconcile_frames(auditees(), given, form=FORM)
    assert str(caught.value) == told

"""The generator's truth against the pairing rules of the field, applied here one audit at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from qa_sync.testing.programme import Programme, Truth, story

WINDOW = timedelta(days=28)
Row = dict[str, Any]


def _pair(audit: Row, current: dict[int, Row]) -> tuple[str, str, int | None]:
    """Bucket, reason and partner of an audit, by the rules and from the published columns alone."""
    if audit["status"] == "deleted":
        return "VOIDED", "DELETED", None
    others = [row for row in current.values() if row["kind"] == "standard"]
    if audit["audited_evaluation_no"] is not None:
        linked = [current[audit["audited_evaluation_no"]]]
    elif audit["blind_task"] is not None:
        linked = [row for row in others if row["blind_task"] == audit["blind_task"]]
    else:
        return _by_key(audit, [row for row in others if row["ticket_no"] == audit["ticket_no"]])
    (auditee,) = linked
    return _ends(audit, auditee)


def _by_key(audit: Row, same_ticket: list[Row]) -> tuple[str, str, int | None]:
    same_form = [row for row in same_ticket if row["form_id"] == audit["form_id"]]
    same_agent = [row for row in same_form if row["agent_no"] == audit["agent_no"]]
    asked = [row for row in same_agent if row["status"] != "draft"]
    near = [row for row in asked if timedelta(0) <= audit["submitted_at"] - row["submitted_at"] <= WINDOW]
    for left, reason in (
        (same_ticket, "NO_AUDITEE_EVAL"),
        (same_form, "FORM_MISMATCH"),
        (same_agent, "AGENT_MISMATCH"),
        (asked, "DRAFT"),
        (near, "OUT_OF_WINDOW"),
    ):
        if not left:
            return "UNMATCHED_AUDITOR", reason, None
    if len(near) > 1:
        return "AMBIGUOUS", "SEVERAL_EVALUATORS", None
    return _ends(audit, near[0])


def _ends(audit: Row, auditee: Row) -> tuple[str, str, int | None]:
    if auditee["status"] == "deleted":
        return "UNMATCHED_AUDITOR", "VOIDED", None
    if auditee["evaluator_no"] == audit["evaluator_no"]:
        return "EXCLUDED", "SELF_AUDIT", None
    return "PAIRED_AUDITOR", "", auditee["evaluation_no"]


@pytest.mark.parametrize("weeks", [4, 9, 12])
def test_the_pairing_rules_find_what_was_meant(programme: Programme, weeks: int) -> None:
    then = programme.until(programme.week_end(weeks))
    truth = then.truth()
    current = {row["evaluation_no"]: row for row in then.evaluations.to_pylist()}
    counts: dict[tuple[str, str], int] = {}
    pairs: set[tuple[int, int]] = set()
    for number, row in current.items():
        if row["kind"] == "ata":
            bucket, reason, of = _pair(row, current)
            if of is not None:
                pairs.add((number, of))
            counts[bucket, reason] = counts.get((bucket, reason), 0) + 1
    assert counts == truth.audits
    assert pairs == {(pair.audit_no, pair.evaluation_no) for pair in truth.pairs}


def test_every_reason_shows_up(truth: Truth) -> None:
    assert {reason for _, reason in truth.audits} == {
        "",
        "NO_AUDITEE_EVAL",
        "FORM_MISMATCH",
        "AGENT_MISMATCH",
        "DRAFT",
        "OUT_OF_WINDOW",
        "SEVERAL_EVALUATORS",
        "SELF_AUDIT",
        "VOIDED",
        "DELETED",
    }
    assert {pair.reason for pair in truth.pairs} == {"", "AUDITEE_INCOMPLETE", "COMMON_WEIGHT_BELOW_MIN"}
    assert truth.by_kind["calibration"] > 50
    assert truth.misreported


def test_every_evaluation_ends_in_one_bucket(programme: Programme, truth: Truth) -> None:
    numbers = set(programme.evaluations["evaluation_no"].to_pylist())
    assert sum(truth.buckets.values()) == len(numbers) == truth.evaluations + truth.evaluations_deleted
    assert sum(truth.audits.values()) == programme.intentions.num_rows
    assert truth.buckets["PAIRED_AUDITEE", ""] == len(truth.headline)
    assert truth.buckets["PAIRED_AUDITOR", ""] == len(truth.pairs)


def test_pairs_that_cannot_be_compared_are_so_by_their_answers(programme: Programme, truth: Truth) -> None:
    version = {row["evaluation_no"]: row["form_version"] for row in programme.evaluations.to_pylist()}
    missing = {row["evaluation_no"] for row in programme.answers.to_pylist() if row["state"] == "missing"}
    for pair in truth.pairs:
        crossed = version[pair.audit_no] != version[pair.evaluation_no]
        assert crossed == (pair.reason == "COMMON_WEIGHT_BELOW_MIN")
        assert (pair.evaluation_no in missing) == (pair.reason == "AUDITEE_INCOMPLETE")
        assert (pair.outcome == "NOT_COMPARABLE") == bool(pair.reason) == (pair.delta is None) == (not pair.items)


def test_outcomes_of_every_common_kind_show_up(truth: Truth) -> None:
    assert set(truth.outcomes) >= {
        "EXACT",
        "LENIENT",
        "STRICT",
        "WITHIN_TOLERANCE",
        "CRITICAL_MISS",
        "CRITICAL_FALSE",
        "SAME_SCORE_DIFFERENT_ITEMS",
    }
    assert any(pair.edited_after for pair in truth.pairs)


def test_one_audit_of_each_evaluation_is_the_headline(truth: Truth) -> None:
    assert len({pair.evaluation_no for pair in truth.headline}) == len(truth.headline) < len(truth.pairs)
    assert {pair.evaluation_no for pair in truth.headline} == {pair.evaluation_no for pair in truth.pairs}


def test_the_senior_audit_is_the_headline_where_there_are_two(programme: Programme, truth: Truth) -> None:
    roles = dict(zip(programme.people["person_no"].to_pylist(), programme.people["role"].to_pylist(), strict=True))
    twice = [pair for pair in truth.pairs if sum(p.evaluation_no == pair.evaluation_no for p in truth.pairs) == 2]
    assert twice
    assert {roles[pair.auditor_no] for pair in twice if pair.headline} == {"senior_auditor"}
    assert {roles[pair.auditor_no] for pair in twice if not pair.headline} == {"auditor"}


def test_reported_scores_are_right_but_for_the_planted_ones(programme: Programme, truth: Truth) -> None:
    """Scores made with arrays equal scores made row by row, on every form."""
    reported = programme.evaluations.to_pandas().dropna(subset="reported_score")
    assert set(reported.form_id) == {"support_quality", "chat_quality"}
    assert reported.reported_score.between(0, 103).all()
    assert (reported.reported_score == 0).any(), "auto-fail"
    step = round(1 / story.MISREPORTED)
    assert {number % step for number in truth.misreported} == {7}


def test_disputes_change_the_score_they_say(programme: Programme, truth: Truth) -> None:
    events = programme.disputes.to_pandas()
    overturned = events[events.outcome.isin(["overturned_full", "overturned_partial"])]
    revisions = programme.evaluations.to_pandas()
    kinds = revisions.groupby("evaluation_no").kind.first()
    assert set(overturned.evaluation_no.map(kinds)) == {"standard", "ata"}
    assert len(overturned) >= 10
    disputed = revisions[revisions.cause == "dispute"].set_index("evaluation_no")
    assert set(disputed.index) == set(overturned.evaluation_no)
    for row in overturned.itertuples():
        assert disputed.saved_at[row.evaluation_no] == row.event_at
        if kinds[row.evaluation_no] == "standard":
            assert row.score_after >= row.score_before
        if row.evaluation_no not in set(truth.misreported):
            assert disputed.reported_score[row.evaluation_no] == pytest.approx(row.score_after, abs=0.006, nan_ok=True)
    upheld = events[events.outcome == "upheld"]
    assert upheld.score_after.equals(upheld.score_before)
    assert {"opened", "in_review", "resolved", "retracted"} == set(events.event)


def test_auditees_dispute_what_they_answered_otherwise_and_full_means_their_answer(large: Programme) -> None:
    programme = large
    meant = dict(zip(*(programme.intentions[name].to_pylist() for name in ("audit_no", "evaluation_no")), strict=True))
    rows = programme.evaluations.to_pylist()
    evaluator = {row["evaluation_no"]: row["evaluator_no"] for row in rows}
    released = {row["evaluation_no"]: row["released_at"] for row in rows}
    own = {
        (row["evaluation_no"], row["criterion_key"]): row["option"]
        for row in programme.answers.to_pylist()
        if row["state"] == "valued"
    }
    found = [row for row in programme.disputes.to_pylist() if row["evaluation_no"] in meant]
    assert {row["outcome"] for row in found} >= {"upheld", "overturned_full", None}
    for row in found:
        audit = row["evaluation_no"]
        assert row["raised_by_no"] == evaluator[meant[audit]]
        assert row["decided_by_no"] not in (evaluator[audit], evaluator[meant[audit]])
        assert row["event_at"] > released[audit], "nobody disputes what they may not see"
        if row["outcome"] == "overturned_full":
            assert row["option_before"] != row["option_after"] == own[meant[audit], row["criterion_key"]]
        if row["outcome"] == "upheld":
            assert row["option_before"] == row["option_after"] == own[audit, row["criterion_key"]]


def test_blind_audits_are_released_weeks_later_and_all_else_at_once(programme: Programme) -> None:
    rows = programme.evaluations.to_pandas().query("revision == 1")
    late = rows[(rows.kind == "ata") & (rows.is_blind.astype(object) != False)]  # noqa: E712  (None is a third value)
    assert 0.02 < late.released_at.isna().mean() < 0.06, "a few are never released"
    wait = late.released_at - late.submitted_at
    assert wait.min() > pd.Timedelta(days=14)
    assert wait.max() < pd.Timedelta(days=22)
    assert (late.released_at > pd.Timestamp(programme.end)).sum() > 20, "some are under embargo at the end"
    rest = rows.drop(late.index)
    never = (rest.kind == "calibration") | (rest.status == "draft")
    assert rest[never].released_at.isna().all()
    assert rest[~never].released_at.equals(rest[~never].submitted_at.rename("released_at"))

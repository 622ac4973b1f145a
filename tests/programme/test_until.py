from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from qa_sync.testing.programme import Programme

TABLES = ("rosters", "tickets", "evaluations", "answers", "disputes", "intentions")


def _rows(programme: Programme, name: str) -> set[tuple[object, ...]]:
    frame = getattr(programme, name).to_pandas()
    keys = {
        "rosters": ["person_no", "valid_from"],
        "tickets": ["ticket_no", "version"],
        "evaluations": ["evaluation_no", "revision"],
        "answers": ["evaluation_no", "revision", "criterion_key"],
        "disputes": ["dispute_no", "event_no"],
        "intentions": ["audit_no"],
    }
    return set(frame[keys[name]].itertuples(index=False, name=None))


def test_what_exists_only_grows(programme: Programme) -> None:
    before: dict[str, set[tuple[object, ...]]] = {name: set() for name in TABLES}
    for week in (0, 3, 7, 11, 12):
        now = {name: _rows(programme.until(programme.week_end(week)), name) for name in TABLES}
        for name in TABLES:
            assert before[name] <= now[name], (week, name)
        before = now
    assert before == {name: _rows(programme, name) for name in TABLES}


def test_at_the_end_all_of_it_exists(programme: Programme) -> None:
    last = programme.until(programme.end)
    for name in (*TABLES, "calibrations", "participants", "people"):
        assert getattr(last, name).equals(getattr(programme, name)), name


def test_a_revision_exists_from_the_moment_it_is_saved(programme: Programme) -> None:
    edited = programme.evaluations.to_pandas().query("revision == 2").iloc[0]
    moment = edited.saved_at.to_pydatetime()
    before = programme.until(moment - timedelta(seconds=1)).evaluations.to_pandas()
    after = programme.until(moment).evaluations.to_pandas()
    assert before[before.evaluation_no == edited.evaluation_no].revision.tolist() == [1]
    assert after[after.evaluation_no == edited.evaluation_no].revision.tolist() == [1, 2]


def test_answers_are_those_of_the_revisions_that_exist(programme: Programme) -> None:
    then = programme.until(programme.week_end(6))
    living = then.evaluations.to_pandas().query("status != 'deleted'")
    assert set(then.answers.to_pandas().groupby(["evaluation_no", "revision"]).groups) == set(
        living[["evaluation_no", "revision"]].itertuples(index=False, name=None)
    )


def test_a_later_look_finds_late_audits_of_past_weeks(programme: Programme) -> None:
    then, now = programme.until(programme.week_end(8)).truth(), programme.truth()
    known = {pair.audit_no for pair in then.pairs}
    past = {pair.week for pair in then.pairs}
    assert len([pair for pair in now.pairs if pair.week in past and pair.audit_no not in known]) > 5
    assert now.evaluations_deleted > then.evaluations_deleted


def test_an_edit_after_the_audit_is_flagged_and_improves_nothing(programme: Programme) -> None:
    saved = programme.evaluations.to_pandas().groupby("evaluation_no").saved_at.max()
    edited = [pair for pair in programme.truth().pairs if pair.edited_after]
    assert len(edited) >= 5
    for pair in edited[:3]:
        before = programme.until(saved[pair.evaluation_no].to_pydatetime() - timedelta(seconds=1)).truth()
        (then,) = [other for other in before.pairs if other.audit_no == pair.audit_no]
        assert not then.edited_after
        assert (then.outcome, then.delta, then.agreed) == (pair.outcome, pair.delta, pair.agreed)


def test_who_has_moved_by_then_stands_at_the_new_site(programme: Programme) -> None:
    spells = programme.rosters.to_pandas()
    mover = spells[spells.person_no.duplicated(keep=False)]
    old, new = mover.iloc[0], mover.iloc[1]
    first = datetime.combine(new.valid_from, datetime.min.time(), tzinfo=UTC) + timedelta(hours=1)
    for moment, spell in ((first - timedelta(days=1), old), (first, new)):
        then = programme.until(moment)
        person = then.people.to_pandas().query(f"person_no == {old.person_no}").iloc[0]
        assert person.site == spell.site
        row = then.rosters.to_pandas().query(f"person_no == {old.person_no}").iloc[-1]
        assert row.site == spell.site
        assert row.valid_to is None


def test_participants_have_not_answered_before_they_did(programme: Programme) -> None:
    opened = programme.calibrations["opened_at"].to_pylist()
    then = programme.until(opened[4] + timedelta(minutes=1))
    people = then.participants.to_pandas()
    latest = people[people.session_no == 5]
    assert len(latest) >= 5
    assert set(latest.status) == {"invited"}
    assert latest.evaluation_no.isna().all()
    assert set(people[people.session_no < 5].status) <= {"done", "late", "absent"}
    assert pd.isna(then.calibrations.to_pandas().closed_at.iloc[-1])


def test_a_moment_without_a_zone_is_refused(programme: Programme) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        programme.until(datetime(2026, 10, 1))  # noqa: DTZ001

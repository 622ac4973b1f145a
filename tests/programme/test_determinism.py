from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from qa_sync.testing.programme import Programme, make_programme

TABLES = (
    "people",
    "rosters",
    "tickets",
    "evaluations",
    "answers",
    "disputes",
    "calibrations",
    "participants",
    "intentions",
)


def test_equal_arguments_give_equal_tables(programme: Programme) -> None:
    again = make_programme()
    assert [name for name in TABLES if not getattr(programme, name).equals(getattr(again, name))] == []


def test_another_seed_gives_another_programme(programme: Programme) -> None:
    other = make_programme(seed=8)
    assert not any(getattr(programme, name).equals(getattr(other, name)) for name in TABLES)


def test_tables_have_their_declared_schemas(programme: Programme) -> None:
    from qa_sync.testing.programme import record

    declared = {name: getattr(record, name.upper()) for name in TABLES}
    assert {name: getattr(programme, name).schema for name in TABLES} == declared


def test_times_are_whole_seconds(programme: Programme) -> None:
    for name in TABLES:
        table: pa.Table = getattr(programme, name)
        for field in table.schema:
            if pa.types.is_timestamp(field.type):
                values = table[field.name].drop_null().cast(pa.int64()).to_numpy()
                assert (values % 1_000_000 == 0).all(), (name, field.name)


def test_it_is_large_enough_for_the_demo(programme: Programme) -> None:
    people = programme.people.to_pandas()
    assert people[people.role == "agent"].queue.nunique() >= 3
    assert people.groupby("site_kind").site.nunique().to_dict() == {"bpo": 2, "in_house": 1}
    assert (people.role == "evaluator").sum() == 30
    assert people.role.isin(["auditor", "senior_auditor"]).sum() == 4
    assert programme.tickets["ticket_no"].to_pandas().nunique() == 5400
    assert programme.weeks == 12


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"start": date(2026, 9, 1)}, "no Monday"),
        ({"tickets": 0}, "tickets is 0"),
        ({"evaluated": 1.2}, "evaluated is 1.2"),
        ({"evaluators": 3}, "evaluators is 3"),
    ],
)
def test_impossible_programmes_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make_programme(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("tickets", [1, 30, 400])
@pytest.mark.parametrize("weeks", [1, 3, 53])
def test_small_and_long_programmes_hold_together(tickets: int, weeks: int) -> None:
    made = make_programme(tickets=tickets, weeks=weeks, start=date(2025, 12, 29), zone="America/Los_Angeles")
    assert made.tickets["ticket_no"].to_pandas().nunique() == tickets
    found = made.truth()
    assert sum(found.audits.values()) == made.intentions.num_rows
    assert made.until(datetime(2020, 1, 1, tzinfo=UTC)).tickets.num_rows == 0

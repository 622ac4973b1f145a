from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow.compute as pc
import pytest

from qa_sync.testing.programme import Programme

#: Criteria of form versions, as the catalogue files say.
Catalogue = dict[tuple[str, str], dict[str, dict[str, object]]]


@pytest.fixture(scope="module")
def catalogue(programme: Programme) -> Catalogue:
    return {(form["form_id"], form["version"]): {c["key"]: c for c in form["criteria"]} for form in programme.forms}


def test_every_reference_leads_somewhere(programme: Programme) -> None:
    people = set(programme.people["person_no"].to_pylist())
    tickets = set(programme.tickets["ticket_no"].to_pylist())
    evaluations = programme.evaluations.to_pandas()
    numbers = set(evaluations.evaluation_no)
    assert set(programme.tickets["agent_no"].drop_null().to_pylist()) <= people
    assert set(evaluations.agent_no) | set(evaluations.evaluator_no) <= people
    assert set(evaluations.ticket_no) <= tickets
    assert set(evaluations.audited_evaluation_no.dropna()) <= numbers
    assert set(programme.disputes["evaluation_no"].to_pylist()) <= numbers
    assert set(programme.calibrations["baseline_evaluation_no"].to_pylist()) <= numbers
    assert set(programme.participants["evaluation_no"].drop_null().to_pylist()) <= numbers
    assert set(evaluations.session_no.dropna()) == set(programme.calibrations["session_no"].to_pylist())
    audits = set(evaluations[evaluations.kind == "ata"].evaluation_no)
    assert set(programme.intentions["audit_no"].to_pylist()) == audits


@pytest.mark.parametrize(
    ("table", "key", "version", "moment"),
    [
        ("tickets", "ticket_no", "version", "updated_at"),
        ("evaluations", "evaluation_no", "revision", "saved_at"),
        ("disputes", "dispute_no", "event_no", "event_at"),
    ],
)
def test_versions_count_from_one_in_the_order_of_time(
    programme: Programme, table: str, key: str, version: str, moment: str
) -> None:
    rows = getattr(programme, table).to_pandas()
    assert (rows.groupby(key).cumcount() + 1 == rows[version]).all()
    assert rows[key].is_monotonic_increasing
    steps = rows.groupby(key)[moment].diff().dropna()
    assert (steps > pd.Timedelta(0)).all()


def test_nothing_happens_at_the_end_or_later(programme: Programme) -> None:
    end = pd.Timestamp(programme.end)
    for table, column in (
        ("tickets", "updated_at"),
        ("evaluations", "saved_at"),
        ("disputes", "event_at"),
        ("calibrations", "closed_at"),
        ("participants", "done_at"),
        ("intentions", "submitted_at"),
    ):
        assert getattr(programme, table)[column].to_pandas().max() < end, table


def test_an_evaluation_follows_the_solution_of_its_ticket(programme: Programme) -> None:
    solved = programme.tickets.to_pandas().groupby("ticket_no").solved_at.min()
    evaluations = programme.evaluations.to_pandas()
    assert (evaluations.started_at > evaluations.ticket_no.map(solved)).all()
    submitted = evaluations[evaluations.status != "draft"]
    assert (submitted.submitted_at > submitted.started_at).all()
    assert (evaluations[evaluations.status == "draft"].submitted_at.isna()).all()


def test_an_audit_follows_what_it_audits(programme: Programme) -> None:
    evaluations = programme.evaluations.to_pandas()
    first = evaluations[evaluations.revision == 1].set_index("evaluation_no")
    meant = programme.intentions.to_pandas().dropna(subset="evaluation_no").set_index("audit_no")
    audited = first.loc[meant.evaluation_no.astype(int)]
    audits = first.loc[meant.index]
    both = pd.DataFrame({"audit": audits.submitted_at.to_numpy(), "work": audited.submitted_at.to_numpy()})
    gap = both.audit - both.work
    assert (gap > pd.Timedelta(0)).all()
    assert (gap <= pd.Timedelta(days=28)).all()
    assert (audits.agent_no.to_numpy() == audited.agent_no.to_numpy()).all()
    assert (audits.ticket_no.to_numpy() == audited.ticket_no.to_numpy()).all()
    assert 0.1 < (gap > pd.Timedelta(days=7)).mean() < 0.4, "some audits are late"


def test_a_blind_task_joins_an_audit_to_its_evaluation_and_to_nothing_else(programme: Programme) -> None:
    first = programme.evaluations.to_pandas().query("revision == 1")
    meant = programme.intentions.to_pandas()
    tasks = first.dropna(subset="blind_task")
    for _, group in tasks.groupby("blind_task"):
        standard = group[group.kind == "standard"].evaluation_no.tolist()
        audits = group[group.kind == "ata"].evaluation_no.tolist()
        assert len(standard) == 1
        assert set(meant[meant.audit_no.isin(audits)].evaluation_no) == set(standard)
    blind = first.set_index("evaluation_no").loc[meant.audit_no]
    assert set(blind.is_blind[(meant.link == "blind_task").to_numpy()]) == {True}
    assert set(blind.is_blind[(meant.link == "explicit").to_numpy()]) == {False}
    assert set(blind.is_blind[(meant.link == "key").to_numpy()]) == {True, None}


def test_answers_are_those_of_the_form_in_its_order(programme: Programme, catalogue: Catalogue) -> None:
    evaluations = {(row["evaluation_no"], row["revision"]): row for row in programme.evaluations.to_pylist()}
    seen: dict[tuple[int, int], list[str]] = {}
    for row in programme.answers.to_pylist():
        place = row["evaluation_no"], row["revision"]
        of = evaluations[place]
        criterion = catalogue[of["form_id"], of["form_version"]][row["criterion_key"]]
        seen.setdefault(place, []).append(row["criterion_key"])
        assert (row["section"], row["category"], row["question"]) == (
            criterion["section"],
            criterion["category"],
            criterion["label"],
        )
        assert row["max_points"] == criterion["max_points"]
        if row["state"] != "valued":
            assert (row["option"], row["points"], row["is_fail"]) == (None, None, None)
            continue
        option = next(o for o in criterion["options"] if o["option"] == row["option"])  # type: ignore[attr-defined]
        assert row["points"] == option["points"]
        assert 0 <= row["points"] <= row["max_points"]
        assert row["is_fail"] == (option["is_fail"] if criterion["is_critical"] else None)
    wanted = {
        place: list(catalogue[row["form_id"], row["form_version"]])
        for place, row in evaluations.items()
        if row["status"] != "deleted"
    }
    assert seen == wanted


def test_na_stands_only_where_the_question_may_not_apply(programme: Programme) -> None:
    answers = programme.answers.to_pandas()
    assert set(answers[answers.state == "na"].criterion_key) == {"alternative"}
    missing = answers[answers.state == "missing"].groupby(["evaluation_no", "revision"]).size()
    assert len(missing) >= 1
    assert set(missing) == {1}


def test_each_edit_changes_an_answer(programme: Programme) -> None:
    evaluations = programme.evaluations.to_pandas()
    answers = programme.answers.to_pandas()
    sheets = {
        key: tuple(zip(group.criterion_key, group.option.astype(object).fillna("-"), group.state, strict=True))
        for key, group in answers.groupby(["evaluation_no", "revision"])
    }
    later = evaluations[(evaluations.revision > 1) & (evaluations.status != "deleted")]
    assert set(later.cause) == {"edit", "dispute"}
    for number, revision in zip(later.evaluation_no, later.revision, strict=True):
        assert sheets[number, revision] != sheets[number, revision - 1]


def test_evaluators_judge_agents_of_their_own_site_and_queue_on_that_day(programme: Programme) -> None:
    zone = ZoneInfo(programme.zone)
    spells: dict[int, list[dict[str, object]]] = {}
    for row in programme.rosters.to_pylist():
        spells.setdefault(row["person_no"], []).append(row)

    def spell(person: int, at: datetime) -> dict[str, object]:
        day = at.astimezone(zone).date()
        (only,) = [
            row
            for row in spells[person]
            if row["valid_from"] <= day  # type: ignore[operator]
            and (row["valid_to"] is None or day <= row["valid_to"])
        ]  # type: ignore[operator]
        return only

    moved = 0
    for row in programme.evaluations.filter(pc.equal(programme.evaluations["kind"], "standard")).to_pylist():
        at = row["submitted_at"] or row["saved_at"]
        evaluator, agent = spell(row["evaluator_no"], at), spell(row["agent_no"], at)
        assert (evaluator["role"], agent["role"]) == ("evaluator", "agent")
        assert (evaluator["site"], evaluator["queue"]) == (agent["site"], agent["queue"])
        moved += len(spells[row["evaluator_no"]]) > 1
    assert moved > 20, "somebody moves between sites"


def test_people_can_be_told_apart_by_every_account_field(programme: Programme) -> None:
    people = programme.people.to_pandas()
    for name in ("person_no", "name", "email", "employee_number", "user_name"):
        assert people[name].is_unique, name
    assert people.email.str.match(r"[a-z.]+@[a-z]+\.example\Z").all()


def test_names_stay_different_when_the_invented_ones_run_out() -> None:
    from qa_sync.testing.programme import make_programme

    people = make_programme(tickets=100, agents=2000, evaluators=1000).people.to_pandas()
    assert people.name.is_unique
    assert people.email.is_unique


def test_deleted_tickets_are_told_once_and_last(programme: Programme) -> None:
    tickets = programme.tickets.to_pandas()
    gone = tickets[tickets.deleted]
    assert 20 < len(gone) < 120
    assert (gone.version == gone.ticket_no.map(tickets.groupby("ticket_no").version.max())).all()


def test_tickets_come_by_day_and_on_weekdays(programme: Programme) -> None:
    created = programme.tickets.to_pandas().query("version == 1").created_at.dt.tz_convert(programme.zone)
    share = created.dt.day_of_week.value_counts(normalize=True)
    assert share[[0, 1, 2, 3, 4]].min() > 2 * share[[5, 6]].max() * 0.75
    assert created.dt.hour.between(8, 17).mean() > 0.6

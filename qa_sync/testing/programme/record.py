"""What a generated programme consists of, and what of it existed at a moment.

Every table holds versions as they were made: an edit is a later row, never a changed one. All times are UTC,
in whole seconds. Rows carry plain numbers as identities; a sandbox turns them into whatever its vendor uses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:
    from qa_sync.testing.programme.truth import Truth

TIME = pa.timestamp("us", tz="UTC")
#: Texts that repeat in every answer are stored once.
WORD = pa.dictionary(pa.int32(), pa.string())


def _schema(**fields: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in fields.items()])


TEXT, INTEGER, NUMBER, TRUTH, DAY = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32()

#: Key: person_no. Site, team and queue are those of the latest roster row.
PEOPLE = _schema(
    person_no=INTEGER,
    name=TEXT,
    email=TEXT,
    employee_number=TEXT,
    user_name=TEXT,
    role=TEXT,
    site=TEXT,
    site_kind=TEXT,
    team=TEXT,
    queue=TEXT,
    valid_from=DAY,
)
#: Key: person_no, valid_from. ``valid_to`` is the last day, null while it lasts.
ROSTERS = _schema(
    person_no=INTEGER, role=TEXT, site=TEXT, site_kind=TEXT, team=TEXT, queue=TEXT, valid_from=DAY, valid_to=DAY
)
#: Key: ticket_no, version (from 1; updated_at rises with it). agent_no is null until somebody takes the ticket.
TICKETS = _schema(
    ticket_no=INTEGER,
    version=INTEGER,
    queue=TEXT,
    group_name=TEXT,
    agent_no=INTEGER,
    requester_no=INTEGER,
    created_at=TIME,
    updated_at=TIME,
    solved_at=TIME,
    closed_at=TIME,
    status=TEXT,
    priority=TEXT,
    channel=TEXT,
    language=TEXT,
    region=TEXT,
    severity=TEXT,
    deleted=TRUTH,
)
#: Key: evaluation_no, revision (from 1; saved_at rises with it). kind: standard, ata, calibration.
#: status: active, draft (never submitted) or deleted. is_blind is null where nothing proves it. released_at is when
#: those judged may see it, planned ahead where it is blind.
EVALUATIONS = _schema(
    evaluation_no=INTEGER,
    revision=INTEGER,
    kind=TEXT,
    ticket_no=INTEGER,
    form_id=TEXT,
    form_version=TEXT,
    evaluator_no=INTEGER,
    agent_no=INTEGER,
    started_at=TIME,
    submitted_at=TIME,
    saved_at=TIME,
    status=TEXT,
    is_blind=TRUTH,
    audited_evaluation_no=INTEGER,
    blind_task=TEXT,
    cause=TEXT,
    session_no=INTEGER,
    released_at=TIME,
    reported_score=NUMBER,
)
#: Key: evaluation_no, revision, criterion_key. state: valued, na or missing. A deleted revision has no answers.
ANSWERS = _schema(
    evaluation_no=INTEGER,
    revision=INTEGER,
    criterion_key=WORD,
    section=WORD,
    category=WORD,
    question=WORD,
    option=WORD,
    points=NUMBER,
    max_points=NUMBER,
    state=WORD,
    is_fail=TRUTH,
)
#: Key: dispute_no, event_no. event: opened, in_review, resolved, retracted.
DISPUTES = _schema(
    dispute_no=INTEGER,
    event_no=INTEGER,
    event=TEXT,
    event_at=TIME,
    evaluation_no=INTEGER,
    criterion_key=TEXT,
    raised_by_no=INTEGER,
    decided_by_no=INTEGER,
    category=TEXT,
    outcome=TEXT,
    option_before=TEXT,
    option_after=TEXT,
    score_before=NUMBER,
    score_after=NUMBER,
)
#: Key: session_no.
CALIBRATIONS = _schema(
    session_no=INTEGER,
    ticket_no=INTEGER,
    form_id=TEXT,
    form_version=TEXT,
    baseline_evaluation_no=INTEGER,
    opened_at=TIME,
    due_at=TIME,
    closed_at=TIME,
)
#: Key: session_no, person_no. status: invited, done, late, absent.
PARTICIPANTS = _schema(
    session_no=INTEGER, person_no=INTEGER, status=TEXT, evaluation_no=INTEGER, invited_at=TIME, done_at=TIME
)
#: Key: audit_no. What the generator meant each audit to become: link is blind_task, explicit or key; situation is
#: normal or a name of ``story.SITUATIONS``; evaluation_no is what it is to be compared with, null for none.
INTENTIONS = _schema(audit_no=INTEGER, link=TEXT, situation=TEXT, evaluation_no=INTEGER, submitted_at=TIME)

#: Key: sample_no. A drawn evaluation; the auditor was to do ``target`` of the week's queue, which has ``frame_size``.
SAMPLES = _schema(
    sample_no=INTEGER,
    week=TEXT,
    queue=TEXT,
    evaluation_no=INTEGER,
    assignee_no=INTEGER,
    target=INTEGER,
    frame_size=INTEGER,
    selected_by=TEXT,
    seed=TEXT,
    picked_at=TIME,
    due_at=TIME,
    replaced_by_no=INTEGER,
    skipped_reason=TEXT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """A generated quality programme: people, tickets, evaluations and what became of them.

    ``forms`` are the catalogue entries as parsed, ``form_paths`` the files. ``intentions`` is the generator's own
    knowledge, for tests: no sandbox may show it.
    """

    zone: str
    start: date
    weeks: int
    seed: int
    forms: tuple[dict[str, Any], ...]
    form_paths: tuple[Path, ...]
    group_queues: dict[str, str]
    people: pa.Table
    rosters: pa.Table
    tickets: pa.Table
    evaluations: pa.Table
    answers: pa.Table
    disputes: pa.Table
    calibrations: pa.Table
    participants: pa.Table
    intentions: pa.Table
    samples: pa.Table

    @property
    def end(self) -> datetime:
        """The moment at which the last week ends, local midnight, in UTC. Nothing happens later."""
        return self.week_end(self.weeks)

    def week_end(self, week: int) -> datetime:
        """Return the local midnight that ends week ``week`` (from 1), in UTC."""
        return week_start(self.start, week, self.zone)

    def truth(self) -> Truth:
        """Return what a correct pipeline must find in this programme. Works row by row: for tests, not for speed."""
        from qa_sync.testing.programme.truth import find_truth

        return find_truth(self)

    def until(self, moment: datetime) -> Programme:
        """Return what existed by ``moment``: later versions, revisions and events are not there yet.

        Raises:
            ValueError: ``moment`` has no time zone.
        """
        if moment.tzinfo is None:
            msg = "moment has no time zone; give it one, such as datetime.now(UTC)"
            raise ValueError(msg)
        at = pa.scalar(moment, type=TIME)
        local_day = moment.astimezone(ZoneInfo(self.zone)).date()
        evaluations = _by(self.evaluations, "saved_at", at)
        kept = _revision_keys(evaluations)
        answers = self.answers.filter(pa.array(_among(_revision_keys(self.answers), kept)))
        rosters = self.rosters.filter(pc.less_equal(self.rosters["valid_from"], pa.scalar(local_day)))
        rosters = _hide_after(rosters, "valid_to", pa.scalar(local_day - timedelta(days=1)), ("valid_to",))
        return replace(
            self,
            people=_people_on(self.people, rosters),
            rosters=rosters,
            tickets=_by(self.tickets, "updated_at", at),
            evaluations=evaluations,
            answers=answers,
            disputes=_by(self.disputes, "event_at", at),
            intentions=_by(self.intentions, "submitted_at", at),
            samples=_hide_after(_by(self.samples, "picked_at", at), "due_at", at, ("replaced_by_no", "skipped_reason")),
            calibrations=_hide_after(
                _by(self.calibrations, "opened_at", at), "closed_at", at, ("closed_at", "baseline_evaluation_no")
            ),
            participants=_participants_at(_by(self.participants, "invited_at", at), self.calibrations, at),
        )


def week_start(start: date, weeks: int, zone: str) -> datetime:
    """Return local midnight ``weeks`` weeks after ``start``, in UTC."""
    local = datetime.combine(start + timedelta(weeks=weeks), time(), tzinfo=ZoneInfo(zone))
    return local.astimezone(ZoneInfo("UTC"))


def _by(table: pa.Table, column: str, at: pa.Scalar) -> pa.Table:
    return table.filter(pc.less_equal(table[column], at))


def _revision_keys(table: pa.Table) -> NDArray[np.int64]:
    """One ascending number for each (evaluation_no, revision)."""
    keys: NDArray[np.int64] = table["evaluation_no"].to_numpy() * 64 + table["revision"].to_numpy()
    return keys


def _among(keys: NDArray[np.int64], kept: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not len(kept):
        return np.zeros(len(keys), dtype=bool)
    ordered = np.sort(kept)
    at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[at] == keys
    return found


def _people_on(people: pa.Table, rosters: pa.Table) -> pa.Table:
    """The people who have started, with the site, team and queue of their latest roster row."""
    numbers = rosters["person_no"].to_numpy()
    last = np.flatnonzero(np.append(numbers[1:] != numbers[:-1], True)[: len(numbers)])
    latest = rosters.take(pa.array(last))
    staff = people.take(pa.array(np.searchsorted(people["person_no"].to_numpy(), numbers[last])))
    for name in ("role", "site", "site_kind", "team", "queue"):
        staff = staff.set_column(staff.column_names.index(name), name, latest[name])
    return staff


def _hide_after(table: pa.Table, column: str, at: pa.Scalar, names: tuple[str, ...]) -> pa.Table:
    happened = pc.fill_null(pc.less_equal(table[column], at), False)
    for name in names:
        known = pc.if_else(happened, table[name], pa.scalar(None, type=table.schema.field(name).type))
        table = table.set_column(table.column_names.index(name), name, known)
    return table


def _participants_at(table: pa.Table, calibrations: pa.Table, at: pa.Scalar) -> pa.Table:
    """People who had not answered by then are invited; absent only once their session is closed."""
    row = np.searchsorted(calibrations["session_no"].to_numpy(), table["session_no"].to_numpy())
    closed = calibrations["closed_at"].take(pa.array(row))
    done = pc.fill_null(pc.less_equal(table["done_at"], at), False)
    absent = pc.and_(pc.equal(table["status"], "absent"), pc.fill_null(pc.less_equal(closed, at), False))
    status = pc.if_else(pc.or_(done, absent), table["status"], "invited")
    table = _hide_after(table, "done_at", at, ("evaluation_no", "done_at"))
    return table.set_column(table.column_names.index("status"), "status", status)

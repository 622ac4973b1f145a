"""Generate a programme: people, a stream of tickets, evaluations, audits, and what happens to them later."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.testing.programme import story
from qa_sync.testing.programme.assemble import (
    answer_table,
    calibration_tables,
    dispute_table,
    evaluation_table,
    intention_table,
)
from qa_sync.testing.programme.calibration import make_sessions
from qa_sync.testing.programme.catalogue import form_paths, load_forms
from qa_sync.testing.programme.people import make_staff
from qa_sync.testing.programme.plan import plan_table
from qa_sync.testing.programme.record import TIME, Programme, week_start
from qa_sync.testing.programme.revisions import revise
from qa_sync.testing.programme.schedule import audit_work, standard_work
from qa_sync.testing.programme.scoring import habits, read, truth
from qa_sync.testing.programme.tickets import draw_tickets, ticket_table

FIRST_DAY = date(2026, 8, 31)


def make_programme(
    *,
    seed: int = 7,
    weeks: int = 12,
    tickets: int = 5400,
    start: date = FIRST_DAY,
    zone: str = "Europe/Dublin",
    evaluated: float = 0.45,
    audited: float = 0.2,
    agents: int = 120,
    evaluators: int = 30,
    auditors: int = 4,
) -> Programme:
    """Return a quality programme that tells the story of ``story``; equal arguments give equal tables.

    Args:
        seed: Of everything random.
        weeks: Length, in weeks of ``zone`` that begin on ``start``, a Monday.
        tickets: How many tickets are made in that time.
        start: The first Monday.
        zone: IANA time zone of the programme.
        evaluated: Share of solved tickets that is evaluated.
        audited: Share of evaluations that is audited.
        agents: Agents over all sites; at least 9.
        evaluators: Evaluators over all sites; at least 18, so that each team has two.
        auditors: Auditors, the last one senior; at least 2.

    Raises:
        ValueError: the start is no Monday, a share is outside 0-1, or the programme is too small to work.
    """
    _check(
        start=start,
        weeks=weeks,
        tickets=tickets,
        evaluated=evaluated,
        audited=audited,
        agents=agents,
        evaluators=evaluators,
        auditors=auditors,
    )
    streams = np.random.SeedSequence(seed).spawn(9)
    rng = [np.random.default_rng(stream) for stream in streams]
    begin, finish = week_start(start, 0, zone), week_start(start, weeks, zone)
    first, end = int(begin.timestamp()), int(finish.timestamp())
    switch = int(week_start(start, weeks // 2, zone).timestamp())
    forms = load_forms()
    staff = make_staff(rng[0], start=start, weeks=weeks, agents=agents, evaluators=evaluators, auditors=auditors)
    drawn = draw_tickets(rng[1], staff, count=tickets, start=begin, weeks=weeks)
    standard = standard_work(rng[2], drawn, staff, forms, share=evaluated, switch=switch, end=end)
    work = audit_work(rng[3], drawn, staff, forms, standard, share=audited, switch=switch, end=end)
    sessions = make_sessions(rng[4], drawn, staff, forms, work, start=first, weeks=weeks, switch=switch)
    offset = len(work)
    work = work.then(sessions.work)
    true = truth(rng[5], work, staff, forms)
    base = read(rng[6], true, work, forms, habits(rng[6], work, staff, start=first, weeks=weeks))
    revisions = revise(rng[7], rng[8], base, work, staff, forms, end=end)
    calibrations, participants = calibration_tables(sessions, revisions, forms, offset)
    versions = ticket_table(rng[1], drawn)
    happened = pc.less(versions["updated_at"], pa.scalar(finish, type=TIME))
    evaluations, intentions = evaluation_table(revisions, work, forms), intention_table(revisions, work)
    shown = versions.filter(happened)
    return Programme(
        zone=zone,
        start=start,
        weeks=weeks,
        seed=seed,
        forms=forms.raw,
        form_paths=form_paths(),
        group_queues={group: queue.name for queue in story.QUEUES for group in queue.groups},
        people=staff.people,
        rosters=staff.rosters,
        tickets=shown,
        evaluations=evaluations,
        answers=answer_table(revisions, work, forms),
        disputes=dispute_table(revisions, work, forms, end),
        calibrations=calibrations,
        participants=participants,
        intentions=intentions,
        samples=plan_table(evaluations, shown, intentions, seed=seed, zone=zone),
    )


def _check(*, start: date, evaluated: float, audited: float, **sizes: int) -> None:
    least = {"weeks": 1, "tickets": 1, "agents": 9, "evaluators": 18, "auditors": 2}
    problems = [
        f"{name} is {value}; it needs at least {least[name]}" for name, value in sizes.items() if value < least[name]
    ]
    if start.weekday() != 0:
        problems.append(f"start {start} is no Monday")
    problems += [
        f"{name} is {share}; it is a share, from 0 to 1"
        for name, share in (("evaluated", evaluated), ("audited", audited))
        if not 0 <= share <= 1
    ]
    if problems:
        raise ValueError("; ".join(problems))

"""Calibration sessions: each week several evaluators and an auditor score one ticket that nobody else scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from qa_sync.testing.programme import story
from qa_sync.testing.programme.catalogue import Forms
from qa_sync.testing.programme.draw import DAY, HOUR, Ints, by_day
from qa_sync.testing.programme.people import Staff
from qa_sync.testing.programme.schedule import CALIBRATION, Work, duration, form_in_use, new_work
from qa_sync.testing.programme.tickets import Drawn

DONE, LATE, ABSENT = range(3)
STATUS_NAMES = ("done", "late", "absent")
INVITED_PER_SITE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Sessions by position (session_no = position + 1) and those invited; times are seconds since 1970.

    ``work`` holds the evaluations: for each participant who answered, then one baseline for each session.
    ``answer`` is the position in ``work`` of a participant's evaluation, -1 for none.
    """

    ticket: Ints
    form: Ints
    opened: Ints
    due: Ints
    closed: Ints
    session: Ints
    person: Ints
    status: Ints
    answer: Ints
    work: Work


def make_sessions(
    rng: Generator, drawn: Drawn, staff: Staff, forms: Forms, work: Work, *, start: int, weeks: int, switch: int
) -> Sessions:
    """Hold a session in every week but the first, queues in turn, on a ticket solved before it opens."""
    week = np.arange(1, weeks)
    opened = start + week * 7 * DAY + 9 * HOUR
    free = np.setdiff1d(np.flatnonzero(drawn.solved >= 0), work.ticket)
    tickets: list[int] = []
    for n, moment in enumerate(opened):
        fits = free[(drawn.solved[free] < moment) & (drawn.queue[free] == n % len(story.QUEUES))]
        tickets.append(int(fits[-1]) if len(fits) and int(fits[-1]) not in tickets else -1)
    held = np.flatnonzero(np.array(tickets, dtype=np.int64) >= 0)
    ticket, opened = np.array(tickets, dtype=np.int64)[held], opened[held]
    form = form_in_use(forms, drawn.queue[ticket], opened, switch)
    due, closed = opened + 2 * DAY, opened + 3 * DAY
    people = [_invited(rng, staff, int(drawn.queue[at])) for at in ticket]
    session = np.repeat(np.arange(len(ticket)), [len(some) for some in people])
    person = np.concatenate([*people, np.zeros(0, dtype=np.int64)])
    status = np.searchsorted((0.8, 0.92), rng.random(len(person))).astype(np.int64)
    done = by_day(
        np.where(
            status == LATE,
            due[session] + rng.integers(HOUR, 14 * HOUR, len(person)),
            opened[session] + rng.integers(HOUR, 40 * HOUR, len(person)),
        )
    )
    came = np.flatnonzero(status != ABSENT)
    answer = np.full(len(person), -1, dtype=np.int64)
    answer[came] = np.arange(len(came))
    every = np.concatenate([session[came], np.arange(len(ticket))])
    submitted = np.concatenate([done[came], closed - HOUR])
    made = new_work(
        len(every),
        kind=CALIBRATION,
        ticket=ticket[every],
        form=form[every],
        evaluator=np.concatenate([person[came], np.full(len(ticket), staff.auditors[-1])]),
        agent=drawn.agent[ticket[every]],
        submitted=submitted,
        started=submitted - duration(rng, len(every)),
        session=every,
    )
    return Sessions(
        ticket=ticket,
        form=form,
        opened=opened,
        due=due,
        closed=closed,
        session=session,
        person=person,
        status=status,
        answer=answer,
        work=made,
    )


def _invited(rng: Generator, staff: Staff, queue: int) -> Ints:
    """Two evaluators of each site, and one auditor who is not the senior one where there is another."""
    invited = [
        rng.choice(pools[queue], min(INVITED_PER_SITE, len(pools[queue])), replace=False) for pools in staff.pools
    ]
    return np.sort(np.concatenate([*invited, rng.choice(staff.auditors[:-1], min(1, len(staff.auditors) - 1))]))

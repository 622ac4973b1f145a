"""Tickets and their later versions: made, taken, solved, closed, sometimes corrected or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.random import Generator
from numpy.typing import NDArray

from qa_sync.testing.programme import story
from qa_sync.testing.programme.draw import DAY, HOUR, Ints, moments, pick, texts, whole
from qa_sync.testing.programme.people import FIRST_NUMBER, Staff
from qa_sync.testing.programme.record import TICKETS

FIRST_TICKET = 100_001
FIRST_REQUESTER = 700_001
GROUPS = tuple(group for queue in story.QUEUES for group in queue.groups)
CHANNELS = tuple(sorted({name for queue in story.QUEUES for name, _ in queue.channels}))
REGIONS = tuple(name for name, _ in story.REGIONS)
LANGUAGES = tuple(sorted({language for region in REGIONS for language in story.LANGUAGES[region]}))
STATUSES = ("new", "open", "pending", "solved", "closed")
#: Steps of a ticket's life; a version is kept for each step that happened.
NEW, TAKEN, SOLVED, CORRECTED, CLOSED, DELETED = range(6)
STATUS_OF_STEP = np.array([0, 1, 3, 3, 4, 1])
DELETED_SHARE = 0.01
CORRECTED_SHARE = 0.12
UNSOLVED_SHARE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What is known of each ticket by position (ticket_no = position + 100001); seconds since 1970, -1 for never."""

    site: Ints
    queue: Ints
    agent: Ints
    group: Ints
    created: Ints
    solved: Ints
    deleted: NDArray[np.bool_]


def draw_tickets(rng: Generator, staff: Staff, *, count: int, start: datetime, weeks: int) -> Drawn:
    """Draw ``count`` tickets over the weeks, busier on weekdays and by day than at weekends and by night."""
    day_load = np.repeat(np.tile(story.WEEKDAYS, weeks), 24) * np.tile(story.HOURS, 7 * weeks)
    hour = np.sort(pick(rng, day_load.tolist(), count))
    created = int(start.timestamp()) + hour * HOUR + rng.integers(0, HOUR, count)
    created.sort()
    site = pick(rng, [s.share for s in story.SITES], count)
    queue = pick(rng, [q.share for q in story.QUEUES], count)
    agent = _assign(rng, staff, site, queue, created)
    group = np.zeros(count, dtype=np.int64)
    for q, spec in enumerate(story.QUEUES):
        here = queue == q
        group[here] = GROUPS.index(spec.groups[0]) + rng.integers(0, len(spec.groups), int(here.sum()))
    work = np.clip(rng.lognormal(np.log(9 * HOUR), 0.9, count), 600, 6 * DAY).astype(np.int64)
    deleted = rng.random(count) < DELETED_SHARE
    unsolved = deleted | (rng.random(count) < UNSOLVED_SHARE)
    return Drawn(
        site=site,
        queue=queue,
        agent=agent,
        group=group,
        created=created,
        solved=np.where(unsolved, -1, created + work),
        deleted=deleted,
    )


def _assign(rng: Generator, staff: Staff, site: Ints, queue: Ints, created: Ints) -> Ints:
    agent = np.zeros(len(site), dtype=np.int64)
    first = int(created[0])
    for s in range(len(story.SITES)):
        for q in range(len(story.QUEUES)):
            here = np.flatnonzero((site == s) & (queue == q))
            pool = staff.agents[s][q]
            chosen = rng.choice(pool, len(here))
            veterans = pool[staff.hired[pool] * DAY < first - DAY]
            early = staff.hired[chosen] * DAY > created[here] - DAY
            chosen[early] = rng.choice(veterans, int(early.sum()))
            agent[here] = chosen
    return agent


def ticket_table(rng: Generator, drawn: Drawn) -> pa.Table:
    """Return every version of every ticket, ordered by ticket and version, whenever it was made."""
    count = len(drawn.created)
    taken = drawn.created + rng.integers(60, 480, count)
    gone = np.where(drawn.deleted, taken + rng.integers(600, 2 * DAY, count), -1)
    corrected = np.where(
        (drawn.solved > 0) & (rng.random(count) < CORRECTED_SHARE),
        drawn.solved + rng.integers(HOUR, 3 * DAY, count),
        -1,
    )
    closed = np.where(drawn.solved > 0, drawn.solved + 4 * DAY + rng.integers(0, HOUR, count), -1)
    at = np.stack([drawn.created, taken, drawn.solved, corrected, closed, gone], axis=1)
    ticket, step = np.nonzero(at >= 0)
    updated = at[ticket, step]
    version = np.arange(len(ticket)) - np.searchsorted(ticket, ticket) + 1
    facts = _facts(rng, drawn)
    later = step >= CORRECTED
    moved = (corrected >= 0)[ticket] & later
    priority = np.where(
        moved, np.minimum(facts["priority"][ticket] + 1, len(story.PRIORITIES) - 1), facts["priority"][ticket]
    )
    return pa.Table.from_arrays(
        [
            pa.array(ticket + FIRST_TICKET),
            pa.array(version),
            texts(drawn.queue[ticket], [q.name for q in story.QUEUES]),
            texts(drawn.group[ticket], GROUPS),
            whole(np.where(step == NEW, -1, drawn.agent[ticket] + FIRST_NUMBER)),
            pa.array(facts["requester"][ticket]),
            moments(drawn.created[ticket]),
            moments(updated),
            moments(np.where(np.isin(step, (SOLVED, CORRECTED, CLOSED)), drawn.solved[ticket], -1)),
            moments(np.where(step == CLOSED, closed[ticket], -1)),
            texts(STATUS_OF_STEP[step], STATUSES),
            texts(priority, [name for name, _ in story.PRIORITIES]),
            texts(facts["channel"][ticket], CHANNELS),
            texts(facts["language"][ticket], LANGUAGES),
            texts(facts["region"][ticket], REGIONS),
            texts(facts["severity"][ticket], [name for name, _ in story.SEVERITIES]),
            pa.array(step == DELETED),
        ],
        schema=TICKETS,
    )


def _facts(rng: Generator, drawn: Drawn) -> dict[str, Ints]:
    count = len(drawn.created)
    region = pick(rng, [weight for _, weight in story.REGIONS], count)
    language = np.zeros(count, dtype=np.int64)
    for r, name in enumerate(REGIONS):
        here = region == r
        spoken = story.LANGUAGES[name]
        order = np.array([LANGUAGES.index(language) for language in spoken])
        language[here] = order[pick(rng, [2.0**-n for n in range(len(spoken))], int(here.sum()))]
    channel = np.zeros(count, dtype=np.int64)
    for q, spec in enumerate(story.QUEUES):
        here = drawn.queue == q
        order = np.array([CHANNELS.index(name) for name, _ in spec.channels])
        channel[here] = order[pick(rng, [weight for _, weight in spec.channels], int(here.sum()))]
    return {
        "region": region,
        "language": language,
        "channel": channel,
        "priority": pick(rng, [weight for _, weight in story.PRIORITIES], count),
        "severity": pick(rng, [weight for _, weight in story.SEVERITIES], count),
        "requester": FIRST_REQUESTER + rng.integers(0, max(1, count * 3 // 5), count),
    }

"""Disputes: agents challenge evaluations that cost them points, auditees challenge audits that differ from them.

A dispute that is overturned changes the disputed answer: an agent's upwards, an auditee's towards their own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from qa_sync.testing.programme import story
from qa_sync.testing.programme.catalogue import Forms
from qa_sync.testing.programme.draw import DAY, HOUR, Ints, by_day, pick
from qa_sync.testing.programme.people import Staff
from qa_sync.testing.programme.schedule import Work, released
from qa_sync.testing.programme.scoring import Levels

OUTCOME_NAMES = tuple(name for name, _ in story.DISPUTE_OUTCOMES)
CATEGORY_NAMES = tuple(name for name, _ in story.DISPUTE_CATEGORIES)
OPEN, FULL, PARTIAL = (OUTCOME_NAMES.index(name) for name in ("open", "overturned_full", "overturned_partial"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputes:
    """Disputes by position; times are seconds since 1970, -1 for never. ``levels`` are the answers afterwards."""

    evaluation: Ints
    raiser: Ints
    column: Ints
    category: Ints
    outcome: Ints
    opened: Ints
    reviewed: Ints
    decided: Ints
    before: Ints
    after: Ints
    decider: Ints
    levels: Levels

    def then(self, other: Disputes) -> Disputes:
        """Return the two together, oldest first."""
        order = np.argsort(np.concatenate([self.opened, other.opened]), kind="stable")
        parts = {f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(Disputes)}
        return Disputes(**{name: part[order] for name, part in parts.items()})


def disputes_of_agents(
    rng: Generator,
    extra: Generator,
    settled: Levels,
    work: Work,
    staff: Staff,
    forms: Forms,
    quiet: NDArray[np.bool_],
    end: int,
) -> Disputes:
    """Agents dispute an answer that cost them points; some disputes are still open at the end."""
    top = forms.levels[work.form] - 1
    contested = (settled >= 0) & (settled < top) & forms.scored[work.form][:, None]
    opened = by_day(work.submitted + DAY + rng.integers(0, 3 * DAY, len(work)))
    chosen = np.flatnonzero(quiet & contested.any(axis=1) & (opened < end) & (rng.random(len(work)) < story.DISPUTED))
    chosen = chosen[np.argsort(opened[chosen], kind="stable")]
    column = np.argmax(rng.random((len(chosen), settled.shape[1])) * contested[chosen], axis=1)
    return _decided(
        rng,
        settled,
        chosen,
        raiser=work.agent[chosen],
        column=column,
        category=pick(extra, [weight for _, weight in story.DISPUTE_CATEGORIES], len(chosen)),
        opened=opened[chosen],
        aim=top[chosen, column],
        decider=np.full(len(chosen), staff.auditors[-1]),
        end=end,
    )


def disputes_of_auditees(rng: Generator, settled: Levels, work: Work, staff: Staff, audits: Ints, end: int) -> Disputes:
    """Auditees dispute an answer of an audit that differs from theirs, once they may see it.

    Args:
        rng: Of what is drawn.
        settled: The answers of all work.
        work: All work.
        staff: The people.
        audits: Positions of the audits that may be disputed.
        end: Nothing happens then or later.
    """
    own = settled[work.target[audits]]
    differs = (own != settled[audits]) & (own >= 0) & (settled[audits] >= 0)
    shown = released(work)[audits]
    opened = by_day(shown + DAY + rng.integers(0, 3 * DAY, len(audits)))
    may = differs.any(axis=1) & (shown >= 0) & (opened < end)
    chosen = np.flatnonzero(may & (rng.random(len(audits)) < story.AUDITS_DISPUTED))
    column = np.argmax(rng.random((len(chosen), settled.shape[1])) * differs[chosen], axis=1)
    senior, second = staff.auditors[-1], staff.auditors[0]
    of = audits[chosen]
    return _decided(
        rng,
        settled,
        of,
        raiser=work.evaluator[work.target[of]],
        column=column,
        category=pick(rng, [weight for _, weight in story.DISPUTE_CATEGORIES], len(chosen)),
        opened=opened[chosen],
        aim=own[chosen, column].astype(np.int64),
        decider=np.where(work.evaluator[of] == senior, second, senior),
        end=end,
    )


def _decided(
    rng: Generator,
    settled: Levels,
    of: Ints,
    *,
    raiser: Ints,
    column: Ints,
    category: Ints,
    opened: Ints,
    aim: Ints,
    decider: Ints,
    end: int,
) -> Disputes:
    """Draw what becomes of disputes; overturned in part is one level towards the aim, in full all the way."""
    count = len(of)
    outcome = pick(rng, [weight for _, weight in story.DISPUTE_OUTCOMES], count)
    reviewed = by_day(opened + rng.integers(2 * HOUR, 2 * DAY, count))
    decided = by_day(reviewed + rng.integers(4 * HOUR, 4 * DAY, count))
    decided = np.where((outcome == OPEN) | (decided >= end), -1, decided)
    before = settled[of, column].astype(np.int64)
    given = np.where(outcome == FULL, aim, before + np.sign(aim - before))
    after = np.where(np.isin(outcome, [FULL, PARTIAL]) & (decided >= 0), given, -1)
    levels = settled[of]
    levels[np.arange(count), column] = np.where(after >= 0, after, before)
    return Disputes(
        evaluation=of,
        raiser=raiser,
        column=column,
        category=category,
        outcome=outcome,
        opened=opened,
        reviewed=np.where(reviewed < end, reviewed, -1),
        decided=decided,
        before=before,
        after=after,
        decider=decider,
        levels=levels,
    )

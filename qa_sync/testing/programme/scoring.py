"""What people answer: a hidden truth for each ticket and criterion, read by everybody with their own habits.

Answers are matrices of levels: axis 0 the evaluation, axis 1 the criterion of its form. Negative levels are
states: ``NA``, ``MISSING`` and, for columns that the form does not have, ``ABSENT``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from qa_sync.testing.programme import story
from qa_sync.testing.programme.catalogue import Forms
from qa_sync.testing.programme.draw import DAY, Ints
from qa_sync.testing.programme.people import Staff
from qa_sync.testing.programme.schedule import AUDIT, Work

Levels = NDArray[np.int8]
Floats = NDArray[np.float64]
NA, ABSENT, MISSING = -1, -2, -3
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Chances by evaluation: to read too well, too badly, to overlook a critical failure."""

    lenient: Floats
    strict: Floats
    miss: Floats


def habits(rng: Generator, work: Work, staff: Staff, *, start: int, weeks: int) -> Habits:
    """Return the habits each evaluation was made with: those of the site at that time, and of the person."""
    place = staff.site[work.evaluator].copy()
    moved = (work.evaluator == staff.mover) & (work.submitted >= _day(staff.moved_on))
    place[moved] = staff.moved_to
    site = {
        name: np.array([getattr(spot, name) for spot in story.SITES])[place]
        for name in ("lenient", "strict", "drift", "miss_critical")
    }
    ramp = np.array((0.0, *story.DRIFT_RAMP))
    week = (work.submitted - start) // WEEK
    drifted = site["drift"] * ramp[np.clip(week - (weeks - story.DRIFT_WEEKS) + 1, 0, len(ramp) - 1)]
    own = rng.lognormal(0.0, 0.15, (2, len(staff.site)))
    lenient = site["lenient"] * own[0][work.evaluator] + drifted
    strict = site["strict"] * own[1][work.evaluator]
    miss = site["miss_critical"] + drifted / 4
    misser, severe = staff.place(story.CRITICAL_MISSER), staff.place(story.STRICT_EVALUATOR)
    miss[work.evaluator == misser] = 0.95
    lenient[work.evaluator == severe], strict[work.evaluator == severe] = 0.02, 0.3
    auditor = np.isin(work.evaluator, staff.auditors)
    for chances in (lenient, strict):
        chances[auditor] = story.AUDITOR_SLIP
    miss[auditor] = story.AUDITOR_SLIP
    return Habits(lenient=lenient, strict=strict, miss=miss)


def _day(day: object) -> int:
    return int(np.datetime64(str(day), "s").astype(np.int64))


def truth(rng: Generator, work: Work, staff: Staff, forms: Forms) -> Levels:
    """Return the true levels of what each evaluation judges; equal for all who judge one ticket on one form."""
    tickets, item = np.unique(work.ticket, return_inverse=True)
    width, depth = forms.levels.shape[1], forms.points.shape[2]
    quality = np.where(forms.lenient[work.form] > 0, rng.lognormal(0.0, 0.25, len(staff.site))[work.agent], 1.0)
    luck = rng.random((len(tickets), width))[item]
    luck = 1 - (1 - luck) ** quality[:, None]
    edges = _edges(forms, depth)
    level = np.zeros(luck.shape, dtype=np.int8)
    for k in range(depth - 1):
        level += luck > edges[work.form, :, k]
    applies = rng.random((len(tickets), width))[item] >= _by_key(forms, story.NA_SHARE)[work.form]
    level[~applies] = NA
    level[forms.levels[work.form] == 0] = ABSENT
    return level


def _edges(forms: Forms, depth: int) -> Floats:
    """Cumulative chances of levels; beyond a criterion's levels the edge is never passed."""
    edges = np.full((*forms.levels.shape, depth), 2.0)
    for f, c in np.argwhere(forms.levels > 0):
        odds = story.CRITICAL_LEVELS if forms.critical[f, c] else story.LEVELS[int(forms.levels[f, c])]
        edges[f, c, : len(odds) - 1] = np.cumsum(odds)[:-1]
    return edges


def _by_key(forms: Forms, rates: dict[str, float]) -> Floats:
    made = np.zeros(forms.levels.shape)
    for f, keys in enumerate(forms.keys):
        for c, key in enumerate(keys):
            made[f, c] = rates.get(key, 0.0)
    return made


def read(rng: Generator, true: Levels, work: Work, forms: Forms, how: Habits) -> Levels:
    """Return the levels that each evaluator puts down, given what is true and how they read."""
    form = work.form
    top = forms.levels[form] - 1
    confusion = _by_key(forms, story.CONFUSION)[form]
    chance = rng.random(true.shape)
    better = chance < how.lenient[:, None] + confusion / 2
    worse = chance > 1 - how.strict[:, None] - confusion / 2
    step = 1 + (rng.random(true.shape) < 0.15)
    moved = true + forms.lenient[form][:, None] * step * (better.astype(np.int64) - worse)
    answered = np.clip(moved, 0, np.maximum(top, 0))
    slip = rng.random(true.shape)
    failed = np.where(slip < how.miss[:, None], 1, 0)
    passed = np.where(slip < story.FALSE_CRITICAL, 0, 1)
    answered = np.where(forms.critical[form], np.where(true == 0, failed, passed), answered)
    optional = _by_key(forms, story.NA_SHARE)[form] > 0
    doubts = optional & (rng.random(true.shape) < story.NA_SLIP)
    applies = np.where(doubts, true == NA, true != NA)
    answered = np.where(applies, np.where(true == NA, top, answered), NA)
    return np.where(true == ABSENT, ABSENT, answered).astype(np.int8)


def anchor(rng: Generator, levels: Levels, work: Work) -> Levels:
    """Let auditors who see the evaluator's answers adopt some of them. ``levels`` are those then in force."""
    seen = np.flatnonzero((work.kind == AUDIT) & (work.blind == 0) & (work.target >= 0))
    seen = seen[work.form[work.target[seen]] == work.form[seen]]
    adopts = rng.random((len(seen), levels.shape[1])) < story.ANCHORING
    made = levels.copy()
    made[seen] = np.where(adopts, levels[work.target[seen]], levels[seen])
    return made


def scores(levels: Levels, form: Ints, forms: Forms) -> Floats:
    """Return the score of each row, 0-100 after auto-fail; NaN on forms without points or where nothing applies."""
    column = np.arange(levels.shape[1])
    valued = levels >= 0
    at = np.maximum(levels, 0)
    earned = np.where(valued, forms.points[form[:, None], column, at], 0.0)
    weight = forms.weight[form]
    possible = (weight * forms.max_points[form] * valued).sum(axis=1)
    made = 100 * (weight * earned).sum(axis=1) / np.where(possible > 0, possible, np.nan)
    failed = (valued & forms.fails[form[:, None], column, at]).any(axis=1) & forms.zeroes[form]
    return np.where(forms.scored[form], np.where(failed & ~np.isnan(made), 0.0, made), np.nan)

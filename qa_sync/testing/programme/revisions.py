"""What happens to evaluations afterwards: corrections, edits after the audit, disputes and deletions.

Each is at most one later revision of an evaluation. Corrections within the hour come before any audit; edits
after the audit adopt what the auditor found; a dispute that is overturned changes the disputed answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from qa_sync.testing.programme import story
from qa_sync.testing.programme.catalogue import Forms
from qa_sync.testing.programme.disputes import Disputes, disputes_of_agents, disputes_of_auditees
from qa_sync.testing.programme.draw import DAY, HOUR, Ints, by_day
from qa_sync.testing.programme.people import Staff
from qa_sync.testing.programme.schedule import AUDIT, NORMAL, SITUATION_NAMES, STANDARD, Work
from qa_sync.testing.programme.scoring import MISSING, Levels, anchor, scores

FIRST_EVALUATION = 500_001
CAUSES = ("work", "edit", "dispute")
WORK, EDIT, DISPUTE = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """Every revision, ordered by evaluation and time. ``evaluation`` is the position in the work."""

    number: Ints
    evaluation: Ints
    revision: Ints
    saved: Ints
    cause: Ints
    deleted: NDArray[np.bool_]
    levels: Levels
    disputes: Disputes


def revise(
    rng: Generator, extra: Generator, base: Levels, work: Work, staff: Staff, forms: Forms, *, end: int
) -> Revisions:
    """Turn first readings into revisions; nothing happens at ``end`` or later. ``extra`` is of what audits become."""
    every = np.arange(len(work))
    hole = (work.kind == STANDARD) & (work.situation == SITUATION_NAMES.index("incomplete"))
    first = base.copy()
    first[hole, 0] = MISSING
    corrected_at = np.where(hole, -1, _corrections(rng, work, end))
    corrected, audits = (corrected_at >= 0)[:, None], (work.kind == AUDIT)[:, None]
    settled = np.where(corrected & ~audits, _nudge(rng, first, work, forms), first)
    settled = anchor(rng, settled, work)
    first = np.where(audits, settled, first)
    settled = np.where(corrected & audits, _nudge(rng, settled, work, forms), settled)
    corrected_at = np.where((settled != first).any(axis=1), corrected_at, -1)
    edited_at, edited = _edits_after_audit(rng, settled, work, end)
    deleted_at = _deletions(rng, work, edited_at, end)
    quiet = (edited_at < 0) & (deleted_at < 0) & (work.situation == NORMAL)
    disputes = disputes_of_agents(rng, extra, settled, work, staff, forms, quiet & (work.kind == STANDARD), end)
    audits = np.flatnonzero(quiet & (work.kind == AUDIT))
    audits = audits[quiet[work.target[audits]]]
    disputes = disputes.then(disputes_of_auditees(extra, settled, work, staff, audits, end))
    overturned = np.flatnonzero(disputes.after >= 0)
    parts = [
        (every, work.submitted, WORK, False, first),
        (*_some(corrected_at), EDIT, False, settled[corrected_at >= 0]),
        (*_some(edited_at), EDIT, False, edited[edited_at >= 0]),
        (disputes.evaluation[overturned], disputes.decided[overturned], DISPUTE, False, disputes.levels[overturned]),
        (*_some(deleted_at), EDIT, True, settled[deleted_at >= 0]),
    ]
    number = np.empty(len(work), dtype=np.int64)
    number[np.lexsort((every, work.submitted))] = FIRST_EVALUATION + every
    at = np.concatenate([part[0] for part in parts])
    saved = np.concatenate([part[1] for part in parts])
    order = np.lexsort((saved, number[at]))
    at, saved = at[order], saved[order]
    sizes = [len(part[0]) for part in parts]
    return Revisions(
        number=number,
        evaluation=at,
        revision=np.arange(len(at)) - np.searchsorted(number[at], number[at]) + 1,
        saved=saved,
        cause=np.repeat([part[2] for part in parts], sizes)[order],
        deleted=np.repeat([part[3] for part in parts], sizes)[order],
        levels=np.concatenate([part[4] for part in parts])[order],
        disputes=disputes,
    )


def _some(at: Ints) -> tuple[Ints, Ints]:
    rows = np.flatnonzero(at >= 0)
    return rows, at[rows]


def _corrections(rng: Generator, work: Work, end: int) -> Ints:
    """When evaluators and auditors corrected themselves, -1 for never."""
    rate = np.array([story.EARLY_EDITS, story.AUDIT_EDITS, 0.0])[work.kind] * (work.draft == 0)
    at = work.submitted + rng.integers(600, 5400, len(work))
    return np.where((rng.random(len(work)) < rate) & (at < end), at, -1)


def _nudge(rng: Generator, levels: Levels, work: Work, forms: Forms) -> Levels:
    """Move one answer that is not critical by one level."""
    movable = (levels >= 0) & ~forms.critical[work.form]
    column = np.argmax(rng.random(levels.shape) * movable, axis=1)
    rows = np.flatnonzero(movable.any(axis=1))
    made = levels.copy()
    was = levels[rows, column[rows]]
    made[rows, column[rows]] = np.where(was > 0, was - 1, was + 1)
    return made


def _edits_after_audit(rng: Generator, settled: Levels, work: Work, end: int) -> tuple[Ints, Levels]:
    """Evaluators who saw their audit adopt up to two of the auditor's answers."""
    audits = np.flatnonzero((work.kind == AUDIT) & (work.situation == NORMAL) & (work.target >= 0))
    of = work.target[audits]
    differs = (settled[of] != settled[audits]) & (settled[of] >= 0) & (settled[audits] >= 0)
    adopted = differs & (np.cumsum(differs, axis=1) <= 2)
    chosen = adopted.any(axis=1) & (rng.random(len(audits)) < story.LATE_EDITS)
    when = by_day(work.submitted[audits] + 2 * HOUR + rng.integers(0, 9 * DAY, len(audits)))
    at = np.full(len(work), -1, dtype=np.int64)
    at[of] = np.where(chosen & (when < end), when, -1)
    made = settled.copy()
    made[of] = np.where(adopted, settled[audits], settled[of])
    return at, made


def _deletions(rng: Generator, work: Work, edited_at: Ints, end: int) -> Ints:
    """Evaluations and audits that were deleted, some days after all else; never both sides of a pair."""
    audits = np.flatnonzero((work.kind == AUDIT) & (work.target >= 0))
    last = work.submitted.copy()
    np.maximum.at(last, work.target[audits], work.submitted[audits])
    doomed = (work.situation == NORMAL) & (work.kind <= AUDIT) & (edited_at < 0)
    doomed &= rng.random(len(work)) < story.DELETED_EVALUATIONS
    doomed[audits] &= ~doomed[work.target[audits]] & (edited_at[work.target[audits]] < 0)
    at = by_day(last + DAY + rng.integers(0, 6 * DAY, len(work)))
    return np.where(doomed & (at < end), at, -1)


def revision_scores(revisions: Revisions, work: Work, forms: Forms) -> NDArray[np.float64]:
    """Return what the source reports as score: NaN where it reports none, and now and then something wrong."""
    form = work.form[revisions.evaluation]
    made = np.round(scores(revisions.levels, form, forms), 2)
    made[(revisions.levels == MISSING).any(axis=1) | revisions.deleted] = np.nan
    kind = work.kind[revisions.evaluation]
    wrong = (kind == STANDARD) & (revisions.number[revisions.evaluation] % round(1 / story.MISREPORTED) == 7)
    made[wrong] = np.where(made[wrong] > 50, made[wrong] - 3, made[wrong] + 3)
    return made

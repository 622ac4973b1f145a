"""From arrays by position to the tables of a programme."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qa_sync.testing.programme.calibration import STATUS_NAMES, Sessions
from qa_sync.testing.programme.catalogue import Forms
from qa_sync.testing.programme.disputes import CATEGORY_NAMES, OUTCOME_NAMES
from qa_sync.testing.programme.draw import Ints, moments, texts, whole, words
from qa_sync.testing.programme.people import FIRST_NUMBER
from qa_sync.testing.programme.record import ANSWERS, CALIBRATIONS, DISPUTES, EVALUATIONS, INTENTIONS, PARTICIPANTS
from qa_sync.testing.programme.revisions import CAUSES, Revisions, revision_scores
from qa_sync.testing.programme.schedule import AUDIT, KINDS, LINK_NAMES, SITUATION_NAMES, Work, released
from qa_sync.testing.programme.scoring import ABSENT, NA, scores
from qa_sync.testing.programme.tickets import FIRST_TICKET

STATUSES = ("active", "draft", "deleted")
STATES = ("valued", "na", "missing")
#: Situations in which an audit is compared with the evaluation that it was made for.
COMPARED = ("normal", "self_audit", "incomplete", "cross_version", "second_audit")


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def evaluation_table(revisions: Revisions, work: Work, forms: Forms) -> pa.Table:
    """Return every revision of every evaluation."""
    at = revisions.evaluation
    kind = work.kind[at]
    status = np.where(revisions.deleted, 2, work.draft[at])
    target = work.target[at]
    linked = np.where((work.link[at] == LINK_NAMES.index("explicit")) & (target >= 0), revisions.number[target], -1)
    tasks = [f"BT-{n:06d}" for n in range(int(work.task.max(initial=0)) + 1)]
    blind = work.blind[at]
    return pa.Table.from_arrays(
        [
            pa.array(revisions.number[at]),
            pa.array(revisions.revision),
            texts(kind, KINDS),
            pa.array(work.ticket[at] + FIRST_TICKET),
            texts(work.form[at], [form_id for form_id, _ in forms.ids]),
            texts(work.form[at], [version for _, version in forms.ids]),
            pa.array(work.evaluator[at] + FIRST_NUMBER),
            pa.array(work.agent[at] + FIRST_NUMBER),
            moments(work.started[at]),
            moments(np.where(work.draft[at] == 1, -1, work.submitted[at])),
            moments(revisions.saved),
            texts(status, STATUSES),
            pa.array(blind == 1, mask=blind < 0),
            whole(linked),
            texts(work.task[at], tasks),
            texts(revisions.cause, CAUSES),
            whole(np.where(work.session[at] >= 0, work.session[at] + 1, -1)),
            moments(released(work)[at]),
            _numbers(revision_scores(revisions, work, forms)),
        ],
        schema=EVALUATIONS,
    )


def answer_table(revisions: Revisions, work: Work, forms: Forms) -> pa.Table:
    """Return the answers of every revision that is not a deletion, criteria in the form's order."""
    levels = np.where(revisions.deleted[:, None], np.int8(ABSENT), revisions.levels)
    row, column = np.nonzero(levels != ABSENT)
    level = levels[row, column].astype(np.int64)
    at = revisions.evaluation[row]
    form = work.form[at]
    depth = forms.points.shape[2]
    spot = form * levels.shape[1] + column
    valued = level >= 0
    option = np.where(valued, spot * depth + level, -1)
    known = np.maximum(level, 0)
    fails = forms.critical[form, column]
    named = {
        name: _padded([[criterion[name] for criterion in entry["criteria"]] for entry in forms.raw], levels.shape[1])
        for name in ("key", "section", "category", "label")
    }
    options = _padded([value for entry in forms.options for value in _rows(entry, levels.shape[1])], depth)
    return pa.Table.from_arrays(
        [
            pa.array(revisions.number[at]),
            pa.array(revisions.revision[row]),
            *(_distinct(spot, named[name]) for name in ("key", "section", "category", "label")),
            _distinct(option, options),
            pa.array(forms.points[form, column, known], mask=~valued),
            pa.array(forms.max_points[form, column]),
            words(np.where(valued, 0, np.where(level == NA, 1, 2)), STATES),
            pa.array(forms.fails[form, column, known], mask=~valued | ~fails),
        ],
        schema=ANSWERS,
    )


def _rows(entry: tuple[tuple[str, ...], ...], width: int) -> list[list[str]]:
    return [list(entry[c]) if c < len(entry) else [] for c in range(width)]


def _padded(rows: list[list[str]], width: int) -> list[str]:
    return [value for row in rows for value in (*row, *[""] * (width - len(row)))]


def _distinct(codes: Ints, values: list[str]) -> pa.Array:
    """Words whose dictionary names each text once, so that equal texts have equal codes."""
    unique = sorted(set(values))
    place = np.array([unique.index(value) for value in values], dtype=np.int64)
    return words(np.where(codes < 0, -1, place[np.maximum(codes, 0)]), unique)


def dispute_table(revisions: Revisions, work: Work, forms: Forms, end: int) -> pa.Table:
    """Return one row for each event of each dispute before ``end``."""
    cases = revisions.disputes
    final = np.where(cases.outcome == OUTCOME_NAMES.index("retracted"), 2, 3)
    at = np.stack([cases.opened, cases.reviewed, cases.decided], axis=1)
    case, step = np.nonzero((at >= 0) & (at < end))
    event = np.where(step < 2, step, final[case])
    resolved = event == 3
    changed = resolved & (cases.after[case] >= 0)
    of = cases.evaluation[case]
    column, form = cases.column[case], work.form[of]
    options = [list(names) for names in forms.options]
    flat = [name for entry in options for c in entry for name in c]
    first = np.zeros(forms.levels.shape, dtype=np.int64)
    first[forms.levels > 0] = np.cumsum([0, *(len(c) for entry in options for c in entry)])[:-1]
    keys = [key for entry in forms.keys for key in entry]
    key_first = np.cumsum([0, *(len(entry) for entry in forms.keys)])[:-1]
    before = revisions.disputes.levels.copy()
    before[np.arange(len(before)), cases.column] = cases.before
    score_before = np.round(scores(before, work.form[cases.evaluation], forms), 2)
    score_after = np.round(scores(cases.levels, work.form[cases.evaluation], forms), 2)
    return pa.Table.from_arrays(
        [
            pa.array(case + 1),
            pa.array(np.arange(len(case)) - np.searchsorted(case, case) + 1),
            texts(event, ("opened", "in_review", "retracted", "resolved")),
            moments(at[case, step]),
            pa.array(revisions.number[of]),
            texts(key_first[form] + column, keys),
            pa.array(cases.raiser[case] + FIRST_NUMBER),
            whole(np.where(resolved, cases.decider[case] + FIRST_NUMBER, -1)),
            texts(cases.category[case], CATEGORY_NAMES),
            texts(np.where(resolved, cases.outcome[case], -1), OUTCOME_NAMES),
            texts(np.where(resolved, first[form, column] + cases.before[case], -1), flat),
            texts(
                np.where(
                    changed,
                    first[form, column] + cases.after[case],
                    np.where(resolved, first[form, column] + cases.before[case], -1),
                ),
                flat,
            ),
            _numbers(np.where(resolved, score_before[case], np.nan)),
            _numbers(np.where(resolved, score_after[case], np.nan)),
        ],
        schema=DISPUTES,
    )


def calibration_tables(
    sessions: Sessions, revisions: Revisions, forms: Forms, offset: int
) -> tuple[pa.Table, pa.Table]:
    """Return sessions and those invited; ``offset`` is the position of the sessions' first evaluation."""
    count = len(sessions.ticket)
    baseline = revisions.number[offset + len(sessions.work) - count + np.arange(count)]
    answered = sessions.answer >= 0
    number = np.where(answered, revisions.number[offset + np.maximum(sessions.answer, 0)], -1)
    done = np.where(answered, sessions.work.submitted[np.maximum(sessions.answer, 0)], -1)
    made = pa.Table.from_arrays(
        [
            pa.array(np.arange(count) + 1),
            pa.array(sessions.ticket + FIRST_TICKET),
            texts(sessions.form, [form_id for form_id, _ in forms.ids]),
            texts(sessions.form, [version for _, version in forms.ids]),
            pa.array(baseline),
            moments(sessions.opened),
            moments(sessions.due),
            moments(sessions.closed),
        ],
        schema=CALIBRATIONS,
    )
    people = pa.Table.from_arrays(
        [
            pa.array(sessions.session + 1),
            pa.array(sessions.person + FIRST_NUMBER),
            texts(sessions.status, STATUS_NAMES),
            whole(number),
            moments(sessions.opened[sessions.session]),
            moments(done),
        ],
        schema=PARTICIPANTS,
    )
    return made, people


def intention_table(revisions: Revisions, work: Work) -> pa.Table:
    """Return what each audit was meant to become, in the order of audit numbers."""
    audits = np.flatnonzero(work.kind == AUDIT)
    audits = audits[np.argsort(revisions.number[audits])]
    compared = np.isin(work.situation[audits], [SITUATION_NAMES.index(name) for name in COMPARED])
    target = np.where(compared, revisions.number[np.maximum(work.target[audits], 0)], -1)
    return pa.Table.from_arrays(
        [
            pa.array(revisions.number[audits]),
            texts(work.link[audits], LINK_NAMES),
            texts(work.situation[audits], SITUATION_NAMES),
            whole(target),
            moments(work.submitted[audits]),
        ],
        schema=INTENTIONS,
    )

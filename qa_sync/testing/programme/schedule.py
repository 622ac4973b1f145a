"""Who evaluates and audits what, and when; which audits go wrong, and how.

``Work`` holds one entry for each evaluation, audits included, by position. It says what was meant: the answers
come later (``scoring``), the edits and the deletions after them (``revisions``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np
from numpy.random import Generator

from qa_sync.testing.programme import story
from qa_sync.testing.programme.catalogue import Forms
from qa_sync.testing.programme.draw import DAY, HOUR, Ints, pick
from qa_sync.testing.programme.people import Staff
from qa_sync.testing.programme.tickets import Drawn

STANDARD, AUDIT, CALIBRATION = range(3)
KINDS = ("standard", "ata", "calibration")
LINK_NAMES = tuple(name for name, _ in story.LINKS)
BLIND_TASK, EXPLICIT, KEY = range(3)
SITUATION_NAMES = ("normal", *story.SITUATIONS)
NORMAL = 0
_EPOCH = date(1970, 1, 1)
_MOVER_QUEUE = [queue.name for queue in story.QUEUES].index(story.MOVER[1])
#: Situations in which nothing ties the audit to an evaluation but the ticket, the agent and the form.
KEY_ONLY = ("out_of_window", "form_mismatch", "agent_mismatch", "draft", "ambiguous", "no_evaluation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Arrays by position; -1 is none. Times are seconds since 1970.

    ``target`` is the evaluation an audit is about; ``situation`` and ``link`` matter for audits only, but a
    standard evaluation carries the situation of its audit. ``blind``: 1 yes, 0 no, -1 not proven.
    """

    kind: Ints
    ticket: Ints
    form: Ints
    evaluator: Ints
    agent: Ints
    started: Ints
    submitted: Ints
    draft: Ints
    target: Ints
    link: Ints
    blind: Ints
    task: Ints
    situation: Ints
    session: Ints

    def __len__(self) -> int:
        return len(self.kind)

    def then(self, other: Work) -> Work:
        """Return the two, one after the other; positions in ``other.target`` must already count from the start."""
        return Work(**{f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(Work)})


def new_work(count: int, **given: Ints | int) -> Work:
    """Return ``count`` entries; what is not given is -1 (``draft`` and ``situation``: 0)."""
    blank = {f.name: np.full(count, -1, dtype=np.int64) for f in fields(Work)}
    blank["draft"] = blank["situation"] = np.zeros(count, dtype=np.int64)
    for name, value in given.items():
        blank[name] = np.broadcast_to(np.asarray(value, dtype=np.int64), (count,)).copy()
    return Work(**blank)


def at_work(rng: Generator, after: Ints, days: Ints) -> Ints:
    """Return a moment between 07:30 and 17:30 UTC, ``days`` (at least 1) days later, or the Monday after that."""
    day = after // DAY + days
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    day = day + np.where(weekday == 5, 2, np.where(weekday == 6, 1, 0))
    return day * DAY + HOUR * 15 // 2 + rng.integers(0, 10 * HOUR, len(after))


def duration(rng: Generator, count: int) -> Ints:
    """Return how long an evaluation took, in seconds: some ten minutes, at most an hour."""
    return np.clip(rng.lognormal(np.log(660), 0.45, count), 180, 3600).astype(np.int64)


def released(work: Work) -> Ints:
    """Return when those judged may see each evaluation, -1 for never.

    At once; but an audit that is blind, or not known to be open, on a Monday morning some two to three weeks later,
    and a few of these never.
    """
    monday = (work.submitted // DAY + 14 + 3) // 7 * 7 + 4  # 1970-01-05 was the first Monday
    late = (work.kind == AUDIT) & (work.blind != 0)
    at = np.where(late, monday * DAY + 9 * HOUR, work.submitted)
    withheld = late & (np.cumsum(late) % round(1 / story.WITHHELD) == 0)
    return np.where((work.draft == 1) | (work.kind == CALIBRATION) | withheld, -1, at)


def form_in_use(forms: Forms, queue: Ints, at: Ints, switch: int) -> Ints:
    """Return the form version of each queue at each moment; queues with two versions change over at ``switch``."""
    old = np.array([forms.index(*q.forms[0]) for q in story.QUEUES])
    new = np.array([forms.index(*q.forms[-1]) for q in story.QUEUES])
    return np.where(at < switch, old[queue], new[queue])


def standard_work(
    rng: Generator, drawn: Drawn, staff: Staff, forms: Forms, *, share: float, switch: int, end: int
) -> Work:
    """Evaluate ``share`` of the solved tickets, a day to a few days after they were solved."""
    chosen = np.flatnonzero((drawn.solved >= 0) & (rng.random(len(drawn.solved)) < share))
    days = 1 + np.minimum(rng.geometric(0.6, len(chosen)) - 1, 4)
    submitted = at_work(rng, drawn.solved[chosen], days)
    chosen, submitted = chosen[submitted < end], submitted[submitted < end]
    evaluator = _evaluators(rng, staff, drawn.site[chosen], drawn.queue[chosen], submitted)
    return new_work(
        len(chosen),
        kind=STANDARD,
        ticket=chosen,
        form=form_in_use(forms, drawn.queue[chosen], submitted, switch),
        evaluator=evaluator,
        agent=drawn.agent[chosen],
        submitted=submitted,
        started=submitted - duration(rng, len(chosen)),
    )


def _evaluators(rng: Generator, staff: Staff, site: Ints, queue: Ints, submitted: Ints) -> Ints:
    """Evaluators judge their own site's agents in their own queue; the mover does so at either site in turn."""
    load = {staff.place(role): 0.1 for role in story.LOW_N} | {staff.place(story.CRITICAL_MISSER): 2.0}
    moved_on = (staff.moved_on - _EPOCH).days * DAY
    result = np.zeros(len(site), dtype=np.int64)
    for s in range(len(story.SITES)):
        for q in range(len(story.QUEUES)):
            here = np.flatnonzero((site == s) & (queue == q))
            pool = staff.pools[s][q]
            weights = [load.get(int(person), 1.0) for person in pool]
            who = pool[pick(rng, weights, len(here))]
            gone = (who == staff.mover) & (submitted[here] >= moved_on)
            others = pool[pool != staff.mover]
            if len(others):
                who[gone] = others[rng.integers(0, len(others), int(gone.sum()))]
            if staff.mover >= 0 and s == staff.moved_to and q == _MOVER_QUEUE:
                joins = (submitted[here] >= moved_on) & (rng.random(len(here)) < 1 / (len(pool) + 1))
                who[joins] = staff.mover
            result[here] = who
    return result


def audit_work(
    rng: Generator, drawn: Drawn, staff: Staff, forms: Forms, standard: Work, *, share: float, switch: int, end: int
) -> Work:
    """Audit ``share`` of the evaluations; return all work, the audits after the standard evaluations."""
    picked = np.flatnonzero(rng.random(len(standard)) < share)
    days = np.where(
        rng.random(len(picked)) < 0.12,
        rng.integers(9, 22, len(picked)),
        1 + np.minimum(rng.geometric(0.4, len(picked)), 7),
    )
    submitted = at_work(rng, standard.submitted[picked], days)
    picked, submitted = picked[submitted < end], submitted[submitted < end]
    count = len(picked)
    link = pick(rng, [weight for _, weight in story.LINKS], count)
    situation = _situations(rng, standard, picked, submitted, forms, switch=switch, end=end)
    late = situation == SITUATION_NAMES.index("out_of_window")
    submitted = np.where(late, at_work(rng, standard.submitted[picked], rng.integers(30, 38, count)), submitted)
    link[np.isin(situation, [SITUATION_NAMES.index(name) for name in KEY_ONLY])] = KEY
    link[situation == SITUATION_NAMES.index("self_audit")] = EXPLICIT
    auditor = staff.auditors[pick(rng, [1.0] * (len(staff.auditors) - 1) + [0.5], count)]
    audits = new_work(
        count,
        kind=AUDIT,
        ticket=standard.ticket[picked],
        form=standard.form[picked],
        evaluator=auditor,
        agent=standard.agent[picked],
        submitted=submitted,
        started=submitted - duration(rng, count),
        target=picked,
        link=link,
        situation=situation,
        blind=np.where(link == BLIND_TASK, 1, np.where(link == EXPLICIT, 0, np.where(rng.random(count) < 0.5, 1, -1))),
        task=np.where(link == BLIND_TASK, np.arange(count) + 1, -1),
    )
    marked = standard.situation.copy()
    marked[picked] = situation
    task = standard.task.copy()
    task[picked] = audits.task
    work = replace(standard, situation=marked, task=task).then(audits)
    return _go_wrong(rng, drawn, staff, forms, work, switch=switch, end=end)


def _situations(
    rng: Generator, standard: Work, picked: Ints, submitted: Ints, forms: Forms, *, switch: int, end: int
) -> Ints:
    """Give a few audits, drawn without replacement, something that goes wrong; where it can."""
    situation = np.zeros(len(picked), dtype=np.int64)
    versions = np.array([sum(form_id == other for other, _ in forms.ids) for form_id, _ in forms.ids])
    room = {
        "out_of_window": standard.submitted[picked] + 41 * DAY < end,
        "cross_version": (versions[standard.form[picked]] > 1) & (submitted >= switch),
        "second_audit": submitted - standard.submitted[picked] < 12 * DAY,
    }
    for name, rate in story.SITUATIONS.items():
        if name == "no_evaluation":
            continue
        free = np.flatnonzero((situation == NORMAL) & room.get(name, True))
        wanted = min(len(free) // 2, max(1, round(rate * len(picked))))
        situation[rng.choice(free, wanted, replace=False)] = SITUATION_NAMES.index(name)
    return situation


def _go_wrong(rng: Generator, drawn: Drawn, staff: Staff, forms: Forms, work: Work, *, switch: int, end: int) -> Work:
    audits = np.flatnonzero(work.kind == AUDIT)
    by_name = {name: audits[work.situation[audits] == n] for n, name in enumerate(SITUATION_NAMES)}
    evaluator, agent, form, draft = (work.evaluator.copy(), work.agent.copy(), work.form.copy(), work.draft.copy())
    own = by_name["self_audit"]
    evaluator[own] = evaluator[work.target[own]]
    for n in by_name["agent_mismatch"]:
        pool = staff.agents[int(drawn.site[work.ticket[n]])][int(drawn.queue[work.ticket[n]])]
        agent[n] = pool[(np.flatnonzero(pool == agent[n])[0] + 1) % len(pool)]
    other = by_name["form_mismatch"]
    support = forms.index("support_quality", "3")
    old, new = forms.index("chat_quality", "1"), forms.index("chat_quality", "2")
    chat = np.where(work.submitted[other] < switch, old, new)
    form[other] = np.where(form[other] == support, chat, support)
    crossed = by_name["cross_version"]
    form[crossed] = np.where(form[crossed] == old, new, old)
    draft[work.target[by_name["draft"]]] = 1
    first = by_name["second_audit"]
    evaluator[first] = staff.auditors[rng.integers(0, max(1, len(staff.auditors) - 1), len(first))]
    work = replace(work, evaluator=evaluator, agent=agent, form=form, draft=draft)
    return (
        work.then(_second_audits(rng, work, first, int(staff.auditors[-1]), end))
        .then(_second_opinions(rng, drawn, staff, work, work.target[by_name["ambiguous"]]))
        .then(_audits_of_nothing(rng, drawn, staff, forms, work, switch=switch, end=end))
    )


def _entries(work: Work, at: Ints) -> Work:
    return Work(**{f.name: getattr(work, f.name)[at] for f in fields(Work)})


def _second_audits(rng: Generator, work: Work, first: Ints, senior: int, end: int) -> Work:
    """The senior auditor audits the same evaluation again, tied to it in the same way."""
    again = _entries(work, first)
    submitted = at_work(rng, again.submitted, rng.integers(1, 4, len(first)))
    again = replace(
        again, evaluator=np.full(len(first), senior), submitted=submitted, started=submitted - duration(rng, len(first))
    )
    return _entries(again, np.flatnonzero(submitted < end))


def _second_opinions(rng: Generator, drawn: Drawn, staff: Staff, work: Work, of: Ints) -> Work:
    """Another evaluator of the same team scores the same ticket within the hour: which of the two was audited?"""
    again = _entries(work, of)
    evaluator = again.evaluator.copy()
    for n, person in enumerate(again.evaluator):
        pool = staff.pools[int(drawn.site[again.ticket[n]])][int(drawn.queue[again.ticket[n]])]
        others = pool[(pool != person) & (pool != staff.mover)]
        evaluator[n] = others[rng.integers(0, len(others))]
    submitted = again.submitted + rng.integers(1200, 3600, len(of))
    return replace(again, evaluator=evaluator, submitted=submitted, started=submitted - rng.integers(300, 900, len(of)))


def _audits_of_nothing(
    rng: Generator, drawn: Drawn, staff: Staff, forms: Forms, work: Work, *, switch: int, end: int
) -> Work:
    """Audits of tickets that no evaluator has scored."""
    name = "no_evaluation"
    free = np.setdiff1d(np.flatnonzero(drawn.solved >= 0), work.ticket)
    wanted = max(1, round(story.SITUATIONS[name] * int((work.kind == AUDIT).sum())))
    ticket = rng.choice(free, min(wanted, len(free)), replace=False)
    submitted = at_work(rng, drawn.solved[ticket], rng.integers(1, 6, len(ticket)))
    ticket, submitted = ticket[submitted < end], submitted[submitted < end]
    return new_work(
        len(ticket),
        kind=AUDIT,
        ticket=ticket,
        form=form_in_use(forms, drawn.queue[ticket], submitted, switch),
        evaluator=staff.auditors[rng.integers(0, len(staff.auditors), len(ticket))],
        agent=drawn.agent[ticket],
        submitted=submitted,
        started=submitted - duration(rng, len(ticket)),
        link=KEY,
        situation=SITUATION_NAMES.index(name),
    )

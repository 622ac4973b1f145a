"""Drift: has a person's leniency changed? CUSUM on weekly means, and false alarms kept down over many people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import ndtr, ndtri

from qa_sync.agreement import benjamini_hochberg, cusum
from qa_sync.agreement.estimate import divide
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import floats, keys, number, text
from qa_sync.reports.grouping import Grouping, groupings
from qa_sync.reports.measures import count_groups, counted
from qa_sync.reports.notes import told
from qa_sync.reports.report import Ask, Inputs, Report, Scene

#: Weeks with audits that a person is compared with afterwards.
BASELINE_WEEKS = 6
#: CUSUM's allowance and decision interval, in standard errors.
ALLOWANCE, DECISION = 0.5, 5.0
FALSE_DISCOVERY = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drift:
    """The drift of each person, arrays (people,); ``state`` says it in a word."""

    groups: pa.Table
    weeks: np.ndarray
    n: np.ndarray
    before: np.ndarray
    after: np.ndarray
    half: np.ndarray
    high: np.ndarray
    low: np.ndarray
    adjusted: np.ndarray
    mix_before: np.ndarray
    mix_after: np.ndarray
    state: list[str]


def measure_drift(scene: Scene, by: list[Grouping], keep: str, pairs_that_count: str) -> Drift:
    """Compare each person's later weeks with their first ones; weeks come from one count over all people."""
    week = [*groupings(scene.engine, ["week"])]
    counts = count_groups(scene, [*by, *week], f"{keep} AND week IS NOT NULL", pairs_that_count=pairs_that_count)
    counts = counts.sort_by([(g.name, "ascending") for g in (*by, *week)])
    n, total = floats(counts, "leniencies"), floats(counts, "leniency_sum")
    counts = counts.filter(pa.array(n > 0))
    n, total, squares = n[n > 0], total[n > 0], floats(counts, "leniency_squares")
    person = keys([counts[g.name] for g in by], counts.num_rows).to_numpy(zero_copy_only=False).astype(str)
    _, first, place = np.unique(person, return_index=True, return_inverse=True)
    people = len(first)
    nth = np.arange(len(person)) - first[place] if people else np.zeros(0, dtype=np.int64)
    early = nth < BASELINE_WEEKS

    def sums(values: np.ndarray, mark: np.ndarray) -> np.ndarray:
        return np.bincount(place[mark], weights=values[mark], minlength=people)

    n_before, n_after = sums(n, early), sums(n, ~early)
    before, after = divide(sums(total, early), n_before), divide(sums(total, ~early), n_after)
    everything = np.ones(len(n), dtype=bool)
    # Scatter within people and parts, pooled: a person's own few audits say little of it.
    parts = np.nan_to_num(n_before * before**2) + np.nan_to_num(n_after * after**2)
    free = float((n_before + n_after - (n_before > 0) - (n_after > 0)).sum())
    sd = np.sqrt(max(0.0, float((sums(squares, everything) - parts).sum())) / free) if free > 0 else np.nan
    error = sd * np.sqrt(divide(1.0, n_before) + divide(1.0, n_after))
    z = divide(after - before, error)
    enough = (n_before >= scene.n_min) & (n_after >= scene.n_min)
    p = np.where(enough, 2 * ndtr(-np.abs(z)), np.nan)
    adjusted, found = benjamini_hochberg(p, FALSE_DISCOVERY)
    weekly = np.full((people, max(0, int(nth.max(initial=-1)) + 1 - BASELINE_WEEKS)), np.nan)
    late = np.flatnonzero(~early)
    spread = sd * np.sqrt(1 / n[late] + 1 / n_before[place[late]])
    weekly[place[late], nth[late] - BASELINE_WEEKS] = divide(total[late] / n[late] - before[place[late]], spread)
    chart = cusum(weekly, k=ALLOWANCE, h=DECISION)
    last = weekly.shape[1] - 1
    ends = [sums_[:, last] if last >= 0 else np.zeros(people) for sums_ in (chart.high, chart.low)]
    passed = chart.signal.any(axis=1) if last >= 0 else np.zeros(people, dtype=bool)
    defects, answers = _mix(counts)
    states = zip(enough.tolist(), found.tolist(), np.asarray(passed).tolist(), (after - before).tolist(), strict=True)
    return Drift(
        groups=counts.take(pa.array(first)) if people else counts.slice(0, 0),
        weeks=np.bincount(place, minlength=people),
        n=n_before + n_after,
        before=before,
        after=after,
        half=float(ndtri(0.975)) * error,
        high=np.where(n_after > 0, ends[0], np.nan),
        low=np.where(n_after > 0, ends[1], np.nan),
        adjusted=adjusted,
        mix_before=divide(sums(defects, early), sums(answers, early)),
        mix_after=divide(sums(defects, ~early), sums(answers, ~early)),
        state=[_state(*one) for one in states],
    )


def _mix(counts: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    cells = {name: np.nan_to_num(floats(counts, name)) for name in ("d_00", "d_01", "d_10", "d_11")}
    return cells["d_01"] + cells["d_11"], np.asarray(sum(cells.values()), dtype=np.float64)


def _state(enough: bool, found: bool, passed: bool, change: float) -> str:
    way = "lenient" if change > 0 else "strict"
    if found:
        return f"changed: more {way}"
    if passed:
        return f"watch: CUSUM signals, more {way}"
    return "steady" if enough else "too few audits to tell"


def drift(scene: Scene, ask: Ask) -> Report:
    """Whether a person's leniency has changed since their first six weeks, with the false discovery rate held down."""
    by = [g for g in groupings(scene.engine, ask.by or ("auditee",)) if g.name != "week"]
    asked = [*(g.name for g in by), *ask.where]
    keep = scope.of_pairs(scene, ask)
    made = measure_drift(scene, by, keep, counted(asked))
    change = made.after - made.before
    columns = [
        *number("drift.weeks", made.weeks, width=60),
        *number("drift.pairs", made.n, width=60),
        *number("drift.before", made.before),
        *number("drift.after", made.after),
        *number("drift.change", change, low=change - made.half, high=change + made.half, tone="leniency"),
        *number("drift.cusum_high", made.high),
        *number("drift.cusum_low", made.low),
        *number("drift.adjusted_p", made.adjusted),
        text("state", "State", made.state, "changed, watch (CUSUM above 5), steady, or too few audits.", width=200),
        *number("drift.defects_before", made.mix_before),
        *number("drift.defects_after", made.mix_after),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        base = f"{counted(asked)} AND {keep} AND week IS NOT NULL AND leniency_points IS NOT NULL"
        own = lineage.of_pairs("measured", f"{base} AND {lineage.same_group(by, row)}")
        if column in ("weeks", "pairs", "before", "after", "change", "defects_before", "defects_after"):
            return Inputs(sql=own)
        return Inputs(
            sql=own,
            population=lineage.of_pairs("measured", base),
            borrowed="all people of the report: their scatter is pooled, and the false discovery rate is over all",
        )

    notes = (
        "Leniency before auto-fail. Scatter is pooled over people; p is adjusted so that of those called changed at "
        "most 5 % are false. Read the case mix beside it: another mix can look like another person.",
        *told(scene, asked),
    )
    return assemble.report(
        "drift", "Has anybody's leniency changed?", by, made.groups, columns, notes=notes, trace=trace
    )

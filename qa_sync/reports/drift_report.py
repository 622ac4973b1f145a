"""Drift: has a person's leniency changed? CUSUM and EWMA of weekly means, false alarms kept down over many people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import stdtrit

from qa_sync.agreement.drift_states import DRIFT, NO_BASELINE, STEADY, WATCH, drift_states
from qa_sync.agreement.estimate import divide
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import floats, keys, number, text
from qa_sync.reports.grouping import Grouping, groupings
from qa_sync.reports.measures import count_groups, counted
from qa_sync.reports.naming import name_column
from qa_sync.reports.notes import told
from qa_sync.reports.phases import phases
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
    since: list[str]
    weeks: np.ndarray
    n: np.ndarray
    before: np.ndarray
    after: np.ndarray
    half: np.ndarray
    high: np.ndarray
    low: np.ndarray
    ewma: np.ndarray
    limit: np.ndarray
    adjusted: np.ndarray
    mix_before: np.ndarray
    mix_after: np.ndarray
    state: list[str]


def measure_drift(scene: Scene, by: list[Grouping], keep: str, pairs_that_count: str) -> Drift:
    """Compare each person's later weeks with their first ones on the form versions now in use."""
    week = [*groupings(scene.engine, ["week"])]
    counts = count_groups(scene, [*by, *week], f"{keep} AND week IS NOT NULL", pairs_that_count=pairs_that_count)
    counts = counts.sort_by([(g.name, "ascending") for g in (*by, *week)])
    n, total = floats(counts, "leniencies"), floats(counts, "leniency_sum")
    counts = counts.filter(pa.array(n > 0))
    n, total, squares = n[n > 0], total[n > 0], floats(counts, "leniency_squares")
    person = keys([counts[g.name] for g in by], counts.num_rows).to_numpy(zero_copy_only=False).astype(str)
    # Only what was judged by the form versions now in use can be held against each other.
    phase = phases(scene, by, counts)
    _, _, place = np.unique(person, return_index=True, return_inverse=True)
    newest = np.zeros(len(person), dtype=np.int64)
    np.maximum.at(newest, place, phase)
    kept = phase == newest[place]
    counts, person = counts.filter(pa.array(kept)), person[kept]
    n, total, squares = n[kept], total[kept], squares[kept]
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
    sd = float(np.sqrt(max(0.0, float((sums(squares, everything) - parts).sum())) / free)) if free > 0 else np.nan
    enough = (n_before >= scene.n_min) & (n_after >= scene.n_min)
    weekly, sizes = (np.zeros((people, int(nth.max(initial=0)) + 1)) for _ in range(2))
    weekly[place, nth], sizes[place, nth] = divide(total, n), np.where(enough[place], n, 0.0)
    # Without any scatter there is no chart: nothing is large or small beside it.
    found = drift_states(
        weekly,
        sizes,
        sd if sd > 0 else 1.0,
        baseline=BASELINE_WEEKS,
        k=ALLOWANCE,
        h=DECISION,
        q=FALSE_DISCOVERY,
        df=free,
    )
    charted = enough & (sd > 0)

    def at_the_end(chart: np.ndarray) -> np.ndarray:
        return np.where(charted, chart[:, -1], np.nan)

    defects, answers = _mix(counts)
    states = np.where(charted, found.state, NO_BASELINE).tolist()
    return Drift(
        groups=counts.take(pa.array(first)) if people else counts.slice(0, 0),
        since=[str(counts["week"][int(at)]) for at in first],
        weeks=np.bincount(place, minlength=people),
        n=n_before + n_after,
        before=before,
        after=after,
        half=np.where((free > 0) & (sd > 0), stdtrit(max(free, 1.0), 0.975), np.nan)
        * sd
        * np.sqrt(divide(1.0, n_before) + divide(1.0, n_after)),
        high=at_the_end(found.cusum.high),
        low=at_the_end(found.cusum.low),
        ewma=at_the_end(found.ewma.value),
        limit=at_the_end(found.ewma.half_width),
        adjusted=np.where(charted, found.adjusted, np.nan),
        mix_before=divide(sums(defects, early), sums(answers, early)),
        mix_after=divide(sums(defects, ~early), sums(answers, ~early)),
        state=[_state(*one) for one in zip(states, found.direction.tolist(), strict=True)],
    )


def _mix(counts: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    cells = {name: np.nan_to_num(floats(counts, name)) for name in ("d_00", "d_01", "d_10", "d_11")}
    return cells["d_01"] + cells["d_11"], np.asarray(sum(cells.values()), dtype=np.float64)


def _state(state: str, direction: int) -> str:
    way = "lenient" if direction > 0 else "strict"
    if state == DRIFT:
        return f"changed: more {way}"
    if state == WATCH:
        return f"watch: a chart signals, more {way}"
    return "steady" if state == STEADY else "too few audits to tell"


_STATE = "changed (adjusted p at most .05), watch (CUSUM above 5 or EWMA outside its limit), steady, or too few audits."


def drift(scene: Scene, ask: Ask) -> Report:
    """Whether a person's leniency has changed since their first six weeks, with the false discovery rate held down."""
    by = [g for g in groupings(scene.engine, ask.by or ("auditee",)) if g.name != "week"]
    asked = [*(g.name for g in by), *ask.where]
    keep = scope.of_pairs(scene, ask)
    made = measure_drift(scene, by, keep, counted(asked))
    change = made.after - made.before
    columns = [
        *name_column(scene, made.groups, "auditee"),
        text("since", "Since", made.since, "First week on the form versions now in use: the baseline begins there."),
        *number("drift.weeks", made.weeks, width=60),
        *number("drift.pairs", made.n, width=60),
        *number("drift.before", made.before),
        *number("drift.after", made.after),
        *number("drift.change", change, low=change - made.half, high=change + made.half, tone="leniency"),
        *number("drift.cusum_high", made.high),
        *number("drift.cusum_low", made.low),
        *number("drift.ewma", made.ewma),
        *number("drift.ewma_limit", made.limit),
        *number("drift.adjusted_p", made.adjusted),
        text("state", "State", made.state, _STATE, width=200),
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
        "most 5 % are false. A new version of a form begins anew. Read the case mix beside it: another mix can look "
        "like another person.",
        *told(scene, asked),
    )
    return assemble.report(
        "drift", "Has anybody's leniency changed?", by, made.groups, columns, notes=notes, trace=trace
    )

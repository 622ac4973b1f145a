"""Control charts: is this week different, or is it the usual noise? With the case mix beside it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from qa_sync.agreement import p_chart, xmr_chart
from qa_sync.agreement.charts import MIN_POINTS
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import floats, number, text
from qa_sync.reports.grouping import UNASKED, groupings
from qa_sync.reports.measures import count_groups, counted
from qa_sync.reports.notes import told
from qa_sync.reports.phases import phases
from qa_sync.reports.report import Ask, Inputs, Report, Scene


def control(scene: Scene, ask: Ask) -> Report:
    """Line accuracy and leniency by week with control limits, which begin anew at a new version of a form."""
    series = [g for g in groupings(scene.engine, ask.by or UNASKED["control"]) if g.name != "week"]
    by = [*series, *groupings(scene.engine, ["week"])]
    asked = [*(g.name for g in by), *ask.where]
    keep = f"{scope.of_pairs(scene, ask)} AND week IS NOT NULL"
    counts = count_groups(scene, by, keep, pairs_that_count=counted(asked))
    counts = counts.sort_by([(g.name, "ascending") for g in by])
    phase_of = phases(scene, series, counts)
    x, m, n = floats(counts, "items_agree"), floats(counts, "items"), floats(counts, "pairs")
    total, known = floats(counts, "leniency_sum"), floats(counts, "leniencies")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known > 0, total / known, np.nan)
        mix = _defects(counts)
    height = counts.num_rows
    made = {name: np.full(height, np.nan) for name in ("centre", "lower", "upper", "sigma_z", "low", "high")}
    said, said_leniency = np.full(height, "", dtype=object), np.full(height, "", dtype=object)
    for rows in _series(counts, [g.name for g in series]):
        phase = phase_of[rows]
        frozen = _first(phase, (m[rows] > 0))
        chart = p_chart(x[rows], m[rows], laney=True, baseline=frozen, phases=phase)
        made["centre"][rows], made["sigma_z"][rows] = chart.centre, chart.sigma_z
        made["lower"][rows], made["upper"][rows] = chart.lower, chart.upper
        said[rows] = _verdict(chart.value, chart.lower, chart.upper, chart.reason)
        single, _ = xmr_chart(mean[rows], baseline=_first(phase, np.isfinite(mean[rows])), phases=phase)
        made["low"][rows], made["high"][rows] = single.lower, single.upper
        said_leniency[rows] = _verdict(single.value, single.lower, single.upper, single.reason)
    columns = [
        *number("control.pairs", n, width=60),
        *number("control.items", m, width=60),
        text("phase", "Phase", [f"{int(one) + 1}" for one in phase_of], "Counts new form versions: limits begin anew."),
        *number("control.line_accuracy", np.where(m > 0, x / np.maximum(m, 1), np.nan), tone="share"),
        *number("control.centre", made["centre"]),
        *number("control.lower", made["lower"]),
        *number("control.upper", made["upper"]),
        text("verdict", "Line accuracy is", said, "inside the limits, below, above, or why there are none.", width=190),
        *number("control.sigma_z", made["sigma_z"]),
        *number("control.leniency", mean, tone="leniency"),
        *number("control.leniency_lower", made["low"]),
        *number("control.leniency_upper", made["high"]),
        text("leniency_verdict", "Leniency is", said_leniency, "As for line accuracy.", width=190),
        *number("control.defects", mix),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        base = f"{counted(asked)} AND {keep} AND {lineage.same_group(series, row)}"
        week = lineage.of_pairs("measured", f"{base} AND week = {lineage.text(row['week'])}")
        if column in ("pairs", "items", "line_accuracy", "leniency", "defects"):
            return Inputs(sql=week)
        whole = lineage.of_pairs("measured", base)
        return Inputs(sql=week, population=whole, borrowed="the weeks of the series, which its limits come from")

    notes = (
        f"Limits come from the first {MIN_POINTS} weeks of each phase, frozen; with fewer there are none. One point "
        "outside in 370 is chance.",
        *told(scene, asked),
    )
    return assemble.report("control", "Week by week with control limits", by, counts, columns, notes=notes, trace=trace)


def _defects(counts: pa.Table) -> np.ndarray:
    """Share of answers in which the auditor found a defect: the case mix."""
    cells = {name: np.nan_to_num(floats(counts, name)) for name in ("d_00", "d_01", "d_10", "d_11")}
    n = sum(cells.values())
    return np.asarray(np.where(n > 0, (cells["d_01"] + cells["d_11"]) / n, np.nan))


def _series(counts: pa.Table, names: list[str]) -> list[np.ndarray]:
    """Row numbers of each series; rows of one are together and in order of time."""
    if not counts.num_rows:
        return []
    labels = list(zip(*[counts[name].to_pylist() for name in names], strict=True)) or [()] * counts.num_rows
    starts = [0, *(at for at in range(1, len(labels)) if labels[at] != labels[at - 1]), len(labels)]
    return [np.arange(a, b) for a, b in pairwise(starts)]


def _first(phase: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Mark the first points of each phase that can be used: the baseline, frozen from then on."""
    mark = np.zeros(len(phase), dtype=bool)
    for one in np.unique(phase):
        mark[np.flatnonzero((phase == one) & usable)[:MIN_POINTS]] = True
    return mark


def _verdict(value: np.ndarray, lower: np.ndarray, upper: np.ndarray, reason: np.ndarray) -> list[str]:
    words = []
    for at, low, high, why in zip(value, lower, upper, reason, strict=True):
        if why or not np.isfinite(low) or not np.isfinite(at):
            words.append(str(why) or "no value")
        else:
            words.append("below" if at < low else "above" if at > high else "inside")
    return words

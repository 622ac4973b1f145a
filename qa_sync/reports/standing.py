"""Where evaluators stand over the last four weeks: shrunken towards everybody's, with severity apart, and no rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from qa_sync.agreement import (
    crossed_severity,
    shrink_means,
    shrink_proportions,
    within_variance,
)
from qa_sync.agreement.estimate import divide
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import floats, number, text
from qa_sync.reports.drift_report import measure_drift
from qa_sync.reports.grouping import groupings
from qa_sync.reports.measures import conclude, count_groups, counted, design_effect
from qa_sync.reports.naming import name_column
from qa_sync.reports.notes import told
from qa_sync.reports.population import factors, narrowed
from qa_sync.reports.report import Ask, Inputs, Report, Scene

#: Weeks that roll.
WINDOW = 4
#: Every class that a pair that counts can have: they add up to the pairs.
_CLASSES = (
    "exact",
    "same_score",
    "small",
    "lenient",
    "strict",
    "critical_miss",
    "critical_false",
    "critical_wrong_reason",
    "unclassed",
)
_OWN = ("pairs", "line_accuracy", "bias", *_CLASSES)


def standing(scene: Scene, ask: Ask) -> Report:
    """One row an evaluator over the last four weeks: shrunken accuracy, adjusted leniency, drift, no rank."""
    assemble.allowed("standing", ask.by, {"auditee", "site", "team", "queue", "form", "site_kind"})
    by = groupings(scene.engine, ask.by or ("auditee",))
    asked = [*(g.name for g in by), *ask.where]
    keep = scope.of_pairs(scene, ask)
    weeks = scope.last_weeks(scene, ask, counted(asked), WINDOW)
    inside = f"{keep} AND {scope.in_weeks(weeks)}"
    counts = count_groups(scene, by, inside, pairs_that_count=counted(asked))
    # What is pooled over people is summed in one order, so that it is the same to the last digit.
    counts = counts.sort_by([(g.name, "ascending") for g in by])
    made = conclude(counts, scene)
    names = [g.name for g in by]
    n = floats(counts, "pairs")
    population = _population(scene, ask, by, counts, weeks)
    factor = factors(n, population, scene.n_min)
    x, m = floats(counts, "items_agree"), floats(counts, "items")
    raw = divide(x, m)
    low, high = (floats(pa.table(made), f"line_accuracy_{end}") for end in ("low", "high"))
    effect = design_effect(counts)
    shrunk = shrink_proportions(x / effect, m / effect)
    known, mean = floats(counts, "leniencies"), divide(floats(counts, "leniency_sum"), floats(counts, "leniencies"))
    sd = np.sqrt(divide(np.maximum(floats(counts, "leniency_squares") - known * mean**2, 0), known - 1))
    variance = within_variance(sd, known)
    bias = shrink_means(mean, known, variance).estimates if np.isfinite(variance) else None
    nothing = np.full(len(n), np.nan)
    severity = _severity(scene, ask, counts, counted(asked)) if names == ["auditee"] else None
    drift = measure_drift(scene, by, keep, counted(asked))
    states = dict(zip(_keys(drift.groups, names), drift.state, strict=True))
    columns = [
        *name_column(scene, counts, "auditee"),
        *number("standing.pairs", n, width=60),
        *number("standing.evaluations", np.where(population > 0, population, np.nan)),
        *number(
            "standing.line_accuracy",
            raw,
            low=narrowed(raw, low, factor),
            high=narrowed(raw, high, factor),
            hidden=n < scene.n_min,
            tone="share",
        ),
        *number("standing.shrunken", shrunk.estimates.value, low=shrunk.estimates.lower, high=shrunk.estimates.upper),
        text("compared", "Compared with all", _claims(shrunk, n, scene.n_min), _CLAIM, width=190),
        *number(
            "standing.bias",
            mean,
            low=narrowed(mean, floats(pa.table(made), "bias_low"), factor),
            high=narrowed(mean, floats(pa.table(made), "bias_high"), factor),
            hidden=known < scene.n_min,
            tone="leniency",
        ),
        *number(
            "standing.shrunken_bias",
            bias.value if bias else nothing,
            low=bias.lower if bias else nothing,
            high=bias.upper if bias else nothing,
        ),
        *(severity or ()),
        *(one for name in _CLASSES for one in number(f"standing.{name}", floats(pa.table(made), name), width=70)),
        text(
            "drift", "Drift", [states.get(key) for key in _keys(counts, names)], "State of the report drift.", width=190
        ),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = lineage.same_group(by, row)
        window = f"{counted(asked)} AND {inside}"
        own = lineage.of_pairs("measured", f"{window} AND {group}")
        plain = column.removesuffix("_low").removesuffix("_high")
        frame = f"{scope.of_evaluations(scene, ask)} AND {scope.in_weeks(weeks)} AND {group}"
        if column == "evaluations" or (plain in ("line_accuracy", "bias") and plain != column):
            whole = lineage.of_evaluations("auditees", frame)
            shown = "the audits, and for the interval the evaluations they are drawn from"
            return Inputs(sql=own, population=whole, borrowed=shown)
        if plain in _OWN:
            return Inputs(sql=own)
        of_all = f"{counted(asked)} AND {keep}"
        return Inputs(
            sql=own,
            population=" UNION ALL ".join(
                [
                    lineage.of_pairs("measured", of_all),
                    lineage.of_evaluations("taken_part", "evaluation_id IS NOT NULL", role="calibration"),
                ]
            ),
            borrowed="all people of the report (and, for severity, calibration sessions and earlier weeks)",
        )

    notes = (
        f"Weeks {', '.join(weeks)}." if weeks else "No weeks with audits yet.",
        f"Accuracy is shrunken towards {shrunk.mean:.1%}, the mean of all here, as if everybody had "
        f"{shrunk.strength:.0f} more independent items of it."
        if np.isfinite(shrunk.strength)
        else f"Accuracy: {shrunk.note}.",
        f"Items of one evaluation hang together: {effect:.2f} of them are worth one independent item.",
        *told(scene, asked),
    )
    return assemble.report("standing", "Evaluators, last four weeks", by, counts, columns, notes=notes, trace=trace)


_CLAIM = (
    "Whether the interval of the shrunken value lies below or above the mean of all; otherwise nothing is claimed. "
    "Fewer than n_min pairs: not compared."
)


def _claims(shrunk: Any, n: np.ndarray, n_min: int) -> list[str]:
    """What may be said of each: an order only where an interval carries it, never a rank."""
    words = []
    for low, high, size in zip(shrunk.estimates.lower, shrunk.estimates.upper, n, strict=True):
        if size < n_min:
            words.append(f"not compared: n={int(size)}")
        elif not shrunk.note and high < shrunk.mean:
            words.append("below the mean")
        elif not shrunk.note and low > shrunk.mean:
            words.append("above the mean")
        else:
            words.append("not distinguishable")
    return words


def _population(scene: Scene, ask: Ask, by: list[Any], counts: pa.Table, weeks: list[str]) -> np.ndarray:
    if scene.basis_event == "auditor_submitted_at":
        return np.zeros(counts.num_rows)
    selected, names = assemble.selected(by)
    found = scene.engine.fetch(f"""
        SELECT {selected}, count(*) AS n FROM auditees
        WHERE {scope.of_evaluations(scene, ask)} AND {scope.in_weeks(weeks)}
        GROUP BY {names}""")
    listed = [g.name for g in by]
    sizes = dict(zip(_keys(found, listed), found["n"].to_pylist(), strict=True))
    return np.array([sizes.get(key, 0) for key in _keys(counts, listed)], dtype=np.float64)


def _keys(table: pa.Table, names: list[str]) -> list[str]:
    return [str(key) for key in assemble.keys([table[name] for name in names], table.num_rows).to_pylist()]


def _severity(scene: Scene, ask: Ask, counts: pa.Table, pairs_that_count: str) -> list[assemble.Column]:
    """Leniency apart from what was judged: people are linked by pairs and by calibration sessions.

    The auditor of a pair is its zero: only differences within an item count, and the item takes up the rest.
    """
    keep = scope.of_pairs(scene, ask)
    ratings = scene.engine.fetch(f"""
        SELECT pair_id AS item, auditee_id AS person, leniency_points AS points FROM measured
        WHERE {pairs_that_count} AND {keep} AND leniency_points IS NOT NULL
        UNION ALL
        SELECT pair_id, auditor_id, 0.0 FROM measured
        WHERE {pairs_that_count} AND {keep} AND leniency_points IS NOT NULL
        UNION ALL
        SELECT 'session ' || session_id, auditee_id,
               CASE f.higher_is WHEN 'better' THEN 1 ELSE -1 END * coalesce(t.delta_raw, t.delta) * u.points
        FROM taken_part t JOIN form_units u ON u.form_id = t.form_id AND u.form_version = t.form_version
        JOIN forms f ON f.form_id = t.form_id AND f.form_version = t.form_version AND f.higher_is <> 'neutral'
        WHERE NOT t.is_baseline AND t.delta IS NOT NULL AND {scope.limited(ask, "t.evaluation_id")}
        ORDER BY item, person, points""").combine_chunks()
    items, people = ratings["item"].dictionary_encode(), ratings["person"].dictionary_encode()
    item, person = items.combine_chunks(), people.combine_chunks()
    fit = crossed_severity(
        item.indices.to_numpy(),
        person.indices.to_numpy(),
        floats(ratings, "points"),
        n_items=len(item.dictionary),
        n_raters=len(person.dictionary),
    )
    place = {name: at for at, name in enumerate(person.dictionary.to_pylist())}
    at = np.array([place.get(one, -1) for one in counts["auditee"].to_pylist()], dtype=np.intp)
    effect = np.where(at >= 0, fit.rater[at] if len(fit.rater) else np.nan, np.nan)
    half = np.where(at >= 0, 1.96 * fit.se[at] if len(fit.se) else np.nan, np.nan)
    component = np.where(at >= 0, fit.component[at] if len(fit.component) else -1, -1).astype(float)
    return [
        *number("standing.severity", effect, low=effect - half, high=effect + half, tone="leniency"),
        *number("standing.component", np.where(component >= 0, component, np.nan), width=80),
    ]

"""Scores set side by side: how far apart single scores lie, and how far two people's scores can replace each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from qa_sync.agreement import Estimate, concordance, differences, icc, limits_of_agreement
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import floats, number, selected, text
from qa_sync.reports.grouping import groupings
from qa_sync.reports.measures import counted
from qa_sync.reports.notes import told
from qa_sync.reports.population import frame_sizes, narrower, row_factors, with_frame
from qa_sync.reports.report import Ask, Inputs, Report, Scene

#: What is said of the evaluations themselves; the others speak of people and of scores to come.
_NARROWED = ("leniency", "alignment")
_Scores = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def scores(scene: Scene, ask: Ask) -> Report:
    """How far apart scores lie: limits of agreement with quantiles, ICC, Lin's concordance and alignment, by form."""
    by = groupings(scene.engine, ask.by or ("form",))
    asked = [*(g.name for g in by), *ask.where]
    _gather(scene, f"{counted(asked)} AND {scope.of_pairs(scene, ask)}")
    chosen, _ = selected(by)
    listed = scene.engine.fetch(f"""
        SELECT {chosen}, pair_id, auditee_points, auditor_points, alignment, alignment_strict FROM score_rows""")
    key = assemble.keys([listed[g.name] for g in by], listed.num_rows).to_numpy(zero_copy_only=False).astype(str)
    # Sums of doubles depend on their order: by group, and within it by pair.
    listed = listed.take(pa.array(np.lexsort((listed["pair_id"].to_numpy().astype(str), key))))
    _, first, code = np.unique(np.sort(key), return_index=True, return_inverse=True)
    count = len(first)
    ours, theirs = floats(listed, "auditee_points"), floats(listed, "auditor_points")
    parts = list(zip(np.split(ours, first[1:]), np.split(theirs, first[1:]), strict=True))[:count]
    groups = listed.take(pa.array(first))
    spread = differences(ours - theirs, code, count)
    small = spread.n < scene.n_min
    names = [g.name for g in by]
    sizes = frame_sizes(scene, by, ask, f"SELECT {chosen}, form_id, form_version FROM score_rows", names)
    factor = row_factors(scene, sizes, groups, names, spread.n.astype(np.float64))
    mean = narrower(spread.bias, factor)
    limits = [limits_of_agreement(*part) for part in parts]
    intraclass = [icc(np.column_stack(part))["ICC2"].estimate for part in parts]
    lin = [concordance(*part).estimate for part in parts]
    columns = [
        *number("scores.pairs", spread.n, width=60),
        *number("scores.leniency", spread.bias.value, low=mean.lower, high=mean.upper, hidden=small),
        *number("scores.rmse", spread.rmse, hidden=small),
        *number("scores.quartile_1", spread.q1, hidden=small),
        *number("scores.median", spread.median, hidden=small),
        *number("scores.quartile_3", spread.q3, hidden=small),
        *_estimates("scores.limit_strict", [one.lower for one in limits], small),
        *_estimates("scores.limit_lenient", [one.upper for one in limits], small),
        *number("scores.quantile_025", [one.quantiles[0] if one.quantiles else np.nan for one in limits], hidden=small),
        *number("scores.quantile_975", [one.quantiles[1] if one.quantiles else np.nan for one in limits], hidden=small),
        *_estimates("scores.slope", [one.slope for one in limits], small),
        *_estimates("scores.icc", intraclass, small),
        *_estimates("scores.concordance", lin, small),
        *_alignment("scores.alignment", floats(listed, "alignment"), code, factor, scene.n_min),
        *_alignment("scores.alignment_strict", floats(listed, "alignment_strict"), code, factor, scene.n_min),
        text("caution", "Caution", [one.warning for one in limits], "Where the limits mislead, and why.", width=300),
        text("undefined", "Why empty", _reasons(intraclass, lin), "Why a coefficient has no value.", width=240),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = lineage.same_group(by, row)
        inputs = Inputs(sql=lineage.of_pairs("score_rows", group))
        return with_frame(scene, by, ask, column, group, inputs) if column.startswith(_NARROWED) else inputs

    notes = (
        "Scores are points of 100 before auto-fail, more is better on every form; differences are auditee − auditor: "
        "+ is lenient. A missed fatal is counted in the report critical and owns no average here.",
        *told(scene, asked),
    )
    return assemble.report("scores", "Agreement of scores", by, groups, columns, notes=notes, trace=trace)


def _gather(scene: Scene, condition: str) -> None:
    """Make ``score_rows``: each scored pair that counts, both scores in points of 100, and its alignment.

    An ordinal form's level is worth ``form_units`` points; a severity form counts down from 100.
    """

    def points(side: str) -> str:
        raw = f"coalesce(p.{side}_score_raw, p.{side}_score) * u.points"
        return f"CASE p.higher_is WHEN 'better' THEN {raw} WHEN 'more_severe' THEN 100 - {raw} END"

    def mean(measure: str, among: str) -> str:
        weighted = f"sum(CAST(CASE WHEN {among} THEN weight * {measure} END AS DECIMAL(38, 15)))"
        return f"CAST({weighted} AS DOUBLE) / nullif(CAST(sum(CASE WHEN {among} THEN weight END) AS DOUBLE), 0)"

    both, either = "closeness IS NOT NULL", "closeness IS NOT NULL OR treatment = 'applicability_disagreement'"
    scene.engine.table(
        "score_alignments",
        f"""
        SELECT pair_id, {mean("closeness", both)} AS alignment,
               {mean("coalesce(closeness, 0)", either)} AS alignment_strict
        FROM (
            SELECT c.pair_id, c.treatment, CAST(coalesce(c.weight, 1) AS DECIMAL(18, 6)) AS weight,
                   CASE WHEN c.treatment <> 'value' THEN NULL
                        WHEN c.max_points > 0 AND c.auditee_points IS NOT NULL AND c.auditor_points IS NOT NULL
                        THEN 1 - abs(c.auditee_points - c.auditor_points) / c.max_points
                        WHEN p.higher_is <> 'neutral' AND t.top_level > 0
                        THEN 1 - abs(c.auditee_level - c.auditor_level) / CAST(t.top_level AS DOUBLE) END AS closeness
            FROM comparisons c JOIN (SELECT * FROM measured WHERE {condition}) p ON p.pair_id = c.pair_id
            LEFT JOIN (SELECT form_id, form_version, criterion_key, max(level) AS top_level
                       FROM options GROUP BY ALL) t
              ON t.form_id = p.form_id AND t.form_version = p.form_version AND t.criterion_key = c.criterion_key) x
        GROUP BY pair_id""",
    )
    scene.engine.table(
        "score_rows",
        f"""
        SELECT * FROM (
            SELECT p.*, {points("auditee")} AS auditee_points, {points("auditor")} AS auditor_points,
                   a.alignment, a.alignment_strict
            FROM measured p JOIN form_units u ON u.form_id = p.form_id AND u.form_version = p.form_version
            LEFT JOIN score_alignments a ON a.pair_id = p.pair_id) x
        WHERE {condition} AND auditee_points IS NOT NULL AND auditor_points IS NOT NULL""",
    )


def _estimates(metric: str, found: list[Estimate], small: np.ndarray) -> list[assemble.Column]:
    def of(part: Callable[[Estimate], float | None]) -> list[float]:
        return [np.nan if (value := part(one)) is None else value for one in found]

    return number(metric, of(lambda e: e.value), low=of(lambda e: e.lower), high=of(lambda e: e.upper), hidden=small)


def _alignment(metric: str, values: _Scores, code: np.ndarray, factor: np.ndarray, n_min: int) -> list[assemble.Column]:
    """The mean over pairs, with its t interval."""
    made = differences(values, code, len(factor))
    mean = narrower(made.bias, factor)
    low, high = np.maximum(mean.lower, 0.0), np.minimum(mean.upper, 1.0)
    return number(metric, mean.value, low=low, high=high, hidden=made.n < n_min)


def _reasons(*found: list[Estimate]) -> list[str]:
    """The first reason why a coefficient of a group has no value or no interval."""
    return [next((one.reason for one in ones if one.reason), "") for ones in zip(*found, strict=True)]

"""The measures of a group of pairs: SQL reduces to counts, numpy concludes with intervals.

One row a group, one pass over pairs and one over compared answers, whatever the number of groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import pyarrow as pa
from scipy.special import stdtrit

from qa_sync.agreement import dirichlet_intervals, paradox_indices, two_rater_agreement, wilson
from qa_sync.dashboards.cells import Field
from qa_sync.reports.grouping import Grouping
from qa_sync.reports.population import factors, narrowed
from qa_sync.reports.report import Scene

#: Pairs that count: compared, and the one of their auditee evaluation that the headline uses. Targeted audits are a
#: stratum of their own and never mixed with random ones; they show where a report groups or filters by sampling.
COMPARED = "is_headline AND basis = 'original' AND outcome NOT IN ('EXCLUDED', 'VOIDED', 'AMBIGUOUS', 'NOT_COMPARABLE')"
COUNTED = f"{COMPARED} AND coalesce(sampling, 'random') <> 'targeted'"

#: Columns that count pairs, by the condition of a pair that they count.
COUNTS = {
    "critical_miss": "outcome = 'CRITICAL_MISS'",
    "critical_false": "outcome = 'CRITICAL_FALSE'",
    "critical_wrong_reason": "outcome = 'CRITICAL_WRONG_REASON'",
    "disputed": "is_disputed",
    "overturned": "is_overturned",
    "lenient": "outcome = 'LENIENT'",
    "strict": "outcome = 'STRICT'",
    "exact": "outcome = 'EXACT'",
    "same_score": "outcome = 'SAME_SCORE_DIFFERENT_ITEMS'",
    "small": "outcome = 'WITHIN_TOLERANCE'",
    "unclassed": "outcome IN ('UNSCORED_DIFFERENCE', 'DIFFERENT')",
    "late": "list_contains(flags, 'LATE')",
}

#: An answer is a defect when it is worse than the best the form knows; null where the form knows no better or worse.
DEFECT = """CASE WHEN is_critical AND {side}_failed IS NOT NULL THEN {side}_failed
                 WHEN form_higher_is = 'more_severe' THEN {side}_level > 0
                 WHEN form_higher_is = 'better' AND {side}_points IS NOT NULL AND max_points > 0
                 THEN {side}_points < max_points
                 WHEN form_higher_is = 'better' THEN {side}_level < top_level END"""


def counted(names: Sequence[str]) -> str:
    """Return the condition of pairs that count, for a report that groups or filters by ``names``."""
    return COMPARED if "sampling" in names else COUNTED


def count_groups(scene: Scene, by: Sequence[Grouping], condition: str, *, pairs_that_count: str = COUNTED) -> pa.Table:
    """Return the sufficient counts of each group, one row a group, in no particular order.

    Columns: the groupings; pairs, auditees, outcome counts, exact sums of leniency, distance and items; and the
    four cells of the defect table (``d_ab``: auditee a, auditor b; 1 is a defect).
    """
    keys = ", ".join(f'{g.sql} AS "{g.name}"' for g in by) or "'all' AS everything"
    names = ", ".join(f'"{g.name}"' for g in by) or "everything"
    match = " AND ".join(f'x."{g.name}" IS NOT DISTINCT FROM y."{g.name}"' for g in by) or "true"
    engine = scene.engine
    counts = ", ".join(f"sum(CASE WHEN {test} THEN 1 ELSE 0 END) AS {name}" for name, test in COUNTS.items())
    engine.view("shown", f"SELECT * FROM measured WHERE {pairs_that_count} AND {condition}")
    engine.table(
        "pair_counts",
        f"""
        SELECT {keys}, count(*) AS pairs, count(DISTINCT auditee_id) AS auditees,
               sum(CASE WHEN items_agree = items_compared THEN 1 ELSE 0 END) AS defect_free,
               sum(CASE WHEN delta IS NOT NULL THEN 1 ELSE 0 END) AS scored,
               sum(CASE WHEN abs(delta) <= tolerance + 1e-9 THEN 1 ELSE 0 END) AS tolerated,
               {counts},
               {_exact_sum("leniency_points")} AS leniency_sum,
               {_exact_sum("leniency_points * leniency_points")} AS leniency_squares,
               count(leniency_points) AS leniencies, {_exact_sum("distance_points")} AS distance_sum,
               count(distance_points) AS distances,
               sum(items_agree) AS items_agree, sum(items_compared) AS items,
               sum(items_agree * items_agree) AS sxx, sum(items_agree * items_compared) AS sxm,
               sum(items_compared * items_compared) AS smm
        FROM shown GROUP BY {names}""",
    )
    engine.table(
        "cell_counts",
        f"""
        SELECT {keys},
               sum(CASE WHEN a AND b THEN 1 ELSE 0 END) AS d_11, sum(CASE WHEN a AND NOT b THEN 1 ELSE 0 END) AS d_10,
               sum(CASE WHEN NOT a AND b THEN 1 ELSE 0 END) AS d_01,
               sum(CASE WHEN NOT a AND NOT b THEN 1 ELSE 0 END) AS d_00
        FROM (SELECT s.*, {DEFECT.format(side="auditee")} AS a, {DEFECT.format(side="auditor")} AS b
              FROM shown s JOIN judged_answers USING (pair_id))
        WHERE a IS NOT NULL AND b IS NOT NULL
        GROUP BY {names}""",
    )
    return engine.fetch(f"""
        SELECT x.*, y.* EXCLUDE ({names}) FROM pair_counts x LEFT JOIN cell_counts y ON {match}""")


def prepare(scene: Scene) -> None:
    """Make the tables that measures are counted from. Once a scene.

    ``judged_answers``: compared values with what the form says of them. ``form_units``: what one step of a form's
    scale is worth in points: 1 on a points form, 100 / (levels - 1) on an ordinal one, so that leniency can be
    averaged over forms of both kinds. ``measured``: pairs with leniency and distance in points, before auto-fail
    (a missed fatal is counted as such and must not own an average).
    """
    scene.engine.table(
        "judged_answers",
        """
        SELECT c.pair_id, c.auditee_points, c.auditor_points, c.max_points, c.auditee_level, c.auditor_level,
               c.auditee_failed, c.auditor_failed, coalesce(k.is_critical, false) AS is_critical,
               p.higher_is AS form_higher_is, t.top_level
        FROM comparisons c
        JOIN pairs p USING (pair_id)
        LEFT JOIN criteria k ON k.form_id = p.form_id AND k.form_version = p.form_version
          AND k.criterion_key = c.criterion_key
        LEFT JOIN (SELECT form_id, form_version, criterion_key, max(level) AS top_level FROM options GROUP BY ALL) t
          ON t.form_id = p.form_id AND t.form_version = p.form_version AND t.criterion_key = c.criterion_key
        WHERE c.treatment = 'value' AND p.basis = 'original' AND p.is_headline""",
    )
    scene.engine.table(
        "form_units",
        """
        SELECT f.form_id, f.form_version, f.scale,
               CASE WHEN f.scale = 'points' THEN 1.0 ELSE 100.0 / nullif(max(o.level), 0) END AS points
        FROM forms f LEFT JOIN options o ON o.form_id = f.form_id AND o.form_version = f.form_version
        GROUP BY f.form_id, f.form_version, f.scale""",
    )
    scene.engine.table(
        "decided",
        """
        SELECT evaluation_id, bool_or(is_overturned) AS overturned FROM dispute_cases
        WHERE is_overturned IS NOT NULL GROUP BY evaluation_id""",
    )
    scene.engine.view(
        "measured",
        """
        SELECT p.*, CASE WHEN u.scale = 'points' THEN 'points' ELSE 'levels' END AS unit,
               CASE p.higher_is WHEN 'better' THEN coalesce(p.delta_raw, p.delta) * u.points
                                WHEN 'more_severe' THEN (0e0 - coalesce(p.delta_raw, p.delta)) * u.points
                                END AS leniency_points,
               CASE WHEN p.higher_is <> 'neutral'
                    THEN abs(coalesce(p.delta_raw, p.delta)) * u.points END AS distance_points,
               list_contains(p.flags, 'DISPUTED') AS is_disputed,
               coalesce(de.overturned, false) OR coalesce(da.overturned, false) AS is_overturned
        FROM audited p LEFT JOIN form_units u ON u.form_id = p.form_id AND u.form_version = p.form_version
        LEFT JOIN decided de ON de.evaluation_id = p.auditee_evaluation_id
        LEFT JOIN decided da ON da.evaluation_id = p.auditor_evaluation_id""",
    )


def conclude(counts: pa.Table, scene: Scene) -> dict[str, pa.Array]:
    """Return the measures of each group of ``count_groups``, with their intervals, in the same order.

    Below ``n_min`` cases a rate is left empty and only its interval is given.
    """
    made: dict[str, pa.Array] = {}
    for name, top, bottom in (("defect_free", "defect_free", "pairs"), ("within_tolerance", "tolerated", "scored")):
        x, m = _numbers(counts, top), _numbers(counts, bottom)
        with np.errstate(invalid="ignore", divide="ignore"):
            _put(made, name, np.where(m > 0, x / m, np.nan), m < scene.n_min)
        low, high = wilson(x, m)
        _put(made, f"{name}_low", low)
        _put(made, f"{name}_high", high)
    n = _numbers(counts, "pairs")
    effect = _line_items(made, counts, n, n < scene.n_min)
    cells = np.nan_to_num(np.stack([_numbers(counts, f"d_{ab}") for ab in ("00", "01", "10", "11")], axis=1))
    tables = cells.reshape(counts.num_rows, 2, 2)
    # The answers of one evaluation vary together: the interval is that of the independent answers they are worth.
    low, high = dirichlet_intervals(
        tables / effect[:, None, None], [("gwet_ac", "identity"), ("cohen_kappa", "identity")], seed=scene.seed
    )
    values = {"ac1": two_rater_agreement(tables, "gwet_ac"), "kappa": two_rater_agreement(tables, "cohen_kappa")}
    for at, (name, batch) in enumerate(values.items()):
        _put(made, name, batch.value, n < scene.n_min)
        _put(made, f"{name}_low", low[at])
        _put(made, f"{name}_high", high[at])
    indices = paradox_indices(tables)
    beside = {"alike": values["kappa"].observed, "chance": values["kappa"].expected}
    beside |= {"prevalence_index": indices.prevalence, "bias_index": indices.bias}
    for name, found in beside.items():
        _put(made, name, found, n < scene.n_min)
    made["no_kappa"] = pa.array([str(reason) or None for reason in values["kappa"].reason], pa.string())
    made["answers"] = pa.array(cells.sum(axis=1).astype(np.int64), pa.int64())
    _bias(made, counts, scene.n_min)
    for name in COUNTS:
        made[name] = counts[name].cast(pa.int64()).combine_chunks()
    return made


#: Measures with an interval that a sample of a finite population narrows.
_NARROWED = ("line_accuracy", "defect_free", "within_tolerance", "ac1", "kappa", "bias")


def finite(made: Mapping[str, pa.Array], counts: pa.Table, population: pa.Array, n_min: int) -> dict[str, pa.Array]:
    """Return the ends of the intervals of ``conclude``, narrower where much of a small population was audited.

    The distance of an end from its value is multiplied by the factor of ``population.factors``.
    """
    factor = factors(_numbers(counts, "pairs"), _numbers(pa.table({"N": population}), "N"), n_min)
    ends: dict[str, pa.Array] = {}
    values = pa.table(dict(made))
    for name in _NARROWED:
        value = _numbers(values, name)
        for end in (f"{name}_low", f"{name}_high"):
            if end in made:
                _put(ends, end, narrowed(value, _numbers(values, end), factor))
    return ends


def _line_items(made: dict[str, pa.Array], counts: pa.Table, n: np.ndarray, small: np.ndarray) -> np.ndarray:
    """Line-item accuracy with its interval; returns the design effect of each group, at least 1."""
    p, low, high, effect = clustered(counts, n)
    _put(made, "line_accuracy", p, small)
    _put(made, "line_accuracy_low", low)
    _put(made, "line_accuracy_high", high)
    return effect


def clustered(counts: pa.Table, n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return a share of items, its 95 % interval, and the design effect of each group, at least 1.

    The evaluation, not the item, is the unit that varies: the interval is Wilson's for as many independent items
    as the ratio estimator's variance says the items are worth, never more than there are. Without any scatter (perfect
    agreement) that is as many as there are evaluations.

    Args:
        counts: of each group pairs (evaluations), items_agree (x), items (m), and the sums sxx, sxm, smm.
        n: evaluations of each group.
    """
    x, m = _numbers(counts, "items_agree"), _numbers(counts, "items")
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(m > 0, x / m, np.nan)
        variance = _ratio_variance(counts)
        effective = np.where(variance > 0, np.minimum(p * (1 - p) / variance, m), n)
        effect = np.maximum(np.nan_to_num(m / effective, nan=1.0, posinf=1.0), 1.0)
    low, high = wilson(p * effective, effective)
    return p, low, high, effect


def design_effect(counts: pa.Table) -> float:
    """Return how many criteria of all groups together are worth one independent one, at least 1."""
    names = ("pairs", "items_agree", "items", "sxx", "sxm", "smm")
    whole = pa.table({name: [sum(int(v or 0) for v in counts[name].to_pylist())] for name in names})
    x, m = _numbers(whole, "items_agree")[0], _numbers(whole, "items")[0]
    variance = _ratio_variance(whole)[0]
    free = x / m * (1 - x / m) / m if m else 0.0
    return max(1.0, variance / free) if variance > 0 and free > 0 else 1.0


def _ratio_variance(counts: pa.Table) -> np.ndarray:
    """Variance of sum(x) / sum(m) over evaluations, in whole numbers: rounding must not invent or hide scatter."""
    columns = [counts[name].to_pylist() for name in ("pairs", "items_agree", "items", "sxx", "sxm", "smm")]
    found = []
    for n, x, m, sxx, sxm, smm in zip(*columns, strict=True):
        n, x, m, sxx, sxm, smm = (int(v or 0) for v in (n, x, m, sxx, sxm, smm))
        if n < 2 or not m:
            found.append(0.0)
            continue
        scatter = m * m * sxx - 2 * x * m * sxm + x * x * smm  # sum of (x_i M - X m_i)^2
        found.append(float(Fraction(n * scatter, (n - 1) * m**4)))
    return np.array(found, dtype=np.float64)


def _bias(made: dict[str, pa.Array], counts: pa.Table, n_min: int) -> None:
    """Mean leniency with its t interval, and the mean distance."""
    n, total = _numbers(counts, "leniencies"), _numbers(counts, "leniency_sum")
    apart = _numbers(counts, "distances")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0, total / n, np.nan)
        sd = np.sqrt(np.maximum(_numbers(counts, "leniency_squares") - n * mean**2, 0.0) / (n - 1))
        mae = np.where(apart > 0, _numbers(counts, "distance_sum") / apart, np.nan)
    # Scores that never differ do not make a mean certain: without scatter there is no interval to give.
    half = np.where(sd > 0, _t_half_width(sd, n), np.nan)
    _put(made, "bias", mean, n < n_min)
    _put(made, "bias_low", mean - half)
    _put(made, "bias_high", mean + half)
    _put(made, "mae", mae, apart < n_min)


def _exact_sum(expression: str) -> str:
    """SQL of a sum that does not depend on the order of rows: a double sum differs in its last digits with it."""
    return f"CAST(sum(CAST({expression} AS DECIMAL(38, 15))) AS DOUBLE)"


def _t_half_width(sd: np.ndarray, n: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 1, stdtrit(np.maximum(n - 1, 1), 0.975) * sd / np.sqrt(n), np.nan)


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table[name].cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _put(made: dict[str, pa.Array], name: str, values: np.ndarray, hidden: np.ndarray | None = None) -> None:
    shown = values if hidden is None else np.where(hidden, np.nan, values)
    made[name] = pa.array(shown, pa.float64(), mask=~np.isfinite(shown))


#: How the measures are shown, in order: what people look at first stands in the first screen.
MEASURES: tuple[Field, ...] = (
    Field(name="pairs", label="Pairs", kind="integer", width=60, doc="Audited evaluations that could be compared (n)."),
    Field(
        name="line_accuracy",
        label="Line accuracy",
        kind="percent",
        decimals=1,
        width=95,
        tone="share",
        doc="Criteria answered alike / criteria compared. Empty below n_min pairs.",
    ),
    Field(
        name="line_accuracy_low",
        label="from",
        kind="percent",
        decimals=1,
        width=60,
        doc="95 % interval of line accuracy, evaluations as clusters.",
    ),
    Field(name="line_accuracy_high", label="to", kind="percent", decimals=1, width=60, doc="95 % interval, upper end."),
    Field(
        name="ac1",
        label="AC1",
        kind="number",
        decimals=2,
        width=60,
        tone="share",
        doc="Gwet's AC1 of defect found or not, per answer; holds where nearly everything passes.",
    ),
    Field(
        name="ac1_low",
        label="AC1 from",
        kind="number",
        decimals=2,
        width=70,
        doc="95 % Dirichlet interval, evaluations as clusters.",
    ),
    Field(name="ac1_high", label="AC1 to", kind="number", decimals=2, width=65, doc="95 % interval, upper end."),
    Field(
        name="bias",
        label="Leniency",
        kind="number",
        decimals=2,
        width=75,
        tone="leniency",
        doc="Mean leniency in points of 100, before auto-fail; + is lenient. Missed fatals are counted apart.",
    ),
    Field(name="bias_low", label="Leniency from", kind="number", decimals=2, width=80, doc="95 % t interval."),
    Field(
        name="bias_high", label="Leniency to", kind="number", decimals=2, width=75, doc="95 % t interval, upper end."
    ),
    Field(
        name="mae",
        label="Mean |Δ|",
        kind="number",
        decimals=2,
        width=75,
        doc="Mean absolute difference of scores, in points of 100, before auto-fail.",
    ),
    Field(
        name="critical_miss",
        label="Critical missed",
        kind="integer",
        width=95,
        doc="Pairs in which the auditor found a critical failure and the auditee none.",
    ),
    Field(
        name="critical_false",
        label="Critical false",
        kind="integer",
        width=90,
        doc="Pairs in which the auditee found a critical failure and the auditor none.",
    ),
    Field(
        name="critical_wrong_reason",
        label="Critical otherwise",
        kind="integer",
        width=110,
        doc="Pairs in which both found critical failures, on different criteria.",
    ),
    Field(
        name="late",
        label="Late",
        kind="integer",
        width=55,
        doc="Pairs whose audit was submitted in a later week than the one it counts in: they changed a past week.",
    ),
    Field(
        name="disputed",
        label="Disputed",
        kind="integer",
        width=75,
        doc="Pairs of which one side was disputed, and the dispute not withdrawn; see the report disputes.",
    ),
    Field(
        name="overturned",
        label="Overturned",
        kind="integer",
        width=85,
        doc="Pairs of which a dispute changed one side, in full or in part.",
    ),
    Field(
        name="defect_free",
        label="Defect-free",
        kind="percent",
        decimals=1,
        width=85,
        doc="Pairs without any disagreement / pairs.",
    ),
    Field(
        name="defect_free_low",
        label="Defect-free from",
        kind="percent",
        decimals=1,
        width=90,
        doc="95 % interval: Wilson.",
    ),
    Field(
        name="defect_free_high",
        label="Defect-free to",
        kind="percent",
        decimals=1,
        width=85,
        doc="95 % interval, upper end.",
    ),
    Field(
        name="within_tolerance",
        label="In tolerance",
        kind="percent",
        decimals=1,
        width=90,
        doc="Pairs whose scores differ by no more than the form's tolerance / scored pairs; auto-fail included.",
    ),
    Field(
        name="within_tolerance_low",
        label="In tolerance from",
        kind="percent",
        decimals=1,
        width=90,
        doc="95 % interval: Wilson.",
    ),
    Field(
        name="within_tolerance_high",
        label="In tolerance to",
        kind="percent",
        decimals=1,
        width=85,
        doc="95 % interval, upper end.",
    ),
    Field(
        name="kappa",
        label="Kappa",
        kind="number",
        decimals=2,
        width=60,
        doc="Cohen's kappa of defect found or not, per answer; empty below n_min pairs and where it is undefined.",
    ),
    Field(
        name="kappa_low",
        label="Kappa from",
        kind="number",
        decimals=2,
        width=90,
        doc="95 % Dirichlet interval, evaluations as clusters.",
    ),
    Field(name="kappa_high", label="Kappa to", kind="number", decimals=2, width=85, doc="95 % interval, upper end."),
    Field(name="no_kappa", label="Why no kappa", width=190, doc="Why kappa is undefined, where it is."),
    Field(
        name="answers",
        label="Answers",
        kind="integer",
        width=70,
        doc="Answers of both sides that can be a defect or not (n of AC1 and kappa).",
    ),
    Field(
        name="alike",
        label="Defects alike",
        kind="percent",
        decimals=1,
        width=90,
        doc="Answers that both sides found a defect, or both none (p_a): what kappa and AC1 correct for chance.",
    ),
    Field(
        name="chance",
        label="By chance",
        kind="percent",
        decimals=1,
        width=75,
        doc="So many would be alike by chance, as kappa reckons (p_e).",
    ),
    Field(
        name="prevalence_index",
        label="Prevalence index",
        kind="number",
        decimals=2,
        width=110,
        doc="How unevenly defects and none are spread, 0 to 1; near 1, kappa is low whatever people do.",
    ),
    Field(
        name="bias_index",
        label="Bias index",
        kind="number",
        decimals=2,
        width=80,
        doc="How differently often the two sides find defects, 0 to 1.",
    ),
)

"""The measures of a group of pairs: SQL reduces to counts, numpy concludes with intervals.

One row a group, one pass over pairs and one over compared answers, whatever the number of groups.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from qa_sync.agreement import dirichlet_intervals, two_rater_agreement, wilson
from qa_sync.dashboards.cells import Field
from qa_sync.reports.grouping import Grouping
from qa_sync.reports.report import Scene

#: Pairs that count: compared, and the one of their auditee evaluation that the headline uses.
COUNTED = ("is_headline AND basis = 'original' AND "
           "outcome NOT IN ('EXCLUDED', 'VOIDED', 'AMBIGUOUS', 'NOT_COMPARABLE')")

#: An answer is a defect when it does not earn what the form has to give.
DEFECT = """CASE WHEN {side}_points IS NOT NULL AND max_points > 0 THEN {side}_points < max_points
                 WHEN {side}_is_fail IS NOT NULL THEN {side}_is_fail
                 WHEN form_higher_is = 'better' THEN {side}_level < top_level
                 ELSE {side}_level > 0 END"""


def count_groups(scene: Scene, by: Sequence[Grouping], condition: str) -> pa.Table:
    """Return the sufficient counts of each group, one row a group, in no particular order.

    Columns: the groupings; evaluations (population N), pairs, auditees, outcome counts, sums of delta and of items; and
    the four cells of the defect table (``d_ab``: auditee a, auditor b; 1 is a defect).
    """
    keys = ", ".join(f'{g.sql} AS "{g.name}"' for g in by) or "'all' AS everything"
    names = ", ".join(f'"{g.name}"' for g in by) or "everything"
    match = " AND ".join(f'x."{g.name}" IS NOT DISTINCT FROM y."{g.name}"' for g in by) or "true"
    engine = scene.engine
    engine.view("shown", f"""
        SELECT p.*, p.leniency * u.points AS leniency_points, abs(p.delta) * u.points AS distance_points
        FROM audited p LEFT JOIN form_units u ON u.form_id = p.form_id AND u.form_version = p.form_version
        WHERE {COUNTED} AND {condition}""")
    engine.table("pair_counts", f"""
        SELECT {keys}, count(*) AS pairs, count(DISTINCT auditee_id) AS auditees,
               sum(CASE WHEN outcome = 'EXACT' THEN 1 ELSE 0 END) AS exact,
               sum(CASE WHEN items_agree = items_compared THEN 1 ELSE 0 END) AS defect_free,
               sum(CASE WHEN delta IS NOT NULL THEN 1 ELSE 0 END) AS scored,
               sum(CASE WHEN abs(delta) <= tolerance + 1e-9 THEN 1 ELSE 0 END) AS tolerated,
               sum(CASE WHEN outcome = 'LENIENT' THEN 1 ELSE 0 END) AS lenient,
               sum(CASE WHEN outcome = 'STRICT' THEN 1 ELSE 0 END) AS strict,
               sum(CASE WHEN outcome = 'CRITICAL_MISS' THEN 1 ELSE 0 END) AS critical_miss,
               sum(CASE WHEN outcome = 'CRITICAL_FALSE' THEN 1 ELSE 0 END) AS critical_false,
               {_exact_sum("leniency_points")} AS leniency_sum, {_exact_sum("leniency_points * leniency_points")} AS leniency_squares,
               count(leniency_points) AS leniencies, {_exact_sum("distance_points")} AS distance_sum,
               sum(items_agree) AS items_agree, sum(items_compared) AS items,
               sum(items_agree * items_agree) AS sxx, sum(items_agree * items_compared) AS sxm,
               sum(items_compared * items_compared) AS smm
        FROM shown GROUP BY {names}""")
    engine.table("cell_counts", f"""
        SELECT {keys},
               sum(CASE WHEN a AND b THEN 1 ELSE 0 END) AS d_11, sum(CASE WHEN a AND NOT b THEN 1 ELSE 0 END) AS d_10,
               sum(CASE WHEN NOT a AND b THEN 1 ELSE 0 END) AS d_01, sum(CASE WHEN NOT a AND NOT b THEN 1 ELSE 0 END) AS d_00
        FROM (SELECT s.*, {DEFECT.format(side="auditee")} AS a, {DEFECT.format(side="auditor")} AS b
              FROM shown s JOIN judged_answers USING (pair_id))
        GROUP BY {names}""")
    return engine.fetch(f"""
        SELECT x.*, y.* EXCLUDE ({names}) FROM pair_counts x LEFT JOIN cell_counts y ON {match}""")


def prepare(scene: Scene) -> None:
    """Make ``judged_answers``, compared values with what the form says of them, and ``form_units``. Once a scene.

    A form's unit is what one step of its scale is worth in points: 1 on a points form, 100 / (levels - 1) on
    an ordinal one, so that leniency can be averaged over forms of both kinds.
    """
    scene.engine.table("form_units", """
        SELECT f.form_id, f.form_version,
               CASE WHEN f.scale = 'points' THEN 1.0 ELSE 100.0 / nullif(max(o.level), 0) END AS points
        FROM forms f LEFT JOIN options o ON o.form_id = f.form_id AND o.form_version = f.form_version
        GROUP BY f.form_id, f.form_version, f.scale""")
    scene.engine.table("judged_answers", """
        SELECT c.pair_id, c.auditee_points, c.auditor_points, c.max_points, c.auditee_level, c.auditor_level,
               a.is_fail AS auditee_is_fail, b.is_fail AS auditor_is_fail, p.higher_is AS form_higher_is, t.top_level
        FROM comparisons c
        JOIN pairs p USING (pair_id)
        LEFT JOIN (SELECT form_id, form_version, criterion_key, max(level) AS top_level FROM options GROUP BY ALL) t
          ON t.form_id = p.form_id AND t.form_version = p.form_version AND t.criterion_key = c.criterion_key
        LEFT JOIN options a ON a.form_id = p.form_id AND a.form_version = p.form_version
          AND a.criterion_key = c.criterion_key AND a.option = c.auditee_option
        LEFT JOIN options b ON b.form_id = p.form_id AND b.form_version = p.form_version
          AND b.criterion_key = c.criterion_key AND b.option = c.auditor_option
        WHERE c.treatment = 'value' AND p.basis = 'original' AND p.is_headline""")


def conclude(counts: pa.Table, scene: Scene) -> dict[str, pa.Array]:
    """Return the measures of each group of ``count_groups``, with their intervals, in the same order.

    Below ``n_min`` pairs a rate is left empty and only its interval is given.
    """
    n = _numbers(counts, "pairs")
    small = n < scene.n_min
    made: dict[str, pa.Array] = {}
    for name, top, bottom in (("defect_free", "defect_free", "pairs"), ("within_tolerance", "tolerated", "scored")):
        x, m = _numbers(counts, top), _numbers(counts, bottom)
        with np.errstate(invalid="ignore", divide="ignore"):
            _put(made, name, np.where(m > 0, x / m, np.nan), small)
        low, high = wilson(x, m)
        _put(made, f"{name}_low", low)
        _put(made, f"{name}_high", high)
    _line_items(made, counts, n, small)
    cells = np.nan_to_num(np.stack([_numbers(counts, f"d_{ab}") for ab in ("00", "01", "10", "11")], axis=1))
    tables = cells.reshape(-1, 2, 2)
    low, high = dirichlet_intervals(tables, [("gwet_ac", "identity"), ("cohen_kappa", "identity")], seed=scene.seed)
    values = {"ac1": two_rater_agreement(tables, "gwet_ac"), "kappa": two_rater_agreement(tables, "cohen_kappa")}
    for at, (name, batch) in enumerate(values.items()):
        _put(made, name, batch.value, small)
        _put(made, f"{name}_low", low[at])
        _put(made, f"{name}_high", high[at])
    _bias(made, counts, small)
    for name in ("critical_miss", "critical_false", "lenient", "strict", "exact"):
        made[name] = counts[name].cast(pa.int64()).combine_chunks()
    return made


def _line_items(made: dict[str, pa.Array], counts: pa.Table, n: np.ndarray, small: np.ndarray) -> None:
    """Line-item accuracy with the ratio estimator: the evaluation, not the item, is the unit that varies."""
    x, m = _numbers(counts, "items_agree"), _numbers(counts, "items")
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(m > 0, x / m, np.nan)
        scatter = _numbers(counts, "sxx") - 2 * p * _numbers(counts, "sxm") + p**2 * _numbers(counts, "smm")
        variance = n / ((n - 1) * m**2) * np.maximum(scatter, 0.0)
        # Perfect agreement has no scatter; there the interval is Wilson's over evaluations, not a single point.
        effective = np.where(variance > 0, p * (1 - p) / variance, n)
    low, high = wilson(p * effective, effective)
    _put(made, "line_accuracy", p, small)
    _put(made, "line_accuracy_low", low)
    _put(made, "line_accuracy_high", high)


def _bias(made: dict[str, pa.Array], counts: pa.Table, small: np.ndarray) -> None:
    """Mean leniency with its t interval, and the mean distance."""
    n, total = _numbers(counts, "leniencies"), _numbers(counts, "leniency_sum")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0, total / n, np.nan)
        sd = np.sqrt(np.maximum(_numbers(counts, "leniency_squares") - n * mean**2, 0.0) / (n - 1))
        mae = np.where(_numbers(counts, "scored") > 0, _numbers(counts, "distance_sum") / _numbers(counts, "scored"), np.nan)
    half = _t_half_width(sd, n)
    _put(made, "bias", mean, small)
    _put(made, "bias_low", mean - half)
    _put(made, "bias_high", mean + half)
    _put(made, "mae", mae, small)


def _exact_sum(expression: str) -> str:
    """SQL of a sum that does not depend on the order of rows: a double sum differs in its last digits with it."""
    return f"CAST(sum(CAST({expression} AS DECIMAL(38, 15))) AS DOUBLE)"


def _t_half_width(sd: np.ndarray, n: np.ndarray) -> np.ndarray:
    from scipy.stats import t

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 1, t.ppf(0.975, np.maximum(n - 1, 1)) * sd / np.sqrt(n), np.nan)


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table[name].cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _put(made: dict[str, pa.Array], name: str, values: np.ndarray, hidden: np.ndarray | None = None) -> None:
    shown = values if hidden is None else np.where(hidden, np.nan, values)
    made[name] = pa.array(shown, pa.float64(), mask=~np.isfinite(shown))


#: How the measures are shown, in order.
MEASURES: tuple[Field, ...] = (
    Field(name="pairs", label="Pairs", kind="integer", width=60, doc="Audited evaluations that could be compared (n)."),
    Field(name="line_accuracy", label="Line accuracy", kind="percent", decimals=1, width=95, tone="share",
          doc="Criteria answered alike / criteria compared. Empty below n_min pairs."),
    Field(name="line_accuracy_low", label="from", kind="percent", decimals=1, width=60,
          doc="95 % interval of line accuracy, evaluations as clusters."),
    Field(name="line_accuracy_high", label="to", kind="percent", decimals=1, width=60, doc="95 % interval, upper end."),
    Field(name="defect_free", label="Defect-free", kind="percent", decimals=1, width=85,
          doc="Pairs without any disagreement / pairs."),
    Field(name="within_tolerance", label="In tolerance", kind="percent", decimals=1, width=90,
          doc="Pairs whose scores differ by no more than the tolerance / scored pairs."),
    Field(name="ac1", label="AC1", kind="number", decimals=2, width=60, tone="share",
          doc="Gwet's AC1 of defect found or not, per answer; holds where nearly everything passes."),
    Field(name="ac1_low", label="AC1 from", kind="number", decimals=2, width=70, doc="95 % Dirichlet interval."),
    Field(name="ac1_high", label="AC1 to", kind="number", decimals=2, width=65, doc="95 % Dirichlet interval."),
    Field(name="kappa", label="Kappa", kind="number", decimals=2, width=60,
          doc="Cohen's kappa of defect found or not, per answer; empty where it is undefined."),
    Field(name="bias", label="Leniency", kind="number", decimals=2, width=75, tone="leniency",
          doc="Mean leniency in points of 100 (auditee − auditor, turned by the form's direction); + is lenient."),
    Field(name="mae", label="Mean |Δ|", kind="number", decimals=2, width=75, doc="Mean absolute difference of scores, in points of 100."),
    Field(name="critical_miss", label="Critical missed", kind="integer", width=95,
          doc="Pairs in which the auditor found a critical failure and the auditee none."),
    Field(name="critical_false", label="Critical false", kind="integer", width=90,
          doc="Pairs in which the auditee found a critical failure and the auditor none."),
)

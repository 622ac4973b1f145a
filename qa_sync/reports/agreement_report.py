"""Chance-corrected agreement, one row a form and criterion on the form's own scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.agreement import confusion, dirichlet_intervals, paradox_indices, two_rater_agreement, wilson
from qa_sync.dashboards.cells import Field
from qa_sync.reports import lineage, scope
from qa_sync.reports.criterion_advice import ADVICE_FIELDS, caution, looked_at
from qa_sync.reports.grouping import groupings
from qa_sync.reports.measures import counted
from qa_sync.reports.notes import told
from qa_sync.reports.population import frame_sizes, narrowed, row_factors, with_frame
from qa_sync.reports.report import Ask, Inputs, Report, Scene

_COEFFICIENTS = (
    ("kappa", "cohen_kappa", "identity"),
    ("kappa_linear", "cohen_kappa", "linear"),
    ("kappa_quadratic", "cohen_kappa", "quadratic"),
    ("ac1", "gwet_ac", "identity"),
)
#: Rows in which both sides gave a value; the others are about whether the criterion applies.
_VALUED = "treatment = 'value'"
_LABELS = {"kappa": "Kappa", "kappa_linear": "Kappa linear", "kappa_quadratic": "Kappa quadratic", "ac1": "AC1"}


def agreement(scene: Scene, ask: Ask) -> Report:
    """Percent agreement, kappa (plain, linear, quadratic), AC1 and mean delta of each criterion, n beside each."""
    by = groupings(scene.engine, ask.by)
    keys = "".join(f', {g.sql} AS "{g.name}"' for g in by)
    names = ["form", "criterion", *(g.name for g in by if g.name != "form")]
    listed = ", ".join(f'"{name}"' for name in names)
    _name_scales(scene)
    scene.engine.table(
        "agreement_rows",
        f"""
        SELECT form_id AS form, form_version AS version, criterion_name AS criterion, auditee_id, pair_id,
               auditee_evaluation_id, auditor_evaluation_id, auditee_payload_hash, auditor_payload_hash, is_ordered,
               auditee_level, auditor_level, auditee_option, auditor_option, site AS at_site,
               treatment{keys.replace(', form_id AS "form"', "")}
        FROM (SELECT p.*, s.criterion_name, s.is_ordered, c.auditee_level, c.auditor_level, c.auditee_option,
                     c.auditor_option, c.treatment
              FROM (SELECT * FROM audited WHERE {counted([*ask.by, *ask.where])}) p JOIN comparisons c USING (pair_id)
              JOIN agreement_scales s ON s.form_id = p.form_id AND s.form_version = p.form_version
                                     AND s.criterion_key = c.criterion_key
              WHERE c.treatment = 'applicability_agreement'
                 OR (c.treatment = 'applicability_disagreement'
                     AND (c.auditee_level IS NULL) <> (c.auditor_level IS NULL))
                 OR (c.auditee_level IS NOT NULL AND c.auditor_level IS NOT NULL))
        WHERE {scope.of_pairs(scene, ask)}""",
    )
    groups = scene.engine.fetch(f"""
        SELECT {listed}, sum(CASE WHEN {_VALUED} THEN 1 ELSE 0 END) AS pairs,
               count(DISTINCT CASE WHEN {_VALUED} THEN auditee_id END) AS auditees,
               sum(CASE WHEN treatment = 'applicability_disagreement' THEN 1 ELSE 0 END) AS applicability,
               CASE WHEN bool_and(is_ordered)
                    THEN CAST(sum(CASE WHEN {_VALUED} THEN auditee_level - auditor_level END) AS DOUBLE)
                         / sum(CASE WHEN {_VALUED} THEN 1 ELSE 0 END) END AS mean_delta,
               bool_and(is_ordered) AS is_ordered, count(*) AS asked, row_number() OVER (ORDER BY {listed}) - 1 AS grp
        FROM agreement_rows GROUP BY {listed} HAVING sum(CASE WHEN {_VALUED} THEN 1 ELSE 0 END) > 0 ORDER BY grp""")
    scales = _scales(scene)
    # The criterion was asked in all pairs of its form versions: that many of their evaluations were audited.
    frame = frame_sizes(
        scene, by, ask, f"SELECT {listed}, form AS form_id, version AS form_version FROM agreement_rows", names
    )
    factor = row_factors(scene, frame, groups, names, groups["asked"].to_numpy().astype(np.float64))
    cells = scene.engine.fetch(f"""
        SELECT g.grp, r.auditee_level, r.auditor_level
        FROM agreement_rows r JOIN (SELECT {listed}, row_number() OVER (ORDER BY {listed}) - 1 AS grp
                                    FROM (SELECT DISTINCT {listed} FROM agreement_rows WHERE {_VALUED})) g
          ON {" AND ".join(f'r."{name}" IS NOT DISTINCT FROM g."{name}"' for name in names)}""")
    columns: dict[str, pa.Array] = {
        "key": pc.binary_join_element_wise(
            *[pc.fill_null(groups[name].cast(pa.string()).combine_chunks(), "(none)") for name in names], "|"
        )
        if groups.num_rows
        else pa.array([], pa.string()),
        **{name: groups[name].cast(pa.string()).combine_chunks() for name in names},
        "pairs": groups["pairs"].cast(pa.int64()),
        "applicability": groups["applicability"].cast(pa.int64()),
        "auditees": groups["auditees"].cast(pa.int64()),
        **_measured(scene, groups, cells, scales, factor),
        "mean_delta": groups["mean_delta"].cast(pa.float64()),
        **looked_at(scene, names, groups),
    }
    fields = _fields(names, {g.name: g.field for g in by})
    notes = (
        "Each criterion on the scale of its form, used levels or not. Delta is auditee − auditor, in levels.",
        *told(scene, [*ask.by, *ask.where]),
        "95 % intervals: Wilson for percent agreement, Dirichlet (2/q² per cell: ½ for two levels) with seed "
        f"{scene.seed} for the coefficients; narrower where more than 5 % of N evaluations were audited.",
    )
    rows = pa.table({f.name: columns[f.name] for f in fields})

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        found = [f'"{name}" IS NOT DISTINCT FROM {lineage.text(row[name])}' for name in names]
        of_row = lineage.of_pairs("agreement_rows", " AND ".join(found))
        valued = lineage.of_pairs("agreement_rows", " AND ".join([*found, _VALUED]))
        frame = f"form_id = {lineage.text(row['form'])} AND {lineage.same_group(by, row)}"
        if column.startswith("kappa_with_na"):
            return with_frame(scene, by, ask, column, frame, Inputs(sql=of_row))
        if column.endswith(("_low", "_high")):
            asked = Inputs(sql=valued, population=of_row, borrowed="the pairs in which the criterion was asked")
            return with_frame(scene, by, ask, column, frame, asked)
        if column != "applicability":
            return Inputs(sql=valued)
        one_sided = " AND ".join([*found, "treatment = 'applicability_disagreement'"])
        return Inputs(sql=lineage.of_pairs("agreement_rows", one_sided), population=valued, borrowed=lineage.OTHERS)

    return Report(
        name="agreement",
        title="Agreement by form and criterion",
        fields=fields,
        key="key",
        rows=rows,
        notes=notes,
        trace=trace,
    )


def _name_scales(scene: Scene) -> None:
    """Make ``agreement_scales``: the scale of each criterion of a form version, and the name it is reported by.

    Where versions of a form have different scales for one criterion, each is reported by itself.
    """
    scene.engine.table(
        "agreement_scales",
        """
        WITH scales AS (
            SELECT form_id, form_version, criterion_key, max(level) + 1 AS levels,
                   string_agg(option, chr(31) ORDER BY level) AS signature
            FROM options GROUP BY form_id, form_version, criterion_key)
        SELECT s.form_id, s.form_version, s.criterion_key, s.levels,
               coalesce(f.scale <> 'nominal' AND f.higher_is <> 'neutral', false) AS is_ordered,
               CASE WHEN k.kinds > 1 THEN s.criterion_key || ' (version ' || s.form_version || ')'
                    ELSE s.criterion_key END AS criterion_name
        FROM scales s
        JOIN (SELECT form_id, criterion_key, count(DISTINCT signature) AS kinds FROM scales GROUP BY ALL) k
          ON k.form_id = s.form_id AND k.criterion_key = s.criterion_key
        LEFT JOIN forms f ON f.form_id = s.form_id AND f.form_version = s.form_version""",
    )


def _scales(scene: Scene) -> dict[tuple[str, str], int]:
    """Number of levels of each criterion as it is reported."""
    found = scene.engine.fetch("SELECT DISTINCT form_id, criterion_name, levels FROM agreement_scales")
    return {
        (form, criterion): levels
        for form, criterion, levels in zip(
            found["form_id"].to_pylist(), found["criterion_name"].to_pylist(), found["levels"].to_pylist(), strict=True
        )
    }


def _measured(
    scene: Scene, groups: pa.Table, cells: pa.Table, scales: dict[tuple[str, str], int], factor: np.ndarray
) -> dict[str, pa.Array]:
    """Coefficients of every group, scales of one size at a time: one tensor each."""
    height = groups.num_rows
    sizes = np.array(
        [
            scales.get((form, criterion), 1)
            for form, criterion in zip(groups["form"].to_pylist(), groups["criterion"].to_pylist(), strict=True)
        ],
        dtype=np.int64,
    )
    names = ["percent_agreement", *_LABELS]
    out = {
        f"{name}{part}": np.full(height, np.nan) for name in [*names, "kappa_with_na"] for part in ("", "_low", "_high")
    }
    out |= {name: np.full(height, np.nan) for name in ("chance", "prevalence_index", "bias_index")}
    reasons = np.full(height, "", dtype=object)
    group = cells["grp"].to_numpy()
    ours, theirs = (cells[f"{side}_level"].to_numpy() for side in ("auditee", "auditor"))
    for size in np.unique(sizes):
        members = np.flatnonzero(sizes == size)
        position = np.full(height, -1, dtype=np.int64)
        position[members] = np.arange(len(members))
        mine = np.isin(group, members)
        # One more option: what does not apply.
        codes = [np.where(np.isfinite(level), level, size)[mine].astype(np.int64) for level in (ours, theirs)]
        with_na = confusion(codes[0], codes[1], position[group[mine]], int(size) + 1, len(members))
        tables = with_na[:, :size, :size]
        agreed, n = np.trace(tables, axis1=1, axis2=2).astype(float), tables.sum(axis=(1, 2)).astype(float)
        out["percent_agreement"][members] = agreed / n
        out["percent_agreement_low"][members], out["percent_agreement_high"][members] = wilson(agreed, n)
        indices = paradox_indices(tables)
        out["prevalence_index"][members], out["bias_index"][members] = indices.prevalence, indices.bias
        wanted = [(coefficient, weights) for _, coefficient, weights in _COEFFICIENTS]
        low, high = dirichlet_intervals(tables, wanted, seed=scene.seed)  # type: ignore[arg-type]
        for at, (name, coefficient, weights) in enumerate(_COEFFICIENTS):
            batch = two_rater_agreement(tables, coefficient, weights)  # type: ignore[arg-type]
            out[name][members] = batch.value
            out[f"{name}_low"][members], out[f"{name}_high"][members] = low[at], high[at]
            if name == "kappa":
                reasons[members], out["chance"][members] = batch.reason, batch.expected
        out["kappa_with_na"][members] = two_rater_agreement(with_na, "cohen_kappa").value
        low, high = dirichlet_intervals(with_na, [("cohen_kappa", "identity")], seed=scene.seed)
        out["kappa_with_na_low"][members], out["kappa_with_na_high"][members] = low[0], high[0]
    for name in (*names, "kappa_with_na"):
        for end in (f"{name}_low", f"{name}_high"):
            out[end] = narrowed(out[name], out[end], factor)
    _leave_out(out, groups, scene.n_min)
    made = {name: pa.array(values, pa.float64(), mask=~np.isfinite(values)) for name, values in out.items()}
    made["caution"] = caution(out)
    made["undefined"] = pa.array([str(reason) or None for reason in reasons], pa.string())
    return made


def _leave_out(out: dict[str, np.ndarray], groups: pa.Table, n_min: int) -> None:
    """Below n_min only intervals are given; distances mean nothing on a scale without an order."""
    small = groups["pairs"].to_numpy().astype(np.float64) < n_min
    for name in ("percent_agreement", *_LABELS, "kappa_with_na", "chance"):
        out[name][small] = np.nan
    unordered = ~np.array(groups["is_ordered"].to_pylist(), dtype=bool)
    for name in ("kappa_linear", "kappa_quadratic"):
        for part in ("", "_low", "_high"):
            out[f"{name}{part}"][unordered] = np.nan


def _fields(names: list[str], by: dict[str, Field]) -> tuple[Field, ...]:
    known = {
        "form": Field(name="form", label="Form", width=170, doc="Evaluation form."),
        "criterion": Field(name="criterion", label="Criterion", width=170, doc="Criterion of the form."),
    }
    fields = [
        Field(name="key", label="Key", width=230, doc="Identity of the row."),
        *(known.get(n) or by[n] for n in names),
    ]
    fields += [
        Field(name="pairs", label="Pairs", kind="integer", width=65, doc="Pairs in which both sides gave a value (n)."),
        Field(name="auditees", label="Auditees", kind="integer", width=75, doc="Different auditees among them."),
        Field(
            name="applicability",
            label="N/A on one side",
            kind="integer",
            width=100,
            doc="Pairs in which one side said that the criterion does not apply: in line accuracy, not in kappa.",
        ),
        Field(
            name="percent_agreement",
            label="Agreement",
            kind="percent",
            decimals=1,
            width=90,
            tone="share",
            doc="Equal answers / pairs.",
        ),
        *_interval("percent_agreement", "Agreement", "percent"),
    ]
    docs = {
        "kappa": "Cohen's kappa.",
        "kappa_linear": "Cohen's kappa, linear weights.",
        "kappa_quadratic": "Cohen's kappa, quadratic weights.",
        "ac1": "Gwet's AC1.",
    }
    for name, label in _LABELS.items():
        fields += [
            Field(name=name, label=label, kind="number", decimals=3, width=85, doc=docs[name]),
            *_interval(name, label, "number"),
        ]
    fields += [
        Field(
            name="kappa_with_na",
            label="Kappa with N/A",
            kind="number",
            decimals=3,
            width=85,
            doc="Cohen's kappa with 'not applicable' as one more option: whether a criterion applies is judged, too.",
        ),
        *_interval("kappa_with_na", "Kappa with N/A", "number"),
        Field(
            name="mean_delta",
            label="Mean Δ (levels)",
            kind="number",
            decimals=3,
            width=110,
            doc="Mean of auditee − auditor in levels of the form's scale.",
        ),
        Field(name="undefined", label="Why no kappa", width=200, doc="Why kappa is undefined, where it is."),
        *ADVICE_FIELDS,
    ]
    return tuple(fields)


def _interval(name: str, label: str, kind: str) -> list[Field]:
    decimals = 1 if kind == "percent" else 3
    return [
        Field(
            name=f"{name}_{end}",
            label=f"{label} {word}",
            kind=kind,  # type: ignore[arg-type]
            decimals=decimals,
            width=85,
            doc="95 % interval.",
        )
        for end, word in (("low", "from"), ("high", "to"))
    ]

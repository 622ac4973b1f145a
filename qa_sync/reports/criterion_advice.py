"""What to look at in a criterion: a kappa that misleads, answers that are mistaken, a form that wants mending."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from qa_sync.agreement import wilson
from qa_sync.dashboards.cells import Field
from qa_sync.reports.assemble import floats, keys
from qa_sync.reports.report import Scene

ADVICE_FIELDS = (
    Field(
        name="chance",
        label="By chance",
        kind="percent",
        decimals=1,
        width=75,
        doc="So much agreement is expected by chance, as kappa reckons (p_e).",
    ),
    Field(
        name="prevalence_index",
        label="Prevalence index",
        kind="number",
        width=100,
        doc="How unevenly the scale is used, 0 to 1; near 1, kappa is low whatever people do.",
    ),
    Field(
        name="bias_index",
        label="Bias index",
        kind="number",
        width=85,
        doc="How differently the two sides use the scale, 0 to 1.",
    ),
    Field(name="caution", label="Caution", width=230, doc="Where kappa misleads: read AC1 and the agreement instead."),
    Field(
        name="top_confusion",
        label="Most mistaken",
        width=200,
        doc="The evaluator's answer → the auditor's, of the most frequent difference, and how often.",
    ),
    Field(
        name="fix_form",
        label="Mend the form?",
        width=200,
        doc="Where every site with n_min pairs, two at least, agrees less than the form does as a whole: the "
        "criterion is more likely unclear than the people wrong.",
    ),
)

#: Agreement above and kappa below which the two tell different stories, where the scale is used as unevenly as this.
_HIGH, _LOW, _UNEVEN = 0.85, 0.4, 0.6


def caution(out: dict[str, np.ndarray]) -> pa.Array:
    """Say where kappa is low although people agree, because nearly everything gets the same answer."""
    odd = (out["percent_agreement"] >= _HIGH) & (out["kappa"] < _LOW) & (out["prevalence_index"] >= _UNEVEN)
    words = "kappa paradox: nearly all answers are alike; AC1 holds"
    return pa.array([words if one else None for one in odd], pa.string())


def looked_at(scene: Scene, names: Sequence[str], groups: pa.Table) -> dict[str, pa.Array]:
    """Return the columns top_confusion and fix_form, in the order of ``groups``; reads ``agreement_rows``."""
    listed = ", ".join(f'"{name}"' for name in names)
    order = [str(key) for key in keys([groups[name] for name in names], groups.num_rows).to_pylist()]
    top = scene.engine.fetch(f"""
        SELECT * FROM (
            SELECT {listed}, auditee_option, auditor_option, count(*) AS n,
                   row_number() OVER (PARTITION BY {listed}
                                      ORDER BY count(*) DESC, auditee_option, auditor_option) AS place
            FROM agreement_rows
            WHERE treatment = 'value' AND auditee_level <> auditor_level
                AND auditee_option IS NOT NULL AND auditor_option IS NOT NULL
            GROUP BY {listed}, auditee_option, auditor_option) x
        WHERE place = 1""")
    said = [f"{row['auditee_option']} → {row['auditor_option']} ({row['n']:,})" for row in top.to_pylist()]
    mistaken = dict(zip(_named(top, names), said, strict=True))
    mend = _mend(scene, names, listed)
    return {
        "top_confusion": pa.array([mistaken.get(key) for key in order], pa.string()),
        "fix_form": pa.array([mend.get(key) for key in order], pa.string()),
    }


def _mend(scene: Scene, names: Sequence[str], listed: str) -> dict[str, str]:
    sites = scene.engine.fetch(f"""
        SELECT {listed}, at_site, count(*) AS n,
               sum(CASE WHEN auditee_level = auditor_level THEN 1 ELSE 0 END) AS agreed
        FROM agreement_rows WHERE treatment = 'value' AND at_site IS NOT NULL
        GROUP BY {listed}, at_site HAVING count(*) >= {max(scene.n_min, 1)} ORDER BY ALL""")
    whole = scene.engine.fetch("""
        SELECT form, sum(CASE WHEN auditee_level = auditor_level THEN 1 ELSE 0 END) / count(*) AS share
        FROM agreement_rows WHERE treatment = 'value' GROUP BY form""")
    of_form = dict(zip(whole["form"].to_pylist(), whole["share"].to_pylist(), strict=True))
    high = wilson(floats(sites, "agreed"), floats(sites, "n"))[1]
    below: dict[str, list[bool]] = {}
    forms: dict[str, float] = {}
    for key, form, end in zip(_named(sites, names), sites["form"].to_pylist(), high, strict=True):
        below.setdefault(key, []).append(bool(end < of_form[form]))
        forms[key] = of_form[form]
    return {
        key: f"all {len(marks)} sites below the form's {forms[key]:.1%}"
        for key, marks in below.items()
        if len(marks) > 1 and all(marks)
    }


def _named(table: pa.Table, names: Sequence[str]) -> list[str]:
    return [str(key) for key in keys([table[name] for name in names], table.num_rows).to_pylist()]

"""Coverage: how many of the evaluations that could be audited were, and what knowing that many is worth.

An audited share of a week is a sample without replacement from a population whose size is known: where it is more than
5 %, intervals of what is true of that population are narrower. What is said of people or of a process rather than of
these evaluations (differences, limits of agreement, charts, drift, severity) knows no such population.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.agreement import finite_population_factor
from qa_sync.agreement.estimate import Batch, Floats
from qa_sync.dashboards.cells import Field
from qa_sync.reports import lineage
from qa_sync.reports.grouping import INTERACTION_COLUMNS, Grouping
from qa_sync.reports.report import Ask, Inputs, Scene
from qa_sync.reports.scope import of_evaluations

POPULATION_FIELDS = (
    Field(
        name="evaluations",
        label="Evaluations",
        kind="integer",
        width=85,
        doc="Evaluations that could be audited (N), audited or not.",
    ),
    Field(
        name="coverage",
        label="Coverage",
        kind="percent",
        decimals=1,
        width=75,
        tone="bar",
        doc="Evaluations with an audit that could be compared / evaluations.",
    ),
)

#: Columns that an evaluation has without an audit; by any other, coverage means nothing.
OF_EVALUATIONS = frozenset(
    {
        "all",
        "site",
        "site_kind",
        "team",
        "queue",
        "form",
        "form_version",
        "week",
        "auditee",
        "agent",
        *INTERACTION_COLUMNS,
    }
)


#: Known only of an audit where the event that counts is the audit's submission.
_OF_AUDITS = frozenset({"week", "site", "site_kind", "team"})


def is_known(scene: Scene, by: Sequence[Grouping], ask: Ask) -> bool:
    """Return whether a group of audits has a number of evaluations that it was drawn from."""
    asked = {*(g.name for g in by), *ask.where}
    return not (asked - OF_EVALUATIONS or (scene.basis_event == "auditor_submitted_at" and asked & _OF_AUDITS))


def population(
    scene: Scene, by: Sequence[Grouping], ask: Ask, counts: pa.Table
) -> tuple[dict[str, pa.Array], tuple[str, ...]]:
    """Return the columns evaluations and coverage in the order of ``counts``, and notes about them.

    They are left out where a grouping or filter is of the audit and not of the evaluation.
    """
    if not is_known(scene, by, ask):
        return {}, ()
    keys = ", ".join(f'{g.sql} AS "{g.name}"' for g in by) or "'all' AS everything"
    names = ", ".join(f'"{g.name}"' for g in by) or "everything"
    found = scene.engine.fetch(f"""
        SELECT {keys}, count(*) AS evaluations FROM auditees WHERE {of_evaluations(scene, ask)} GROUP BY {names}""")
    listed = [g.name for g in by] or ["everything"]
    sizes = dict(
        zip(
            zip(*[found[name].to_pylist() for name in listed], strict=True),
            found["evaluations"].to_pylist(),
            strict=True,
        )
    )
    wanted = zip(*[counts[name].to_pylist() for name in listed], strict=True)
    evaluations = pa.array([sizes.get(key) for key in wanted], pa.int64())
    coverage = pc.divide(counts["pairs"].cast(pa.float64()).combine_chunks(), evaluations.cast(pa.float64()))
    hidden = sum(sizes.values()) - (pc.sum(evaluations).as_py() or 0)
    notes = (f"{hidden:,} more evaluations are in groups without a single comparable audit.",) if hidden else ()
    return {"evaluations": evaluations, "coverage": coverage}, notes


def factors(n: Floats, size: Floats, n_min: int) -> Floats:
    """Return by what the intervals of n audits out of N evaluations are narrower: sqrt((N - n) / (N - 1)), or 1.

    1 where N is not known (0 or NaN), where n / N is at most 5 %, and below ``n_min``: few audits are no census, even
    where there is nothing more to audit.
    """
    known = (np.nan_to_num(size) > 0) & (n >= n_min)
    return np.where(known, finite_population_factor(n, np.maximum(np.nan_to_num(size), n)), 1.0)


def narrowed(value: Floats, bound: Floats, factor: Floats) -> Floats:
    """Return an end of an interval moved towards its value; as it is where there is no value."""
    return np.where(np.isfinite(value), value + (bound - value) * factor, bound)


def narrower(batch: Batch, factor: Floats) -> Batch:
    """Return estimates with narrower intervals."""
    return replace(
        batch,
        lower=narrowed(batch.value, batch.lower, factor),
        upper=narrowed(batch.value, batch.upper, factor),
    )


def frame_sizes(scene: Scene, by: Sequence[Grouping], ask: Ask, rows: str, names: Sequence[str]) -> pa.Table | None:
    """Return N of each group of a report whose rows are not whole groups of evaluations, as a column ``size``.

    A criterion, or a class of critical errors, is on some forms only: N counts the evaluations of the group that were
    made on the form versions which the row's pairs were.

    Args:
        scene: the scene.
        by: groupings that evaluations have, too.
        ask: what the report was asked for.
        rows: select of the columns ``names``, ``form_id`` and ``form_version`` of the report's pairs.
        names: what identifies a row; the groupings among them.

    Returns:
        A table with the columns ``names`` and ``size``; None where nobody knows what the audits were drawn from.
    """
    if not is_known(scene, by, ask):
        return None
    keys = "".join(f'{g.sql} AS "{g.name}", ' for g in by)
    listed = ", ".join(f'x."{name}"' for name in names)
    same = "".join(f' AND f."{g.name}" IS NOT DISTINCT FROM x."{g.name}"' for g in by)
    return scene.engine.fetch(f"""
        SELECT {listed}, sum(f.size) AS size
        FROM (SELECT DISTINCT * FROM ({rows}) r) x
        JOIN (SELECT {keys}form_id AS frame_form, form_version AS frame_version, count(*) AS size
              FROM auditees WHERE {of_evaluations(scene, ask)} GROUP BY ALL) f
          ON f.frame_form = x.form_id AND f.frame_version IS NOT DISTINCT FROM x.form_version{same}
        GROUP BY {listed}""")


def row_factors(scene: Scene, sizes: pa.Table | None, groups: pa.Table, names: Sequence[str], n: Floats) -> Floats:
    """Return the factor of each row of ``groups``; n is what of its frame was audited."""
    if sizes is None:
        return np.ones(groups.num_rows)
    known = dict(zip(_rows(sizes, names), sizes["size"].to_pylist(), strict=True))
    size = np.array([float(known.get(row) or 0) for row in _rows(groups, names)])
    return factors(n, size, scene.n_min)


def with_frame(scene: Scene, by: Sequence[Grouping], ask: Ask, column: str, group: str, inputs: Inputs) -> Inputs:
    """Return the inputs of a number: the end of an interval leans on what the audits were drawn from, too."""
    if not column.endswith(("_low", "_high")) or not is_known(scene, by, ask):
        return inputs
    whole = lineage.of_evaluations("auditees", f"{of_evaluations(scene, ask)} AND {group}")
    return Inputs(
        sql=inputs.sql,
        population=f"{inputs.population} UNION ALL {whole}" if inputs.population else whole,
        borrowed=f"{inputs.borrowed}; {_FRAME}" if inputs.borrowed else _FRAME,
    )


_FRAME = "the evaluations that the audits were drawn from (N)"


def _rows(table: pa.Table, names: Sequence[str]) -> list[tuple[object, ...]]:
    return list(zip(*(table[name].to_pylist() for name in names), strict=True)) if names else [()] * table.num_rows

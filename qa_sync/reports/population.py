"""Coverage: how many of the evaluations that could be audited were."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.dashboards.cells import Field
from qa_sync.reports.grouping import INTERACTION_COLUMNS, Grouping
from qa_sync.reports.report import Ask, Scene
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

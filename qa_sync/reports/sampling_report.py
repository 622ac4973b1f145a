"""Sampling: what was audited of what could be, how precise that is, how next week's audits are shared out and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from qa_sync.agreement import achievable_margin, allocate, hash_key, mean_difference, proportion_sample_size, welch_p
from qa_sync.agreement.estimate import divide
from qa_sync.dashboards.cells import Field
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import floats, number, selected
from qa_sync.reports.grouping import Grouping, groupings
from qa_sync.reports.measures import COUNTED
from qa_sync.reports.naming import name_column, names_of
from qa_sync.reports.notes import counted_note, open_weeks_note
from qa_sync.reports.population import OF_EVALUATIONS
from qa_sync.reports.report import Ask, Inputs, Report, Scene

#: Margin that the report plans for.
MARGIN = 0.10
_STRATA = ("auditee", "queue")


def sampling(scene: Scene, ask: Ask) -> Report:
    """What was audited of what could be: precision, audits needed, a week's plan, biased picks or not."""
    assemble.allowed("sampling", [*ask.by, *ask.where], OF_EVALUATIONS)
    by = groupings(scene.engine, ask.by or _STRATA)
    groups = _strata(scene, ask, by)
    rate, a_week = _rates(scene, ask)
    size, done, targeted = (floats(groups, name) for name in ("evaluations", "audits", "targeted"))
    random = done - targeted
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = achievable_margin(random, rate, size)
    needed = [proportion_sample_size(MARGIN, rate, int(n)) if 0 < rate < 1 else np.nan for n in size]
    columns = [
        *name_column(scene, groups, "auditee"),
        *number("sampling.evaluations", size, width=85),
        *number("sampling.audits", done, width=65),
        *number("sampling.targeted", targeted, width=65),
        *number("sampling.coverage", divide(done, size), tone="bar"),
        *number("sampling.margin", np.where(random > 0, margin, np.nan)),
        *number("sampling.needed", needed),
        *number("sampling.planned", _plan(size, a_week)),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = f"{scope.of_evaluations(scene, ask)} AND {lineage.same_group(by, row)}"
        own = lineage.of_evaluations("sampled", group)
        if column in ("evaluations", "audits", "targeted", "coverage"):
            return Inputs(sql=f"{own} UNION ALL {_audits(group)}")
        whole = lineage.of_evaluations("sampled", scope.of_evaluations(scene, ask))
        # The planning rate is of every pair that counts, also of audits that were audited themselves.
        beside = "auditee_evaluation_id NOT IN (SELECT evaluation_id FROM sampled)"
        of_audits = lineage.of_pairs("measured", f"{COUNTED} AND {scope.of_pairs(scene, ask)} AND {beside}")
        return Inputs(
            sql=own,
            population=f"{whole} UNION ALL {_audits(scope.of_evaluations(scene, ask))} UNION ALL {of_audits}",
            borrowed="all evaluations of the report: planned with their defect-free share, audits shared out over them",
        )

    notes = (
        f"Planned with a defect-free share of {rate:.1%} and {a_week:.1f} audits a week."
        if a_week
        else "No audits yet.",
        *_bias(scene, ask),
        counted_note(scene),
        *open_weeks_note(scene),
    )
    return assemble.report("sampling", "Sampling and precision", by, groups, columns, notes=notes, trace=trace)


def _audits(condition: str) -> str:
    """Audits of the evaluations that fit."""
    return f"""
        SELECT p.auditor_evaluation_id AS evaluation_id, 'auditor' AS role, p.pair_id,
               p.auditor_payload_hash AS payload_hash
        FROM measured p JOIN (SELECT evaluation_id FROM sampled WHERE {condition}) s
             ON s.evaluation_id = p.auditee_evaluation_id"""


def _strata(scene: Scene, ask: Ask, by: list[Grouping]) -> pa.Table:
    """Counts of each stratum, of all evaluations that could be audited: N is never counted after a filter."""
    scene.engine.table(
        "sampled",
        f"""
        SELECT a.*, p.auditee_evaluation_id IS NOT NULL AS is_audited, coalesce(p.is_targeted, false) AS is_targeted
        FROM auditees a
        LEFT JOIN (SELECT auditee_evaluation_id, bool_and(coalesce(sampling, 'random') = 'targeted') AS is_targeted
                   FROM measured WHERE basis = 'original'
                   AND {scope.limited(ask, "auditee_evaluation_id", "auditor_evaluation_id")}
                   GROUP BY auditee_evaluation_id) p ON p.auditee_evaluation_id = a.evaluation_id""",
    )
    chosen, names = selected(by)
    return scene.engine.fetch(f"""
        SELECT {chosen}, count(*) AS evaluations, sum(CASE WHEN is_audited THEN 1 ELSE 0 END) AS audits,
               sum(CASE WHEN is_targeted THEN 1 ELSE 0 END) AS targeted
        FROM sampled WHERE {scope.of_evaluations(scene, ask)} GROUP BY {names} ORDER BY {names}""")


def _rates(scene: Scene, ask: Ask) -> tuple[float, float]:
    """The defect-free share that planning uses, and audits in a mean week that has any."""
    found = scene.engine.fetch(f"""
        SELECT count(*) AS n, sum(CASE WHEN items_agree = items_compared THEN 1 ELSE 0 END) AS free,
               count(DISTINCT week) AS weeks
        FROM measured WHERE {COUNTED} AND {scope.of_pairs(scene, ask)}""").to_pylist()[0]
    n, free, weeks = found["n"], int(found["free"] or 0), found["weeks"]
    # Half an observation on each side: a share of 0 or 1 would plan for no scatter at all.
    return (free + 0.5) / (n + 1), n / weeks if weeks else 0.0


def planning_rate(scene: Scene, ask: Ask) -> float:
    """The defect-free share of the whole programme, whatever is asked to be kept: precision is planned with it."""
    return _rates(scene, Ask(only=ask.only))[0]


def _plan(size: np.ndarray, a_week: float) -> np.ndarray:
    total = min(round(a_week), int(size.sum()))
    least = 1 if total >= len(size) else 0
    return allocate(size.astype(np.int64), total, minimum=least).astype(np.float64) if len(size) else np.zeros(0)


def _bias(scene: Scene, ask: Ask) -> tuple[str, ...]:
    """Whether audited evaluations look like the others: their mean reported scores, and how surprising the gap is."""
    rows = scene.engine.fetch(f"""
        SELECT s.is_audited, count(*) AS n, avg(CAST(e.score AS DECIMAL(38, 10))) AS mean,
               CAST(var_samp(e.score) AS DECIMAL(18, 6)) AS variance
        FROM (SELECT * FROM sampled WHERE NOT is_targeted AND {scope.of_evaluations(scene, ask)}) s
        JOIN (SELECT evaluation_id, CASE WHEN reported_max > 0 THEN 100 * reported_score / reported_max
                                         ELSE reported_score END AS score
              FROM evaluations WHERE reported_score IS NOT NULL) e ON e.evaluation_id = s.evaluation_id
        GROUP BY s.is_audited""").to_pylist()
    sides = {row["is_audited"]: row for row in rows if row["variance"] is not None}
    if len(sides) < 2:
        return ()
    ends = [
        float(end)
        for audited in (True, False)
        for end in (sides[audited]["mean"], sides[audited]["variance"].sqrt(), sides[audited]["n"])
    ]
    gap, p = mean_difference(*ends)[0], welch_p(*ends)[0]
    if gap.value is None or gap.lower is None:
        return ()
    verdict = "picks look biased" if p < 0.05 else "no sign of biased picks"
    return (
        f"Audited evaluations score {gap.value:+.1f} points against those not audited (± {gap.value - gap.lower:.1f}; "
        f"p {p:.2f}, Welch): {verdict}.",
    )


def next_sample(scene: Scene, ask: Ask) -> Report:
    """Which evaluations of the newest week to audit next: shared out over evaluators and queues, drawn by hash."""
    assemble.allowed("next_sample", list(ask.where), OF_EVALUATIONS)
    by = groupings(scene.engine, _STRATA)
    keep = scope.of_evaluations(scene, ask)
    _strata(scene, ask, by)
    _, a_week = _rates(scene, Ask(where=ask.where))
    rows = scene.engine.fetch(f"""
        SELECT evaluation_id, coalesce(auditee_id, '') AS auditee, coalesce(queue, '') AS queue, week, form_id AS form,
               coalesce(interaction_id, evaluation_id) AS drawn, interaction_id, submitted_at
        FROM sampled WHERE NOT is_audited AND {keep}
            AND week = (SELECT max(week) FROM sampled WHERE {scope.of_evaluations(scene, Ask(where=ask.where))})
        ORDER BY auditee_id, queue, evaluation_id""").to_pylist()
    strata: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        row["hash"] = hash_key(row["drawn"], scene.seed)
        strata.setdefault((row["auditee"], row["queue"]), []).append(row)
    planned = _plan(np.array([len(found) for found in strata.values()], dtype=np.float64), a_week)
    chosen = []
    for found, count in zip(strata.values(), planned, strict=True):
        drawn = sorted(found, key=lambda row: (row["hash"], row["evaluation_id"]))[: int(count)]
        chosen += [{**row, "place": place} for place, row in enumerate(drawn, start=1)]
    fields = (
        Field(name="key", label="Evaluation", width=150, doc="Evaluation to audit."),
        Field(name="auditee", label="Evaluator", width=130, doc="Who would be audited."),
        Field(name="name", label="Name", width=150, doc="Name of the person."),
        Field(name="queue", label="Queue", width=130, doc="Queue of the interaction."),
        Field(name="week", label="Week", width=85, doc="ISO week of the evaluation."),
        Field(name="form", label="Form", width=150, doc="Evaluation form."),
        Field(name="interaction_id", label="Interaction", width=130, doc="The interaction that was judged."),
        Field(name="submitted_at", label="Submitted", kind="time", width=130, doc="When it was submitted."),
        Field(name="hash", label="Hash", width=480, doc="SHA-256 of seed and interaction: the smallest are drawn."),
        *(field for field, _ in number("next_sample.place", [])),
    )
    types = {"submitted_at": pa.timestamp("us", tz="UTC"), "place": pa.int64()}
    schema = pa.schema([pa.field(f.name, types.get(f.name, pa.string())) for f in fields])
    names = names_of(scene, [row["auditee"] for row in chosen])
    listed = [{**row, "key": row["evaluation_id"], "name": name} for row, name in zip(chosen, names, strict=True)]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:  # noqa: ARG001  (every trace is asked the same way)
        own = lineage.of_evaluations("sampled", f"evaluation_id = {lineage.text(row['key'])}")
        week = lineage.of_evaluations("sampled", f"NOT is_audited AND {keep} AND week = {lineage.text(row['week'])}")
        return Inputs(sql=own, population=week, borrowed="the evaluations of the week that it was drawn from")

    notes = (
        f"{len(chosen):,} of {len(rows):,} evaluations of the newest week that are not audited, as many as in a mean "
        f"week ({a_week:.1f}). Drawn by SHA-256 of seed {scene.seed} and the interaction: anybody can check it.",
        counted_note(scene),
    )
    return Report(
        name="next_sample",
        title="What to audit next",
        fields=fields,
        key="key",
        rows=pa.Table.from_pylist(listed, schema=schema),
        notes=notes,
        trace=trace,
    )

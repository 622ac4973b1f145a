"""Quotas: what the sample plan wanted of each week and stratum, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qa_sync.agreement import achievable_margin
from qa_sync.agreement.estimate import divide
from qa_sync.dashboards.cells import Field
from qa_sync.reconcile import dialect
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import floats, number
from qa_sync.reports.grouping import Grouping
from qa_sync.reports.measures import COUNTED
from qa_sync.reports.naming import name_column
from qa_sync.reports.notes import counted_note
from qa_sync.reports.report import Ask, Inputs, Report, Scene
from qa_sync.reports.sampling_report import planning_rate

#: Columns that count some of a row's units, by the condition of a unit that they count.
_PARTS = {
    "done": "is_done",
    "replaced": "is_replaced",
    "skipped": "is_skipped",
    "waiting": "is_waiting AND NOT is_late",
    "overdue": "is_waiting AND is_late",
}


def _own(name: str, label: str, doc: str) -> Grouping:
    return Grouping(name=name, sql=name, field=Field(name=name, label=label, width=130, doc=doc))


_BY = (
    _own("week", "Week", "ISO week that the sample is for."),
    _own("stratum", "Stratum", "Stratum of the sample, such as queue and site."),
    _own("assignee", "Assignee", "Who was to do it."),
    _own("selected_by", "Picked", "random, or targeted: a stratum of its own that no other number is made of."),
)


def quotas(scene: Scene, ask: Ask) -> Report:
    """What the sample plan wanted of each week and stratum: done, replaced, skipped, overdue, and how precise that is.

    A sampled evaluation is done when it is audited; a sampled interaction when its assignee (anybody, where there is
    none) has evaluated it.
    """
    assemble.allowed("quotas", [*ask.by, *ask.where], {g.name for g in _BY})
    by = [g for g in _BY if g.name in (ask.by or [one.name for one in _BY])]
    _units(scene, ask)
    keep = " AND ".join(f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in ask.where.items())
    chosen, names = assemble.selected(by)
    # Several people draw from one frame: it counts once where they are added up.
    frames = ", ".join(["week", "stratum", "selected_by", *(g.name for g in by if g.name == "assignee")])
    groups = scene.engine.fetch(f"""
        SELECT {chosen}, sum(target) AS target, sum(frame_size) AS frame_size, sum(drawn) AS drawn, sum(done) AS done,
               sum(replaced) AS replaced, sum(skipped) AS skipped, sum(overdue) AS overdue, sum(waiting) AS waiting
        FROM (SELECT week, stratum, assignee, selected_by, max(target) AS target,
                     CASE WHEN row_number() OVER (PARTITION BY {frames} ORDER BY assignee) = 1
                          THEN max(max(frame_size)) OVER (PARTITION BY {frames}) END AS frame_size,
                     count(*) AS drawn, {_count("is_done")} AS done, {_count("is_replaced")} AS replaced,
                     {_count("is_skipped")} AS skipped,
                     {_count("is_waiting AND is_late")} AS overdue, {_count("is_waiting AND NOT is_late")} AS waiting
              FROM quota_units WHERE {keep or "true"} GROUP BY week, stratum, assignee, selected_by) x
        GROUP BY {names}""")
    rate = planning_rate(scene, ask)
    done, target, frame = (floats(groups, name) for name in ("done", "target", "frame_size"))
    size = np.where(np.isfinite(frame), np.maximum(frame, done), np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        margin = np.where(
            np.isfinite(size), achievable_margin(done, rate, np.where(np.isfinite(size), size, 1)),
            achievable_margin(done, rate),
        )  # fmt: skip
    columns = [
        *name_column(scene, groups, "assignee"),
        *number("quotas.target", target, width=65),
        *number("quotas.frame", frame, width=75),
        *(
            one
            for name in ("drawn", "done", "replaced", "skipped", "waiting", "overdue")
            for one in number(f"quotas.{name}", floats(groups, name), width=70)
        ),
        *number("quotas.fulfilled", divide(done, target), tone="bar"),
        *number("quotas.margin", np.where(done > 0, margin, np.nan)),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = f"{lineage.same_group(by, row)} AND ({keep or 'true'})"
        part = _PARTS.get(column)
        if part:
            return Inputs(sql=_done_by(f"{group} AND {part}"), population=_done_by(group), borrowed=_OTHERS)
        if column == "margin":
            everywhere = lineage.of_pairs("measured", COUNTED)
            return Inputs(sql=_done_by(group), population=everywhere, borrowed="all pairs, for the share it plans with")
        return Inputs(sql=_done_by(group))

    notes = (
        f"Precision is that of a defect-free share of {rate:.1%}, the programme's own.",
        "Targets are counted once a week, stratum, assignee and way of picking; frames once, whoever drew from them.",
        counted_note(scene),
    )
    return assemble.report("quotas", "Sample plan and what became of it", by, groups, columns, notes=notes, trace=trace)


_OTHERS = "the other sampled units of the row: among them these were counted"


def _done_by(condition: str) -> str:
    """Select the sampled units that fit (by their own id, role sample) and the evaluations by which they were done."""
    of_interactions = f"""
        SELECT DISTINCT e.evaluation_id, 'evaluation' AS role, CAST(NULL AS VARCHAR) AS pair_id, e.payload_hash
        FROM ended e JOIN (SELECT * FROM quota_units WHERE {condition} AND is_done AND evaluation_id IS NULL) u
             ON u.interaction_id = e.interaction_id AND e.bucket NOT IN ('VOIDED', 'DRAFT')
             AND (u.person IS NULL OR e.evaluator_id = u.person)"""
    audits = lineage.of_pairs(
        "audited", f"auditee_evaluation_id IN (SELECT evaluation_id FROM quota_units WHERE {condition} AND is_done)"
    )
    return f"""
        SELECT sample_id AS evaluation_id, 'sample' AS role, CAST(NULL AS VARCHAR) AS pair_id, payload_hash
        FROM quota_units WHERE {condition} UNION ALL {audits} UNION ALL {of_interactions}"""


def _units(scene: Scene, ask: Ask) -> None:
    """Make ``quota_units``: each sampled unit, whether it was done, and why not."""
    pairs = scope.limited(ask, "auditee_evaluation_id", "auditor_evaluation_id")
    evaluations = scope.limited(ask, "e.evaluation_id")
    scene.engine.table(
        "quota_units",
        f"""
        SELECT sample_id, payload_hash, evaluation_id, interaction_id, person,
               coalesce(u.week, '') AS week, coalesce(u.stratum, '') AS stratum, coalesce(u.person, '') AS assignee,
               coalesce(u.selected_by, '') AS selected_by, u.target, u.frame_size, is_done,
               NOT is_done AND u.replaced_by IS NOT NULL AS is_replaced,
               NOT is_done AND u.replaced_by IS NULL AND u.skipped_reason IS NOT NULL AS is_skipped,
               NOT is_done AND u.replaced_by IS NULL AND u.skipped_reason IS NULL AS is_waiting,
               coalesce(u.due_at <= {dialect.moment(scene.as_of)}, false) AS is_late
        FROM (
            SELECT s.*, CASE WHEN s.evaluation_id IS NOT NULL
                             THEN s.evaluation_id IN (SELECT auditee_evaluation_id FROM audited WHERE {pairs})
                             ELSE EXISTS (SELECT 1 FROM ended e WHERE e.interaction_id = s.interaction_id
                                          AND e.bucket NOT IN ('VOIDED', 'DRAFT') AND {evaluations}
                                          AND (s.person IS NULL OR e.evaluator_id = s.person)) END AS is_done
            FROM (SELECT r.*, coalesce(i.person_id, r.assignee_id) AS person FROM samples r
                  LEFT JOIN identities i ON i.account_id = r.assignee_id
                  WHERE {scope.limited(ask, "r.sample_id")}) s) u""",
    )


def _count(condition: str) -> str:
    return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"

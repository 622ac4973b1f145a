"""Auditors, blindness and repeats: whether those who judge agree with each other, with themselves, and unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from qa_sync.agreement import line_item_accuracy, proportion, proportion_difference
from qa_sync.agreement.estimate import divide
from qa_sync.dashboards.cells import Field
from qa_sync.reconcile import dialect
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import estimated, floats, keys, number, selected
from qa_sync.reports.grouping import Grouping, groupings
from qa_sync.reports.measures import counted
from qa_sync.reports.naming import name_column
from qa_sync.reports.notes import counted_note, told
from qa_sync.reports.population import frame_sizes, narrower, row_factors, with_frame
from qa_sync.reports.report import Ask, Inputs, Report, Scene

#: Weeks that roll: auditors meet in few evaluations, and few of their audits are disputed.
_WINDOW = 12
_FREE = "items_agree = items_compared"


def _count(condition: str) -> str:
    return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"


def auditors(scene: Scene, ask: Ask) -> Report:
    """One row an auditor over the last twelve weeks: pace, agreement with others, overturned audits, anchoring gap."""
    assemble.allowed("auditors", ask.where, {"site", "queue", "form", "week", "auditor", "site_kind", "team"})
    by = groupings(scene.engine, ("auditor",))
    asked = [*ask.where]
    made = "basis = 'original' AND outcome <> 'NOT_COMPARABLE' AND coalesce(sampling, 'random') <> 'targeted'"
    window = scope.last_weeks(scene, ask, made, _WINDOW)
    keep = f"{scope.of_pairs(scene, ask)} AND {scope.in_weeks(window)}"
    # Every audit that could be compared is its auditor's work, the headline or not.
    scene.engine.table(
        "audit_rows",
        f"""
        SELECT *, {dialect.iso_week(dialect.local_date("auditor_submitted_at", scene.time_zone))} AS audit_week
        FROM measured WHERE {made} AND {keep}""",
    )
    scene.engine.table(
        "auditor_pairs",
        f"""
        SELECT o.*, o.auditor_id AS who FROM others o
        WHERE relation = 'inter_auditor' AND items_compared > 0 AND {keep}
        UNION ALL
        SELECT o.*, o.auditee_id FROM others o WHERE relation = 'inter_auditor' AND items_compared > 0 AND {keep}""",
    )
    scene.engine.table(
        "auditor_cases",
        f"""
        SELECT * FROM cases WHERE challenges = 'audit' AND auditor_id IS NOT NULL
            AND {scope.of_evaluations(scene, ask)} AND {scope.in_weeks(window)}""",
    )
    groups = scene.engine.fetch(f"""
        SELECT auditor_id AS auditor, count(*) AS audits, count(DISTINCT auditee_id) AS auditees,
               count(DISTINCT audit_week) AS weeks,
               {_count("is_blind")} AS unseen, {_count(f"is_blind AND {_FREE}")} AS unseen_free,
               {_count("NOT is_blind")} AS seen, {_count(f"NOT is_blind AND {_FREE}")} AS seen_free
        FROM audit_rows WHERE auditor_id IS NOT NULL GROUP BY auditor_id ORDER BY auditor_id""")
    who = groups["auditor"].to_pylist()
    shared = scene.engine.fetch("SELECT who, items_agree, items_compared FROM auditor_pairs ORDER BY pair_id, who")
    place = {name: at for at, name in enumerate(who)}
    at = np.array([place.get(one, -1) for one in shared["who"].to_pylist()], dtype=np.intp)
    known = at >= 0
    agree, compared = floats(shared, "items_agree")[known], floats(shared, "items_compared")[known]
    agreement = line_item_accuracy(agree, compared, at[known], len(who))
    decided = scene.engine.fetch(f"""
        SELECT auditor_id, {_count("state = 'resolved' AND outcome IS NOT NULL")} AS decided,
               {_count("state = 'resolved' AND is_overturned")} AS overturned
        FROM auditor_cases GROUP BY auditor_id""").to_pylist()
    cases = {row["auditor_id"]: (row["decided"], row["overturned"]) for row in decided}
    table = np.array([cases.get(one, (0, 0)) for one in who], dtype=np.float64).reshape(len(who), 2)
    audits, weeks = floats(groups, "audits"), floats(groups, "weeks")
    shared_pairs = np.bincount(at[known], minlength=len(who))
    columns = [
        *name_column(scene, groups, "auditor"),
        *number("auditors.audits", audits, width=65),
        *number("auditors.auditees", floats(groups, "auditees"), width=75),
        *number("auditors.weeks", weeks, width=65),
        *number("auditors.pace", divide(audits, weeks)),
        *number("auditors.shared", shared_pairs, width=65),
        *number("auditors.shared_items", np.bincount(at[known], weights=compared, minlength=len(who))),
        *estimated("auditors.agreement", agreement, hidden=shared_pairs < scene.n_min, tone="share"),
        *number("auditors.decided", table[:, 0]),
        *estimated("auditors.overturn_rate", proportion(table[:, 1], table[:, 0]), tone="share_bad"),
        *_gap("auditors.gap", scene, groups),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        of = lineage.text(row["auditor"])
        own = lineage.of_pairs("audit_rows", f"auditor_id = {of}")
        plain = column.removesuffix("_low").removesuffix("_high")
        shown = "the audits for which the row is shown at all"
        if plain in ("shared", "shared_items", "agreement"):
            found = lineage.of_pairs("auditor_pairs", f"who = {of}")
            return Inputs(sql=found, population=own, borrowed=shown)
        if plain in ("decided", "overturn_rate"):
            found = lineage.of_evaluations("auditor_cases", f"auditor_id = {of}", role="disputed")
            return Inputs(sql=found, population=own, borrowed=shown)
        if plain == "gap":
            proven = lineage.of_pairs("audit_rows", f"auditor_id = {of} AND is_blind IS NOT NULL")
            return Inputs(sql=proven, population=own, borrowed=shown)
        return Inputs(sql=own)

    notes = (f"Weeks {window[0]} to {window[-1]}." if window else "No weeks with audits yet.", *told(scene, asked))
    title = "Auditors and their own agreement, last twelve weeks"
    return assemble.report("auditors", title, by, groups, columns, notes=notes, trace=trace)


def _gap(metric: str, scene: Scene, groups: pa.Table) -> list[assemble.Column]:
    unseen, seen = floats(groups, "unseen"), floats(groups, "seen")
    batch = proportion_difference(floats(groups, "seen_free"), seen, floats(groups, "unseen_free"), unseen)
    few = np.minimum(unseen, seen) < scene.n_min
    return estimated(metric, batch, hidden=few)


def blind(scene: Scene, ask: Ask) -> Report:
    """Blind audits against those that are not: does who sees the answer agree with it? The anchoring gap."""
    by = groupings(scene.engine, ask.by or ("site",))
    asked = [*(g.name for g in by), *ask.where]
    scene.engine.table("blind_rows", f"SELECT * FROM measured WHERE {counted(asked)} AND {scope.of_pairs(scene, ask)}")
    chosen, names = selected(by)
    groups = scene.engine.fetch(f"""
        SELECT {chosen}, {_count("is_blind")} AS unseen, {_count(f"is_blind AND {_FREE}")} AS unseen_free,
               {_count("NOT is_blind")} AS seen, {_count(f"NOT is_blind AND {_FREE}")} AS seen_free,
               {_count("is_blind IS NULL")} AS unknown
        FROM blind_rows GROUP BY {names}""")
    seen, unseen = floats(groups, "seen"), floats(groups, "unseen")
    listed = [g.name for g in by]
    sizes = frame_sizes(scene, by, ask, f"SELECT {chosen}, form_id, form_version FROM blind_rows", listed)
    free = [
        narrower(proportion(floats(groups, f"{kind}_free"), n), row_factors(scene, sizes, groups, listed, n))
        for kind, n in (("unseen", unseen), ("seen", seen))
    ]
    columns = [
        *number("blind.blind_pairs", unseen, width=65),
        *number("blind.open_pairs", seen, width=75),
        *number("blind.unknown_pairs", floats(groups, "unknown"), width=75),
        *estimated("blind.blind_free", free[0], hidden=unseen < scene.n_min),
        *estimated("blind.open_free", free[1], hidden=seen < scene.n_min),
        *_gap("blind.gap", scene, groups),
    ]
    parts = {"blind_pairs": "is_blind", "open_pairs": "NOT is_blind", "unknown_pairs": "is_blind IS NULL"}
    parts |= {"blind_free": "is_blind", "open_free": "NOT is_blind", "gap": "is_blind IS NOT NULL"}

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = lineage.same_group(by, row)
        plain = column.removesuffix("_low").removesuffix("_high")
        inputs = Inputs(
            sql=lineage.of_pairs("blind_rows", f"{group} AND {parts[plain]}"),
            population=lineage.of_pairs("blind_rows", group),
            borrowed=lineage.OTHERS,
        )
        return inputs if plain == "gap" else with_frame(scene, by, ask, column, group, inputs)

    return assemble.report("blind", "Blind and not blind", by, groups, columns, notes=told(scene, asked), trace=trace)


_RELATION = Grouping(
    name="twice",
    sql="CASE WHEN is_intra_rater THEN 'blind repeat' ELSE relation END",
    field=Field(
        name="twice",
        label="Kind",
        width=110,
        doc="blind repeat: blind and far enough apart, what counts as reliability; repeat and self_audit: not both.",
    ),
)


def repeats(scene: Scene, ask: Ask) -> Report:
    """People who scored the same thing twice: do they agree with themselves? Blind repeats apart from the others."""
    by = [_RELATION, *groupings(scene.engine, ask.by or ("auditee",))]
    scene.engine.table(
        "repeat_rows",
        f"""
        SELECT * FROM others WHERE (relation IN ('repeat', 'self_audit') OR is_intra_rater) AND is_compared
            AND {scope.of_pairs(scene, ask)}""",
    )
    chosen, names = selected(by)
    groups = scene.engine.fetch(f"""
        SELECT {chosen}, count(*) AS pairs, sum(items_compared) AS items,
               CAST(sum(CAST(abs(gap_days) AS DECIMAL(38, 15))) AS DOUBLE) / count(gap_days) AS gap
        FROM repeat_rows GROUP BY {names}""")
    listed = [g.name for g in by]
    rows = scene.engine.fetch(f"SELECT {chosen}, items_agree, items_compared FROM repeat_rows ORDER BY pair_id")
    place = {key: at for at, key in enumerate(keys([groups[name] for name in listed], groups.num_rows).to_pylist())}
    own = keys([rows[name] for name in listed], rows.num_rows).to_pylist()
    at = np.array([place[key] for key in own], dtype=np.intp)
    batch = line_item_accuracy(floats(rows, "items_agree"), floats(rows, "items_compared"), at, groups.num_rows)
    n = floats(groups, "pairs")
    columns = [
        *name_column(scene, groups, "auditee"),
        *number("repeats.pairs", n, width=65),
        *number("repeats.items", floats(groups, "items"), width=65),
        *estimated("repeats.agreement", batch, hidden=n < scene.n_min, tone="share"),
        *number("repeats.gap", floats(groups, "gap")),
    ]

    def trace(row: Mapping[str, Any], column: str) -> Inputs:  # noqa: ARG001  (every trace is asked the same way)
        return Inputs(sql=lineage.of_pairs("repeat_rows", lineage.same_group(by, row)))

    return assemble.report(
        "repeats", "Agreement with oneself", by, groups, columns, notes=(counted_note(scene),), trace=trace
    )

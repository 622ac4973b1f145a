"""Disputes: what becomes of them, how long they take, and which are open. Open ones bend no rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from qa_sync.agreement import kaplan_meier, line_item_accuracy, proportion
from qa_sync.dashboards.cells import Field
from qa_sync.reports import assemble, lineage, scope
from qa_sync.reports.assemble import estimated, floats, number, selected
from qa_sync.reports.grouping import Grouping, condition, groupings
from qa_sync.reports.notes import counted_note
from qa_sync.reports.population import OF_EVALUATIONS
from qa_sync.reports.report import Ask, Inputs, Report, Scene

_EXTRA = {
    "challenges": ("challenges", "Challenges", "work: an agent disputes an evaluation; audit: an auditee an audit."),
    "category": ("category", "Category", "Category of the dispute."),
    "reason": ("reason", "Reason", "Reason code of the dispute."),
    "raised_by": ("raised_by", "Raised by", "Who opened it."),
    "decided_by": ("decided_by", "Decided by", "Who decided last."),
    "opened_week": ("opened_week", "Opened", "ISO week of the opening."),
    "closed_week": ("closed_week", "Closed", "ISO week of the decision: the workload view."),
}
_KNOWN = (OF_EVALUATIONS - {"form_version"}) | {"auditor"} | set(_EXTRA)
_STATES = {
    "waiting": "is_open",
    "withdrawn": "state = 'retracted'",
    "expired": "state = 'expired'",
    "upheld": "state = 'resolved' AND outcome = 'upheld'",
    "overturned": "state = 'resolved' AND outcome IN ('overturned_full', 'overturned_partial')",
}
_SURVIVORS = (
    "Median days by the week of the decision is of what was decided in it; whatever still waits has a row of its own. "
    "It is no answer to how long disputes take: leave 'closed_week' out for that.",
)
_DECIDED = "state = 'resolved' AND outcome IS NOT NULL"


def _groupings(scene: Scene, names: Sequence[str]) -> list[Grouping]:
    made = []
    for name in dict.fromkeys(names):
        if name in _EXTRA:
            sql, label, doc = _EXTRA[name]
            made.append(Grouping(name=name, sql=sql, field=Field(name=name, label=label, doc=doc, width=120)))
        else:
            made += groupings(scene.engine, [name])
    return made


def _kept(scene: Scene, ask: Ask) -> str:
    own = {name: value for name, value in ask.where.items() if name in _EXTRA}
    parts = [f"{_EXTRA[name][0]} = {lineage.text(value)}" for name, value in own.items()]
    parts.append(condition(scene.engine, {name: value for name, value in ask.where.items() if name not in own}))
    parts.append(scope.limited(ask, "evaluation_id"))
    return " AND ".join(parts)


def disputes(scene: Scene, ask: Ask) -> Report:
    """Disputes: opened, open, decided, the overturn rate with its interval, the dispute rate, the median time."""
    assemble.allowed("disputes", [*ask.by, *ask.where], _KNOWN)
    by = _groupings(scene, ask.by or ("challenges", "site"))
    kept = _kept(scene, ask)
    scene.engine.table("dispute_rows", f"SELECT * FROM cases WHERE {kept}")
    keys, names = selected(by)
    states = ", ".join(f"sum(CASE WHEN {test} THEN 1 ELSE 0 END) AS {name}" for name, test in _STATES.items())
    groups = scene.engine.fetch(f"""
        SELECT {keys}, count(*) AS disputes, {states}, row_number() OVER (ORDER BY {names}) - 1 AS grp
        FROM dispute_rows GROUP BY {names} ORDER BY grp""")
    overturned, upheld = floats(groups, "overturned"), floats(groups, "upheld")
    columns = [
        *number("disputes.disputes", floats(groups, "disputes"), width=70),
        *(
            one
            for name in ("waiting", "withdrawn", "expired")
            for one in number(f"disputes.{name}", floats(groups, name))
        ),
        *number("disputes.upheld", upheld),
        *number("disputes.overturned", overturned),
        *estimated("disputes.overturn_rate", proportion(overturned, upheld + overturned), tone="share_bad"),
        *_items(scene, by, groups),
        *_median(scene, by, groups),
    ]
    # What could be disputed is known of evaluations, and of audits by the columns of what they audit.
    rated = not {g.name for g in by} - OF_EVALUATIONS - {"challenges"} and not set(ask.where) - OF_EVALUATIONS
    by_frame = [g for g in by if g.name != "challenges"]
    if rated:
        columns += _rate(scene, ask, by_frame, groups, has_kind="challenges" in {g.name for g in by})

    def trace(row: Mapping[str, Any], column: str) -> Inputs:
        group = lineage.same_group(by, row)
        whole = lineage.of_evaluations("dispute_rows", group, role="disputed")
        if column.startswith(("disputable", "dispute_rate")):
            frame = f"is_disputable AND {lineage.same_group(by_frame, row)}"
            if row.get("challenges") == "audit":
                own = lineage.of_pairs("disputable_audits", f"{frame} AND {scope.of_pairs(scene, ask)}")
            else:
                own = lineage.of_evaluations("auditees", f"{frame} AND {scope.of_evaluations(scene, ask)}")
            return Inputs(sql=own, population=whole, borrowed="the disputes for which the row is shown at all")
        if column in _STATES:
            own = lineage.of_evaluations("dispute_rows", f"{group} AND {_STATES[column]}", role="disputed")
            return Inputs(sql=own, population=whole, borrowed="the other disputes of the row")
        return Inputs(sql=whole)

    notes = (
        counted_note(scene),
        "Open, withdrawn and expired disputes are counted and are in no rate. By week: the week of the work judged "
        "(the quality view); 'by: closed_week' is the workload view.",
        *(_SURVIVORS if "closed_week" in {g.name for g in by} else ()),
    )
    return assemble.report(
        "disputes", "Disputes and what became of them", by, groups, columns, notes=notes, trace=trace
    )


def _median(scene: Scene, by: Sequence[Grouping], groups: pa.Table) -> list[assemble.Column]:
    """Median time to a decision of each group; whatever is undecided is censored at the time it lasted."""
    keys, _ = selected(by)
    listed = scene.engine.fetch(f"SELECT {keys}, days, {_DECIDED} AS decided FROM dispute_rows WHERE days >= 0")
    names = [g.name for g in by] or ["everything"]
    times: dict[tuple[Any, ...], list[tuple[float, bool]]] = {}
    for row in listed.to_pylist():
        times.setdefault(tuple(row[name] for name in names), []).append((row["days"], row["decided"]))
    found = []
    for row in groups.to_pylist():
        cases = sorted(times.get(tuple(row[name] for name in names), []))
        median = kaplan_meier([days for days, _ in cases], [decided for _, decided in cases]).median
        found.append([np.nan if value is None else value for value in (median.value, median.lower, median.upper)])
    table = np.array(found, dtype=np.float64).reshape(len(found), 3)
    return number("disputes.median_days", table[:, 0], low=table[:, 1], high=table[:, 2])


def _items(scene: Scene, by: Sequence[Grouping], groups: pa.Table) -> list[assemble.Column]:
    """Criteria decided, and how many were overturned; those of one dispute hang together."""
    keys, names = selected(by)
    found = scene.engine.fetch(f"""
        SELECT g.grp, sum(CASE WHEN i.is_overturned THEN 1 ELSE 0 END) AS x, count(*) AS m
        FROM (SELECT *, dense_rank() OVER (ORDER BY {names}) - 1 AS grp
              FROM (SELECT dispute_id, {keys} FROM dispute_rows) d) g
        JOIN dispute_items i ON i.dispute_id = g.dispute_id AND i.state = 'resolved' AND i.outcome IS NOT NULL
        GROUP BY g.grp, g.dispute_id ORDER BY g.grp, g.dispute_id""")
    at, decided = found["grp"].to_numpy(), floats(found, "m")
    batch = line_item_accuracy(floats(found, "x"), decided, at, groups.num_rows)
    return [
        *number("disputes.items", np.bincount(at, weights=decided, minlength=groups.num_rows)),
        *estimated("disputes.item_overturn_rate", batch, tone="share_bad"),
    ]


#: What may be disputed: evaluations by agents (``work``), audits by auditees (``audit``); the role that tells releases.
_FRAMES = {"work": ("auditees", "standard"), "audit": ("disputable_audits", "auditor")}


def _rate(scene: Scene, ask: Ask, by: Sequence[Grouping], groups: pa.Table, *, has_kind: bool) -> list[assemble.Column]:
    """Disputed of what could be disputed, evaluations and audits apart; without ``challenges``, evaluations."""
    scene.engine.table(
        "disputable_audits",
        """
        SELECT p.*, b.is_disputed, b.is_disputable FROM audited p
        JOIN buckets b ON b.evaluation_id = p.auditor_evaluation_id""",
    )
    keys, names = selected(by)
    listed = [g.name for g in by] or ["everything"]
    sizes: dict[tuple[Any, ...], tuple[float, float]] = {}
    for kind, (relation, role) in _FRAMES.items():
        # Where no source says what was released, only what was disputed is known to be disputable: that is no rate.
        told = f"(SELECT coalesce(bool_or(is_released), false) FROM rc_evaluations WHERE role = '{role}')"
        kept = scope.of_evaluations(scene, ask) if kind == "work" else scope.of_pairs(scene, ask)
        found = scene.engine.fetch(f"""
            SELECT {keys}, sum(CASE WHEN is_disputed THEN 1 ELSE 0 END) AS disputed, count(*) AS disputable
            FROM {relation} WHERE is_disputable AND {told} AND {kept} GROUP BY {names}""").to_pylist()
        for row in found:
            sizes[kind, *(row[name] for name in listed)] = row["disputed"], row["disputable"]
    kinds = groups["challenges"].to_pylist() if has_kind else ["work"] * groups.num_rows
    wanted = list(zip(*[groups[name].to_pylist() for name in listed], strict=True)) if by else [("all",)] * len(kinds)
    table = np.array(
        [sizes.get((kind, *key), (np.nan, np.nan)) for kind, key in zip(kinds, wanted, strict=True)], dtype=np.float64
    ).reshape(len(kinds), 2)
    return [
        *number("disputes.disputable", table[:, 1]),
        *estimated("disputes.dispute_rate", proportion(np.nan_to_num(table[:, 0]), np.nan_to_num(table[:, 1]))),
    ]


def open_disputes(scene: Scene, ask: Ask) -> Report:
    """Disputes that wait for a decision, the oldest first."""
    assemble.allowed("open_disputes", list(ask.where), _KNOWN)
    rows = scene.engine.fetch(f"""
        SELECT d.dispute_id AS key, d.challenges, d.state, d.days, d.opened_at, d.site, d.queue, d.form_id AS form,
               d.items, d.category, d.reason, d.raised_by, n.name AS raised_by_name, d.auditee_id, d.evaluation_id,
               d.interaction_id, e.url AS link
        FROM (SELECT * FROM cases WHERE is_open AND {_kept(scene, ask)}) d
        LEFT JOIN persons n ON n.person_id = d.raised_by
        LEFT JOIN evaluations e ON e.evaluation_id = d.evaluation_id
        ORDER BY d.opened_at NULLS FIRST, d.dispute_id""")
    days = Field(
        name="days", label="Age (days)", kind="number", decimals=1, width=80, tone="bar", doc="Since it was opened."
    )
    items = Field(
        name="items", label="Criteria", kind="integer", width=70, doc="Criteria it names; 0: the whole evaluation."
    )
    fields = (
        Field(name="key", label="Dispute", width=120, doc="Identity of the dispute."),
        Field(name="challenges", label="Challenges", width=90, doc="work: an evaluation; audit: an audit."),
        Field(name="state", label="State", width=90, doc="open or in_review; else an appeal waits."),
        days,
        Field(name="opened_at", label="Opened", kind="time", width=130, doc="When, local time of the programme."),
        Field(name="site", label="Site", width=110, doc="Site of the evaluator on the day that counts."),
        Field(name="queue", label="Queue", width=120, doc="Queue of the interaction."),
        Field(name="form", label="Form", width=150, doc="Evaluation form."),
        items,
        Field(name="category", label="Category", width=120, doc="Category of the dispute."),
        Field(name="reason", label="Reason", width=120, doc="Reason code."),
        Field(name="raised_by", label="Raised by", width=120, doc="Who opened it."),
        Field(name="raised_by_name", label="Name", width=140, doc="Their name."),
        Field(name="auditee_id", label="Evaluator", width=120, doc="Whose scoring is at stake."),
        Field(name="evaluation_id", label="Evaluation", width=130, doc="The evaluation or audit that is challenged."),
        Field(name="interaction_id", label="Interaction", width=120, doc="The interaction that was judged."),
        Field(name="link", label="Link", width=200, doc="Where the evaluation can be opened."),
    )

    def trace(row: Mapping[str, Any], column: str) -> Inputs:  # noqa: ARG001  (every trace is asked the same way)
        found = f"dispute_id = {lineage.text(row['key'])}"
        return Inputs(sql=lineage.of_evaluations("cases", found, role="disputed"))

    # To the day: a note that changed with every refresh would have the tab dressed anew each time.
    notes = (f"As of {scene.as_of.astimezone(ZoneInfo(scene.time_zone)):%Y-%m-%d}, {scene.time_zone}.",)
    return Report(
        name="open_disputes",
        title="Disputes that wait",
        fields=fields,
        key="key",
        rows=rows,
        notes=notes,
        trace=trace,
    )

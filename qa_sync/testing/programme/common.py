"""A programme as tables of the common schema, without a source, a store or a mapping: for tests and benchmarks.

Ids are texts: ``T100001`` a ticket, ``P1001`` a person, ``E500001`` an evaluation, ``D1`` a dispute, ``S1`` a session,
``L1`` a line of the sample plan. Every version counts as ingested when it was made, so that looking back works as it
does over a store.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.model import TABLES
from qa_sync.model.system import VERSION
from qa_sync.testing.programme.record import TIME, Programme

SOURCE = "programme"
#: Tables of which every version is returned; the others hold current rows.
HISTORIES = ("interactions", "evaluations", "answers")


def common_tables(programme: Programme) -> dict[str, pa.Table]:
    """Return the tables that a programme fills, by name, with their stored columns and those of a row version.

    The tables of ``HISTORIES`` hold all versions; deleted evaluations have status deleted, deleted tickets are
    tombstones.
    """
    evaluations = _evaluations(programme)
    made = {
        "interactions": _interactions(programme),
        "people": _people(programme),
        "rosters": _rosters(programme),
        "lookups": _listed(
            "lookups",
            programme,
            [
                {"lookup": "queue", "lookup_key": group, "lookup_value": queue}
                for group, queue in sorted(programme.group_queues.items())
            ],
            "lookup_key",
        ),
        **_forms(programme),
        "evaluations": evaluations,
        "answers": _answers(programme, evaluations),
        "disputes": _disputes(programme),
        "calibrations": _calibrations(programme),
        "calibration_participants": _participants(programme),
        "samples": _samples(programme),
    }
    return {name: _dated(name, table, programme.zone) for name, table in made.items()}


def _id(prefix: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(prefix, column.cast(pa.string()), "")


def _versions(
    table: str,
    columns: dict[str, Any],
    rows: int,
    *,
    record: Any,
    stamp: Any,
    revision: Any,
    deleted: Any = False,
    stream: str = "",
) -> pa.Table:
    """A table with all its columns: those given, null for the others, and the columns of a row version."""
    schema = pa.schema([*TABLES[table].arrow, *VERSION])
    given = {
        **columns,
        "source": SOURCE,
        "stream": stream or table,
        "record_id": record,
        "source_stamp": stamp,
        "source_seq": 0,
        "ingested_at": stamp,
        "deleted": deleted,
        "payload_hash": pc.binary_join_element_wise(record, revision.cast(pa.string()), "/"),
    }
    arrays = []
    for field in schema:
        value = given.get(field.name)
        if isinstance(value, pa.ChunkedArray | pa.Array):
            arrays.append(value.cast(field.type))
        else:
            arrays.append(pa.repeat(pa.scalar(value, type=field.type), rows))
    return pa.table(arrays, schema=schema)


def _dated(name: str, table: pa.Table, zone: str) -> pa.Table:
    """Fill the local date and ISO week of each event time."""
    for column in TABLES[name].columns:
        if not column.event:
            continue
        local = pc.local_timestamp(table[column.name].cast(pa.timestamp("us", tz=zone)))
        calendar = pc.iso_calendar(local)
        parts = [pc.struct_field(calendar, [part]).cast(pa.string()) for part in ("iso_year", "iso_week")]
        week = pc.binary_join_element_wise(parts[0], pc.utf8_lpad(parts[1], 2, "0"), "-W")
        for made, values in ((f"{column.stem}_date", local.cast(pa.date32())), (f"{column.stem}_week", week)):
            table = table.set_column(table.column_names.index(made), made, values)
    return table


def _interactions(programme: Programme) -> pa.Table:
    t = programme.tickets
    columns = {
        name: t[name]
        for name in (
            "channel",
            "language",
            "region",
            "severity",
            "status",
            "priority",
            "created_at",
            "solved_at",
            "closed_at",
            "updated_at",
        )
    }
    return _versions(
        "interactions",
        {
            **columns,
            "interaction_id": _id("T", t["ticket_no"]),
            "kind": "ticket",
            "ticket_id": t["ticket_no"].cast(pa.string()),
            "agent_id": _id("P", t["agent_no"]),
            "requester_id": _id("R", t["requester_no"]),
            "group_id": t["group_name"],
        },
        t.num_rows,
        record=_id("T", t["ticket_no"]),
        stamp=t["updated_at"],
        revision=t["version"],
        deleted=t["deleted"],
    )


def _people(programme: Programme) -> pa.Table:
    t = programme.people
    columns = {name: t[name] for name in ("name", "email", "employee_number", "user_name", "role")}
    record = _id("P", t["person_no"])
    return _versions(
        "people",
        {**columns, "person_id": record, "organization": t["site"], "is_active": True},
        t.num_rows,
        record=record,
        stamp=_morning(t["valid_from"]),
        revision=t["person_no"],
    )


def _rosters(programme: Programme) -> pa.Table:
    t = programme.rosters
    columns = {name: t[name] for name in ("role", "valid_from", "valid_to", "site", "site_kind", "team", "queue")}
    record = pc.binary_join_element_wise(_id("P", t["person_no"]), t["valid_from"].cast(pa.string()), "/")
    return _versions(
        "rosters",
        {**columns, "person_id": _id("P", t["person_no"])},
        t.num_rows,
        record=record,
        stamp=_morning(t["valid_from"]),
        revision=t["person_no"],
    )


def _morning(days: pa.ChunkedArray) -> pa.ChunkedArray:
    return days.cast(pa.timestamp("us")).cast(TIME)


def _listed(table: str, programme: Programme, rows: list[dict[str, Any]], key: str) -> pa.Table:
    """A small table from Python rows, known from the start of the programme."""
    schema = TABLES[table].arrow
    made = pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)
    return _versions(
        table,
        {name: made[name] for name in schema.names},
        made.num_rows,
        record=made[key].cast(pa.string()),
        stamp=programme.week_end(0),
        revision=pa.array(range(made.num_rows)),
    )


def _forms(programme: Programme) -> dict[str, pa.Table]:
    forms, criteria, options = [], [], []
    for form in programme.forms:
        place = {"form_id": form["form_id"], "form_version": form["version"]}
        forms.append({**form, **place, "about": "agent_work", "status": "published"})
        for position, criterion in enumerate(form["criteria"], start=1):
            criteria.append({**criterion, **place, "criterion_key": criterion["key"], "position": position})
            options += [{**option, **place, "criterion_key": criterion["key"]} for option in criterion["options"]]
    return {
        "forms": _listed("forms", programme, forms, "form_id"),
        "criteria": _listed("criteria", programme, criteria, "criterion_key"),
        "options": _listed("options", programme, options, "option"),
    }


def _evaluations(programme: Programme) -> pa.Table:
    t = programme.evaluations
    status = pc.if_else(pc.equal(t["status"], "active"), "submitted", t["status"])
    columns = {
        name: t[name]
        for name in (
            "kind",
            "form_id",
            "form_version",
            "is_blind",
            "cause",
            "started_at",
            "submitted_at",
            "released_at",
            "reported_score",
        )
    }
    setting = pc.if_else(pc.is_valid(t["is_blind"]), "setting", None)
    proof = pc.if_else(pc.is_valid(t["blind_task"]), "blind task", setting)
    record = _id("E", t["evaluation_no"])
    return _versions(
        "evaluations",
        {
            **columns,
            "evaluation_id": record,
            "about": "agent_work",
            "status": status,
            "interaction_id": _id("T", t["ticket_no"]),
            "evaluator_id": _id("P", t["evaluator_no"]),
            "agent_id": _id("P", t["agent_no"]),
            "audited_evaluation_id": _id("E", t["audited_evaluation_no"]),
            "blind_task_id": t["blind_task"],
            "blind_proof": proof,
            "session_id": _id("S", t["session_no"]),
            "effective_at": t["saved_at"],
            "reported_max": pc.if_else(pc.is_valid(t["reported_score"]), 100.0, None),
        },
        t.num_rows,
        record=record,
        stamp=t["saved_at"],
        revision=t["revision"],
    )


def _answers(programme: Programme, evaluations: pa.Table) -> pa.Table:
    """Answers carry the version of the revision they belong to."""
    t = programme.answers
    saved = programme.evaluations.select(["evaluation_no", "revision"])
    keys = [table["evaluation_no"].to_numpy() * 64 + table["revision"].to_numpy() for table in (saved, t)]
    stamps = evaluations["source_stamp"].take(pa.array(keys[0].searchsorted(keys[1])))
    columns = {name: t[name] for name in ("criterion_key", "state", "option", "points", "max_points", "is_fail")}
    record = _id("E", t["evaluation_no"])
    return _versions(
        "answers",
        {**columns, "evaluation_id": record},
        t.num_rows,
        record=record,
        stamp=stamps,
        revision=t["revision"],
        stream="evaluations",
    )


def _disputes(programme: Programme) -> pa.Table:
    t = programme.disputes
    columns = {
        name: t[name]
        for name in (
            "event_no",
            "event",
            "event_at",
            "criterion_key",
            "category",
            "outcome",
            "option_before",
            "option_after",
            "score_before",
            "score_after",
        )
    }
    record = pc.binary_join_element_wise(_id("D", t["dispute_no"]), t["event_no"].cast(pa.string()), "/")
    return _versions(
        "disputes",
        {
            **columns,
            "dispute_id": _id("D", t["dispute_no"]),
            "evaluation_id": _id("E", t["evaluation_no"]),
            "round": 1,
            "raised_by": _id("P", t["raised_by_no"]),
            "decided_by": _id("P", t["decided_by_no"]),
        },
        t.num_rows,
        record=record,
        stamp=t["event_at"],
        revision=t["event_no"],
    )


def _calibrations(programme: Programme) -> pa.Table:
    t = programme.calibrations
    columns = {name: t[name] for name in ("form_id", "form_version", "opened_at", "due_at", "closed_at")}
    record = _id("S", t["session_no"])
    return _versions(
        "calibrations",
        {
            **columns,
            "session_id": record,
            "interaction_id": _id("T", t["ticket_no"]),
            "baseline_evaluation_id": _id("E", t["baseline_evaluation_no"]),
        },
        t.num_rows,
        record=record,
        stamp=t["opened_at"],
        revision=t["session_no"],
    )


def _participants(programme: Programme) -> pa.Table:
    t = programme.participants
    columns = {name: t[name] for name in ("status", "invited_at", "done_at")}
    record = pc.binary_join_element_wise(_id("S", t["session_no"]), _id("P", t["person_no"]), "/")
    return _versions(
        "calibration_participants",
        {
            **columns,
            "session_id": _id("S", t["session_no"]),
            "person_id": _id("P", t["person_no"]),
            "evaluation_id": _id("E", t["evaluation_no"]),
        },
        t.num_rows,
        record=record,
        stamp=t["invited_at"],
        revision=t["person_no"],
    )


def _samples(programme: Programme) -> pa.Table:
    t = programme.samples
    record = _id("L", t["sample_no"])
    columns = {name: t[name] for name in ("week", "target", "frame_size", "selected_by", "seed", "due_at")}
    return _versions(
        "samples",
        {
            **columns,
            "sample_id": record,
            "stratum": t["queue"],
            "evaluation_id": _id("E", t["evaluation_no"]),
            "assignee_id": _id("P", t["assignee_no"]),
            "replaced_by": _id("L", t["replaced_by_no"]),
            "skipped_reason": t["skipped_reason"],
        },
        t.num_rows,
        record=record,
        stamp=t["picked_at"],
        revision=t["sample_no"],
    )

"""report, explain, query, runs: questions that change nothing."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qa_sync.cli import show
from qa_sync.cli.runs import open_workspace
from qa_sync.errors import ConfigError, Problem

if TYPE_CHECKING:
    import pyarrow as pa

    from qa_sync.dashboards.cells import Field
    from qa_sync.reports import Explanation
    from qa_sync.store import Run


def report(arguments: argparse.Namespace) -> int:
    """``qa-sync report``."""
    from qa_sync.reports import REPORTS

    if not arguments.name:
        show.rows([{"report": name, "what": spec.doc} for name, spec in REPORTS.items()], form=arguments.format)
        return 0
    asked = _asked(arguments)
    made = open_workspace(arguments).report_table(arguments.name, **asked)
    if arguments.format == "json":
        print(
            json.dumps(
                {
                    "report": made.name,
                    "title": made.title,
                    "notes": list(made.notes),
                    "columns": [_column(made.name, f) for f in made.fields],
                    "rows": [{name: show.plain(value) for name, value in row.items()} for row in made.rows.to_pylist()],
                },
                ensure_ascii=False,
                indent=1,
            )
        )
    elif arguments.format == "csv":
        show.arrow(made.rows, form="csv")
    else:
        show.fields(made.rows, made.fields, title=made.title)
        for note in made.notes:
            print(note)
    return 0


def explain(arguments: argparse.Namespace) -> int:
    """``qa-sync explain``."""
    found = open_workspace(arguments).explain(arguments.name, arguments.row, arguments.column, **_asked(arguments))
    if arguments.format == "csv":
        show.arrow(found.evaluations, form="csv")
    elif arguments.format == "json":
        print(
            json.dumps(
                {
                    "report": found.report,
                    "row": found.key,
                    **_column(found.report, found.field),
                    "value": found.value,
                    "recomputed": found.recomputed,
                    "agrees": found.agrees,
                    "borrowed": found.borrowed,
                    "notes": list(found.notes),
                    "run": found.run_id,
                    "evaluations": _plain(found.evaluations),
                    **({"since": _plain(found.since)} if found.since is not None else {}),
                },
                ensure_ascii=False,
                indent=1,
            )
        )
    else:
        _show_explanation(found)
    return 0 if found.agrees else 1


def _show_explanation(found: Explanation) -> None:
    """The number, what it means, what it is made of; of a population only how large it is."""
    own = [row for row in found.evaluations.to_pylist() if row["part"] == "own"]
    shown = show.formatted(found.value, found.field)
    print(f"{found.title}: {found.field.label} of {found.key} is {shown}{_unrounded(found.value, shown)}")
    if found.metric:
        print(f"{found.metric.id}, version {found.metric.version}: {found.metric.formula}")
    else:
        print(found.field.doc)
    made = f"Made again from the {len({row['evaluation_id'] for row in own}):,} evaluations below"
    if found.borrowed:
        others = found.evaluations.num_rows - len(own)
        made += f" and {others:,} more rows of what it leans on ({found.borrowed})"
    verdict = "the same number" if found.agrees else f"{found.recomputed!r}, NOT the same: please report this"
    print(f"{made}: {verdict}. Run {found.run_id}.")
    show.rows(
        [{name: value for name, value in row.items() if name != "part"} for row in own],
        form="table",
        columns=tuple(name for name in found.evaluations.column_names if name != "part"),
    )
    if found.since is not None:
        print(f"Since then, {found.since.num_rows:,} rows are others:")
        show.rows(found.since.to_pylist(), form="table", columns=tuple(found.since.column_names))
    for note in found.notes:
        print(note)


def _plain(rows: pa.Table) -> list[dict[str, Any]]:
    return [{name: show.plain(value) for name, value in row.items()} for row in rows.to_pylist()]


def _unrounded(value: float, shown: str) -> str:
    """The number behind a rounded one, in brackets; nothing where nothing was rounded."""
    return "" if shown.replace(",", "") == f"{value:g}" else f" ({value!r})"


def _asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """What reports are asked for, from the options that report and explain share."""
    where = {}
    for part in arguments.where:
        column, mark, value = part.partition("=")
        if not mark or not column:
            raise ConfigError(Problem(what=f"--where {part!r}", hint="write COLUMN=VALUE"))
        where[column.strip()] = value
    by = [part.strip() for part in arguments.by.split(",") if part.strip()]
    return {"by": by, "where": where, "as_of": arguments.as_of, "audience": arguments.audience}


def _column(report: str, field: Field) -> dict[str, Any]:
    """A column for programs, with the definition of its numbers."""
    from qa_sync.reports.published import metric_of

    told: dict[str, Any] = {"name": field.name, "label": field.label, "kind": field.kind, "doc": field.doc}
    metric = metric_of(report, field.name)
    if metric:
        told |= {
            "metric": metric.id,
            "version": metric.version,
            "unit": metric.unit,
            "formula": metric.formula,
            "interval": metric.interval,
            "undefined": metric.undefined,
        }
    return told


def query(arguments: argparse.Namespace) -> int:
    """``qa-sync query``."""
    from qa_sync.model import TABLES

    if arguments.tables or not arguments.sql:
        listed = [
            {
                "table": table.name,
                "column": column.name,
                "type": column.type,
                "unit": column.unit,
                "meaning": column.doc,
            }
            for table in TABLES.values()
            for column in table.stored_columns
        ]
        show.rows(listed, form=arguments.format)
        return 0
    found = open_workspace(arguments).query_table(
        arguments.sql, as_of=arguments.as_of, seconds=arguments.timeout, megabytes=arguments.memory
    )
    show.arrow(found, form=arguments.format)
    return 0


def runs(arguments: argparse.Namespace) -> int:
    """``qa-sync runs``."""
    if arguments.words:
        return _runs_diff(arguments)
    workspace = open_workspace(arguments)
    listed, swept = workspace.runs(arguments.limit), workspace.store.swept_before
    changed = workspace.store.ledger.changed()
    latest = next((run.run_id for run in listed if run.snapshot), "")

    def told(run: Run) -> str:
        if run.snapshot is None:
            return ""
        if swept is not None and run.finished_at < swept and run.run_id != latest:
            return "expired"
        return f"changed by {changed[run.run_id]}" if run.run_id in changed else "yes"

    show.rows(
        [
            {
                "run": run.run_id,
                "command": run.command,
                "status": run.status,
                "started": run.started_at,
                "seconds": round((run.finished_at - run.started_at).total_seconds(), 1),
                "snapshot": told(run),
                "error": run.error.splitlines()[0] if run.error else "",
            }
            for run in listed
        ],
        form=arguments.format,
        columns=("run", "command", "status", "started", "seconds", "snapshot", "error"),
    )
    return 0


def _runs_diff(arguments: argparse.Namespace) -> int:
    from qa_sync.runner.runs_diff import REPORT, runs_diff

    if len(arguments.words) != 3 or arguments.words[0] != "diff":
        raise ConfigError(Problem(what="say 'runs', or 'runs diff A B'", hint="A and B are run ids or times"))
    found = runs_diff(open_workspace(arguments), *arguments.words[1:])
    if arguments.format != "table":
        if arguments.format == "json":
            print(json.dumps(found.as_dict(), indent=1, default=str))
        else:
            show.rows([asdict(moved) for moved in found.moved], form="csv")
        return 0
    for stream, counts in found.records.items():
        told = ", ".join(f"{counts[what]:,} {what}" for what in ("new", "changes", "deletions"))
        print(f"records: {stream}: {told}")
    for name, lines in found.files.items():
        print(f"{name}: {lines['removed']} lines removed, {lines['added']} added")
    parts = (("settings", found.settings), ("code", found.code), ("code: computed anew", found.recomputed))
    for kind, changed in parts:
        for name, (before, after) in changed.items():
            print(f"{kind}: {name}: {before} -> {after}")
    columns = ("row", "column", "before", "after", "mapping", "records", "settings")
    title = f"What moved in {REPORT}, and by what"
    show.rows([asdict(moved) for moved in found.moved], form="table", columns=columns, title=title)
    return 0

"""report, query, runs: questions that change nothing."""

from __future__ import annotations

import argparse
import json

from qa_sync.cli import show
from qa_sync.cli.runs import open_workspace
from qa_sync.errors import ConfigError, Problem


def report(arguments: argparse.Namespace) -> int:
    """``qa-sync report``."""
    from qa_sync.reports import REPORTS

    if not arguments.name:
        show.rows([{"report": name, "what": spec.doc} for name, spec in REPORTS.items()], form=arguments.format)
        return 0
    where = {}
    for part in arguments.where:
        column, mark, value = part.partition("=")
        if not mark or not column:
            raise ConfigError(Problem(what=f"--where {part!r}", hint="write COLUMN=VALUE"))
        where[column.strip()] = value
    by = [part.strip() for part in arguments.by.split(",") if part.strip()]
    made = open_workspace(arguments).report_table(arguments.name, by=by, where=where, as_of=arguments.as_of)
    if arguments.format == "json":
        print(
            json.dumps(
                {
                    "report": made.name,
                    "title": made.title,
                    "notes": list(made.notes),
                    "columns": [{"name": f.name, "label": f.label, "kind": f.kind, "doc": f.doc} for f in made.fields],
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
    found = open_workspace(arguments).query_table(arguments.sql, as_of=arguments.as_of)
    show.arrow(found, form=arguments.format)
    return 0


def runs(arguments: argparse.Namespace) -> int:
    """``qa-sync runs``."""
    listed = open_workspace(arguments).runs(arguments.limit)
    show.rows(
        [
            {
                "run": run.run_id,
                "command": run.command,
                "status": run.status,
                "started": run.started_at,
                "seconds": round((run.finished_at - run.started_at).total_seconds(), 1),
                "snapshot": "yes" if run.snapshot else "",
                "error": run.error.splitlines()[0] if run.error else "",
            }
            for run in listed
        ],
        form=arguments.format,
        columns=("run", "command", "status", "started", "seconds", "snapshot", "error"),
    )
    return 0

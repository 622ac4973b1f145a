"""Print things: tables for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qa_sync.errors import ConfigError, is_stop

if TYPE_CHECKING:
    import pyarrow as pa

    from qa_sync.dashboards.cells import Field


#: Rows of a table for people: more are nothing that anybody reads, and laying them out takes minutes.
MOST_ROWS = 2_000


def rows(records: Sequence[Mapping[str, Any]], *, form: str, columns: Sequence[str] = (), title: str = "") -> None:
    """Print records with equal keys."""
    names = list(columns) or (list(records[0]) if records else [])
    if form == "json":
        print(
            json.dumps(
                [{name: plain(record[name]) for name in names} for record in records], ensure_ascii=False, indent=1
            )
        )
        return
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([_harmless(name) for name in names])
        writer.writerows([[_flat(record[name]) for name in names] for record in records])
        return
    grid(
        names,
        [[_cell(record[name]) for name in names] for record in records],
        title=title,
        right=[_is_number(name, records) for name in names],
    )


def arrow(table: pa.Table, *, form: str, title: str = "") -> None:
    """Print an Arrow table."""
    from qa_sync.runner.values import records_of

    shown = table.slice(0, MOST_ROWS) if form == "table" else table
    rows(records_of(shown), form=form, columns=table.column_names, title=title)
    _tell_the_rest(table.num_rows - shown.num_rows)


def fields(table: pa.Table, shown: Sequence[Field], *, title: str) -> None:
    """Print a report for people: labels, percents, decimals."""
    body = [[formatted(record[f.name], f) for f in shown] for record in table.slice(0, MOST_ROWS).to_pylist()]
    grid([f.label for f in shown], body, title=title, right=[f.kind in ("integer", "number", "percent") for f in shown])
    _tell_the_rest(table.num_rows - len(body))


def _tell_the_rest(count: int) -> None:
    if count:
        print(f"and {count:,} more; --format csv and json give all of them")


def formatted(value: Any, field: Field) -> str:
    """Return a value as people read it."""
    if value is None:
        return ""
    if field.kind == "percent":
        return f"{value:.{field.decimals}%}"
    if field.kind == "number":
        return f"{value:,.{field.decimals}f}"
    if field.kind == "integer":
        return f"{int(value):,}"
    return _cell(value)


def grid(names: Sequence[str], body: Sequence[Sequence[str]], *, title: str = "", right: Sequence[bool] = ()) -> None:
    """Print aligned columns; on a narrow terminal columns wrap inside their cells."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=False, highlight=False, width=None if sys.stdout.isatty() else 10_000)
    table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False)
    for at, name in enumerate(names):
        table.add_column(_safe(name), justify="right" if right and right[at] else "left")
    for line in body:
        table.add_row(*[_safe(cell) for cell in line])
    console.print(table)


def _safe(text: str) -> str:
    """Square brackets are text, not markup, and control characters do not reach the terminal."""
    clean = "".join(mark if mark.isprintable() or mark == "\n" else "\ufffd" for mark in text)
    return clean.replace("[", "\\[")


def in_order(said: str, *, form: str) -> None:
    """Print that a check found nothing."""
    print('{"status": "done", "problems": []}' if form == "json" else said)


def failure(error: BaseException, said: str, exit_code: int) -> None:
    """Print for machines how a command failed: what is wrong, and of a run how far it came."""
    run = getattr(error, "recording", None)
    problems = [
        {
            "file": p.file,
            "line": p.line,
            "column": p.column,
            "path": ".".join(map(str, p.path)),
            "what": p.what,
            "hint": p.hint,
        }
        for p in (error.problems if isinstance(error, ConfigError) else ())
    ]
    told = {
        "status": "stopped" if is_stop(error) else "failed",
        "exit_code": exit_code,
        "error": said,
        "problems": problems,
        "run_id": run.run_id if run else None,
    }
    if run:
        told |= {"new_rejects": run.new_rejects, "notes": list(run.notes), "counts": run.counts}
    print(json.dumps(told, ensure_ascii=False, indent=1, default=str))


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no word for it
    if isinstance(value, Decimal):  # DuckDB's sums of whole numbers are wider than 64 bits
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.hex()
    if type(value).__name__ == "MonthDayNano":
        return f"P{value.months}M{value.days}DT{value.nanoseconds / 1e9:g}S"  # as ISO 8601 writes a span
    if isinstance(value, list | tuple):
        # Arrow maps come as lists of pairs.
        if value and all(isinstance(part, tuple) and len(part) == 2 for part in value):
            return {str(k): plain(v) for k, v in value}
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


#: A text that a spreadsheet would carry out as a formula when it opens the file.
_FORMULA = re.compile(r"[\t\r\n ]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMERAL = re.compile(r"[+-]?[0-9][0-9.,]*([eE][+-]?[0-9]+)?%?|[+-]")


def _flat(value: Any) -> Any:
    value = plain(value)
    value = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
    return _harmless(value) if isinstance(value, str) else value


def _harmless(text: str) -> str:
    """Return a text that stays one where somebody opens the CSV with a spreadsheet: an apostrophe before a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMERAL.fullmatch(text) else text


def _cell(value: Any) -> str:
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e15 else str(value)
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{k}={v}" for k, v in value.items())
    return str(value)


def _is_number(name: str, records: Sequence[Mapping[str, Any]]) -> bool:
    return any(isinstance(record[name], int | float) and not isinstance(record[name], bool) for record in records[:50])

"""mapping: check, try, coverage, diff, suggest, people."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from qa_sync.cli import show
from qa_sync.cli.runs import open_workspace
from qa_sync.errors import ConfigError, Problem

if TYPE_CHECKING:
    from qa_sync.mapping import FieldCoverage, TableChange
    from qa_sync.runner.differing import MappingChange
    from qa_sync.runner.number_changes import NumberChange
    from qa_sync.runner.workspace import Workspace

#: Lines of one kind that people are shown; programs get all.
SHOWN = 20


def mapping(arguments: argparse.Namespace) -> int:
    """``qa-sync mapping``."""
    calls: dict[str, Callable[[Workspace, argparse.Namespace], int]] = {
        "check": _check,
        "try": _try,
        "coverage": _coverage,
        "diff": _diff,
        "suggest": _suggest,
        "people": _people,
    }
    return calls[arguments.what](open_workspace(arguments), arguments)


def _check(workspace: Workspace, arguments: argparse.Namespace) -> int:
    from qa_sync.runner.checking import file_problems, online_mapping_problems

    problems = file_problems(workspace)
    if arguments.online and not problems:
        problems = online_mapping_problems(workspace)
    if problems:
        raise ConfigError(problems)
    cases = sum(len(one.cases) for one in workspace.materials.mappings.values())
    if arguments.format == "json":
        print(json.dumps({"status": "done", "problems": [], "cases": cases}))
        return 0
    held = f"; {cases} case{'s' * (cases != 1)} hold{'s' * (cases == 1)}" if cases else ""
    print(f"mappings, forms and dashboards are in order{held}")
    return 0


def _try(workspace: Workspace, arguments: argparse.Namespace) -> int:
    from qa_sync.runner.trying import try_record

    if len(arguments.names) != 1:
        raise ConfigError(Problem(what="mapping try needs a record id or a JSON file"))
    told = try_record(workspace, arguments.names[0], source=arguments.source, stream=arguments.stream)
    if arguments.format == "json":
        print(json.dumps({"lines": told}, ensure_ascii=False, indent=1))
        return 0
    for line in told:
        print(line)
    return 0


def _suggest(workspace: Workspace, arguments: argparse.Namespace) -> int:
    from qa_sync.runner.suggesting import suggest, suggest_catalogue

    if len(arguments.names) > 1:
        raise ConfigError(Problem(what="mapping suggest takes one source"))
    name, propose = ("forms", suggest_catalogue) if arguments.forms else ("mapping", suggest)
    text = propose(workspace, *arguments.names)
    print(json.dumps({name: text}, ensure_ascii=False) if arguments.format == "json" else text, end="")
    return 0


def _people(workspace: Workspace, arguments: argparse.Namespace) -> int:
    from qa_sync.people import who_is_who
    from qa_sync.runner.opened import named_accounts

    with workspace.open() as it:
        people, identities = (it.engine.fetch(f"SELECT * FROM {name}") for name in ("people", "identities"))
        found = who_is_who(people, identities, named=named_accounts(it.engine))
    records = [
        {
            "person": one.person_id,
            "account": one.account_id,
            "name": one.name,
            "evidence": one.evidence,
            "conflicts": "; ".join(one.conflicts) if arguments.format != "json" else list(one.conflicts),
        }
        for one in found
        if arguments.source in {"", one.source}
    ]
    show.rows(records, form=arguments.format, columns=("person", "account", "name", "evidence", "conflicts"))
    return 0


# --- coverage -------------------------------------------------------------------------------------------------
def _coverage(workspace: Workspace, arguments: argparse.Namespace) -> int:
    from qa_sync.mapping import all_weeks
    from qa_sync.runner.coverage import workspace_coverage

    weekly = workspace_coverage(workspace, source=arguments.source, stream=arguments.stream)
    found = weekly if arguments.weeks else all_weeks(weekly)
    if arguments.format != "table":
        records = [
            {
                "source": one.source,
                "stream": one.stream,
                "table": one.table,
                "field": one.field,
                **({"week": one.week} if arguments.weeks else {}),
                "rows": one.rows,
                "filled": one.filled,
                "default": one.default,
                "rejected": one.rejected,
                "left_out": one.left_out,
                "unseen": [{"value": text, "rows": count} for text, count in one.unseen],
            }
            for one in found
        ]
        show.rows(records, form=arguments.format)
        return 0
    names = ["field", *(["week"] if arguments.weeks else []), "rows", "filled", "default", "rejected", "left out"]
    for title in dict.fromkeys(_title(one) for one in found):
        show.grid(
            [*names, "values not listed"],
            [_covered(one, weeks=arguments.weeks) for one in found if _title(one) == title],
            title=title,
            right=[False, *([False] if arguments.weeks else []), True, True, True, True, True, False],
        )
    return 0


def _title(one: FieldCoverage) -> str:
    return f"{one.source}.{one.stream} > {one.table}"


def _covered(one: FieldCoverage, *, weeks: bool) -> list[str]:
    listed = ", ".join(f"{text} ({count:,})" for text, count in one.unseen[:5])
    more = f", and {len(one.unseen) - 5:,} more" if len(one.unseen) > 5 else ""
    shares = [_share(count, one.rows) for count in (one.filled, one.default, one.rejected, one.left_out)]
    return [one.field, *([one.week] if weeks else []), f"{one.rows:,}", *shares, listed + more]


def _share(count: int, of: int) -> str:
    """Return a share in percent; never 0 % or 100 % where it is neither."""
    if not count or not of:
        return "" if not count else "-"
    if count < of and round(1000 * count / of) in {0, 1000}:
        return "<0.1 %" if count < of / 2 else ">99.9 %"
    return f"{100 * count / of:.1f} %"


# --- diff -----------------------------------------------------------------------------------------------------
def _diff(workspace: Workspace, arguments: argparse.Namespace) -> int:
    from qa_sync.runner.differing import mapping_changes

    if len(arguments.names) > 2:
        raise ConfigError(Problem(what="mapping diff compares two mappings", hint="mapping diff OLD NEW"))
    old, new = ("", *arguments.names) if len(arguments.names) == 1 else (*arguments.names, "", "")[:2]
    found = mapping_changes(workspace, old=old, new=new, source=arguments.source)
    if arguments.format == "json":
        print(json.dumps([_as_dict(one) for one in found], ensure_ascii=False, indent=1))
    elif arguments.format == "csv":
        names = ("source", "dashboard", "value", "tab", "row", "column", "before", "after")
        records = [{"source": one.source, **_plain(number)} for one in found for number in one.numbers]
        show.rows(records, form="csv", columns=names)
    else:
        for one in found:
            print("\n".join(_told(one)))
    return 0


def _as_dict(one: MappingChange) -> dict[str, Any]:
    return {
        "source": one.source,
        "old": one.old,
        "new": one.new,
        "tables": [
            {
                "table": table.table,
                **{name: getattr(table, name) for name in ("before", "after", "added", "removed", "changed")},
                "columns": dict(table.columns),
                "rejects": dict(table.rejects),
                "examples": [{k: show.plain(v) for k, v in _plain(cell).items()} for cell in table.examples],
            }
            for table in one.tables
        ],
        "numbers": [_plain(number) for number in one.numbers],
    }


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _told(one: MappingChange) -> list[str]:
    lines = [f"{one.source}: {one.new} instead of {one.old}"]
    if not one.tables:
        return [*lines, "  no row changes, and no published number"]
    for table in one.tables:
        lines += _table(table)
    if not one.numbers:
        return [*lines, "  no published number changes"]
    tabs: dict[str, list[NumberChange]] = {}
    for number in one.numbers:
        place = ", ".join(part for part in (number.dashboard, number.value, number.tab) if part)
        tabs.setdefault(place, []).append(number)
    for place, of_tab in tabs.items():
        lines.append(f"  {place}: {len(of_tab):,} {_plural(len(of_tab), 'cell')} would change")
        for number in of_tab[:SHOWN]:
            where = ", ".join(part for part in (number.row, number.column) if part) or "the tab"
            lines.append(f"    {where}: {number.before or '(empty)'} -> {number.after or '(empty)'}")
        if len(of_tab) > SHOWN:
            lines.append(f"    and {len(of_tab) - SHOWN:,} more: --format csv lists them all")
    return lines


def _table(table: TableChange) -> list[str]:
    parts = [
        f"{count:,} {word}"
        for count, word in ((table.added, "added"), (table.removed, "gone"), (table.changed, "changed"))
        if count
    ]
    lines = [f"  {table.table}: of {table.before:,} rows {', '.join(parts) or 'none changed'}"]
    lines += [f"    {name} changes in {count:,}" for name, count in table.columns]
    for cell in table.examples:
        lines.append(f"      {cell.key}: {cell.column} {_value(cell.before)} -> {_value(cell.after)}")
    for why, count in table.rejects:
        lines.append(f"    {abs(count):,} {'more' if count > 0 else 'fewer'} set aside: {why}")
    return lines


def _value(value: Any) -> str:
    from qa_sync.mapping import text_of

    return text_of(dict(value) if isinstance(value, Sequence) and value and isinstance(value[0], tuple) else value)


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"

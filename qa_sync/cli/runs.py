"""run, sync, map, reconcile, publish, refresh."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qa_sync.errors import ConfigError, Problem
from qa_sync.reconcile.outcomes import SCORE_REASONS
from qa_sync.runner.progress import Lines, Progress, Silent
from qa_sync.runner.workspace import Workspace

if TYPE_CHECKING:
    from qa_sync.dashboards.cells import Cell
    from qa_sync.runner.publish_causes import Because
    from qa_sync.runner.publish_diff import Explained
    from qa_sync.runner.publish_step import Published
    from qa_sync.runner.recording import RunReport


def open_workspace(arguments: argparse.Namespace) -> Workspace:
    """Return the workspace that the options name."""
    progress: Progress = Silent() if arguments.quiet else Lines()
    return Workspace(arguments.workspace, progress=progress, wait=arguments.wait)


def run(arguments: argparse.Namespace) -> int:
    """``qa-sync run``."""
    return _done(arguments, open_workspace(arguments).run())


def sync(arguments: argparse.Namespace) -> int:
    """``qa-sync sync``."""
    return _done(arguments, open_workspace(arguments).sync(arguments.source))


def map_(arguments: argparse.Namespace) -> int:
    """``qa-sync map``."""
    return _done(arguments, open_workspace(arguments).map())


def reconcile(arguments: argparse.Namespace) -> int:
    """``qa-sync reconcile``."""
    return _done(arguments, open_workspace(arguments).reconcile())


def publish(arguments: argparse.Namespace) -> int:
    """``qa-sync publish``, and ``qa-sync publish diff BEFORE AFTER``."""
    if arguments.dashboard[:1] == ["diff"]:
        return _publish_diff(arguments)
    report, published = open_workspace(arguments).publish(
        arguments.dashboard, as_of=arguments.as_of, dry_run=arguments.dry_run
    )
    if arguments.dry_run and arguments.format == "table":
        _show_plan(published)
    if arguments.dry_run and arguments.format == "json":
        changes = [
            {"dashboard": made.dashboard, "sink": made.sink, **change.as_dict()}
            for made in published
            for change in made.changes()
        ]
        print(json.dumps({**report.as_dict(), "changes": changes}, indent=1, default=str, ensure_ascii=False))
        return report.exit_code
    return _done(arguments, report)


#: So many changed rows are printed for people; programs get all of them.
_MOST_ROWS = 50

#: Grave drift that is told in words.
_MOST_DRIFT = 5


def _publish_diff(arguments: argparse.Namespace) -> int:
    from qa_sync.runner.publish_diff import publish_diff

    if len(arguments.dashboard) < 3:
        what = "publish diff needs two runs"
        raise ConfigError(Problem(what=what, hint="qa-sync publish diff BEFORE AFTER [DASHBOARD ...]"))
    _, before, after, *dashboards = arguments.dashboard
    found = publish_diff(open_workspace(arguments), before, after, dashboards)
    if arguments.format == "json":
        rows = [row.as_dict() for row in found.rows]
        told = {"before": found.before, "after": found.after, "rules": list(found.rules), "rows": rows}
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return 0
    cells = sum(len(row.change.cells) for row in found.rows)
    print(f"{found.before} to {found.after}: {cells:,} cells of {len(found.rows):,} rows differ")
    if found.rules:
        print(f"  rules that differ: {', '.join(found.rules)}")
    for row in found.rows[:_MOST_ROWS]:
        _show_row(row)
    if len(found.rows) > _MOST_ROWS:
        print(f"  and {len(found.rows) - _MOST_ROWS:,} more rows: --format json")
    return 0


def _show_row(row: Explained) -> None:
    change = row.change
    print(f"  {row.dashboard} > {', '.join(row.sinks)}: {change.tab}, {change.key}: {change.what}")
    what = {cause.evaluation_id: cause.what for cause in row.causes}
    if change.what != "changed":
        if what:
            print(f"    because of {_listed(list(what), what)}")
        return
    alike: dict[Because, dict[str, tuple[Cell, Cell]]] = {}
    for name, cell in change.cells.items():
        alike.setdefault(row.because[name], {})[name] = cell
    for because, cells in alike.items():
        print(f"    {_cells(cells)}")
        if because.evaluations:
            print(f"      because of {_listed(because.evaluations, what)}")
        else:
            print("      no evaluation behind it changed: a rule did, or time has passed")
        if because.borrowed:
            print(f"      it borrows from {because.borrowed}")


def _listed(evaluations: Sequence[str], what: Mapping[str, str]) -> str:
    more = f", and {len(evaluations) - 8:,} more" if len(evaluations) > 8 else ""
    return ", ".join(f"{one} {what[one]}" for one in evaluations[:8]) + more


def _cells(cells: Mapping[str, tuple[Cell, Cell]]) -> str:
    told = [f"{name} {_told(was)} → {_told(becomes)}" for name, (was, becomes) in cells.items()]
    return ", ".join(told[:6]) + (f", and {len(told) - 6} more cells" if len(told) > 6 else "")


def _told(cell: Cell) -> str:
    if cell is None:
        return "nothing"
    return f"{cell:.6g}" if isinstance(cell, float) else repr(cell) if isinstance(cell, str) else str(cell)


def refresh(arguments: argparse.Namespace) -> int:
    """``qa-sync refresh``."""
    report, _ = open_workspace(arguments).refresh(arguments.dashboard)
    return _done(arguments, report)


#: How long a refresh of ``watch`` waits for another run that is at work.
_WATCH_WAITS = 900.0


def watch(arguments: argparse.Namespace) -> int:
    """``qa-sync watch``."""
    from datetime import timedelta

    from qa_sync.runner.watch import Watch

    arguments.wait = max(arguments.wait, _WATCH_WAITS)
    progress: Progress = Silent() if arguments.quiet else Lines()
    one = Watch(
        lambda: open_workspace(arguments),
        tuple(arguments.dashboard),
        spacing=timedelta(seconds=arguments.spacing),
        on_schedule=not arguments.no_schedule,
        notify=progress.say,
    )
    if not arguments.once:
        one.forever(poll=arguments.poll)
        return 0
    try:
        done = one.look()
    finally:
        one.close()
    if arguments.format == "json":
        print(json.dumps([report.as_dict() for report in done], indent=1, default=str))
    else:
        print("\n".join(map(summary, done)) or "nothing was asked for, and nothing is due")
    return max((report.exit_code for report in done), default=0)


def _done(arguments: argparse.Namespace, report: RunReport) -> int:
    if arguments.format == "json":
        print(json.dumps(report.as_dict(), indent=1, default=str))
    else:
        print(summary(report))
    return report.exit_code


def summary(report: RunReport, *, links: bool = True) -> str:
    """Return a run's result in a few lines for people; ``links`` says where dashboards can be opened."""
    seconds = (report.finished_at - report.started_at).total_seconds()
    lines = [f"{report.command} {report.run_id}: {report.status} in {seconds:.1f} s"]
    for name, c in report.counts.get("sync", {}).items():
        line = f"  {name}: {c['read']:,} read = {c['accepted']:,} accepted + {c['unchanged']:,} unchanged"
        line += f" + {c['rejected']:,} rejected"
        line += f"; {c['deleted']:,} deleted" if c.get("deleted") else ""
        line += "; order of versions: arrival" if c.get("order") == "arrival" else ""
        lines.append(line)
    for name, c in report.counts.get("map", {}).items():
        if c["versions"]:
            line = f"  {name}: {c['versions']:,} record versions, {c['rows']:,} rows"
            line += f", {c['rejected']:,} set aside" if c["rejected"] else ""
            line += f", {c['findings']:,} findings" if c["findings"] else ""
            by = report.counts.get("mappings", {}).get(name)
            made_by = f" by {by['file']} {by['hash'][:8]}" if by else ""
            lines.append(line + (f", rebuilt{made_by}" if c["rebuilt"] else ""))
    if "reconcile" in report.counts:
        buckets = report.counts["reconcile"].get("buckets", {})
        told = ", ".join(f"{name.replace('_', ' ').lower()} {count:,}" for name, count in buckets.items() if count)
        lines.append(f"  evaluations: {report.counts['reconcile'].get('evaluations', 0):,} ({told})")
        if differing := report.counts["reconcile"].get("score_findings"):
            lines.append(f"  reported scores that differ from the recomputed: {sum(differing.values()):,}")
            lines += [f"    {count:,} ({reason}): {SCORE_REASONS[reason]}" for reason, count in differing.items()]
    lines += _drift(report.counts.get("drift", {}))
    written = "would be written" if report.status == "planned" else "written"
    for name, c in report.counts.get("publish", {}).items():
        line = f"  {name}: {c['data_cells']:,} data cells {written}"
        line += f" ({c['added_rows']:,} rows added, {c['updated_cells']:,} cells updated)" if c["data_cells"] else ""
        line += f"; {c['conflicts']:,} cells people had changed" if c["conflicts"] else ""
        line += f"; {c['restored_rows']:,} rows people had deleted or re-keyed" if c.get("restored_rows") else ""
        line += f"; {c['double_keys']:,} keys stand in several rows" if c.get("double_keys") else ""
        lines.append(line + (f"  {c['url']}" if c["url"] and links else ""))
    lines += [f"  note: {note}" for note in report.notes]
    if report.new_rejects:
        lines.append(f'  {report.new_rejects:,} new rejects: qa-sync query "SELECT * FROM rejects"')
    return "\n".join(lines)


def _drift(counts: dict[str, Any]) -> list[str]:
    """Say what is unknown to the set-up: the grave ones in words, the others by number."""
    if not counts.get("new") and not counts.get("high"):
        return []
    told = ", ".join(f"{counts[level]:,} {level}" for level in ("high", "medium", "low") if counts[level])
    lines = [f"  drift: {told} ({counts['new']:,} new): qa-sync query \"SELECT * FROM findings WHERE stage = 'drift'\""]
    high: dict[str, list[str]] = {}
    for one in counts["findings"]:
        if one["severity"] == "high":
            streams = high.setdefault(f"{one['what']}; {one['hint']}", [])
            streams.append(f"{one['source']}.{one['stream']}")
    grave = [f"    {', '.join(dict.fromkeys(streams))}: {what}" for what, streams in high.items()]
    return lines + grave[:_MOST_DRIFT] + [f"    and {len(grave) - _MOST_DRIFT} more"] * (len(grave) > _MOST_DRIFT)


def _show_plan(published: list[Published]) -> None:
    for made in published:
        print(f"{made.dashboard} > {made.sink}: would write {made.data_cells:,} data cells")
        for plan in made.plans:
            shape = plan.wanted.shape
            what = (
                "new tab"
                if plan.create
                else f"{plan.inserted_rows} new rows, "
                + ", ".join(f"{len(rows)} in {name}" for name, (rows, _) in plan.updates.items())
            )
            shown: list[str] = []
            if not plan.is_empty:
                print(f"  {shape.title}: {what}", file=sys.stdout)
            for change in made.changes():
                if change.tab == shape.name and change.what == "changed" and len(shown) < _MOST_ROWS:
                    shown.append(f"    {change.key}: {_cells(change.cells)}")
            print(*shown, sep="\n", end="\n" if shown else "")
            for conflict in plan.conflicts:
                print(f"    {conflict.key} {conflict.field}: changed by a person; would {conflict.action}")

"""sandbox, demo."""

from __future__ import annotations

import argparse
import json
import shlex
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from qa_sync.cli import program, show
from qa_sync.cli.runs import summary
from qa_sync.config import FILE_NAME
from qa_sync.ports import Sandbox
from qa_sync.reports.as_published import SINCE
from qa_sync.runner.progress import Lines, Silent
from qa_sync.runner.trial import DEMO_START, is_ours, renew_addresses, sandboxes, write_environment, write_workspace
from qa_sync.runner.trial import demo as run_demo


def sandbox(arguments: argparse.Namespace) -> int:
    """``qa-sync sandbox``."""
    from qa_sync.testing.programme import make_programme

    programme = make_programme(start=DEMO_START)
    folder = Path(arguments.workspace)
    with sandboxes(arguments.names, programme=programme, folder=folder / "sandboxes", port=arguments.port) as running:
        told = _settings_told(folder, running, programme.zone)
        if arguments.format == "json":
            each = {name: {"entries": it.workspace(), "environment": it.environment()} for name, it in running.items()}
            print(json.dumps({"status": "running", "settings": told, "sandboxes": each}, indent=1), flush=True)
        else:
            for name, it in running.items():
                print(f"{name}: {', '.join(_addresses(it.workspace()))}")
            print(f"{told}\npress Ctrl-C to stop", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


def _settings_told(folder: Path, running: Mapping[str, Sandbox], zone: str) -> str:
    """Make a settings file lead to the sandboxes where it is ours to write; say what was done, or what to do."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE_NAME
    variables = write_environment(folder, running)
    next_step = f"in another terminal: . {shlex.quote(str(variables))} && {program()} --workspace {folder} run"
    if is_ours(folder):
        renew_addresses(folder, running)
        return f"wrote the addresses into {file}\n{next_step}"
    if file.exists():
        entries = "\n".join(json.dumps(it.workspace()) for it in running.values())
        return (
            f"{entries}\n{file} is yours and was left alone: put the entries above into it, or name another --workspace"
        )
    write_workspace(folder, running, zone=zone)
    return f"wrote {file}\n{next_step}"


def _addresses(part: Any) -> list[str]:
    """Every address in a sandbox's entries, once each, wherever it stands."""
    if not isinstance(part, Mapping):
        return []
    found = [str(part["base_url"])] if "base_url" in part else []
    return list(dict.fromkeys(found + [one for value in part.values() for one in _addresses(value)]))


def demo(arguments: argparse.Namespace) -> int:
    """``qa-sync demo``."""
    folder = Path(arguments.folder)
    progress = Silent() if arguments.quiet else Lines()
    done = run_demo(
        folder, fresh=arguments.fresh, progress=progress, say=print if arguments.format == "table" else _quiet
    )
    if arguments.format == "json":
        print(
            json.dumps(
                {
                    **done.report.as_dict(),
                    "workbooks": [str(p) for p in done.workbooks],
                    "pages": [str(p) for p in done.pages],
                },
                indent=1,
                default=str,
            )
        )
        return done.report.exit_code
    print(summary(done.report, links=False))
    table = done.workspace.report_table("summary", by=["site"])
    wanted = (
        "site",
        "evaluations",
        "pairs",
        "line_accuracy",
        "line_accuracy_low",
        "line_accuracy_high",
        "ac1",
        "bias",
        "critical_miss",
    )
    show.fields(table.rows, [f for f in table.fields if f.name in wanted], title=f"\n{table.title}, all weeks")
    trend = done.workspace.report_table("trend")
    last = trend.rows.slice(max(0, trend.rows.num_rows - 6))
    shown = [f for f in trend.fields if not f.name.endswith("_n") and f.name != SINCE]  # nothing has come since
    show.fields(last, shown, title=f"{trend.title}, the last six")
    for path in done.workbooks:
        print(f"workbook: {path}")
    if done.pages:
        print(f"the sheet, as a page: {done.pages[0]}  (its {len(done.pages)} tabs are linked at the top)")
    again = "make demo" if folder == Path("demo") and Path("Makefile").is_file() else f"{program()} demo {folder}"
    print(f"""
what next
  look at it            open {done.workbooks[0] if done.workbooks else folder}
  run it again          {again:<26} (finds nothing new and writes 0 data cells)
  ask for a report      {program()} --workspace {folder} report evaluators --by auditee,queue
  ask anything          {program()} --workspace {folder} query "SELECT outcome, count(*) FROM pairs GROUP BY ALL"
  see where it is from  {program()} --workspace {folder} explain summary Dublin pairs --by site
  start your own        {program()} init my-programme""")
    return done.report.exit_code


def _quiet(_line: str) -> None:
    """Say nothing."""

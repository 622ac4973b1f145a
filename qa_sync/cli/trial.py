"""sandbox, demo."""

from __future__ import annotations

import argparse
import json
import threading
from pathlib import Path

from qa_sync.cli import show
from qa_sync.cli.runs import summary
from qa_sync.runner.progress import Lines, Silent
from qa_sync.runner.trial import DEMO_START, sandboxes, write_workspace
from qa_sync.runner.trial import demo as run_demo


def sandbox(arguments: argparse.Namespace) -> int:
    """``qa-sync sandbox``."""
    from qa_sync.testing.programme import make_programme

    programme = make_programme(start=DEMO_START)
    folder = Path(arguments.workspace)
    with sandboxes(arguments.names, programme=programme, folder=folder / "sandboxes", port=arguments.port) as running:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "qa-sync.yaml").exists():
            write_workspace(folder, running, zone=programme.zone)
            print(f"wrote {folder / 'qa-sync.yaml'}")
        for name, it in running.items():
            print(f"{name}: {json.dumps(it.workspace())}")
            for variable, value in it.environment().items():
                print(f"  export {variable}={value}")
        print("press Ctrl-C to stop", flush=True)
        threading.Event().wait()
    return 0


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
    show.fields(last, [f for f in trend.fields if not f.name.endswith("_n")], title=f"{trend.title}, the last six")
    for path in done.workbooks:
        print(f"workbook: {path}")
    for path in done.pages:
        print(f"the sheet, as a page: {path}")
    print(f"""
what next
  look at it            open {done.workbooks[0] if done.workbooks else folder}
  run it again          make demo                  (finds nothing new and writes 0 data cells)
  ask for a report      qa-sync --workspace {folder} report evaluators --by auditee,queue
  ask anything          qa-sync --workspace {folder} query "SELECT outcome, count(*) FROM pairs GROUP BY ALL"
  start your own        qa-sync init my-programme""")
    return done.report.exit_code


def _quiet(_line: str) -> None:
    """Say nothing."""

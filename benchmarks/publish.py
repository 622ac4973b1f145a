"""Publishing to the emulated Google Sheets: calls, bytes and CPU of a refresh, beside gspread and gspread-dataframe.

    python benchmarks/publish.py [ROWS]      (default: 20000; of 20 columns)

All go through the same sandbox on loopback; its log counts calls and bytes, and CPU is that of the calling thread.
What is not measured is Google's own time: it is the same for equal calls, and every byte less makes it shorter.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from qa_sync.dashboards import Field, Tab, TabShape, plan_tab
from qa_sync.dashboards.cells import Cell
from qa_sync.ports import Context
from qa_sync_gsheets import connect_sink
from qa_sync_gsheets.sandbox import SheetsSandbox, start

COLUMNS = 20
SHAPE = TabShape(
    dashboard="bench",
    name="pairs",
    title="Pairs",
    key="c00",
    fields=tuple(
        Field(name=f"c{at:02d}", label=f"Column {at}", kind="text" if at < 8 else "number") for at in range(COLUMNS)
    ),
)


def columns_of(rows: int, *, changed: float = 0.0, names: tuple[str, ...] = SHAPE.field_names) -> dict[str, list[Cell]]:
    """Return columns of texts of a dozen letters and of numbers; of a share of the rows two cells are others."""
    columns: dict[str, list[Cell]] = {}
    for at, name in enumerate(names):
        if at == 0:
            columns[name] = [f"evaluation {row:07d}" for row in range(rows)]
        elif at < 8:
            columns[name] = [f"text {row % 997} {at}" for row in range(rows)]
        else:
            columns[name] = [round(row * at / 7, 3) for row in range(rows)]
    every = round(1 / changed) if changed else 0
    for row in range(0, rows if every else 0, every or 1):
        columns[names[1]][row] = f"changed {row}"
        columns[names[-1]][row] = -1.0
    return columns


class Bench:
    """One sandbox, and what was asked of it since ``begin``."""

    def __init__(self) -> None:
        self.sandbox: SheetsSandbox = start(contracts=[])
        self.folder = Path(tempfile.mkdtemp())

    def sheet(self) -> str:
        """Return a new spreadsheet."""
        return self.sandbox.create_spreadsheet("Bench")

    def measured(self, what: str, work: Callable[[], object]) -> dict[str, Any]:
        """Do something and return what it cost; the data cells written where it tells them."""
        self.sandbox.log.clear()
        began, wall = time.thread_time(), time.perf_counter()
        told = work()
        cpu, took = time.thread_time() - began, time.perf_counter() - wall
        log = list(self.sandbox.log)
        return {
            "what": what,
            "calls": len(log),
            "sent_kb": round(sum(one.sent for one in log) / 1000, 1),
            "received_kb": round(sum(one.received for one in log) / 1000, 1),
            "data_cells": told if isinstance(told, int) else None,
            "cpu_s": round(cpu, 2),
            "wall_s": round(took, 2),
        }

    def publish(self, sheet: str, tabs: list[Tab]) -> int:
        """Refresh as a run does, and return the data cells written."""
        settings = {
            "spreadsheet": sheet,
            "base_url": self.sandbox.url,
            "credentials": "anonymous",
            "calls_per_minute": 100_000,
            "timeout": 600,
        }
        sink = connect_sink(settings, Context(name="sheet", folder=self.folder, state=self.folder / "state"))
        try:
            present = sink.present([tab.shape for tab in tabs])
            plans = [plan_tab(tab, present.tabs.get(tab.shape.name)) for tab in tabs]
            return sink.apply(plans, present).data_cells
        finally:
            sink.close()

    def gspread(self, sheet: str) -> Any:
        """Return gspread, unmodified, on a spreadsheet of the sandbox."""
        import gspread
        from google.auth.credentials import AnonymousCredentials
        from requests import Session
        from requests.adapters import HTTPAdapter

        url = self.sandbox.url

        class Redirected(HTTPAdapter):
            def send(self, request: Any, *args: Any, **options: Any) -> Any:
                request.url = request.url.replace("https://sheets.googleapis.com", url)
                return super().send(request, *args, **options)

        session = Session()
        session.mount("https://", Redirected())
        client = gspread.Client(auth=AnonymousCredentials(), session=session)  # type: ignore[no-untyped-call]
        return client.open_by_key(sheet)


def one_tab(bench: Bench, rows: int) -> list[dict[str, Any]]:
    """One large tab: first load, nothing changed, 1 % changed; the same by gspread and gspread-dataframe."""
    sheet = bench.sheet()
    before, after = (Tab(shape=SHAPE, columns=columns_of(rows, changed=share)) for share in (0.0, 0.01))
    size = f"{rows:,} x {COLUMNS}"
    found = [
        bench.measured(f"qa-sync, {size}: first load", lambda: bench.publish(sheet, [before])),
        bench.measured(f"qa-sync, {size}: nothing changed", lambda: bench.publish(sheet, [before])),
        bench.measured(f"qa-sync, {size}: 1 % of rows changed", lambda: bench.publish(sheet, [after])),
    ]
    other = bench.sheet()
    bench.gspread(other).sheet1.resize(rows + 1, COLUMNS)
    lines = [list(SHAPE.field_names), *map(list, zip(*after.columns.values(), strict=True))]

    def by_gspread() -> None:
        bench.gspread(other).sheet1.update(lines)

    def by_dataframe() -> None:
        import gspread_dataframe
        import pandas as pd

        frame = pd.DataFrame(dict(after.columns))
        gspread_dataframe.set_with_dataframe(bench.gspread(other).sheet1, frame, resize=True)

    found.append(bench.measured(f"gspread update, {size}: any change", by_gspread))
    found.append(bench.measured(f"gspread-dataframe, {size}: any change", by_dataframe))
    return found


def many_tabs(bench: Bench, count: int, rows: int) -> list[dict[str, Any]]:
    """Many tabs in one spreadsheet, a row of every twentieth changed."""
    sheet = bench.sheet()
    shapes = [replace(SHAPE, name=f"t{at}", title=f"Tab {at}", fields=SHAPE.fields[:8]) for at in range(count)]
    names = shapes[0].field_names
    before = [Tab(shape=shape, columns=columns_of(rows, names=names)) for shape in shapes]
    changed = columns_of(rows, changed=1 / rows, names=names)
    after = [replace(tab, columns=changed) if at % 20 == 0 else tab for at, tab in enumerate(before)]
    bench.publish(sheet, before)
    return [
        bench.measured(f"qa-sync, {count} tabs: nothing changed", lambda: bench.publish(sheet, before)),
        bench.measured(f"qa-sync, {count} tabs: a row of every 20th changed", lambda: bench.publish(sheet, after)),
    ]


def _require(found: list[dict[str, Any]]) -> None:
    """Fail where a claim of the documentation does not hold."""
    quiet, changed = found[1], found[2]
    holds = (quiet["calls"], quiet["data_cells"], changed["calls"], changed["sent_kb"] <= 100) == (1, 0, 2, True)
    if not holds:
        message = f"a claim does not hold: {quiet}, {changed}"
        raise SystemExit(message)


def main() -> None:
    """Measure, print, and keep the results."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    bench = Bench()
    found = one_tab(bench, rows) + many_tabs(bench, 200, 20)
    million = Tab(shape=SHAPE, columns=columns_of(rows * 5 // 2))
    cells = million.height * COLUMNS
    found.append(
        bench.measured(f"qa-sync, {cells:,} cells: first load", lambda: bench.publish(bench.sheet(), [million]))
    )
    bench.sandbox.stop()
    names = list(found[0])
    print("  ".join(names))
    for one in found:
        print(f"{one['what']:48}", *(f"{one[name]!s:>11}" for name in names[1:]))
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    _require(found)
    (results / "publish.json").write_text(json.dumps({"rows": rows, "measured": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()

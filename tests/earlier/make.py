"""Keep a workspace as the present release writes it, with what its reports say: every later one must say the same.

Run once for each release, from the project's folder, and commit what it makes:

    .venv/bin/python tests/earlier/make.py

Everything in it is generated; there is no real person in it. What is kept of an earlier release is never made anew: a
report that is meant to say something else of old runs is a break, which belongs in the changelog and in ``BROKEN``.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from program.worlds import edit, own_copy, small_programme, world  # noqa: E402

from qa_sync.reports import REPORTS  # noqa: E402
from qa_sync.runner.erasure import erase  # noqa: E402
from qa_sync.runner.workspace import Workspace  # noqa: E402
from qa_sync.store import Upkeep  # noqa: E402

EXPECTED = "expected.json"

#: Which reports were asked how. ``definitions`` is left out: it explains the present release.
ASKED: dict[str, dict[str, Any]] = {name: {"name": name} for name in REPORTS if name != "definitions"}
ASKED |= {
    "summary by site": {"name": "summary", "by": ["site"]},
    "agreement by queue": {"name": "agreement", "by": ["queue"]},
    "summary for auditees": {"name": "summary", "audience": "auditees"},
    "pairs of a site": {"name": "pairs", "where": {"site": "Dublin"}},
}


def said(workspace: Workspace, run: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a report as of a run, as JSON has them."""
    rows = workspace.report_table(**asked, as_of=run).rows.to_pylist()
    plain: list[dict[str, Any]] = json.loads(json.dumps(rows, default=str))
    return plain


def write_past(folder: Path) -> None:
    """Run a small programme three times: later records, other rules, a compaction and an erasure in between."""
    programme = small_programme(seed=5, tickets=130)
    with world(folder, programme, until=programme.week_end(10)) as made:
        made.workspace().run()
        made.show(programme.end)
        made.workspace().run()
        Upkeep(made.workspace().store).compact()
        own_copy(folder, "forms/demo_support.yaml")
        edit(folder, lambda forms: [form.update(tolerance=0.5) for form in forms], "mappings/forms/demo_support.yaml")
        edit(folder, lambda settings: settings["programme"].update(tolerance=1.5, n_min=2))
        made.workspace().run()
    people = Workspace(folder).query("SELECT email FROM people WHERE email IS NOT NULL ORDER BY email LIMIT 1")
    erase(Workspace(folder), str(people["email"][0]))


def main() -> None:
    """Write the archive of the present release."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "workspace"
        write_past(folder)
        workspace = Workspace(folder)
        runs = [run.run_id for run in workspace.runs() if run.snapshot]
        expected = {run: {what: said(workspace, run, asked) for what, asked in ASKED.items()} for run in runs}
        kept = [folder / "qa-sync.yaml", *(folder / "mappings").rglob("*"), *(folder / "data").rglob("*")]
        archive = HERE / f"workspace-{version('qa-sync')}.tar.xz"
        with tarfile.open(archive, "w:xz", preset=9) as packed:
            for file in sorted(file for file in kept if file.is_file() and _belongs(file.relative_to(folder))):
                _pack(packed, file.relative_to(folder).as_posix(), file.read_bytes())
            _pack(packed, EXPECTED, json.dumps(expected, sort_keys=True).encode())
        print(f"{archive.name}: {archive.stat().st_size:,} bytes, {len(runs)} runs, {len(ASKED)} reports each")


def _belongs(file: Path) -> bool:
    """Whether a file is part of what is kept: not the connectors' keys, not locks."""
    return file.parts[:2] not in {("data", "state"), ("data", "leases")} and file.name != ".lock"


def _pack(packed: tarfile.TarFile, name: str, held: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(held)
    packed.addfile(entry, io.BytesIO(held))


if __name__ == "__main__":
    main()

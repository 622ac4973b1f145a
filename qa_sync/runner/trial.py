"""Try qa-sync without an account: sandboxes for every vendor, a workspace that uses them, a generated programme."""

from __future__ import annotations

import math
import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from qa_sync import registry
from qa_sync.config import FILE_NAME, load
from qa_sync.errors import ConfigError, Problem, TransientError
from qa_sync.ports import Sandbox
from qa_sync.runner.progress import Progress, Silent
from qa_sync.runner.recording import RunReport
from qa_sync.runner.workspace import Workspace

#: The generated programme's first day: it is over, so that its weeks lie in the past.
DEMO_START = date(2026, 8, 24)

_MARK = "# Written by 'qa-sync demo' and 'qa-sync sandbox': the addresses change at every start."

#: The generated programme's plan of what to audit, a file as people keep one.
_PLAN_FOLDER = "plan"
_PLAN = {
    "connector": "files",
    "mapping": "mappings/sample_plan.yaml",
    "folder": f"./{_PLAN_FOLDER}",
    "streams": {"plan": {"glob": "*.csv", "key": ["sample"], "listing": True}},
}

#: Forms of the generated programme, among the starters.
DEMO_FORMS = "forms/demo_*.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What the demo made, and where to look at it."""

    workspace: Workspace
    report: RunReport
    workbooks: tuple[Path, ...]
    pages: tuple[Path, ...]


@contextmanager
def sandboxes(
    names: Sequence[str] = (), *, programme: Any = None, folder: Path | None = None, port: int = 0
) -> Iterator[dict[str, Sandbox]]:
    """Start sandboxes (all that are installed, or those named) and set the environment variables that lead to them.

    Args:
        names: which.
        programme: what to fill them with.
        folder: where they keep their state.
        port: first port; 0 takes any that is free.

    Raises:
        ConfigError: a name is not installed.
        TransientError: a port is taken.
    """
    with ExitStack() as stack:
        running: dict[str, Sandbox] = {}
        for at, name in enumerate(names or registry.names("sandboxes")):
            start = registry.load("sandboxes", name)
            own = (folder / name).resolve() if folder else None
            at_port = port + at if port else 0
            try:
                running[name] = start(programme, port=at_port, folder=own)
            except OSError as error:
                msg = f"the sandbox {name} cannot listen on port {at_port}: {error.strerror}; --port 0 takes a free one"
                raise TransientError(msg) from None
            stack.callback(running[name].stop)
            os.environ.update(running[name].environment())
        yield running


def demo(
    folder: Path,
    *,
    fresh: bool = False,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> DemoResult:
    """Run the main job on a generated programme, over HTTP, in a workspace below ``folder``.

    A second call finds the first one's store and sheet, and nothing new.

    Raises:
        ConfigError: the folder holds something else.
    """
    from qa_sync.testing.programme import make_programme
    from qa_sync.testing.programme.plan import write_plan

    if folder.exists() and not (folder.is_dir() and (is_ours(folder) or not any(folder.iterdir()))):
        what = f"{folder} holds something that the demo did not make"
        raise ConfigError(Problem(what=what, hint="name a folder that is new or empty: qa-sync demo FOLDER"))
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    programme = make_programme(start=DEMO_START, evaluated=0.6, audited=0.4)
    tickets, evaluations = programme.tickets.num_rows, programme.evaluations.num_rows
    say(f"generated {tickets:,} ticket versions and {evaluations:,} evaluation versions")
    with sandboxes(programme=programme, folder=folder / "sandboxes") as running:
        say(f"started sandboxes on this machine: {', '.join(running)}")
        write_plan(programme, folder / _PLAN_FOLDER)
        write_workspace(folder, running, zone=programme.zone, more={"plan": _PLAN})
        workspace = Workspace(folder, progress=progress or Silent(), clock=_clock_after(programme.end))
        report = workspace.run()
        pages = []
        for sandbox in running.values():
            for name, html in sandbox.pages().items():
                page = folder / "out" / name
                page.parent.mkdir(exist_ok=True)
                page.write_text(html, encoding="utf-8")
                pages.append(page)
    return DemoResult(
        workspace=workspace, report=report, workbooks=tuple(sorted((folder / "out").glob("*.xlsx"))), pages=tuple(pages)
    )


def _clock_after(end: datetime) -> Callable[[], datetime]:
    """Return the clock, set forward by whole weeks on a machine whose date is before the generated programme's end."""
    behind = max(0, math.ceil((end - datetime.now(UTC)) / timedelta(weeks=1)))
    return lambda: datetime.now(UTC) + timedelta(weeks=behind)


def write_workspace(
    folder: Path, running: Mapping[str, Sandbox], *, zone: str, more: Mapping[str, Any] | None = None
) -> None:
    """Write the settings file of a workspace that uses the running sandboxes, ``more`` sources and an Excel twin."""
    from ruamel.yaml import YAML

    from qa_sync.config.workspace import bundled_folder

    sources: dict[str, Any] = {}
    sinks: dict[str, Any] = {"workbook": {"connector": "excel", "path": "./out/weekly.xlsx"}}
    for sandbox in running.values():
        part = sandbox.workspace()
        sources.update(part.get("sources", {}))
        sinks.update(part.get("sinks", {}))
    sources.update(more or {})
    forms = sorted(path.relative_to(bundled_folder()).as_posix() for path in bundled_folder().glob(DEMO_FORMS))
    settings = {
        "programme": {"name": "Demo programme", "time_zone": zone},
        "store": "./data",
        "forms": [f"mappings/{name}" for name in forms],
        "sources": sources,
        "sinks": sinks,
        "dashboards": {"weekly": {"definition": "mappings/dashboards/weekly.yaml", "sinks": list(sinks)}},
    }
    yaml = YAML()
    yaml.default_flow_style = False
    with (folder / FILE_NAME).open("w", encoding="utf-8") as file:
        file.write(f"{_MARK}\n")
        yaml.dump(settings, file)


def write_environment(folder: Path, running: Mapping[str, Sandbox]) -> Path:
    """Write the environment variables that lead to running sandboxes into a file for the shell; return its path."""
    path = folder / "sandboxes" / "environment.sh"
    path.parent.mkdir(parents=True, exist_ok=True)
    variables = {name: value for it in running.values() for name, value in it.environment().items()}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    path.write_text("\n".join(["# Written by 'qa-sync sandbox'.", *lines, ""]), encoding="utf-8")
    return path


def is_ours(folder: Path) -> bool:
    """Whether the folder's settings file was written here, and not by a person for a real programme."""
    try:
        return (folder / FILE_NAME).read_text(encoding="utf-8").startswith(_MARK)
    except (OSError, UnicodeDecodeError):
        return False


def renew_addresses(folder: Path, running: Mapping[str, Sandbox]) -> None:
    """Write where the sandboxes listen now into a settings file of ours; what people changed in it stays.

    Raises:
        ConfigError: the file cannot be read.
    """
    from ruamel.yaml import YAML

    load(folder)  # whatever is wrong with it is told with its place
    yaml = YAML()
    yaml.preserve_quotes = True
    path = folder / FILE_NAME
    settings = yaml.load(path.read_text(encoding="utf-8"))
    for sandbox in running.values():
        for part, entries in sandbox.workspace().items():
            for name, entry in entries.items():
                _overlay(settings.setdefault(part, {}).setdefault(name, {}), entry)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(settings, file)


def _overlay(there: Any, given: Any) -> None:
    """Put single values over those that stand there; lists, such as which streams are read, are the user's."""
    for key, value in given.items():
        if isinstance(value, Mapping) and isinstance(there.get(key), dict):
            _overlay(there[key], value)
        elif key not in there or not isinstance(value, list | tuple):
            there[key] = value

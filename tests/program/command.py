"""The command line, called in this process: what it returns, prints and complains about."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import qa_sync.runner.workspace as workspace_module
from qa_sync.cli import main
from qa_sync.runner import publishing, stages
from qa_sync.runner.opened import Opened, opened
from qa_sync.runner.workspace import Workspace
from qa_sync.store import Snapshot, Store

Opens = Callable[..., AbstractContextManager[Opened]]


@dataclass(frozen=True, slots=True)
class Done:
    """One finished command."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)


def qa_sync(folder: Path, *arguments: str, expect: int = 0) -> Done:
    """Run a command on a workspace and check its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(["--workspace", str(folder), *arguments])
        except SystemExit as left:  # argparse leaves by itself
            code = int(left.code or 0)
    done = Done(code, out.getvalue(), err.getvalue())
    assert done.code == expect, f"{arguments} ended with {done.code}:\n{done.out}\n{done.err}"
    return done


def ask(folder: Path, *arguments: str) -> Any:
    """Run a command that prints JSON and return what it says."""
    return qa_sync(folder, *arguments, "--format", "json", "--quiet").data


def query(folder: Path, sql: str, *more: str) -> list[dict[str, Any]]:
    """Return the rows of a query."""
    rows: list[dict[str, Any]] = ask(folder, "query", sql, *more)
    return rows


def query_all(folder: Path, *statements: str) -> list[list[dict[str, Any]]]:
    """Return the rows of several queries of one state, which is opened once."""
    with opened_once():
        return [query(folder, sql) for sql in statements]


@contextmanager
def opened_once() -> Iterator[None]:
    """Open each snapshot once for many commands: opening one is most of what a question costs."""
    with ExitStack() as stack, mock.patch.object(workspace_module, "opened", _once(workspace_module.opened, stack)):
        yield


def _once(opens: Opens, stack: ExitStack) -> Opens:
    """Return what opens each snapshot of a workspace once, until the stack is closed."""
    kept: dict[tuple[str, bool], Opened] = {}
    stack.callback(kept.clear)

    @contextmanager
    def reuse(*given: Any, run_id: str, raw: bool = False, **more: Any) -> Iterator[Opened]:
        key = run_id, raw
        if key not in kept:
            kept[key] = stack.enter_context(opens(*given, run_id=run_id, raw=raw, **more))
        yield kept[key]

    return reuse


class KeptOpen:
    """The snapshots of a workspace that nothing changes any more, opened once for the questions of many tests.

    Copies of the workspace are asked and published from them too, while they are in a state that the workspace was in.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._store, self._opens = Workspace(folder).store, _once(opened, stack)
        self._known = {run.run_id: run.snapshot for run in self._store.ledger.runs()}

    @contextmanager
    def used(self) -> Iterator[None]:
        """Let whatever opens a snapshot take these."""
        with ExitStack() as stack:
            for module in (workspace_module, stages, publishing):
                stack.enter_context(mock.patch.object(module, "opened", self._opened))
            yield

    def _opened(self, store: Store, snapshot: Snapshot, *, run_id: str, **more: Any) -> AbstractContextManager[Opened]:
        if self._known.get(run_id) == snapshot:
            return self._opens(self._store, snapshot, run_id=run_id, **more)
        return opened(store, snapshot, run_id=run_id, **more)

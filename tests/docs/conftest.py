"""The demo, run once for all examples and figures of the documentation."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, chdir, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from docs.pages import PROJECT
from filelock import FileLock
from program.command import KeptOpen

sys.path.insert(0, str(PROJECT / "docs"))


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo's workspace is, and what the command printed."""

    folder: Path
    printed: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run ``qa-sync demo`` as a reader would, in an empty folder; once, however many processes share the tests."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, printed = root / "documented", root / "documented.txt"
    with FileLock(root / "documented.lock"):
        if not printed.exists():
            folder.mkdir()
            printed.write_text(_said(folder), encoding="utf-8")
    return Demo(folder / "demo", printed.read_text(encoding="utf-8"))


def _said(folder: Path) -> str:
    """Run the demo in a folder and return what it printed."""
    from qa_sync.cli import main

    printed = io.StringIO()
    environment = dict(os.environ)  # the sandboxes' addresses are set in it
    try:
        with chdir(folder), redirect_stdout(printed):
            code = main(["demo", "--quiet"])
    finally:
        os.environ.clear()
        os.environ.update(environment)
    assert code == 0, printed.getvalue()
    return printed.getvalue()


@pytest.fixture(scope="session")
def kept_open(demo: Demo) -> Iterator[KeptOpen]:
    """The demo's snapshots, opened once for the questions of all pages."""
    with ExitStack() as stack:
        yield KeptOpen(demo.folder, stack)


@pytest.fixture
def workspace(demo: Demo, kept_open: KeptOpen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Be in a workspace that has run, with nothing else in it; its store is the demo's."""
    shutil.copy(demo.folder / "qa-sync.yaml", tmp_path)
    (tmp_path / "data").symlink_to(demo.folder / "data", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    with kept_open.used():
        yield tmp_path

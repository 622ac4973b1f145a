"""The demo, run once for all examples and figures of the documentation."""

from __future__ import annotations

import io
import os
import shutil
import sys
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from docs.pages import PROJECT

sys.path.insert(0, str(PROJECT / "docs"))


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo's workspace is, and what the command printed."""

    folder: Path
    printed: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run ``qa-sync demo`` as a reader would, in an empty folder."""
    from qa_sync.cli import main

    folder, printed = tmp_path_factory.mktemp("documented"), io.StringIO()
    environment = dict(os.environ)  # the sandboxes' addresses are set in it
    try:
        with chdir(folder), redirect_stdout(printed):
            code = main(["demo", "--quiet"])
    finally:
        os.environ.clear()
        os.environ.update(environment)
    assert code == 0, printed.getvalue()
    return Demo(folder / "demo", printed.getvalue())


@pytest.fixture
def workspace(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a workspace that has run, with nothing else in it; its store is the demo's."""
    shutil.copy(demo.folder / "qa-sync.yaml", tmp_path)
    (tmp_path / "data").symlink_to(demo.folder / "data", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path

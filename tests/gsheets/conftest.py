"""An emulator for each test, whose own answers must fit Google's contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gsheets.gsheet_world import World
from program.finished import finished, kept_open

__all__ = ["finished", "kept_open"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path)
    yield one
    one.close()

"""Where the shared data of real traffic, contracts and published numbers is, when it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_data(*parts: str) -> Path:
    """Return a path below the shared data folder; skip the test, with the reason, when it is absent."""
    base = Path(os.environ.get("QA_SYNC_SHARED", "") or Path(__file__).resolve().parents[2] / "shared") / "data"
    path = base.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"shared data {'/'.join(parts)} is not beside the project")
    return path

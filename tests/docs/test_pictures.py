"""Pictures are drawn from the page that shows them, and every one of them is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from docs.pages import PROJECT

PAGE = PROJECT / "docs" / "agreement.md"


@pytest.mark.thorough
def test_pictures_of_the_guide_are_drawn_from_its_code(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib draws the pictures; it is not installed")
    script = PROJECT / "docs" / "agreement_pictures.py"
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = set(re.findall(r"\(pictures/(agreement_\w+\.png)\)", PAGE.read_text(encoding="utf-8")))
    assert {path.name for path in tmp_path.iterdir()} == shown
    assert {path.name for path in (PROJECT / "docs" / "pictures").glob("agreement_*.png")} == shown
    assert all(path.stat().st_size > 10_000 for path in tmp_path.iterdir())

"""The page on the architecture names the files there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"


def _listed() -> dict[str, set[str]]:
    """Return the names in the table of files, by folder."""
    table = PAGE.read_text().partition("## Every file")[2]
    rows = re.findall(r"^\| `([\w/]+/)` \| (.*) \|$", table, re.MULTILINE)
    return {folder: set(re.findall(r"`([\w.]+)`", names)) for folder, names in rows}


def _present() -> dict[str, set[str]]:
    """Return the Python files of the packages that users get, by folder; a lone ``__init__`` needs no row."""
    found: dict[str, set[str]] = {}
    for top in (ROOT / "qa_sync", *(ROOT / "connectors").glob("qa_sync_*")):
        for path in top.rglob("*.py"):
            if path.name != "__init__.py":
                found.setdefault(f"{path.parent.relative_to(ROOT).as_posix()}/", set()).add(path.stem)
    return found


def test_every_file_has_its_place_on_the_page_and_no_other_has() -> None:
    listed = {folder: names - {"__init__"} for folder, names in _listed().items()}
    others = {"connectors/qa_sync_gsheets/menu/"}  # not Python
    assert {folder: names for folder, names in listed.items() if folder not in others} == _present()

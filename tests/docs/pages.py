"""The pages of the documentation, and what stands in their fenced blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("**/*.md")])
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its title (a file it stands for), its text and the line it begins on."""

    language: str
    title: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        language, _, rest = match["info"].strip().partition(" ")
        found.append(
            Block(language, rest.strip().removeprefix("title="), match["text"], text.count("\n", 0, match.start()) + 2)
        )
    return found


def prose(page: Path) -> str:
    """Return a page without its fenced blocks and comments."""
    return re.sub(r"<!--.*?-->", "", _FENCE.sub("", page.read_text(encoding="utf-8")), flags=re.DOTALL)


def name_of(page: Path) -> str:
    """Return how a test's id names a page."""
    return page.relative_to(PROJECT).as_posix()


def between(text: str, name: str) -> tuple[str, str, str]:
    """Return what stands before, between and after the comments ``name: ...`` and ``/name``."""
    found = re.search(rf"(.*<!-- {name}:[^\n]*-->\n)(.*)(<!-- /{name} -->.*)", text, re.DOTALL)
    assert found, f"the page has no part {name!r}"
    return found[1], found[2], found[3]

"""Markdown from plain values."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars and line breaks inside cells are made harmless."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def code(text: object) -> str:
    """Return a text set as code."""
    return f"`{text}`"


def codes(texts: Iterable[object]) -> str:
    """Return texts set as code, with commas."""
    return ", ".join(code(text) for text in texts)


def put(text: str) -> None:
    """Write text into the page, between empty lines: what a cog block ends with."""
    sys.stdout.write(f"\n{text}\n\n")

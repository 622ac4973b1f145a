"""What Excel can hold of a text, of a sheet's name and of a table's headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: Excel's limit for one cell, in UTF-16 units.
MAX_CELL = 32_767
_MAX_TITLE = 31
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def displayable(text: str) -> str:
    r"""Return a text as a cell can show it: no control characters, line ends as Excel has them, not too long.

    >>> displayable("a\r\nb\x01")
    'a\nb'
    """
    text = _UNSAYABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) * 2 <= MAX_CELL:
        return text
    units = text.encode("utf-16-le")
    return text if len(units) <= 2 * MAX_CELL else units[: 2 * MAX_CELL].decode("utf-16-le", "ignore")


def chunks(text: str, size: int = 30_000) -> list[str]:
    """Cut an ASCII text into pieces that fit a cell."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def sheet_title(title: str, taken: Iterable[str]) -> str:
    """Return a name that Excel accepts and no other sheet has.

    >>> sheet_title("Pairs: in/out", ["pairs_ in_out"])
    'Pairs_ in_out (2)'
    """
    lowered = {one.lower() for one in taken}
    stem = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", title).strip("' ") or "Sheet"
    if stem.lower() == "history":  # Excel keeps this name for itself
        stem += "_"
    name, number = stem[:_MAX_TITLE].rstrip("' "), 2
    while name.lower() in lowered:
        suffix = f" ({number})"
        name, number = stem[: _MAX_TITLE - len(suffix)] + suffix, number + 1
    return name


def headers(labels: Iterable[str]) -> list[str]:
    """Return distinct, non-empty headers: a table must not have one twice, whatever its case.

    >>> headers(["Score", "score", " "])
    ['Score', 'score (2)', 'Column 3']
    """
    taken: set[str] = set()
    made: list[str] = []
    for at, label in enumerate(labels, start=1):
        stem = displayable(re.sub(r"\s+", " ", label)).strip()[:240] or f"Column {at}"
        name, number = stem, 2
        while name.lower() in taken:
            name, number = f"{stem} ({number})", number + 1
        taken.add(name.lower())
        made.append(name)
    return made


def table_names(tabs: Sequence[tuple[str, str]]) -> list[str]:
    """Return the names that formulas can call tables by, given (dashboard, tab) of each.

    >>> table_names([("weekly", "evaluator weeks"), ("weekly", "pairs"), ("site", "pairs")])
    ['qa_evaluator_weeks', 'qa_weekly_pairs', 'qa_site_pairs']
    """
    names = [tab.lower() for _, tab in tabs]
    made: list[str] = []
    for dashboard, tab in tabs:
        stem = tab if names.count(tab.lower()) == 1 else f"{dashboard}_{tab}"
        made.append("qa_" + re.sub(r"\W", "_", stem, flags=re.ASCII)[:200])
    return [name if made.index(name) == at else f"{name}_{at}" for at, name in enumerate(made)]


def displayable_options(options: Sequence[str]) -> list[str]:
    """Return as many options as a dropdown can hold: Excel parts them by commas and keeps 255 characters.

    >>> displayable_options(["upheld", "upheld, in part"])
    ['upheld', 'upheld; in part']
    """
    offered: list[str] = []
    for option in options:
        text = displayable(option).replace(",", ";")
        if len(",".join([*offered, text])) > 255:
            break
        offered.append(text)
    return offered

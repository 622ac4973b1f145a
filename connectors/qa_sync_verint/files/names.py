"""Header names: how they are compared, and which canonical columns belong to one answer."""

from __future__ import annotations

import re
from unicodedata import category

_IGNORED = re.compile(r"[\s_\-\u00a0\ufeff]+")

#: Canonical columns that describe one answer; all others describe the evaluation.
ANSWER_COLUMNS = (
    "component_id",
    "section",
    "category",
    "question",
    "answer",
    "points",
    "max_points",
    "answer_reason",
    "comment",
)
#: Canonical columns that hold free text, and are dropped unless the profile keeps them.
FREE_TEXT = frozenset({"comment"})


def fold(header: str) -> str:
    """Return a header as it is compared: case, spaces, underscores and hyphens do not matter.

    >>> fold(" Evaluation_ID") == fold("evaluation id")
    True
    """
    return _IGNORED.sub("", header).casefold()


def harmless(text: str) -> str:
    r"""Return a text of a stranger's file with control characters written out, so that it does nothing to a terminal.

    >>> print(harmless("a\x1b[31mb\nc"))
    a\x1b[31mb\nc
    """
    return "".join(mark if category(mark)[0] != "C" else mark.encode("unicode_escape").decode("ascii") for mark in text)

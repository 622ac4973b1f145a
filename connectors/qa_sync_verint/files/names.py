"""Header names: how they are compared, and which canonical columns belong to one answer."""

from __future__ import annotations

import re

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

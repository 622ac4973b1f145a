"""Which cases of a claim the ordinary run tries: some of many that take the same path; ``make check`` tries all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def some(cases: Iterable[Any], *, every: int, several: bool = False) -> list[Any]:
    """Mark all cases but each ``every``-th as thorough; with ``several`` a case is a tuple of parameters."""
    return [
        pytest.param(*(case if several else (case,)), marks=pytest.mark.thorough if at % every else ())
        for at, case in enumerate(cases)
    ]

"""The demo's forms as arrays: read from the same catalogue files that a workspace uses.

A level is an option's rank on its criterion's scale, from 0. Forms that judge work call a higher level better;
severity forms call it more severe, so ``lenient`` says which way a lenient reading goes (+1 or -1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa_sync import yamlfile

FORM_FILES = ("demo_support.yaml", "demo_chat.yaml", "demo_severity.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """All demo forms side by side; axis 0 is the form version, axis 1 the criterion (padded), axis 2 the level.

    ``raw`` are the catalogue entries as read. ``levels`` is 0 where a form has no such criterion.
    """

    raw: tuple[dict[str, Any], ...]
    ids: tuple[tuple[str, str], ...]
    levels: NDArray[np.int64]
    points: NDArray[np.float64]
    fails: NDArray[np.bool_]
    max_points: NDArray[np.float64]
    weight: NDArray[np.float64]
    critical: NDArray[np.bool_]
    lenient: NDArray[np.int64]
    scored: NDArray[np.bool_]
    zeroes: NDArray[np.bool_]
    tolerance: NDArray[np.float64]
    keys: tuple[tuple[str, ...], ...]
    options: tuple[tuple[tuple[str, ...], ...], ...]

    def index(self, form_id: str, version: str) -> int:
        """Return the position of a form version; ValueError when the catalogue has none."""
        return self.ids.index((form_id, version))


def forms_folder() -> Path:
    """Return the folder of the shipped form catalogues, in a checkout or in an installed package."""
    package = Path(__file__).resolve().parents[2]
    inside = package / "mappings" / "forms"
    return inside if inside.is_dir() else package.parent / "mappings" / "forms"


def form_paths() -> tuple[Path, ...]:
    """Return the catalogue files of the demo, in order."""
    return tuple(forms_folder() / name for name in FORM_FILES)


@cache
def load_forms() -> Forms:
    """Read the demo's catalogues; ConfigError when one of them is missing or not strict YAML."""
    raw: list[dict[str, Any]] = []
    for path in form_paths():
        raw += yamlfile.read(path, shown_as=f"mappings/forms/{path.name}").data
    width = max(len(form["criteria"]) for form in raw)
    depth = max(len(c["options"]) for form in raw for c in form["criteria"])
    shape = (len(raw), width)
    levels = np.zeros(shape, dtype=np.int64)
    points = np.full((*shape, depth), np.nan)
    fails = np.zeros((*shape, depth), dtype=bool)
    max_points, weight = np.zeros(shape), np.zeros(shape)
    critical = np.zeros(shape, dtype=bool)
    options: list[tuple[tuple[str, ...], ...]] = []
    for f, form in enumerate(raw):
        named: list[tuple[str, ...]] = []
        for c, criterion in enumerate(form["criteria"]):
            ordered = sorted(criterion["options"], key=lambda option: int(option["level"]))
            named.append(tuple(option["option"] for option in ordered))
            levels[f, c] = len(ordered)
            points[f, c, : len(ordered)] = [option["points"] for option in ordered]
            fails[f, c, : len(ordered)] = [option["is_fail"] for option in ordered]
            max_points[f, c] = criterion["max_points"]
            weight[f, c] = criterion["weight"]
            critical[f, c] = criterion["is_critical"]
        options.append(tuple(named))
    return Forms(
        raw=tuple(raw),
        ids=tuple((form["form_id"], form["version"]) for form in raw),
        levels=levels,
        points=points,
        fails=fails,
        max_points=max_points,
        weight=weight,
        critical=critical,
        lenient=np.array([-1 if form["higher_is"] == "more_severe" else 1 for form in raw]),
        scored=np.array([form["scale"] == "points" for form in raw]),
        zeroes=np.array([form["auto_fail"] == "zero" for form in raw]),
        tolerance=np.array([float(form["tolerance"]) for form in raw]),
        keys=tuple(tuple(c["key"] for c in form["criteria"]) for form in raw),
        options=tuple(options),
    )

"""Names of people beside their ids: as the readers of a scene may know them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from qa_sync.reports.assemble import Column, text
from qa_sync.reports.report import Scene


def names_of(scene: Scene, people: Sequence[str | None]) -> list[str | None]:
    """Return the names of people by their ids; None where none is known."""
    known = scene.engine.fetch("SELECT person_id, name FROM persons")
    names = dict(zip(known["person_id"].to_pylist(), known["name"].to_pylist(), strict=True))
    return [names.get(person) for person in people]


def name_column(scene: Scene, groups: pa.Table, person: str) -> list[Column]:
    """Return the column of names that stands behind a grouping by person; nothing where that is not grouped by."""
    if person not in groups.column_names:
        return []
    return [text("name", "Name", names_of(scene, groups[person].to_pylist()), "Name of the person.", width=150)]

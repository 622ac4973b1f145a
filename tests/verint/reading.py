"""Read a folder in tests: the state that all pages together leave behind."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qa_sync import yamlfile
from qa_sync.ports import Page
from qa_sync_verint.files import FilesReader, StreamProfile
from qa_sync_verint.files.profile import parse_profile


def profile_of(settings: dict[str, Any]) -> StreamProfile:
    """Validate one stream's layout, given as data, as if it stood in a file."""
    data = {"version": 1, "streams": {"evaluations": {k: v for k, v in settings.items() if v is not None}}}
    return parse_profile(yamlfile.Document(file="test.yaml", text="", data=data)).streams["evaluations"]


def read(folder: Path, profile: StreamProfile, cursor: str | None = None, **options: Any) -> list[Page]:
    return list(FilesReader(folder, profile, **options).read(cursor))


def state(pages: Iterable[Page]) -> dict[str, Any]:
    """The current payload of each id, answers in a fixed order; None: taken back."""
    newest: dict[str, tuple[Any, ...]] = {}
    for page in pages:
        for row in page.records.to_pylist():
            place = (row["source_stamp"], row["source_seq"], row["payload"] or "")
            if row["id"] not in newest or place >= newest[row["id"]][0]:
                newest[row["id"]] = (place, row["deleted"], row["payload"])
    return {identity: None if deleted else normal(payload) for identity, (_, deleted, payload) in newest.items()}


def normal(payload: str) -> dict[str, Any]:
    data = json.loads(payload)
    data["rows"].sort(key=lambda row: row.get("component_id", ""))
    for name in ("evaluated_at", "interaction_at"):
        data["columns"].pop(name, None)
    return data


def rejects(pages: Iterable[Page]) -> list[tuple[str, str, str]]:
    return [(r["record_id"], r["field"], r["reason"]) for page in pages for r in page.rejects.to_pylist()]

"""A workspace with a folder of files, and short ways to read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qa_sync.ports import Context, Page, Source
from qa_sync_files import connect


def context(workspace: Path) -> Context:
    return Context(name="exports", folder=workspace, state=workspace / "state", time_zone="Europe/Dublin")


def source(workspace: Path, *, page_rows: int = 1000, **stream: Any) -> Source:
    """A source with one stream, "rows", over ``workspace/exports``."""
    (workspace / "exports").mkdir(exist_ok=True)
    settings = {"folder": "exports", "page_rows": page_rows, "streams": {"rows": {"glob": "*", **stream}}}
    return connect(settings, context(workspace))


def write(workspace: Path, name: str, content: str | bytes) -> Path:
    path = workspace / "exports" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(workspace: Path, cursor: str | None = None, **stream: Any) -> list[Page]:
    return list(source(workspace, **stream).read("rows", cursor))


def payloads(pages: Sequence[Page]) -> list[dict[str, Any]]:
    return [json.loads(text) for page in pages for text in page.records["payload"].to_pylist()]


def ids(pages: Sequence[Page]) -> list[str]:
    return [identity for page in pages for identity in page.records["id"].to_pylist()]


def rejects(pages: Sequence[Page]) -> list[tuple[str, str, str]]:
    return [(row["record_id"], row["field"], row["reason"]) for page in pages for row in page.rejects.to_pylist()]

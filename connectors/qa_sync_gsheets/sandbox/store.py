"""Keep the emulated spreadsheets in a JSON file, so that a second run sees the same sheets."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from qa_sync_gsheets.sandbox.cell import Cell, from_extended, to_extended
from qa_sync_gsheets.sandbox.drive import Drive, File
from qa_sync_gsheets.sandbox.grid import Grid
from qa_sync_gsheets.sandbox.workbook import Metadata, Switches, Workbook

Json = dict[str, Any]
FORMAT = 1


def save(drive: Drive, path: Path) -> None:
    """Write all spreadsheets to ``path``; the old file stays whole until the new one is."""
    files = [
        {
            "created": file.created.isoformat(),
            "modified": file.modified.isoformat(),
            "private": file.private,
            "book": _book_out(file.book),
        }
        for file in drive.files.values()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps({"format": FORMAT, "files": files}, separators=(",", ":")), "utf-8")
    os.replace(draft, path)  # noqa: PTH105


def load(drive: Drive, path: Path, switches: Switches) -> None:
    """Take in what ``save`` wrote; a missing file is an empty Drive."""
    if not path.exists():
        return
    whole = json.loads(path.read_text("utf-8"))
    if whole.get("format") != FORMAT:
        msg = f"{path}: not a file of this emulator (format {whole.get('format')!r}); delete it to start anew"
        raise ValueError(msg)
    for one in whole["files"]:
        book = _book_in(one["book"], switches)
        drive.files[book.id] = File(
            book, datetime.fromisoformat(one["created"]), datetime.fromisoformat(one["modified"]), one["private"]
        )


def _book_out(book: Workbook) -> Json:
    return {
        "id": book.id,
        "title": book.title,
        "properties": book.properties,
        "version": book.version,
        "named_ranges": book.named_ranges,
        "metadata": [asdict(entry) for entry in book.all_metadata()],
        "sheets": [_grid_out(grid) for grid in book.sheets],
    }


def _book_in(one: Json, switches: Switches) -> Workbook:
    book = Workbook(one["id"], one["title"], switches=switches, properties=one["properties"], version=one["version"])
    book.named_ranges = one["named_ranges"]
    for entry in one["metadata"]:
        metadata = Metadata(**entry)
        if metadata.id in book.metadata:
            book.doubles.append(metadata)
        else:
            book.metadata[metadata.id] = metadata
    book.sheets = [_grid_in(grid) for grid in one["sheets"]]
    return book


def _grid_out(grid: Grid) -> Json:
    looks: list[Any] = []
    known: dict[str, int] = {}

    def look_number(cell: Cell) -> int:
        """Looks are shared by many cells: each is written once."""
        rest = [cell.format, cell.note, cell.validation, cell.other]
        text = json.dumps(rest, sort_keys=True)
        if text not in known:
            known[text] = len(looks)
            looks.append(rest)
        return known[text]

    cells = {
        str(rid): [[cid, to_extended(cell.value), look_number(cell)] for cid, cell in row.items()]
        for rid, row in grid.cells.items()
    }
    return {
        "sheet_id": grid.sheet_id,
        "title": grid.title,
        "properties": grid.properties,
        "grid_properties": grid.grid_properties,
        "rows": grid.rows,
        "columns": grid.columns,
        "sizes": {name: {str(k): v for k, v in sizes.items()} for name, sizes in grid.sizes.items()},
        "parts": grid.parts,
        "basic_filter": grid.basic_filter,
        "cells": cells,
        "looks": looks,
    }


def _grid_in(one: Json) -> Grid:
    grid = Grid(one["sheet_id"], one["title"], 1, 1)
    grid.rows, grid.columns = one["rows"], one["columns"]
    grid.restart_ids()
    grid.properties, grid.grid_properties = one["properties"], one["grid_properties"]
    grid.sizes = {name: {int(k): v for k, v in sizes.items()} for name, sizes in one["sizes"].items()}
    grid.parts.update(one["parts"])
    grid.basic_filter = one["basic_filter"]
    looks = one["looks"]
    for rid, row in one["cells"].items():
        grid.cells[int(rid)] = {cid: Cell(from_extended(value), *looks[look]) for cid, value, look in row}
    return grid

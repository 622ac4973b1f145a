"""The part of Drive v3 that sheet clients use: files, copies, exports, changes, permissions, comments."""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from qa_sync_gsheets.a1 import Box
from qa_sync_gsheets.sandbox.cell import Cell
from qa_sync_gsheets.sandbox.grid import Grid, iter_values
from qa_sync_gsheets.sandbox.masks import parse_mask, select
from qa_sync_gsheets.sandbox.refusal import Refusal, forbidden, not_found, storage_exceeded
from qa_sync_gsheets.sandbox.typed import effective, entered, formatted
from qa_sync_gsheets.sandbox.workbook import Switches, Workbook

Json = dict[str, Any]
SHEET_TYPE = "application/vnd.google-apps.spreadsheet"
Clock = Callable[[], datetime]


def now_utc() -> datetime:
    """Return the time of day; replaced in tests."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Return a time as Drive writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class File:
    """A spreadsheet in Drive."""

    book: Workbook
    created: datetime
    modified: datetime
    private: bool = False
    #: E-mail of who changed it last.
    modified_by: str = ""
    permissions: list[Json] = field(default_factory=list)


class Drive:
    """All files of the sandbox, by id."""

    def __init__(self, clock: Clock = now_utc, switches: Switches | None = None, *, may_create: bool = True) -> None:
        self.files: dict[str, File] = {}
        self.changes: list[str] = []
        self.may_create = may_create
        #: E-mail of the account whose requests are answered.
        self.account = ""
        self._clock = clock
        self._switches = switches or Switches()

    def open(self, file_id: str) -> Workbook:
        """Return a spreadsheet that the caller may see."""
        file = self.files.get(file_id)
        if file is None:
            raise not_found()
        if file.private:
            raise forbidden()
        return file.book

    def new(self, title: str, file_id: str = "") -> Workbook:
        """Make a spreadsheet with one empty sheet."""
        file_id = file_id or "1" + secrets.token_urlsafe(32)
        book = Workbook(file_id, title, sheets=[Grid(0, "Sheet1")], switches=self._switches)
        self.add(book)
        return book

    def add(self, book: Workbook) -> None:
        """Take in a spreadsheet."""
        moment = self._clock()
        self.files[book.id] = File(book, moment, moment)
        self.touched(book.id)

    def touched(self, file_id: str, by: str = "") -> None:
        """Note that a file was changed, and by whom ("": the account that calls)."""
        self.files[file_id].modified = self._clock()
        self.files[file_id].modified_by = by or self.account
        self.changes.append(file_id)

    def answer(self, verb: str, path: str, query: dict[str, str], body: Json) -> Json | str | None:
        """Answer a Drive request (path below /drive/v3); text is a file, None is 204."""
        parts = path.strip("/").split("/")
        if parts[0] == "changes":
            return self._changed(parts, query)
        if parts[0] != "files":
            raise not_found()
        if len(parts) == 1:
            return self._create(body) if verb == "POST" else self._list(query)
        file_id = parts[1]
        book = self.open(file_id)
        if len(parts) == 2:
            return self._one(verb, file_id, query, body)
        action = parts[2]
        if action == "copy":
            return self._copy(book, body)
        if action == "export":
            return export_csv(book)
        if action == "comments":
            return {"comments": []}
        if action == "permissions":
            return self._permissions(verb, file_id, parts, body)
        raise not_found()

    def _resource(self, file: File, fields: str) -> Json:
        whole = {
            "kind": "drive#file",
            "id": file.book.id,
            "name": file.book.title,
            "mimeType": SHEET_TYPE,
            "createdTime": stamp(file.created),
            "modifiedTime": stamp(file.modified),
            "version": str(file.book.version),
            "lastModifyingUser": {
                "kind": "drive#user",
                "displayName": file.modified_by.partition("@")[0],
                "emailAddress": file.modified_by,
            },
        }
        names = fields or "kind,id,name,mimeType"
        chosen: Json = select(parse_mask(names), whole)
        return chosen

    def _create(self, body: Json) -> Json:
        if not self.may_create:
            raise storage_exceeded()
        book = self.new(body.get("name") or "Untitled spreadsheet")
        return self._resource(self.files[book.id], "")

    def _copy(self, book: Workbook, body: Json) -> Json:
        if not self.may_create:
            raise storage_exceeded()
        with book.changing() as draft:
            twin = draft
        book.version -= 1
        twin.id = "1" + secrets.token_urlsafe(32)
        twin.title = body.get("name") or f"Copy of {book.title}"
        twin.sheets = [sheet.snapshot() for sheet in twin.sheets]
        self.add(twin)
        return self._resource(self.files[twin.id], "")

    def _one(self, verb: str, file_id: str, query: dict[str, str], body: Json) -> Json | None:
        if verb == "DELETE":
            del self.files[file_id]
            return None
        file = self.files[file_id]
        if verb == "PATCH" and body.get("name"):
            file.book.title = body["name"]
            self.touched(file_id)
        return self._resource(file, query.get("fields", ""))

    def _list(self, query: dict[str, str]) -> Json:
        found = [file for file in self.files.values() if not file.private]
        wanted = re.search(r"name\s*=\s*(\"|')(.*?)\1", query.get("q", ""))
        if wanted:
            found = [file for file in found if file.book.title == wanted[2]]
        other = re.search(r"mimeType\s*=\s*(\"|')(.*?)\1", query.get("q", ""))
        if other and other[2] != SHEET_TYPE:
            found = []
        found.sort(key=lambda file: file.modified, reverse=True)
        mask = parse_mask(query.get("fields", "") or "kind,files(kind,id,name,mimeType)")
        files = [self._resource(file, "kind,id,name,mimeType,createdTime,modifiedTime,version") for file in found]
        chosen: Json = select(mask, {"kind": "drive#fileList", "incompleteSearch": False, "files": files})
        return chosen

    def upload(self, file_id: str, text: str) -> Json:
        """Replace a spreadsheet by a csv, as Drive v2's converting upload does: a new sheet, Google's own zone."""
        book = self.open(file_id)
        rows = list(csv.reader(io.StringIO(text)))
        with book.changing() as draft:
            sizes = (max(len(rows), 1000), max(max(map(len, rows), default=0), 26))
            grid = Grid(draft.new_id(), draft.title, *sizes)
            for number, row in enumerate(rows):
                cells = ((column, entered(value, Cell(), parse=True)) for column, value in enumerate(row))
                grid.put(number, [(column, cell) for column, cell in cells if cell is not None])
            draft.sheets, draft.metadata, draft.named_ranges = [grid], {}, []
            draft.properties["timeZone"] = "America/Los_Angeles"
        self.touched(file_id)
        return {"kind": "drive#file", "id": file_id, "title": book.title, "mimeType": SHEET_TYPE}

    def _permissions(self, verb: str, file_id: str, parts: list[str], body: Json) -> Json | None:
        permissions = self.files[file_id].permissions
        if verb == "DELETE":
            self.files[file_id].permissions = [one for one in permissions if one["id"] != parts[3]]
            return None
        if verb == "POST":
            new = {"id": str(len(permissions) + 1), "kind": "drive#permission", **{k: v for k, v in body.items() if v}}
            permissions.append(new)
            return new
        return {"kind": "drive#permissionList", "permissions": permissions}

    def _changed(self, parts: list[str], query: dict[str, str]) -> Json:
        if parts[1:] == ["startPageToken"]:
            return {"kind": "drive#startPageToken", "startPageToken": str(len(self.changes))}
        try:
            seen = int(query.get("pageToken", ""))
        except ValueError:
            raise Refusal(400, "Invalid Value: pageToken") from None
        ids = list(dict.fromkeys(self.changes[seen:]))
        changes = [
            {
                "kind": "drive#change",
                "changeType": "file",
                "fileId": one,
                "removed": one not in self.files,
                "time": stamp(self.files[one].modified if one in self.files else self._clock()),
            }
            for one in ids
        ]
        return {"kind": "drive#changeList", "newStartPageToken": str(len(self.changes)), "changes": changes}


def export_csv(book: Workbook) -> str:
    """Return the first sheet as csv, as shown."""
    grid = book.sheets[0]
    height, width = grid.used()
    out = io.StringIO()
    writer = csv.writer(out)
    if height:
        top, bottom, left, right = grid.bounded(Box(0, height, 0, width))
        for cells in iter_values(grid, top, bottom, left, right):
            forms = [(cell.format or {}).get("numberFormat") for cell in cells]
            writer.writerow([formatted(effective(book, grid, c), f) for c, f in zip(cells, forms, strict=True)])
    return out.getvalue().removesuffix("\r\n")

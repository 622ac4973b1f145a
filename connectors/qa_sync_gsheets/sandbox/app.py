"""Answer Sheets, Drive and token requests: check them against the contract, act, check the answer too."""

from __future__ import annotations

import json
import re
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from qa_sync_gsheets.sandbox import values
from qa_sync_gsheets.sandbox.changes import apply_all
from qa_sync_gsheets.sandbox.contract import Contract, Method
from qa_sync_gsheets.sandbox.drive import Drive
from qa_sync_gsheets.sandbox.faults import DroppedConnection, Faults, Quota, Side
from qa_sync_gsheets.sandbox.lookup import boxes_of, entries_of, to_json
from qa_sync_gsheets.sandbox.masks import parse_mask, select
from qa_sync_gsheets.sandbox.refusal import Refusal, not_found, storage_exceeded
from qa_sync_gsheets.sandbox.resource import sheet_properties, spreadsheet
from qa_sync_gsheets.sandbox.tokens import Tokens
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]
_UPLOAD = "/upload/drive/v2/files/"
_SHEETS = re.compile(r"^/v4/spreadsheets(?:/(?P<id>[^/:]+))?(?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class Logged:
    """One request as it arrived and was answered."""

    verb: str
    path: str
    query: dict[str, list[str]]
    body: Json | None
    status: int
    sent: int
    received: int

    @property
    def is_write(self) -> bool:
        """True for a request that Google meters as a write."""
        return side_of(self.verb, self.path) == "write"


@dataclass(slots=True)
class App:
    """The emulator without its HTTP server. One lock: requests take effect one after another."""

    drive: Drive
    contracts: dict[str, Contract]
    tokens: Tokens
    url: str = ""
    faults: Faults = field(default_factory=Faults)
    quota: Quota = field(default_factory=lambda: Quota(None))
    lock: threading.RLock = field(default_factory=threading.RLock)
    log: deque[Logged] = field(default_factory=lambda: deque(maxlen=20_000))
    #: Answers of ours that do not fit the discovery document: bugs of the emulator.
    deviations: list[str] = field(default_factory=list)
    #: Run once before the next write takes effect: people who edit meanwhile.
    interruptions: list[Callable[[], None]] = field(default_factory=list)
    on_change: Callable[[], None] = lambda: None

    def handle(self, verb: str, path: str, query: dict[str, list[str]], raw: bytes, token: str) -> tuple[int, Any]:
        """Return status and JSON body (text for an exported file, None for nothing).

        Raises:
            DroppedConnection: a planned fault.
        """
        if path == "/token":
            return self.tokens.answer(raw)
        try:
            self.tokens.require(token)
            side = side_of(verb, path)
            fault = self.faults.take(side)
            if path.startswith("/v4/"):
                self.quota.spend(side)
            self.faults.before(fault, side)
            answer = self._answer(verb, path, query, raw)
            self.faults.after(fault)
        except Refusal as refusal:
            return refusal.code, refusal.body()
        except DroppedConnection:
            raise
        except Exception:  # noqa: BLE001  (a server answers, whatever its bugs)
            self.deviations.append(traceback.format_exc())
            return 500, Refusal(500, "Internal error encountered.").body()
        return (204, None) if answer is None else (200, answer)

    def _answer(self, verb: str, path: str, query: dict[str, list[str]], raw: bytes) -> Any:
        if path.startswith(_UPLOAD):
            with self.lock:
                uploaded = self.drive.upload(unquote(path.removeprefix(_UPLOAD)), raw.decode())
                self.on_change()
                return uploaded
        contract = self.contracts.get("drive" if path.startswith("/drive/") else "sheets")
        method = contract.method(verb, path) if contract else None
        if contract is not None and method is None:
            raise not_found()
        body = _body(raw)
        if contract is not None and method is not None:
            _require(contract, method, query, body)
        with self.lock:
            if side_of(verb, path) == "write":
                while self.interruptions:
                    self.interruptions.pop(0)()
            if path.startswith("/drive/v3"):
                answer: Any = self.drive.answer(verb, unquote(path.removeprefix("/drive/v3")), _flat(query), body)
            else:
                answer = self._sheets(verb, path, query, body)
            if verb != "GET":
                self.on_change()
        if contract is not None and method is not None and method.response and isinstance(answer, dict):
            wrong = contract.violations(method.response, answer)
            self.deviations.extend(f"{method.id}: {one.description}" for one in wrong)
        return answer

    def _sheets(self, verb: str, path: str, query: dict[str, list[str]], body: Json) -> Any:
        match = _SHEETS.match(path)
        if match is None:
            raise not_found()
        if match["id"] is None:
            if not self.drive.may_create:
                raise storage_exceeded()
            book = self.drive.new((body.get("properties") or {}).get("title") or "Untitled spreadsheet")
            return self._resource(book, query, None, grid_data=False)
        book = self.drive.open(unquote(match["id"]))
        rest = match["rest"]
        if verb == "GET" or rest in READ_POSTS:
            return self._read(book, rest, query, body)
        with book.changing() as draft:
            answer = _write(draft, verb, rest, query, body, self.drive)
        self.drive.touched(book.id)
        if rest == ":batchUpdate" and body.get("includeSpreadsheetInResponse"):
            answer["updatedSpreadsheet"] = self._updated(book, query, body)
        return _selected(answer, query) if rest == ":batchUpdate" else answer

    def _read(self, book: Workbook, rest: str, query: dict[str, list[str]], body: Json) -> Any:
        flat = _flat(query)
        if rest == "":
            boxes = [book.resolve(one) for one in query.get("ranges", [])] or None
            return self._resource(book, query, boxes, grid_data=_true(flat.get("includeGridData")))
        if rest == ":getByDataFilter":
            boxes = [box for one in body.get("dataFilters") or [] for box in boxes_of(book, one)]
            return self._resource(book, query, boxes, grid_data=bool(body.get("includeGridData")))
        if rest == "/developerMetadata:search":
            return _search(book, body)
        if rest == "/values:batchGet":
            return values.batch_get(book, query.get("ranges", []), flat)
        if rest == "/values:batchGetByDataFilter":
            return values.batch_get_by_filter(book, body)
        if rest.startswith("/developerMetadata/"):
            number = int(rest.rpartition("/")[2])
            if number not in book.metadata:
                raise not_found()
            return to_json(book, book.metadata[number])
        if rest.startswith("/values/"):
            return values.get(book, unquote(rest.removeprefix("/values/")), flat)
        raise not_found()

    def _resource(self, book: Workbook, query: dict[str, list[str]], boxes: Any, *, grid_data: bool) -> Json:
        mask = parse_mask(_flat(query).get("fields", ""))
        return spreadsheet(book, self.page(book.id), mask, boxes, grid_data=grid_data)

    def _updated(self, book: Workbook, query: dict[str, list[str]], body: Json) -> Json:
        mask = parse_mask(_flat(query).get("fields", ""))
        below = mask.get("updatedSpreadsheet", {}) if mask else {}
        boxes = [book.resolve(one) for one in body.get("responseRanges") or []] or None
        grid_data = bool(body.get("responseIncludeGridData"))
        return spreadsheet(book, self.page(book.id), below, boxes, grid_data=grid_data)

    def page(self, file_id: str) -> str:
        """Return the address where a person looks at a spreadsheet."""
        return f"{self.url}/spreadsheets/d/{file_id}/edit"


READ_POSTS = frozenset({":getByDataFilter", "/developerMetadata:search", "/values:batchGetByDataFilter"})


def side_of(verb: str, path: str) -> Side:
    """Return how Google meters a request."""
    if not path.startswith("/v4/"):
        return "any"
    return "read" if verb == "GET" or any(path.endswith(one) for one in READ_POSTS) else "write"


def _body(raw: bytes) -> Json:
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refusal(400, "Invalid JSON payload received. Unexpected token.") from None
    if not isinstance(body, dict):
        raise Refusal(400, 'Invalid JSON payload received. Unknown name "": Root element must be a message.')
    return body


def _require(contract: Contract, method: Method, query: dict[str, list[str]], body: Json) -> None:
    for name in query:
        if name not in method.parameters and not method.id.startswith("drive."):
            text = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
            raise Refusal(400, f"{text}Field '{name}' could not be found in request message.")
    if method.request:
        contract.require(method.request, body, "data" if method.request == "ValueRange" else "")


def _flat(query: dict[str, list[str]]) -> dict[str, str]:
    return {name: given[-1] for name, given in query.items()}


def _true(text: str | None) -> bool:
    return (text or "").lower() == "true"


def _search(book: Workbook, body: Json) -> Json:
    found: list[Json] = []
    for data_filter in body.get("dataFilters") or []:
        for entry in entries_of(book, data_filter):
            wire = to_json(book, entry)
            same = next((one for one in found if one["developerMetadata"] == wire), None)
            if same:
                same["dataFilters"].append(data_filter)
            else:
                found.append({"developerMetadata": wire, "dataFilters": [data_filter]})
    return {"matchedDeveloperMetadata": found} if found else {}


def _selected(answer: Json, query: dict[str, list[str]]) -> Json:
    mask = parse_mask(_flat(query).get("fields", ""))
    chosen: Json = select(mask, answer)
    return chosen


def _write(book: Workbook, verb: str, rest: str, query: dict[str, list[str]], body: Json, drive: Drive) -> Json:
    flat = _flat(query)
    if rest == ":batchUpdate":
        return {"spreadsheetId": book.id, "replies": apply_all(book, body.get("requests") or [])}
    if rest == "/values:batchUpdate":
        return values.batch_update(book, body)
    if rest == "/values:batchUpdateByDataFilter":
        return values.batch_update_by_filter(book, body)
    if rest == "/values:batchClear":
        return values.batch_clear(book, body.get("ranges") or [])
    if rest.startswith("/sheets/") and rest.endswith(":copyTo"):
        sheet_id = int(rest.removeprefix("/sheets/").removesuffix(":copyTo"))
        return _copy_to(book, sheet_id, drive.open(str(body.get("destinationSpreadsheetId"))))
    if rest.startswith("/values/"):
        a1, verb_of = rest.removeprefix("/values/"), ""
        for name in (":append", ":clear"):
            if a1.endswith(name):
                a1, verb_of = a1.removesuffix(name), name
        a1 = unquote(a1)
        if verb_of == ":append":
            return values.append(book, a1, body, flat)
        if verb_of == ":clear":
            return values.clear(book, a1)
        if verb == "PUT":
            return values.update(book, a1, body, flat)
    raise not_found()


def _copy_to(book: Workbook, sheet_id: int, target: Workbook) -> Json:
    with target.changing() as draft:
        twin = book.sheet(sheet_id).snapshot()
        twin.sheet_id = draft.new_id()
        twin.title = f"Copy of {twin.title}"
        draft.sheets.append(twin)
        return sheet_properties(draft, twin)

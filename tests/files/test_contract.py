"""The files source keeps the contract, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from files.folder import source, write

from qa_sync.ports import Source
from qa_sync.testing.contract import SourceContract, SourceWorld

HEADER = ("ticket", "score", "comment")
ROWS = [(f"T{n}", n * 10, "fine" if n % 2 else "=1+1; so, so") for n in range(1, 8)]


class FilesWorld(SourceWorld):
    """Seven rows in two files, three rows a page."""

    stream = "rows"
    suffix: ClassVar[str] = ""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.expected_ids = {row[0] for row in ROWS}
        self.put("a", ROWS[:5])
        self.put("b", ROWS[5:])

    def connect(self) -> Source:
        return source(self.workspace, page_rows=3, key=["ticket"], order={"seq": "score"})

    def put(self, stem: str, rows: list[tuple[str, int, str]]) -> None:
        raise NotImplementedError

    def path(self, stem: str) -> Path:
        return write(self.workspace, stem + self.suffix, "")


class PlainCsv(FilesWorld):
    suffix = ".csv"

    def put(self, stem: str, rows: list[tuple[str, int, str]]) -> None:
        lines = [HEADER, *((ticket, str(score), comment.replace(",", "")) for ticket, score, comment in rows)]
        self.path(stem).write_text("\n".join(",".join(line) for line in lines) + "\n")

    def plant_bad_record(self) -> str | None:
        path = self.workspace / "exports" / "a.csv"
        lines = path.read_text().splitlines()
        lines.insert(3, "T99,ragged")
        path.write_text("\n".join(lines))
        return "a.csv:3"


class QuotedCsv(PlainCsv):
    def put(self, stem: str, rows: list[tuple[str, int, str]]) -> None:
        lines = [",".join(HEADER)]
        lines += [f'{ticket},{score},"{comment}\nsecond ""line"""' for ticket, score, comment in rows]
        self.path(stem).write_text("\n".join(lines) + "\n")

    def plant_bad_record(self) -> str | None:
        path = self.workspace / "exports" / "a.csv"
        path.write_text(path.read_text().replace("T3,", 'T99,1,"never closed\nT3,', 1))
        return "a.csv:3"


class Parquet(FilesWorld):
    suffix = ".parquet"

    def put(self, stem: str, rows: list[tuple[str, int, str]]) -> None:
        made = [dict(zip(HEADER, row, strict=True)) for row in rows]
        pq.write_table(pa.Table.from_pylist(made), self.path(stem))

    def plant_bad_record(self) -> str | None:
        write(self.workspace, "aa.parquet", (self.workspace / "exports" / "a.parquet").read_bytes()[:-9])
        return "aa.parquet"


class JsonLines(FilesWorld):
    suffix = ".jsonl"

    def put(self, stem: str, rows: list[tuple[str, int, str]]) -> None:
        made = [json.dumps(dict(zip(HEADER, row, strict=True))) for row in rows]
        self.path(stem).write_text("\n".join(made))

    def plant_bad_record(self) -> str | None:
        path = self.workspace / "exports" / "a.jsonl"
        path.write_text('{"ticket": "T9\n' + path.read_text())
        return "a.jsonl:1"


class Sheet(FilesWorld):
    suffix = ".xlsx"

    def put(self, stem: str, rows: list[tuple[str, int, str]]) -> None:
        with xlsxwriter.Workbook(self.path(stem), {"strings_to_formulas": False}) as book:
            sheet = book.add_worksheet("Export")
            for at, row in enumerate([HEADER, *rows]):
                sheet.write_row(at, 0, row)

    def plant_bad_record(self) -> str | None:
        self.put("aa", [("", 5, "no key")])
        return "aa.xlsx:1"


class ListedCsv(PlainCsv):
    def connect(self) -> Source:
        return source(self.workspace, page_rows=3, key=["ticket"], listing=True)


class TestPlainCsv(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return PlainCsv(tmp_path)


class TestQuotedCsv(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return QuotedCsv(tmp_path)


class TestParquet(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return Parquet(tmp_path)


class TestJsonLines(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return JsonLines(tmp_path)


class TestSheet(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return Sheet(tmp_path)


class TestListedCsv(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return ListedCsv(tmp_path)

"""Export files: 1,000,000 answer rows of delimited text, against pandas.read_csv with the same parsing.

50,000 evaluations of 20 answers, with comments that hold delimiters, quotes and line breaks. *qa-sync* does what a
sync does: hash the file, choose its encoding, find delimiter and header, judge every row, turn local times to UTC,
put answers together by evaluation, and hand out pages of records. *pandas* is told encoding, delimiter and header,
reads every column as text, and turns the same two date columns to UTC.
``--rows N`` for another size.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pandas as pd
from measure import Case, Work, compare

from qa_sync import yamlfile
from qa_sync_verint.files import FilesReader
from qa_sync_verint.files.profile import parse_profile
from qa_sync_verint.sandbox.quirks import Quirks, settings_for, write_export
from qa_sync_verint.sandbox.truth import make_truth

ANSWERS = 20
NAME = "detail_20250301.csv"
ROWS = int(sys.argv[sys.argv.index("--rows") + 1]) if "--rows" in sys.argv else 1_000_000
DATES = ("Evaluation Date", "Contact Start Time")


def export(folder: Path, rows: int, *, scatter: bool) -> None:
    """Write a file of one delivery; the text is made a tenth at a time."""
    folder.mkdir()
    whole = folder / NAME
    with tempfile.TemporaryDirectory() as parts, whole.open("wb") as stream:
        for part in range(10):
            truth = make_truth(part, rows // ANSWERS // 10, answers=ANSWERS, first=1 + part * 10_000_000)
            piece = write_export(truth, Quirks(scatter=scatter), Path(parts), "part").read_bytes()
            stream.write(piece if part == 0 else piece.split(b"\r\n", 1)[1])


def where(scatter: bool) -> Path:
    """Return the file that the script wrote for its cases, which run in processes of their own."""
    return Path(os.environ["QA_SYNC_BENCH_FOLDER"]) / str(scatter) / NAME


def ours(scatter: bool) -> Work:
    """Read as a sync reads."""
    path = where(scatter)
    data = {"version": 1, "streams": {"e": {k: v for k, v in settings_for(Quirks()).items() if v is not None}}}
    profile = parse_profile(yamlfile.Document(file="bench.yaml", text="", data=data)).streams["e"]

    def work() -> dict[str, float]:
        records = rejects = 0
        for page in FilesReader(path.parent, profile).read(None):
            records += page.records.num_rows
            rejects += page.rejects.num_rows
        return {"records": records, "rejects": rejects, "file_mb": round(path.stat().st_size / 1e6, 1)}

    return work


def pandas(scatter: bool) -> Work:
    """Read with pandas."""
    path = where(scatter)

    def work() -> dict[str, float]:
        frame = pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False)
        for name in DATES:
            local = pd.to_datetime(frame[name], format="%m/%d/%Y %H:%M:%S", errors="coerce")
            zoned = local.dt.tz_localize("America/New_York", ambiguous=True, nonexistent="NaT")
            frame[name] = zoned.dt.tz_convert("UTC")
        found = frame["Evaluation Key"].nunique()
        return {"records": found, "rejects": 0, "file_mb": round(path.stat().st_size / 1e6, 1)}

    return work


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        os.environ["QA_SYNC_BENCH_FOLDER"] = made
        for scatter in (False, True):
            export(Path(made) / str(scatter), ROWS, scatter=scatter)
        compare(
            "verint_files",
            [
                Case("qa-sync", ours, scatter=False),
                Case("pandas.read_csv", pandas, scatter=False),
                Case("qa-sync, rows mixed up", ours, scatter=True),
            ],
            baseline="pandas.read_csv",
            repeat=3,
        )

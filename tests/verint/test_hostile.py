"""Files made to do harm end in a reasoned reject, within bounded memory and time."""

from __future__ import annotations

import gzip
import io
import os
import resource
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st
from verint.reading import profile_of, read, rejects, state

from qa_sync_verint.files import refusal
from qa_sync_verint.sandbox.quirks import Quirks, expected, render, settings_for
from qa_sync_verint.sandbox.truth import make_truth

PROFILE = profile_of(settings_for(Quirks()))
GOOD = render(make_truth(1, 3), Quirks())


def refused(folder: Path, data: bytes, name: str = "d_20250301.zip") -> list[tuple[str, str, str]]:
    """Rejects of one file, read beside a good one that must not suffer."""
    (folder / name).write_bytes(data)
    (folder / "good_20250302.csv").write_bytes(GOOD)
    pages = read(folder, PROFILE)
    assert state(pages).items() >= expected(make_truth(1, 3)).items()
    return rejects(pages)


def packed(members: dict[str, bytes], **mode: int) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode.get("attributes", 0o644) << 16
            archive.writestr(info, content)
    return data.getvalue()


def workbook(write: object, **options: object) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True, **options}) as book:
        write(book.add_worksheet())  # type: ignore[operator]
    return data.getvalue()


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal, "RATIO_FROM", 2_000_000)
    bomb = packed({"bomb.csv": GOOD + b"\r\n" * 5_000_000})
    assert refused(tmp_path, bomb) == [
        ("d_20250301.zip/bomb.csv", "file", "unpacks to more than 200 times its size: a zip bomb?")
    ]


def test_a_workbook_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal, "MAX_WORKBOOK", 1_000_000)
    made = workbook(lambda sheet: sheet.write(0, 0, "x"))
    data = io.BytesIO(made)
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(5_000_000))
    assert refused(tmp_path, data.getvalue(), "d_20250301.xlsx") == [
        ("d_20250301.xlsx", "file", "the workbook unpacks to more than 1 MB: export text")
    ]


def test_a_cell_in_the_far_corner_does_not_cost_all_memory(tmp_path: Path) -> None:
    made = workbook(lambda sheet: (sheet.write(0, 0, "x"), sheet.write(1_048_575, 16_383, "far")))
    assert refused(tmp_path, made, "d_20250301.xlsx") == [
        ("d_20250301.xlsx", "file", "a sheet spans more than 10,000,000 cells: export text")
    ]


def test_formulas_are_refused_unless_their_values_are_wanted(tmp_path: Path) -> None:
    made = workbook(lambda sheet: sheet.write_formula(0, 0, "=1+1"))
    assert refused(tmp_path, made, "d_20250301.xlsx") == [
        ("d_20250301.xlsx", "file", "the workbook holds formulas: save values, or set formulas: values")
    ]


def test_a_macro_workbook_is_refused(tmp_path: Path) -> None:
    data = io.BytesIO(workbook(lambda sheet: sheet.write(0, 0, "x")))
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    assert refused(tmp_path, data.getvalue(), "d_20250301.xlsx") == [
        ("d_20250301.xlsx", "file", "the workbook holds macros: save it as .xlsx")
    ]


def test_long_ids_that_a_workbook_has_rounded_are_refused(tmp_path: Path) -> None:
    def write(sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_row(0, 0, ["Evaluation Key", "Evaluation Date", "Evaluation Form", "Employee ID", "Contact ID"])
        sheet.write_row(1, 0, ["7", "01/15/2025 14:05:10", "F", "E-1", 1234567890123456789])
        sheet.write_row(2, 0, [8, "01/15/2025 14:05:10", "F", "E-1", 1234567890])

    found = refused(tmp_path, workbook(write), "d_20250301.xlsx")
    assert [(place, field) for place, field, _reason in found] == [("d_20250301.xlsx:2", "row")]
    assert "16 or more digits" in found[0][2]


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:/evil.csv"])
def test_a_path_in_an_archive_is_refused(name: str, tmp_path: Path) -> None:
    assert refused(tmp_path, packed({name: GOOD})) == [
        ("d_20250301.zip/member 1", "member", "the member's name is a path out of the archive")
    ]


def test_control_characters_in_names_are_written_out(tmp_path: Path) -> None:
    data = packed({"a\x1b[31m.csv": b"no table"})
    told = [place for place, _field, _reason in refused(tmp_path, data, "d\n_20250301.zip")]
    assert told == [r"d\n_20250301.zip/a\x1b[31m.csv"]


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, packed({"link.csv": b"/etc/passwd"}, attributes=stat.S_IFLNK | 0o777)) == [
        ("d_20250301.zip/member 1", "member", "the member is a symbolic link")
    ]


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, packed({"inner.zip": packed({"a.csv": GOOD})})) == [
        ("d_20250301.zip/inner.zip", "member", "an archive inside an archive is not opened")
    ]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (gzip.compress(GOOD), "gzip"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
        (b"Rar!\x1a\x07\x01\0", "rar"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_to_do(data: bytes, part: str, tmp_path: Path) -> None:
    ((place, field, reason),) = refused(tmp_path, data, "d_20250301.csv")
    assert (place, field, part in reason, ":" in reason) == ("d_20250301.csv", "file", True, True)


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    data = packed({"a.csv": GOOD})
    assert refused(tmp_path, data[: len(data) // 2]) == [
        ("d_20250301.zip", "file", "the archive is damaged or incomplete")
    ]


@pytest.mark.parametrize("kind", ["workbook", "archive", "workbook in an archive"])
def test_an_archive_that_lost_bytes_anywhere_is_refused_with_a_reason(kind: str, tmp_path: Path) -> None:
    data = {"workbook": XLSX, "archive": packed({"a.csv": GOOD}), "workbook in an archive": packed({"a.xlsx": XLSX})}
    whole = data[kind]
    for at in range(0, len(whole) - 200, len(whole) // 12):
        for lost in (1, 40, 190):
            path = tmp_path / f"{at}_{lost}" / "d_20250301.zip"
            path.parent.mkdir()
            path.write_bytes(whole[:at] + whole[at + lost :])
            pages = read(path.parent, PROFILE)
            assert pages[-1].last
            assert state(pages) or rejects(pages)


def test_a_damaged_member_costs_only_itself(tmp_path: Path) -> None:
    data = bytearray(packed({"a.csv": GOOD}))
    at = data.find(b"a.csv") + 40
    data[at : at + 20] = b"\xff" * 20
    found = refused(tmp_path, bytes(data))
    assert [(place, field) for place, field, _ in found] == [("d_20250301.zip/a.csv", "file")]


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "d.csv").write_bytes(GOOD)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "d_20250301.csv").symlink_to(outside / "d.csv")
    assert refused(folder, GOOD, "other_20250303.csv") == [
        ("d_20250301.csv", "file", "a symbolic link is not followed: copy the file here")
    ]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "d_20250301.csv")
    assert refused(tmp_path, GOOD, "other_20250303.csv") == [("d_20250301.csv", "file", "not a regular file")]


def test_one_endless_line_is_skipped_in_bounded_memory(tmp_path: Path) -> None:
    state_of(tmp_path / "first", GOOD)  # what reading imports is not counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (tmp_path / "d_20250301.csv").open("wb") as stream:
        stream.write(GOOD)
        for _ in range(100):
            stream.write(b"x" * 1_000_000)
        stream.write(b"\r\n" + GOOD.split(b"\r\n", 1)[1])
    pages = read(tmp_path, PROFILE)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert [(field, reason) for _place, field, reason in rejects(pages)] == [
        ("row", "a line of more than 1,000,000 characters")
    ]
    assert state(pages) == expected(make_truth(1, 3))
    assert grown < 80_000  # kilobytes


@pytest.mark.soak
def test_a_line_of_a_gigabyte_is_skipped_in_bounded_memory_and_time(tmp_path: Path) -> None:
    code = """
import resource, sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from verint.reading import profile_of, read, rejects
from qa_sync_verint.sandbox.quirks import Quirks, settings_for
before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
pages = read(Path(sys.argv[1]), profile_of(settings_for(Quirks())))
print(sum(page.records.num_rows for page in pages), [reason for _place, _field, reason in rejects(pages)])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.process_time() - begun)
"""
    with (tmp_path / "d_20250301.csv").open("wb") as stream:
        stream.write(GOOD)
        for _ in range(1000):
            stream.write(b"x" * 1_000_000)
        stream.write(b"\r\n" + GOOD.split(b"\r\n", 1)[1])
    tests = str(Path(__file__).resolve().parents[1])
    made = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), tests], capture_output=True, text=True, check=True, timeout=300
    )
    said, cost = made.stdout.splitlines()
    kilobytes, seconds = (float(number) for number in cost.split())
    assert said == "3 ['a line of more than 1,000,000 characters']"
    assert kilobytes < 150_000
    assert seconds < 60


def test_a_quote_that_never_closes_costs_one_row_of_thousands(tmp_path: Path) -> None:
    lines = render(make_truth(1, 3_000), Quirks(delimiter="|")).split(b"\r\n")
    whole = state_of(tmp_path / "whole", b"\r\n".join(lines))
    place = next(at for at in range(50, len(lines)) if b'"' not in lines[at] and lines[at].startswith(b"9"))
    lines[place] = lines[place].replace(b"|", b'|"', 1)
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "d_20250301.csv").write_bytes(b"\r\n".join(lines))
    pages = read(tmp_path / "cut", PROFILE)
    assert len(rejects(pages)) == 1
    found = state(pages)
    changed = [identity for identity in whole if found.get(identity) != whole[identity]]
    assert len(changed) <= 1


def state_of(folder: Path, data: bytes) -> dict:
    folder.mkdir()
    (folder / "d_20250301.csv").write_bytes(data)
    return state(read(folder, PROFILE))


def test_one_id_with_rows_without_end_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import qa_sync_verint.files.grouping as grouping

    monkeypatch.setattr(grouping, "MAX_ANSWERS", 50)
    lines = ["Evaluation Key,Form Component Key,Evaluation Date,Evaluation Form,Employee ID"]
    lines += [f"{n % 2},{n},01/15/2025 14:05:10,F,E-1" for n in range(300)]
    (tmp_path / "d_20250301.csv").write_text("\n".join(lines) + "\n")
    pages = read(tmp_path, PROFILE)
    assert len(rejects(pages)) == 200
    assert {len(payload["rows"]) for payload in state(pages).values()} == {50}


@settings(max_examples=150, deadline=None)
@example(b"\xfe\xff\x00", 0, 0)
@given(st.binary(max_size=400), st.integers(0, 3), st.integers(0, 10**6))
def test_fuzzed_bytes_never_raise(noise: bytes, kind: int, at: int) -> None:
    base = [GOOD, packed({"a.csv": GOOD}), XLSX, b""][kind]
    place = at % (len(base) + 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "d_20250301.csv"
        path.write_bytes(base[:place] + noise + base[place + len(noise) // 2 :])
        pages = read(path.parent, PROFILE)
    assert pages[-1].last
    for _place, field, reason in rejects(pages):
        assert field
        assert reason


XLSX = render(make_truth(1, 3), Quirks(container="xlsx"))

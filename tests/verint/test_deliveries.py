"""Order of versions, files seen before, parts, late files, cut files: the final state is always the same."""

from __future__ import annotations

import json
import random
import shutil
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from verint.reading import profile_of, read, rejects, state

from qa_sync.errors import SourceError
from qa_sync_verint.files import FilesReader
from qa_sync_verint.files.cursor import Position
from qa_sync_verint.sandbox.quirks import Quirks, expected, render, settings_for, write_export
from qa_sync_verint.sandbox.truth import make_truth, revise

PLAIN = Quirks()
PROFILE = profile_of(settings_for(PLAIN))


def days(folder: Path) -> list[tuple[str, bytes]]:
    """Three days of one truth: the second and the third send some evaluations again."""
    first = make_truth(5, 40)
    second, third = revise(first, 1), revise(first, 2)
    return [(f"d_2025030{at + 1}.csv", render(truth, PLAIN)) for at, truth in enumerate((first, second, third))]


def truth_of_days() -> dict:
    first = make_truth(5, 40)
    return {**expected(first), **expected(revise(first, 1)), **expected(revise(first, 2))}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_files_that_arrive_out_of_order_give_the_same_state(order: tuple[int, ...], tmp_path: Path) -> None:
    files = days(tmp_path)
    pages, cursor = [], None
    for at in order:
        (tmp_path / files[at][0]).write_bytes(files[at][1])
        pages += read(tmp_path, PROFILE, cursor)
        cursor = pages[-1].cursor
    assert state(pages) == truth_of_days()


def test_a_file_seen_before_is_not_read_again(tmp_path: Path) -> None:
    for name, data in days(tmp_path):
        (tmp_path / name).write_bytes(data)
    cursor = read(tmp_path, PROFILE)[-1].cursor
    # The same content under another name of the same day is the same file.
    shutil.copy(tmp_path / "d_20250301.csv", tmp_path / "copy of d_20250301.csv")
    told: list[str] = []
    again = read(tmp_path, PROFILE, cursor, notify=told.append)
    assert told == []
    assert [(page.records.num_rows, page.last, page.cursor) for page in again] == [(0, True, cursor)]


def test_files_that_were_archived_are_not_missed(tmp_path: Path) -> None:
    for name, data in days(tmp_path):
        (tmp_path / name).write_bytes(data)
    cursor = read(tmp_path, PROFILE)[-1].cursor
    (tmp_path / "d_20250301.csv").unlink()
    assert [page.records.num_rows for page in read(tmp_path, PROFILE, cursor)] == [0]


def test_a_day_in_parts_is_one_delivery_even_cut_inside_an_evaluation(tmp_path: Path) -> None:
    truth = make_truth(6, 10)
    lines = render(truth, Quirks(quoting="all")).decode("utf-8-sig").split("\r\n")
    rows, header = make_lines(lines), lines[0]
    for cut in (5, 14):
        folder = tmp_path / str(cut)
        folder.mkdir()
        parts = [rows[:cut], rows[cut:]]
        pages, cursor = [], None
        for at in random.Random(cut).sample([0, 1], 2):
            text = "\r\n".join([header, *parts[at]]) + "\r\n"
            (folder / f"d_20250301_part{at}.csv").write_bytes(text.encode("utf-8-sig"))
            pages += read(folder, PROFILE, cursor)
            cursor = pages[-1].cursor
        assert state(pages) == expected(truth)


def make_lines(lines: list[str]) -> list[str]:
    """Records of a file whose cells are all quoted: a record ends where its line ends with a quote."""
    made: list[str] = []
    for line in lines[1:]:
        if line.startswith('"9') or not made:
            made.append(line)
        else:
            made[-1] += "\r\n" + line
    return [line.rstrip("\r\n") for line in made if line]


def test_a_file_replaced_by_a_better_one_is_read_again_and_wins(tmp_path: Path) -> None:
    path = tmp_path / "d_20250301.csv"
    whole = render(make_truth(7, 20), PLAIN)
    path.write_bytes(whole[: len(whole) // 2])
    first = read(tmp_path, PROFILE)
    path.write_bytes(whole)
    second = read(tmp_path, PROFILE, first[-1].cursor)
    assert state([*first, *second]) == expected(make_truth(7, 20))
    assert state([*second, *first]) == expected(make_truth(7, 20))
    stamps = {row["source_stamp"] for page in (*first, *second) for row in page.records.to_pylist()}
    assert stamps == {datetime(2025, 3, 1, tzinfo=UTC)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("share", [0.3, 0.62, 0.97])
def test_truncation_costs_only_the_missing_rows_and_names_the_cut_one(
    share: float, encoding: Literal["utf-8", "utf-16"], tmp_path: Path
) -> None:
    truth = make_truth(8, 30)
    whole = render(truth, Quirks(quoting="all", encoding=encoding))
    cut = whole[: int(len(whole) * share) // 2 * 2 + 1]  # inside a character, where each takes two bytes
    (tmp_path / "d_20250301.csv").write_bytes(cut)
    pages = read(tmp_path, PROFILE)
    complete = sum(len(evaluation.answers) for evaluation in truth)
    loaded = sum(
        len(json.loads(row["payload"])["rows"]) for page in pages for row in page.records.to_pylist() if row["payload"]
    )
    assert len(rejects(pages)) <= 1
    assert all("cells" in reason or "cut" in reason or "bytes" in reason for _place, _field, reason in rejects(pages))
    assert loaded < complete
    wanted = expected(truth)
    for identity, payload in state(pages).items():
        if payload and wanted[identity]:
            assert all(row in wanted[identity]["rows"] for row in payload["rows"])


def test_an_inactive_row_for_an_unknown_id_is_a_tombstone(tmp_path: Path) -> None:
    truth = [evaluation for evaluation in make_truth(9, 200) if not evaluation.active][:2]
    write_export(truth, PLAIN, tmp_path, "d_20250301")
    rows = [row for page in read(tmp_path, PROFILE) for row in page.records.to_pylist()]
    found = [(row["id"], row["deleted"], row["payload"]) for row in rows]
    assert found == [(e.evaluation_id, True, None) for e in truth]


def test_without_a_declared_order_the_stream_says_that_arrival_decides(tmp_path: Path) -> None:
    profile = profile_of(settings_for(PLAIN, order=None))
    (tmp_path / "b.csv").write_bytes(render(make_truth(1, 3), PLAIN))
    rows = [row for page in read(tmp_path, profile) for row in page.records.to_pylist()]
    assert {row["source_stamp"] for row in rows} == {None}


def test_numbers_order_files_as_numbers(tmp_path: Path) -> None:
    profile = profile_of(settings_for(PLAIN, order=r"_(?P<number>\d+)\."))
    truth = make_truth(1, 20)
    for number, version in ((9, truth), (10, revise(truth, 3))):
        write_export(version, PLAIN, tmp_path, f"d_{number}")
    assert state(read(tmp_path, profile)) == {**expected(truth), **expected(revise(truth, 3))}


def test_a_name_without_the_declared_date_is_a_reject_or_the_oldest(tmp_path: Path) -> None:
    write_export(make_truth(1, 2), PLAIN, tmp_path, "undated")
    assert rejects(read(tmp_path, PROFILE)) == [
        ("undated.csv", "name", "no date or number where the profile's order.name looks for it")
    ]
    oldest = PROFILE.model_copy(update={"order": PROFILE.order.model_copy(update={"missing": "oldest"})})
    assert sum(page.records.num_rows for page in read(tmp_path, oldest)) == 2


def test_a_corrected_profile_reads_the_files_again_and_its_versions_win(tmp_path: Path) -> None:
    truth = [e for e in make_truth(4, 10) if e.active]
    write_export(truth, Quirks(zone="UTC"), tmp_path, "d_20250301")
    wrong = read(tmp_path, PROFILE)
    right = read(tmp_path, profile_of(settings_for(Quirks(zone="UTC"))), wrong[-1].cursor)
    assert state([*wrong, *right]) == expected(truth)
    assert state([*right, *wrong]) == expected(truth)


def test_reading_on_from_any_page_gives_the_rest_in_the_same_versions(tmp_path: Path) -> None:
    for name, data in days(tmp_path):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "d_20250304.csv").write_bytes(render(make_truth(2, 5), PLAIN) + b"bad,row\r\n" * 7)
    pages = read(tmp_path, PROFILE, page_records=6)
    assert len(pages) > 5
    everything = [row for page in pages for row in (*page.records.to_pylist(), *page.rejects.to_pylist())]
    for at, page in enumerate(pages[:-1]):
        rest = [
            row
            for later in read(tmp_path, PROFILE, page.cursor, page_records=6)
            for row in (*later.records.to_pylist(), *later.rejects.to_pylist())
        ]
        before = sum(p.records.num_rows + p.rejects.num_rows for p in pages[: at + 1])
        assert rest == everything[before:]


def test_an_empty_folder_gives_one_empty_last_page(tmp_path: Path) -> None:
    assert [(page.records.num_rows, page.last) for page in read(tmp_path, PROFILE)] == [(0, True)]


def test_quiet_days_are_no_rejects(tmp_path: Path) -> None:
    for at, data in enumerate([b"", b"\xef\xbb\xbf", b"\r\n \r\n", render([], PLAIN), b"\x1a"]):
        (tmp_path / f"d_2025030{at + 1}.csv").write_bytes(data)
    pages = read(tmp_path, PROFILE)
    assert (rejects(pages), pages[-1].records.num_rows) == ([], 0)


def test_the_cursor_stays_small_and_forgets_only_files_that_are_gone() -> None:
    seen = {at.to_bytes(9, "big"): at.to_bytes(4, "big") for at in range(9_000)}
    kept = Position(seen=seen).bounded(present=[(0).to_bytes(9, "big")])
    assert len(kept.seen) == 8_000
    assert (0).to_bytes(9, "big") in kept.seen
    assert (1).to_bytes(9, "big") not in kept.seen
    assert len(kept.text()) < 140_000
    assert Position.parse(kept.text()) == kept


@pytest.mark.parametrize("cursor", ["", "{}", '{"seen": 5}', "[]", '{"seen":"!"}'])
def test_a_foreign_cursor_is_an_error_that_says_what_to_do(cursor: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="from the beginning"):
        read(tmp_path, PROFILE, cursor)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"files\.folder"):
        list(FilesReader(tmp_path / "nowhere", PROFILE).read(None))


def test_pages_follow_the_declared_order(tmp_path: Path) -> None:
    for name, data in reversed(days(tmp_path)):
        (tmp_path / name).write_bytes(data)
    stamps = [row["source_stamp"] for page in read(tmp_path, PROFILE) for row in page.records.to_pylist()]
    assert all(early <= late for early, late in pairwise(stamps))

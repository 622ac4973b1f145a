"""What is read when: order, cursors, listings, settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from files.folder import context, ids, payloads, read, rejects, source, write
from shared_data import shared_data

from qa_sync.errors import ConfigError, SourceError
from qa_sync_files import connect


def stamps(tmp_path: Path, **order: str) -> list[tuple[datetime | None, int]]:
    return [
        (row["source_stamp"], row["source_seq"])
        for page in read(tmp_path, order=order)
        for row in page.records.to_pylist()
    ]


def test_order_comes_from_columns(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "at,n\n2026-01-05T10:00:00Z,7\n2026-07-05 10:00:00,8\n2026-01-05T10:00+02:00,9\n")
    assert stamps(tmp_path, stamp="at", seq="n") == [
        (datetime(2026, 1, 5, 10, tzinfo=UTC), 7),
        (datetime(2026, 7, 5, 9, tzinfo=UTC), 8),  # the programme's zone, Europe/Dublin, in summer
        (datetime(2026, 1, 5, 8, tzinfo=UTC), 9),
    ]


def test_a_stamp_or_number_that_is_none_is_a_reject(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "at,n\n05/01/2026,1\n2026-02-30,2\n2026-01-05,1.5\n,3\n2026-01-05,4\n")
    pages = read(tmp_path, order={"stamp": "at", "seq": "n"})
    assert [row["n"] for row in payloads(pages)] == ["4"]
    assert [(record, field) for record, field, _ in rejects(pages)] == [
        ("a.csv:1", "at"),
        ("a.csv:2", "at"),
        ("a.csv:3", "n"),
        ("a.csv:4", "at"),
    ]


def test_order_comes_from_a_date_in_the_name_then_the_row(tmp_path: Path) -> None:
    write(tmp_path, "eval_20260106-0730.csv", "x\n1\n2\n")
    assert stamps(tmp_path, from_name=r"_(\d{8}-\d{4})", time_zone="Asia/Tokyo") == [
        (datetime(2026, 1, 5, 22, 30, tzinfo=UTC), 1),
        (datetime(2026, 1, 5, 22, 30, tzinfo=UTC), 2),
    ]


def test_order_comes_from_a_number_in_the_name_then_the_row(tmp_path: Path) -> None:
    write(tmp_path, "part10.csv", "x\n1\n")
    write(tmp_path, "part9.csv", "x\n1\n2\n")
    numbers = [seq for _, seq in stamps(tmp_path, from_name=r"part(?P<number>\d+)")]
    assert numbers == [10 * 2**32 + 1, 9 * 2**32 + 1, 9 * 2**32 + 2]


def test_a_name_without_the_date_is_a_reject(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x\n1\n")
    write(tmp_path, "a_99999999.csv", "x\n1\n")
    write(tmp_path, "b_20260105.csv", "x\n1\n")
    pages = read(tmp_path, order={"from_name": r"_(\d{8})\."})
    assert ids(pages) == ["b_20260105.csv:1"]
    assert [record for record, _, _ in rejects(pages)] == ["a.csv", "a_99999999.csv"]


@pytest.mark.parametrize(
    ("order", "said"),
    [({}, "arrival"), ({"seq": "n"}, "source"), ({"stamp": "n"}, "source"), ({"from_name": "(x)"}, "source")],
)
def test_a_stream_without_order_says_that_it_goes_by_arrival(tmp_path: Path, order: dict[str, str], said: str) -> None:
    assert source(tmp_path, order=order).streams()[0].order == said


def test_an_unchanged_file_is_not_read_again_and_a_changed_one_is(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x\n1\n")
    write(tmp_path, "b.csv", "x\n2\n")
    cursor = read(tmp_path)[-1].cursor
    assert ids(read(tmp_path, cursor)) == []
    write(tmp_path, "b.csv", "x\n3\n")
    write(tmp_path, "c.csv", "x\n4\n")
    pages = read(tmp_path, cursor)
    assert ids(pages) == ["b.csv:1", "c.csv:1"]
    assert ids(read(tmp_path, pages[-1].cursor)) == []


def test_an_unreadable_file_is_reported_once(tmp_path: Path) -> None:
    write(tmp_path, "a.parquet", "no parquet")
    pages = read(tmp_path)
    assert len(rejects(pages)) == 1
    assert rejects(read(tmp_path, pages[-1].cursor)) == []


def test_other_settings_read_everything_anew(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x,y\n1,2\n")
    cursor = read(tmp_path)[-1].cursor
    assert payloads(read(tmp_path, cursor, keep=["x"])) == [{"x": "1", "_file": "a.csv", "_row": 1}]


def test_reading_resumes_inside_a_file_unless_it_has_changed(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x\n" + "".join(f"{n}\n" for n in range(1, 11)))
    cursor = read(tmp_path, page_rows=4)[0].cursor
    assert [row["x"] for row in payloads(read(tmp_path, cursor, page_rows=4))] == [str(n) for n in range(5, 11)]
    write(tmp_path, "a.csv", "x\n20\n30\n")
    assert [row["x"] for row in payloads(read(tmp_path, cursor, page_rows=4))] == ["20", "30"]


def test_a_reject_is_given_once_when_reading_resumes_behind_it(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x,y\n1,1\n2\n3,3\n4,4\n5\n")
    pages = read(tmp_path, page_rows=2)
    after = [read(tmp_path, page.cursor, page_rows=2) for page in pages]
    for at, rest in enumerate(after):
        assert rejects(pages[: at + 1]) + rejects(rest) == rejects(pages)
        assert ids(pages[: at + 1]) + ids(rest) == ids(pages)


def test_a_listing_is_whole_after_every_change_and_silent_without_one(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x\n1\n")
    gone = write(tmp_path, "b.csv", "x\n2\n")
    first = read(tmp_path, listing=True, key=["x"])
    assert ([page.listing for page in first], ids(first)) == ([True, True], ["1", "2"])
    again = read(tmp_path, first[-1].cursor, listing=True, key=["x"])
    assert ([page.listing for page in again], ids(again)) == ([False], [])
    gone.unlink()
    third = read(tmp_path, again[-1].cursor, listing=True, key=["x"])
    assert ([page.listing for page in third], ids(third)) == ([True], ["1"])


@pytest.mark.parametrize("broken", ["a.parquet", "z.parquet"])
def test_a_listing_with_something_unreadable_deletes_nothing(tmp_path: Path, broken: str) -> None:
    write(tmp_path, "m.csv", "x\n1\n2\n")
    write(tmp_path, broken, "no parquet")
    pages = read(tmp_path, listing=True, page_rows=1)
    assert pages[-1].last
    assert not pages[-1].listing
    resumed = read(tmp_path, pages[1].cursor, listing=True, page_rows=1)
    assert not resumed[-1].listing


@pytest.mark.parametrize("listing", [True, False])
def test_a_listing_that_is_none_says_that_nothing_counts_as_deleted(tmp_path: Path, listing: bool) -> None:
    """Who leaves one bad row in the file would otherwise wait in vain for what was taken out of it."""
    said: list[str] = []
    write(tmp_path, "a.csv", "x\n1\n2\n")
    stream = {"glob": "*", "key": ["x"], "listing": listing}
    made = connect({"folder": "exports", "streams": {"rows": stream}}, replace(context(tmp_path), note=said.append))
    cursor = list(made.read("rows", None))[-1].cursor
    assert said == []
    write(tmp_path, "a.csv", "x,y\n1,1\n,2\n")
    cursor = list(made.read("rows", cursor))[-1].cursor
    told = (
        "rows: something of it was set aside, so it is no whole listing: nothing that is gone from the files counts as "
        "deleted until that is mended"
    )
    assert said == ([told] if listing else [])
    cursor = list(made.read("rows", cursor))[-1].cursor
    assert said == ([told, told] if listing else []), "again, until it is mended"
    write(tmp_path, "a.csv", "x,y\n1,1\n3,2\n")
    assert list(made.read("rows", cursor))[-1].listing == listing
    assert said == ([told, told] if listing else [])


def test_an_empty_folder_gives_no_record_and_deletes_nothing(tmp_path: Path) -> None:
    pages = read(tmp_path, listing=True, glob="*.csv")
    assert [(page.records.num_rows, page.listing, page.last) for page in pages] == [(0, False, True)]
    problems = source(tmp_path, glob="*.csv").check()
    assert ["no file matches '*.csv' in 'exports'" in problem.what for problem in problems] == [True]


def test_a_folder_that_is_not_there_is_said_clearly(tmp_path: Path) -> None:
    made = connect({"folder": "nowhere", "streams": {"rows": {"glob": "*"}}}, context(tmp_path))
    assert [problem.what for problem in made.check()] == ["no folder 'nowhere'"]
    with pytest.raises(ConfigError, match="no folder 'nowhere'; a relative folder starts at the workspace"):
        next(iter(made.read("rows", None)))


def test_check_names_every_missing_column_and_suggests_one(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "ticket_id,score\n1,2\n")
    problems = source(tmp_path, key=["ticketid"]).check()
    assert [(problem.what, problem.hint) for problem in problems] == [
        ("a.csv: no column 'ticketid'", "did you mean ticket_id?")
    ]
    problems = source(tmp_path, keep=["scor", "ticket_id"]).check()
    assert [(problem.what, problem.hint) for problem in problems] == [
        ("a.csv: no column 'scor'", "did you mean score?")
    ]


def test_a_folder_may_be_relative_to_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.csv", "x\n1\n")
    monkeypatch.chdir(tmp_path / "exports")
    settings = {"folder": ".", "relative_to": "cwd", "streams": {"rows": {"glob": "*.csv"}}}
    made = connect(settings, context(tmp_path / "elsewhere"))
    assert ids(list(made.read("rows", None))) == ["a.csv:1"]


def test_files_in_subfolders_are_told_apart_by_their_path(tmp_path: Path) -> None:
    write(tmp_path, "w1/a.csv", "x\n1\n")
    write(tmp_path, "w2/a.csv", "x\n1\n")
    assert ids(read(tmp_path, glob="**/*.csv")) == ["w1/a.csv:1", "w2/a.csv:1"]


def test_every_problem_of_the_settings_is_said_at_once_and_no_value(tmp_path: Path) -> None:
    settings = {
        "folder": "",
        "surplus": "tok-secret",
        "streams": {
            "rows": {
                "glob": "../*",
                "order": {"from_name": "no group", "time_zone": "Mars/Base"},
                "delimiter": "ab",
                "encoding": "klingon",
                "format": "tok-secret",
            }
        },
    }
    with pytest.raises(ConfigError) as caught:
        connect(settings, context(tmp_path))
    paths = {problem.path[2:] for problem in caught.value.problems}
    rows = ("streams", "rows")
    assert paths == {
        ("folder",),
        ("surplus",),
        (*rows, "glob"),
        (*rows, "order", "from_name"),
        (*rows, "order", "time_zone"),
        (*rows, "delimiter"),
        (*rows, "encoding"),
        (*rows, "format"),
    }
    assert "tok-secret" not in str(caught.value)


def test_a_stream_or_cursor_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    made = source(tmp_path)
    with pytest.raises(SourceError, match="no stream 'other'"):
        next(iter(made.read("other", None)))
    with pytest.raises(SourceError, match="from the beginning"):
        next(iter(made.read("rows", "page=7")))


def test_a_reject_never_quotes_the_row(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "x,y\nSECRET-WORDS\n,SECRET-WORDS\n")
    write(tmp_path, "b.jsonl", '{"x": "SECRET-WORDS')
    write(tmp_path, "c.csv", 'x,y\n"SECRET-WORDS"x,1\n')
    pages = read(tmp_path, key=["x"])
    assert len(rejects(pages)) == 4
    assert "SECRET" not in str(rejects(pages))


def test_real_ratings_are_read_whole_with_their_ids(tmp_path: Path) -> None:
    folder = shared_data("ratings")
    settings = {
        "folder": str(folder),
        "streams": {
            "labels": {
                "glob": "*_labels.csv",
                "key": ["file", "item_id", "worker_id", "repeat_no"],
                "order": {"seq": "seq"},
            }
        },
    }
    pages = list(connect(settings, context(tmp_path)).read("labels", None))
    counted = sum(path.read_bytes().count(b"\n") - 1 for path in folder.glob("*_labels.csv"))
    assert len(set(ids(pages))) == len(ids(pages)) == counted
    assert rejects(pages) == []

"""A store that moved says the same in its new house, of every retained state, and goes on from there."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from store.pages import day
from store.test_durable import NOW, add, ids, store_of, whats
from store.test_vacuum import finished, seen

from qa_sync.errors import StoreError
from qa_sync.store import Store, Upkeep, migrate
from qa_sync.store import store as stores
from qa_sync.store.moving import MANIFEST, export_store, import_store


@pytest.fixture
def moved(tmp_path: Path) -> tuple[Store, Path]:
    """A store with two runs before and after a compaction, and its export."""
    store = store_of(tmp_path, 3)
    finished(store, "early", 1)
    Upkeep(store).compact()
    add(store, 3)
    finished(store, "late", 2)
    add(store, 4)
    store.set_swept_before(day(0))
    export_store(store, tmp_path / "box", at=NOW)
    return store, tmp_path / "box"


def test_every_retained_state_reads_the_same_and_the_stream_goes_on(moved: tuple[Store, Path], tmp_path: Path) -> None:
    old, box = moved
    import_store(box, tmp_path / "new" / "data")
    new = Store(tmp_path / "new" / "data")
    for run in ("early", "late"):
        assert seen(new, run) == seen(old, run)
    assert (ids(new), new.raw("s", "t").position()) == (ids(old), old.raw("s", "t").position())
    assert new.raw("s", "t").identity() == old.raw("s", "t").identity()
    assert (new.swept_before, whats(new)) == (day(0), [])
    add(new, 5)
    Upkeep(new).compact()
    assert (ids(new), seen(new, "early"), new.raw("s", "t").position().cursor) == (
        ["0", "1", "2", "3", "4", "5"],
        ["0", "1", "2"],
        "after 5",
    )


def test_a_store_that_moved_is_as_old_as_its_export(moved: tuple[Store, Path], tmp_path: Path) -> None:
    _, box = moved
    import_store(box, tmp_path / "new")
    rows, _ = Upkeep(Store(tmp_path / "new")).status(NOW + timedelta(days=3))
    assert {(row["oldest"], row["newest"], row["age_days"]) for row in rows} == {(NOW, NOW, 3.0)}


def test_an_export_is_plain_parquet_that_its_manifest_explains(moved: tuple[Store, Path]) -> None:
    _, box = moved
    manifest = json.loads((box / MANIFEST).read_text())
    table = manifest["tables"]["raw/s.t"]
    newest = [str(box / "raw" / "s.t" / file) for file in table["versions"][str(table["newest"])]]
    assert duckdb.execute("SELECT id FROM read_parquet($1) ORDER BY id", [newest]).fetchall() == [
        (str(n),) for n in range(5)
    ]
    assert sorted(path.name for path in (box / "raw" / "s.t").iterdir()) == sorted(table["files"])
    assert not list(box.rglob("_delta_log"))


def leading_out(tables: dict[str, Any], box: Path) -> None:
    """Put a link in the place of a file, to one outside that is the same byte for byte."""
    name = next(iter(tables["raw/s.t"]["files"]))
    inside, outside = box / "raw" / "s.t" / name, box.parent / "elsewhere.parquet"
    inside.replace(outside)
    inside.symlink_to(outside)


def no_parquet(tables: dict[str, Any], box: Path) -> None:
    """Put something else in the place of a file, and say that it is right."""
    name, facts = next(iter(tables["raw/s.t"]["files"].items()))
    (box / "raw" / "s.t" / name).write_text("PAR1")
    facts.update(bytes=4, sha256=hashlib.sha256(b"PAR1").hexdigest())


#: What somebody could make of an export who means harm.
HOSTILE: dict[str, Callable[[dict[str, Any], Path], None]] = {
    "leading out": leading_out,
    "no parquet": no_parquet,
    "a table elsewhere": lambda tables, _: tables.update({"raw/../../s.t": tables.pop("raw/s.t")}),
    "a table of no store": lambda tables, _: tables.update({"state": tables.pop("raw/s.t")}),
    "an action that adds": lambda tables, _: tables["raw/s.t"]["head"].append(
        {"add": {"path": "/etc/passwd", "partitionValues": {}, "size": 1, "modificationTime": 0, "dataChange": True}}
    ),
    "no end of versions": lambda tables, _: tables["raw/s.t"].update(newest=10**15),
    "less than none": lambda tables, _: tables["raw/s.t"].update(newest=-1),
    "a version of nothing": lambda tables, _: tables["raw/s.t"]["versions"].update({"1": ["part-x.parquet"]}),
    "a note that is none": lambda tables, _: tables["raw/s.t"].update(note=["n"]),
    "tables that are none": lambda tables, _: tables.update({"runs": None}),
}


def spoil(box: Path, what: str) -> None:
    manifest: dict[str, Any] = json.loads((box / MANIFEST).read_text())
    file = next((box / "raw" / "s.t").glob("*.parquet"))
    if what == "changed":
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    elif what == "missing":
        file.unlink()
    elif what == "newer":
        manifest["export_format"] = 2
    elif what == "newer store":
        manifest["store"]["format"] = 99
    elif what == "outside":
        manifest["tables"]["raw/s.t"]["files"]["../../evil"] = {"rows": 0, "bytes": 0, "sha256": ""}
    elif what in HOSTILE:
        HOSTILE[what](manifest["tables"], box)
    if what == "no manifest":
        (box / MANIFEST).unlink()
    else:
        (box / MANIFEST).write_text("{" if what == "torn" else json.dumps(manifest))


@pytest.mark.parametrize(("what", "told"), [
    ("changed", "is not as it was exported"), ("missing", "is missing from the export"), ("newer", "newer qa-sync; upgrade"),
    ("newer store", "newer qa-sync; upgrade"), ("outside", "outside of the export"), ("no manifest", "is missing or not readable"),
    ("torn", "is missing or not readable"), ("leading out", "leads out of the export"), ("no parquet", "is not as it was exported"),
    ("a table elsewhere", "outside of the export"), ("a table of no store", "outside of the export"),
    *((what, "is missing or not readable") for what in list(HOSTILE)[4:]),
])  # fmt: skip
def test_an_export_that_is_not_whole_is_refused_before_anything_is_made(
    moved: tuple[Store, Path], tmp_path: Path, what: str, told: str
) -> None:
    _, box = moved
    spoil(box, what)
    with pytest.raises(StoreError, match=told):
        import_store(box, tmp_path / "new" / "data")
    assert not (tmp_path / "new").exists()


def test_neither_a_store_nor_an_export_is_overwritten(moved: tuple[Store, Path], tmp_path: Path) -> None:
    old, box = moved
    with pytest.raises(StoreError, match="not empty; import into a new one"):
        import_store(box, old.folder)
    with pytest.raises(StoreError, match="not empty; export into a new folder"):
        export_store(old, box, at=NOW)


def test_a_damaged_store_is_not_moved(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    next(store.raw("s", "t").path.glob("*.parquet")).unlink()
    with pytest.raises(StoreError, match="mend the store before it is moved"):
        export_store(store, tmp_path / "box", at=NOW)


def test_an_import_that_was_cut_short_can_be_begun_again(moved: tuple[Store, Path], tmp_path: Path) -> None:
    _, box = moved
    (tmp_path / "data.importing" / "raw").mkdir(parents=True)
    shutil.rmtree(tmp_path / "data")
    import_store(box, tmp_path / "data")
    assert ids(Store(tmp_path / "data")) == ["0", "1", "2", "3", "4"]


def test_a_store_of_an_earlier_format_is_brought_forward_step_by_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(tmp_path)
    store.set_swept_before(day(3))
    seen_formats = []

    def step(folder: Path) -> None:
        seen_formats.append(json.loads((folder / "store.json").read_text())["format"])
        if len(seen_formats) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(stores, "FORMAT", 3)
    monkeypatch.setattr(stores, "STEPS", {1: step, 2: step})
    with pytest.raises(StoreError, match="cannot be used: No space left on device"):
        Store(store.folder)
    again = Store(store.folder)
    assert seen_formats == [1, 2, 2]
    assert (json.loads((store.folder / "store.json").read_text())["format"], again.swept_before) == (3, day(3))
    assert ids(again) == ["0", "1", "2"]


def test_every_earlier_format_has_a_step_to_the_next() -> None:
    assert sorted(migrate.STEPS) == list(range(1, stores.FORMAT))

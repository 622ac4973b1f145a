"""``mapping try``: one record through the workspace's own mapping, from the store or from a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program.command import qa_sync, query
from program.finished import Finished
from program.rating_files import workspace, write_ratings

from qa_sync import Workspace
from qa_sync.errors import ConfigError
from qa_sync.runner.trying import try_record


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace over rating files, synced and mapped."""
    folder = tmp_path_factory.mktemp("trying")
    write_ratings(folder / "ratings", items=6, raters=3)
    made = workspace(folder, folder / "ratings")[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QA_SYNC_RATINGS", str(folder / "ratings"))
        it = Workspace(made)
        it.sync()
        it.map()
    return made


@pytest.fixture(autouse=True)
def environment(ratings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_SYNC_RATINGS", str(ratings.parent / "ratings"))


def _first(folder: Path) -> dict[str, str]:
    row: dict[str, str] = query(folder, "SELECT id, payload FROM raw_ratings_labels ORDER BY id LIMIT 1")[0]
    return row


def test_a_stored_record_is_shown_in_every_table_it_fills(ratings: Path) -> None:
    record = _first(ratings)
    payload = json.loads(record["payload"])
    told = try_record(Workspace(ratings), record["id"])
    assert told[0].startswith("ratings.labels ")
    assert "mapped by mappings/ratings.yaml" in told[0]
    assert {"evaluations: a row", "answers: a row"} <= set(told)
    label = next(line for line in told if line.strip().startswith("option"))
    assert f'from label "{payload["label"]}"' in label
    (row,) = query(
        ratings, f"SELECT form_id, queue, repeat_no FROM evaluations_history WHERE record_id = '{record['id']}'"
    )
    for name, value in row.items():
        line = next(line for line in told if line.strip().startswith(f"{name} "))
        assert line.split()[1] == str(value)


def test_the_command_prints_what_the_function_returns(ratings: Path) -> None:
    record = _first(ratings)["id"]
    done = qa_sync(ratings, "mapping", "try", record, "--source", "ratings", "--stream", "labels")
    assert done.out.splitlines() == try_record(Workspace(ratings), record, source="ratings", stream="labels")


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (
            ("nobody",),
            "there is no record 'nobody' in ratings.labels (18 records), ratings.gold (6 records)",
            "such as ",
        ),
        (("nobody", "--stream", "labls"), "no mapping reads a stream 'labls'", "ratings.labels, ratings.gold"),
        (("nobody", "--source", "rating"), "there is no source 'rating'", "known: ratings"),
        (("nowhere.json",), "no such file", ""),
        ((), "mapping try needs a record id or a JSON file", ""),
    ],
)
def test_what_is_not_there_is_said_with_what_to_try(
    ratings: Path, words: tuple[str, ...], what: str, hint: str
) -> None:
    if what == "no such file":
        words = (*words, "--stream", "labels")
    done = qa_sync(ratings, "mapping", "try", *words, expect=2)
    assert what in done.err
    assert hint in done.err


def test_an_id_with_the_prefix_of_the_tables_is_recognised(finished: Finished) -> None:
    ticket = query(finished.folder, "SELECT min(id) AS id FROM raw_zendesk_tickets")[0]["id"]
    done = qa_sync(finished.folder, "mapping", "try", f"zendesk:{ticket}", expect=2)
    assert f"try {ticket}" in done.err


def test_a_file_is_tried_without_a_store(ratings: Path, tmp_path: Path) -> None:
    record = {
        "_file": "gal_adultcontent2_labels.csv",
        "item_id": "I1",
        "worker_id": "W1",
        "repeat_no": "one",
        "label": "X",
        "name": "PLANTED",
    }
    (tmp_path / "record.json").write_text(json.dumps(record), encoding="utf-8")
    fresh = tmp_path / "workspace"
    fresh.mkdir()
    for name in ("qa-sync.yaml", "mappings"):
        (fresh / name).symlink_to(ratings / name)
    told = "\n".join(try_record(Workspace(fresh), str(tmp_path / "record.json"), stream="labels"))
    assert "evaluations: set aside, not in the table" in told
    assert "rejected: not a whole number" in told
    assert "answers: a row" in told
    assert "PLANTED" not in told, "the mapping does not read it"
    assert not (fresh / "data").exists()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[1, 2]", "holds no single record"),
        ('{"a": PLANTED}', "not JSON"),
        ("", "not JSON"),
        ("\ufeff5", "holds no single record"),
    ],
)
def test_a_file_that_is_no_record_is_refused_without_quoting_it(
    ratings: Path, tmp_path: Path, text: str, what: str
) -> None:
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=what) as caught:
        try_record(Workspace(ratings), str(path), stream="labels")
    assert "PLANTED" not in str(caught.value)


def test_a_record_wrapped_as_interfaces_answer_is_taken_out(ratings: Path, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text('{"label": {"id": 7, "label": "X", "odd": "\\ud800"}}', encoding="utf-8")
    told = try_record(Workspace(ratings), str(tmp_path / "record.json"), stream="labels")
    assert told[0].startswith("ratings.labels 7, ")
    assert told[1].strip() == "the record is what stands under label"
    assert any('from label "X"' in line for line in told)


def test_a_file_that_could_be_of_several_streams_asks_which(ratings: Path, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="say which: --source NAME --stream NAME"):
        try_record(Workspace(ratings), str(tmp_path / "record.json"))


def test_the_newest_version_of_a_record_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    write_ratings(tmp_path / "ratings", items=2, raters=2)
    made = workspace(tmp_path, tmp_path / "ratings")[0]
    it = Workspace(made)
    it.sync()
    labels = tmp_path / "ratings" / "gal_adultcontent2_labels.csv"
    _, item, rater, _, repeat = labels.read_text().splitlines()[1].split(",")
    for seq, label in ((900, "X"), (800, "P")):  # what is later in order is newer, not what comes later
        with labels.open("a") as file:
            file.write(f"{seq},{item},{rater},{label},{repeat}\n")
        it.sync()
    record = query_id(it, item, rater, repeat)
    told = try_record(Workspace(made), record)
    assert 'from label "X"' in next(line for line in told if line.strip().startswith("option"))


def query_id(it: Workspace, item: str, rater: str, repeat: str) -> str:
    it.map()
    rows = it.query("SELECT DISTINCT id, payload FROM raw_ratings_labels").to_dict("records")
    payloads = [(row["id"], json.loads(row["payload"])) for row in rows]
    (found,) = {
        name for name, one in payloads if (one["item_id"], one["worker_id"], one["repeat_no"]) == (item, rater, repeat)
    }
    return str(found)


def test_customers_words_are_not_there_to_be_shown(finished: Finished) -> None:
    ticket = query(finished.folder, "SELECT id FROM raw_zendesk_tickets WHERE NOT deleted ORDER BY id LIMIT 1")[0]["id"]
    told = "\n".join(try_record(Workspace(finished.folder), ticket))
    assert "requester_id" in told
    stored = query(finished.folder, f"SELECT payload FROM raw_zendesk_tickets WHERE id = '{ticket}'")
    words = [text for row in stored for text in _texts(json.loads(row["payload"]))]
    shown = {word.strip('"') for word in told.split() if word.startswith('"') and word.endswith('"')}
    assert shown <= set(words)


def _texts(data: object) -> list[str]:
    if isinstance(data, dict):
        return [text for value in data.values() for text in _texts(value)]
    if isinstance(data, list):
        return [text for value in data for text in _texts(value)]
    return [str(data).lower() if isinstance(data, bool) else str(data)]

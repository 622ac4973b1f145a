"""Secrets and customers' words that were planted everywhere are found nowhere that they must not be."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from program.command import Done, opened_once, qa_sync
from program.worlds import World, edit, small_programme, world

from qa_sync.reports import REPORTS

#: Secrets of the set-up: nowhere outside the memory of the process.
SECRETS = (
    "PLANTED-file-secret",
    "sandbox-secret-not-for-anything-real",
    "sandbox-hash-key-not-for-anything-real",
    "c2FuZGJveC1rZXktbm90LWZvci1hbnl0aGluZy1yZWFs",
)
#: What stood where a time should be: kept in the raw record, whose column it is, and said back nowhere.
WRONG_TIME = "MISPLACED on Tuesday"
#: Words and data of customers and colleagues, as tickets, users, evaluations and employee records hold them.
WORDS = (
    "PLANTED",
    "card ending 4929",
    "Charged twice",
    "Aoife Customer",
    "555 0100",
    "@mail.example",
    "078-05-1120",
    "Hidden Lane",
    "555 0142",
    "1980-02-29",
)


def _plant_comments(folder: Path) -> None:
    """Give every answer a comment."""
    for path in folder.glob("*.csv"):
        rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
        if "Comments" not in rows[0]:
            continue  # a feed of appeals or sessions, which has no answers
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({**row, "Comments": "PLANTED comment: she said her card is 4929"} for row in rows)
        path.write_bytes(text.getvalue().encode("utf-8-sig"))


def _words_everywhere(number: int) -> dict[str, Any]:
    """A ticket whose every free field holds a customer's words, one of them where a time should be."""
    return {
        "id": number,
        "status": "open",
        "created_at": "2025-11-20T08:00:00Z",
        "updated_at": "2025-11-20T08:00:00Z",
        "subject": "PLANTED subject",
        "raw_subject": "PLANTED",
        "description": "PLANTED body",
        "recipient": "PLANTED@a.example",
        "via": {"channel": "email", "source": {"from": {"name": "PLANTED"}, "to": {"address": "PLANTED@a.example"}}},
        "comment": {"body": "PLANTED"},
        "comments": [{"body": "PLANTED"}],
        "tags": ["billing"],
        "requester_id": 360000900001,
        "custom_fields": [{"id": 360000000104, "value": "PLANTED"}, {"id": 1, "value": "PLANTED"}],
        "satisfaction_rating": {"score": "bad", "comment": "PLANTED", "reason": "PLANTED"},
        "metric_set": {"solved_at": WRONG_TIME},
        "unheard_of": {"PLANTED": "PLANTED"},
    }


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, list[Done]]]:
    folder = tmp_path_factory.mktemp("planted")
    with world(folder, small_programme(tickets=120)) as made:
        _plant_comments(made.verint.folder)
        (folder / "key.txt").write_text("PLANTED-file-secret-of-some-length\n")
        edit(folder, lambda settings: settings["sources"]["zendesk"].update(hash_key="${file:key.txt}"))
        made.zendesk.put("tickets", [_words_everywhere(999_001)])
        made.zendesk.put_raw("tickets", 999_002, b'{"id": 999002, "subject": PLANTED}')
        made.zendesk.faults.add("401", path="/incremental/users")
        told = [qa_sync(folder, "run", expect=3), qa_sync(folder, "run")]
        made.zendesk.faults.add("redirect", path="/incremental/tickets", times=None)
        told += [qa_sync(folder, "run", expect=1), qa_sync(folder, "check", expect=2)]
        with opened_once():
            told += [qa_sync(folder, "report", name) for name in REPORTS]
            told += [
                qa_sync(folder, "query", f"SELECT * FROM {table}", "--format", "json")
                for table in ("rejects", "findings", "runs", "interactions", "answers")
            ]
            told += [qa_sync(folder, "query", "SELECT PLANTED FROM interactions", expect=2)]
        yield made, told


@pytest.fixture(scope="module")
def texts(used: tuple[World, list[Done]]) -> dict[Path, str]:
    """Every file of the workspace as text."""
    return dict(_texts_of(used[0].folder))


def _texts_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder as text, what is compressed in it unpacked."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            yield path, str(pq.read_table(path).to_pydict())
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield path, " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
        else:
            yield path, path.read_bytes().decode("utf-8", "replace")


def _found(text: str, planted: tuple[str, ...]) -> list[str]:
    return [word for word in planted if word in text]


def test_nothing_planted_is_printed(used: tuple[World, list[Done]]) -> None:
    *told, asked = used[1]
    for done in told:
        assert _found(done.out + done.err, (*SECRETS, *WORDS, WRONG_TIME)) == []
    # A question's own words may be said back to whoever asked.
    assert _found(asked.out + asked.err, SECRETS + WORDS[1:]) == []


def test_nothing_planted_is_stored(used: tuple[World, list[Done]], texts: dict[Path, str]) -> None:
    folder = used[0].folder
    found = {
        str(path.relative_to(folder)): words
        for path, text in texts.items()
        if path.is_relative_to(folder / "data") and (words := _found(text, (*SECRETS, *WORDS, WRONG_TIME)))
    }
    raw = [
        name for name, words in found.items() if name.startswith("data/raw/zendesk.tickets/") and words == [WRONG_TIME]
    ]
    assert len(raw) == 1
    assert set(found) == set(raw)


def test_nothing_planted_is_published(used: tuple[World, list[Done]], texts: dict[Path, str]) -> None:
    published = {path: text for path, text in texts.items() if path.is_relative_to(used[0].folder / "out")}
    assert any(path.suffix == ".xlsx" for path in published)
    assert [path.name for path, text in published.items() if _found(text, SECRETS + WORDS)] == []


def test_nothing_planted_is_in_an_address(used: tuple[World, list[Done]]) -> None:
    asked = [f"{one.path}?{one.query}" for one in used[0].zendesk.requests]
    asked += [one.path for one in used[0].verint.requests]
    assert len(asked) > 5
    assert [address for address in asked if _found(address, SECRETS + WORDS)] == []


def test_tokens_are_kept_for_their_owner_only_and_nowhere_else(
    used: tuple[World, list[Done]], texts: dict[Path, str]
) -> None:
    data = used[0].folder / "data"
    held = [path for path in (data / "state").rglob("*token*.json") if path.is_file()]
    tokens = [token for path in held for token in re.findall(r'"([^"]{20,})"', path.read_text())]
    assert tokens, "nothing holds a token: the test looks in the wrong place"
    for path in held:
        assert path.stat().st_mode & 0o077 == 0, path
    assert (data / "state" / "zendesk").stat().st_mode & 0o077 == 0
    others = [path for path, text in texts.items() if path not in held and _found(text, tuple(tokens))]
    assert others == []
    assert all(_found(done.out + done.err, tuple(tokens)) == [] for done in used[1])


ZENDESK = "sources:\n  zendesk:\n    connector: zendesk\n    base_url: {url}\n    auth: {auth}\n    {more}\n"
GOOD = "{kind: bearer, token: PLANTED-token}"


@pytest.mark.parametrize(
    ("url", "auth", "more"),
    [
        ("https://user:PLANTED@acme.example", GOOD, ""),
        (
            "https://acme.example",
            "{kind: client_credentials, client_id: x, client_secret: PLANTED, colour: PLANTED}",
            "",
        ),
        ("https://acme.example", "PLANTED", ""),
        ("https://acme.example", "{kind: bearer, token: [PLANTED]}", ""),
        ("https://acme.example", '{kind: bearer, token: "PLANTED}', ""),
        ("https://acme.example", "{kind: bearer, token: PLANTED, token: PLANTED2}", ""),
        ("https://acme.example", "{kind: bearer, token: !PLANTED x}", ""),
        ("https://acme.example", "{kind: bearer, token: *PLANTED}", ""),
        ("https://acme.example", GOOD, "hash_key: PLANTED"),
        ("https://acme.example", GOOD, "keep: PLANTED"),
        ("https://acme.example", GOOD, 'hash_key: "${file:nowhere.txt}PLANTED"'),
    ],
)
def test_settings_that_cannot_be_used_are_not_quoted(tmp_path: Path, url: str, auth: str, more: str) -> None:
    (tmp_path / "qa-sync.yaml").write_text(
        ZENDESK.replace("{url}", url).replace("{auth}", auth).replace("{more}", more)
    )
    for form in ("table", "json"):
        done = qa_sync(tmp_path, "check", "--format", form, expect=2)
        assert "PLANTED" not in done.out + done.err
        assert "qa-sync.yaml:" in done.err

"""At each run: what nobody has described is a finding, and a mapping that refuses too much stops the publish."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from program.command import ask, qa_sync, query
from program.worlds import World, edit, own_copy, small_programme, world

from qa_sync.mapping import parse

MAPPING = "mappings/demo/zendesk.yaml"
FINDINGS = "SELECT severity, field AS kind, record_id AS id, reason FROM findings WHERE stage = 'drift' ORDER BY ALL"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world run once with the account's metadata, whose Zendesk mapping is its own to edit."""
    folder = tmp_path_factory.mktemp("drift")
    with world(folder, small_programme(tickets=80)) as it:
        own_copy(folder, "demo/zendesk.yaml")
        edit(folder, _with_metadata)
        ask(folder, "run")
        yield it


def _with_metadata(settings: Any) -> None:
    streams = settings["sources"]["zendesk"].setdefault("streams", ["tickets", "users", "groups"])
    streams += [name for name in ("ticket_fields", "ticket_forms") if name not in streams]


@pytest.fixture
def made(ran: World, tmp_path: Path) -> World:
    """The same in a folder of one's own."""
    shutil.copytree(ran.folder, tmp_path / "copy")
    return replace(ran, folder=tmp_path / "copy")


def test_what_nobody_has_described_is_found_once_with_its_severity(made: World) -> None:
    folder = made.folder
    known = {row["id"] for row in query(folder, FINDINGS)}

    def misread(mapping: Any) -> None:
        fields = mapping["streams"]["tickets"]["interactions"]["fields"]
        fields["region"] = {"custom_field": 360000000999}
        fields.pop("severity")

    edit(folder, misread, MAPPING)
    edit(folder, lambda settings: settings.update(forms=[f for f in settings["forms"] if "chat" not in f]))
    edit(folder, lambda settings: settings["dashboards"].clear())
    done = ask(folder, "run")
    found = [row for row in query(folder, FINDINGS) if row["id"] not in known]
    by_kind = {(row["severity"], row["kind"]): row for row in found}
    assert by_kind["high", "custom field"]["id"] == "360000000999"
    assert by_kind["low", "custom field"]["id"] == "360000000103"
    (form,) = {row["form_id"] for row in query(folder, "SELECT form_id FROM evaluations") if "chat" in row["form_id"]}
    assert (by_kind["high", "form"]["id"], by_kind["high", "form"]["reason"]) == (
        form,
        f"form {form} is in no form catalogue, so its evaluations cannot be compared",
    )
    told = done["counts"]["drift"]
    assert told["new"] == len(found)
    assert told["high"] == sum(one["severity"] == "high" for one in told["findings"]) >= 2
    sizes = {one["id"]: one["rows"] for one in told["findings"]}
    (count,) = query(folder, f"SELECT count(*) AS n FROM evaluations WHERE form_id = '{form}'")
    assert sizes[form] == count["n"]
    assert not any(one["kind"] == "option" for one in told["findings"]), "nothing was pulled"
    out = qa_sync(folder, "run", "--quiet").out
    (again,) = query(folder, "SELECT counts FROM runs ORDER BY started_at DESC LIMIT 1")
    assert json.loads(again["counts"])["drift"] == {**told, "new": 0}
    assert out.count(f"form {form} is in no form catalogue") == 1
    assert f".evaluations: form {form} is in no form catalogue" in out


def test_a_mapping_that_refuses_too_much_stops_the_publish_not_the_pull(made: World) -> None:
    folder = made.folder

    def refuse(mapping: Any) -> None:
        fields = mapping["streams"]["tickets"]["interactions"]["fields"]
        fields["channel"] = {"from": "via.channel", "values": {"smoke signal": "smoke"}}

    before = query(folder, "SELECT count(*) AS n FROM interactions")
    cells = query(folder, "SELECT count(*) AS n FROM published")
    edit(folder, refuse, MAPPING)
    done = qa_sync(folder, "run", "--format", "json", "--quiet", expect=2)
    (problem,) = json.loads(done.out)["problems"]
    assert problem["file"] == MAPPING
    assert problem["path"] == "streams.tickets.interactions"
    assert (
        "records of zendesk.tickets are refused for interactions, more than max_reject_share (0.1)" in problem["what"]
    )
    assert "channel: a value that values: does not list" in problem["what"]
    assert "max_reject_share" in problem["hint"]
    assert query(folder, "SELECT count(*) AS n FROM published") == cells
    assert query(folder, "SELECT count(*) AS n FROM interactions") == before, "readers see the last good state"
    newest = ask(folder, "runs")[0]
    assert newest["status"] == "failed"
    # Nothing new comes, and still nothing is published: it is the mapping that is wrong, not the day.
    qa_sync(folder, "run", "--quiet", expect=2)
    qa_sync(folder, "map", "--quiet")
    assert "more than max_reject_share" in qa_sync(folder, "publish", "--quiet", expect=2).err
    edit(folder, lambda settings: settings.update(max_reject_share=1))
    assert query(folder, "SELECT count(*) AS n FROM interactions") == [{"n": 0}]
    assert "weekly > workbook" in ask(folder, "run")["counts"]["publish"]


def test_a_run_says_which_mapping_made_each_table(made: World) -> None:
    told = ask(made.folder, "map")["counts"]["mappings"]
    assert {name: one["file"] for name, one in told.items() if name.startswith("zendesk")} == {
        "zendesk.tickets > interactions": MAPPING,
        "zendesk.users > people": MAPPING,
        "zendesk.groups > lookups": MAPPING,
    }
    edit(made.folder, lambda mapping: mapping["streams"]["users"]["people"]["fields"].pop("role"), MAPPING)
    out = qa_sync(made.folder, "map", "--quiet").out
    (line,) = [line for line in out.splitlines() if "rebuilt" in line]
    now = ask(made.folder, "map")["counts"]["mappings"]["zendesk.users > people"]
    assert line.endswith(f"rebuilt by {MAPPING} {now['hash'][:8]}")
    assert now["hash"] != told["zendesk.users > people"]["hash"]


def test_the_account_is_asked_when_online_and_not_otherwise(made: World) -> None:
    folder = made.folder
    own = folder / MAPPING
    text = own.read_text(encoding="utf-8")
    online = qa_sync(folder, "mapping", "check", "--online")
    assert online.out.startswith("mappings, forms and dashboards")
    told = (
        "verint: its mapping was not held against fields, forms and groups of an account: verint lists no such things"
    )
    assert told in " ".join(online.err.split())
    assert "zendesk: its mapping" not in online.err
    own.write_text(
        text.replace("language: {custom_field: 360000000102}", 'language: {custom_field: 360000000103}  # "Language"'),
        encoding="utf-8",
    )
    asked = made.asked()
    qa_sync(folder, "mapping", "check", "--quiet")
    assert made.asked() == asked
    done = qa_sync(folder, "mapping", "check", "--online", "--quiet", expect=2)
    assert "streams.tickets.interactions.fields.language.custom_field: " in done.err
    assert 'in the account, but "Language" in the comment here' in done.err
    assert made.asked() > asked


def test_a_starter_is_proposed_with_the_fields_of_the_account(ran: World) -> None:
    edit(ran.folder, lambda settings: settings["sources"]["zendesk"].update(mapping="mappings/zendesk.yaml"))
    text = qa_sync(ran.folder, "mapping", "suggest", "zendesk", "--quiet").out
    edit(ran.folder, lambda settings: settings["sources"]["zendesk"].update(mapping=MAPPING))
    proposed = [
        line.strip() for line in text.splitlines() if line.strip().startswith(("region", "language", "severity"))
    ]
    assert [line.partition(" ")[0] for line in proposed] == ["severity:", "language:", "region:"]
    assert all("{custom_field: 3600000001" in line and "# proposed: " in line for line in proposed)
    assert parse(text, file="m.yaml").custom_fields("tickets") >= {"360000000101", "360000000102", "360000000103"}


def test_values_that_fall_to_a_default_are_told_and_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "mappings").mkdir()
    (tmp_path / "qa-sync.yaml").write_text(
        "sources: {desk: {connector: files, mapping: mappings/desk.yaml, folder: ./in, "
        'streams: {desk: {glob: "*.jsonl", key: [id]}}}}\n',
        encoding="utf-8",
    )
    (tmp_path / "mappings" / "desk.yaml").write_text(
        "version: 1\nstreams: {desk: {interactions: {fields: {interaction_id: {from: id}, kind: {const: ticket}, "
        "channel: {from: via, values: {mail: email}, default: other}, "
        "queue: {coalesce: [{from: q, values: {a: A}, default: null}, {const: Z}]}}}}}\n",
        encoding="utf-8",
    )
    records = [{"id": str(n), "via": "PLANTED" if n % 3 else "mail", "q": "a"} for n in range(9)]
    lines = "".join(json.dumps(one) + "\n" for one in records)
    (tmp_path / "in" / "desk.jsonl").write_text(lines, encoding="utf-8")
    done = ask(tmp_path, "run")
    (told,) = done["counts"]["drift"]["findings"]
    assert (told["severity"], told["kind"], told["id"], told["rows"]) == ("medium", "option", "interactions.channel", 6)
    assert "PLANTED" not in json.dumps(done)
    assert "PLANTED" in qa_sync(tmp_path, "mapping", "coverage", "--quiet").out
    assert ask(tmp_path, "run")["counts"]["drift"]["new"] == 0

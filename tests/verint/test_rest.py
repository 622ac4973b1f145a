"""REST: what is kept, what is refused, and what a refusal says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from shared_data import shared_data
from verint.worlds import context_of, filled, people, source_of

from qa_sync.errors import AuthError, SourceError, TransientError
from qa_sync.http import Retry
from qa_sync_verint.sandbox import Sandbox, start
from qa_sync_verint.sandbox.world import PRIVATE, PRIVATE_PHONES
from qa_sync_verint.source import VerintSource
from qa_sync_verint.wire import slice_listing


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = start()
    people(made, 6)
    yield made
    made.stop()


def payloads(source: Any, stream: str = "employees") -> list[Any]:
    return [json.loads(row["payload"]) for page in source.read(stream, None) for row in page.records.to_pylist()]


def test_private_data_of_employees_never_leaves_the_page_decoder(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.tenant.extra_rows.append(
        json.dumps({"id": "9", "attributes": {"person": {"ssn": "078-05-1120", "contact": "078-05-1120"}}})
    )
    pages = list(source_of(sandbox, tmp_path).read("employees", None))
    text = json.dumps([[page.records.to_pylist(), page.rejects.to_pylist()] for page in pages], default=str)
    assert "Ana" in text
    for secret in (PRIVATE["ssn"], PRIVATE["birthDate"], "Hidden Lane", *PRIVATE_PHONES.values()):
        assert secret not in text
    assert [(row["record_id"], row["field"]) for page in pages for row in page.rejects.to_pylist()] == [
        ("9", "attributes.person.contact")
    ]


def test_the_published_employee_shape_is_read() -> None:
    shapes = json.loads(shared_data("verint", "user_mgmt", "shapes.json").read_text())
    found, _raws, following = slice_listing(json.dumps(shapes["employees"]).encode(), "employees")
    assert following is None
    identity, payload = found[0]
    attributes = json.loads(payload)["attributes"]
    assert (identity, attributes["employeeNumber"], attributes["person"]["lastName"]) == ("1001", "E-1001", "Diaz")
    assert "address" not in attributes["person"]


def test_a_listing_is_complete_and_starts_over(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.tenant.page_size = 2
    source = source_of(sandbox, tmp_path)
    first = list(source.read("employees", None))
    del sandbox.tenant.world.employees["1"]
    second = list(source.read("employees", first[0].cursor))
    assert all(page.listing for page in (*first, *second))
    assert [page.last for page in first] == [False, False, True]
    assert sorted(row["id"] for page in second for row in page.records.to_pylist()) == ["2", "3", "4", "5", "6"]


def test_a_next_page_in_circles_is_an_error(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"data": [], "links": {"next": "/wfo/user-mgmt-api/v1/employees"}}).encode()
    monkeypatch.setattr(sandbox.tenant, "_listing", lambda _resource, _query: (200, body, {}))
    with pytest.raises(SourceError, match="in circles"):
        list(source_of(sandbox, tmp_path).read("employees", None))


def test_a_next_page_on_another_host_is_refused(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"data": [], "links": {"next": "https://elsewhere.example/x"}}).encode()
    monkeypatch.setattr(sandbox.tenant, "_listing", lambda _resource, _query: (200, body, {}))
    with pytest.raises(SourceError, match="refused to leave"):
        list(source_of(sandbox, tmp_path).read("employees", None))


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": {}}', b'{"data": "078-05-1120"}', b"\xff"])
def test_an_answer_that_is_no_listing_is_an_error_without_its_contents(body: bytes) -> None:
    with pytest.raises(SourceError) as told:
        slice_listing(body, "employees")
    assert "078" not in str(told.value)


def test_organizations_and_groups_are_listed(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.tenant.world.organizations["1"] = {"id": 1, "attributes": {"name": "T&S", "secret": "no"}}
    sandbox.tenant.world.groups["2"] = {"id": "2", "attributes": {"parentId": 1}}
    settings = {**filled(sandbox), "streams": ["organizations", "groups"]}
    source = source_of(sandbox, tmp_path, settings=settings)
    assert payloads(source, "organizations") == [{"id": 1, "attributes": {"name": "T&S"}}]
    assert payloads(source, "groups") == [{"id": "2", "attributes": {"parentId": 1}}]


def test_the_standby_key_takes_over_when_the_first_has_expired(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.expire_key()
    with pytest.raises(AuthError, match=r"key expired or rotated\? \(tried sandboxkey1"):
        payloads(source_of(sandbox, tmp_path))
    env = sandbox.environment()
    standby = {"key_id": env["VERINT_STANDBY_KEY_ID"], "key": env["VERINT_STANDBY_KEY"]}
    assert len(payloads(source_of(sandbox, tmp_path, standby=standby))) == 6


@pytest.mark.parametrize("kind", ["session", "oauth2"])
def test_an_expired_token_is_renewed_once(kind: str, sandbox: Sandbox, tmp_path: Path) -> None:
    source = source_of(sandbox, tmp_path, kind)
    assert len(payloads(source)) == 6
    sandbox.expire_tokens()
    assert len(payloads(source)) == 6
    statuses = [asked.status for asked in sandbox.requests]
    assert statuses == [200, 200, 401, 200, 200]


def test_a_described_resource_keeps_only_what_is_listed(sandbox: Sandbox, tmp_path: Path) -> None:
    resource = {"path": "/wfo/user-mgmt-api/v1/employees", "keep": ["/attributes/employeeNumber"]}
    settings = filled(sandbox)
    settings["rest"]["resources"] = {"evaluations": resource}
    settings["streams"] = ["evaluations"]
    assert payloads(source_of(sandbox, tmp_path, settings=settings), "evaluations")[0] == {
        "/attributes/employeeNumber": "E-1"
    }


def test_check_finds_a_wrong_clock(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.tenant.clock_ahead = 200
    problems = source_of(sandbox, tmp_path).check()
    assert len(problems) == 1
    assert "the server's clock is +" in str(problems[0])
    sandbox.tenant.clock_ahead = 4000
    assert any("signatures carry the time" in str(problem) for problem in source_of(sandbox, tmp_path).check())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"sign_query": True}, "the server takes sign_query: true"),
        ({"key_encoding": "raw"}, "the server takes key_encoding: raw"),
        ({"canonical_headers": "lower_all"}, "the server takes canonical_headers: lower_all"),
        (
            {"sign_query": True, "canonical_headers": "lower_all", "key_encoding": "raw"},
            "the server takes sign_query: true, canonical_headers: lower_all, key_encoding: raw",
        ),
    ],
)
def test_check_says_which_signature_the_server_takes(options: dict[str, Any], told: str, tmp_path: Path) -> None:
    sandbox = start(**options)
    try:
        settings = filled(sandbox)
        settings["rest"]["resources"] = {"employees": {"params": {"sort": "-id"}}}
        settings["rest"]["auth"]["headers"] = {"Verint-UserName": "QA.Sync@Example.com"}
        source = source_of(sandbox, tmp_path, settings=settings)
        assert [told in str(problem) for problem in source.check()] == [True]
    finally:
        sandbox.stop()


def test_a_probe_finds_a_signature_that_fails_only_with_a_query(tmp_path: Path) -> None:
    sandbox = start(sign_query=True)
    try:
        source = source_of(sandbox, tmp_path)
        assert source.check() == []
        assert ["the server takes sign_query: true" in str(problem) for problem in source.check(probe=True)] == [True]
    finally:
        sandbox.stop()


def test_check_says_when_the_key_itself_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.expire_key()
    problems = source_of(sandbox, tmp_path).check()
    assert ["the key itself is refused" in str(problem) for problem in problems] == [True]


def test_no_secret_is_in_any_error(sandbox: Sandbox, tmp_path: Path) -> None:
    planted = "cGxhbnRlZC1zZWNyZXQtb2YtdGhpcy10ZXN0"
    for kind, name in (("hmac", "key"), ("session", "password"), ("oauth2", "client_secret")):
        source = source_of(sandbox, tmp_path, kind, **{name: planted})
        with pytest.raises(AuthError) as told:
            payloads(source)
        chain: BaseException | None = told.value
        while chain is not None:
            assert planted not in str(chain) + repr(chain)
            chain = chain.__cause__ or chain.__context__
        assert planted not in "".join(str(problem) for problem in source.check(probe=True))
        assert planted not in repr(source.settings)


def test_requests_are_spaced(sandbox: Sandbox, tmp_path: Path) -> None:
    waited: list[float] = []
    sandbox.tenant.page_size = 2
    settings = filled(sandbox)
    settings["rest"]["spacing_seconds"] = 5.0
    source = VerintSource(
        settings,
        context_of(tmp_path),
        retry=Retry(sleep=waited.append),
        clock=lambda: datetime.now(UTC),
    )
    assert len(payloads(source)) == 6
    assert len(waited) == 2
    assert all(4 < seconds <= 5 for seconds in waited)


def test_no_byte_of_private_data_is_in_what_a_sync_stores_logs_or_raises(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every byte of every page, uncompressed, and everything said on the way, with records that fail in each place."""
    caplog.set_level("DEBUG")
    sandbox = start()
    said: list[str] = []
    try:
        people(sandbox, 6)
        secret = {**PRIVATE, **PRIVATE_PHONES}
        for field in ("user", "person", "employeeNumber", "organizationId", "startTime"):
            sandbox.tenant.extra_rows.append(json.dumps({"id": f"x{field}", "attributes": {**secret, field: [secret]}}))
        sandbox.tenant.extra_rows.append(json.dumps({"id": secret, "attributes": secret}))
        settings = {**filled(sandbox), "streams": ["employees", "organizations", "groups"]}
        sandbox.tenant.world.organizations["1"] = {"id": 1, "attributes": {"name": "T&S", **secret}, **secret}
        source = VerintSource(settings, context_of(tmp_path, notify=said.append), retry=Retry(sleep=lambda _s: None))
        stored = b"".join(
            _bytes(table)
            for stream in settings["streams"]
            for page in source.read(stream, None)
            for table in (page.records, page.rejects)
        )
        said += [str(problem) for problem in source.check(probe=True)]
        sandbox.refuse_next(500, times=9)
        with pytest.raises(TransientError) as told:
            list(source.read("employees", None))
        said += [repr(told.value), str(told.value.__cause__), caplog.text]
    finally:
        sandbox.stop()
    assert b"Ana" in stored
    assert stored.count(b"is not of the expected type") == 6
    everything = stored + "".join(said).encode()
    for planted in ("078-05-1120", "1980-02-29", "Hidden Lane", "Nowhere", "555 0142", "555 0143"):
        assert planted.encode() not in everything, planted


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()

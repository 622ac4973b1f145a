from __future__ import annotations

import gzip

import pytest
import requests
import responses
from requests.auth import AuthBase

from qa_sync.errors import AuthError, SourceError, TransientError
from qa_sync.http import HttpClient, Retry, probing, redact_url
from qa_sync.http.client import _unpacked as unpacked

BASE = "https://acme.example/api"


def client(waits: list[float] | None = None, **options: object) -> HttpClient:
    waits = waits if waits is not None else []
    return HttpClient(BASE, retry=Retry(sleep=waits.append, attempts=4), **options)  # type: ignore[arg-type]


@responses.activate
def test_a_rate_limit_is_waited_out_for_as_long_as_it_says() -> None:
    waits: list[float] = []
    responses.get(f"{BASE}/x", status=429, headers={"Retry-After": "7.5"})
    responses.get(f"{BASE}/x", json={"ok": True})
    assert client(waits).get("x").json() == {"ok": True}
    assert len(waits) == 1
    assert 7.5 <= waits[0] <= 7.75


BODY = b'{"ok":true}' * 500
PACKED = gzip.compress(BODY, mtime=0)


@responses.activate
@pytest.mark.parametrize(
    "broken",
    [PACKED[:-3], PACKED[:20], PACKED[:10] + b"\xff" * 30, PACKED[:-8] + bytes(8), b"not gzip at all"],
    ids=["end cut off", "middle cut off", "damaged", "checksum of another", "not gzip"],
)
def test_a_packed_answer_that_does_not_unpack_is_asked_for_again(broken: bytes) -> None:
    packed = {"Content-Encoding": "gzip"}
    responses.get(f"{BASE}/x", body=broken, headers=packed)
    responses.get(f"{BASE}/x", body=PACKED + PACKED, headers=packed)  # members in a row are one text
    assert client().get("x").content == BODY + BODY


@responses.activate
def test_trying_ends() -> None:
    waits: list[float] = []
    responses.get(f"{BASE}/x", status=503)
    with pytest.raises(TransientError, match="503"):
        client(waits).get("x")
    assert len(waits) == 3
    assert len(responses.calls) == 4


@responses.activate
def test_a_write_of_unknown_fate_is_never_sent_again() -> None:
    responses.post(f"{BASE}/x", status=503)
    with pytest.raises(TransientError, match="may or may not"):
        client().request("POST", "x", json={})
    assert len(responses.calls) == 1


@responses.activate
def test_a_write_that_was_refused_for_its_rate_is_sent_again() -> None:
    responses.post(f"{BASE}/x", status=429)
    responses.post(f"{BASE}/x", status=201)
    assert client().request("POST", "x", json={}).status_code == 201


@responses.activate
def test_a_refused_token_is_renewed_once() -> None:
    class Token(AuthBase):
        value = "old"

        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = self.value
            return request

        def renew(self) -> None:
            self.value = "new"

    responses.get(f"{BASE}/x", status=401, match=[responses.matchers.header_matcher({"Authorization": "old"})])
    responses.get(f"{BASE}/x", json={}, match=[responses.matchers.header_matcher({"Authorization": "new"})])
    assert client(auth=Token()).get("x").status_code == 200
    responses.get(f"{BASE}/y", status=401)
    with pytest.raises(AuthError):
        client(auth=Token()).get("y")


@responses.activate
def test_no_request_leaves_the_host() -> None:
    responses.get(f"{BASE}/x", status=302, headers={"Location": "https://evil.example/"})
    with pytest.raises(SourceError, match="redirects are not followed"):
        client().get("x")
    with pytest.raises(SourceError, match=r"refused to leave acme\.example"):
        client().get("https://evil.example/steal")
    assert len(responses.calls) == 1


@responses.activate
def test_no_secret_and_no_body_is_in_an_error() -> None:
    responses.get(f"{BASE}/x", status=404, json={"customer": "Ann wrote this"})
    with pytest.raises(SourceError) as caught:
        client().get("x", params={"token": "s3cret"})
    assert "s3cret" not in str(caught.value)
    assert "Ann" not in str(caught.value)
    assert redact_url("https://u:p@h.example:8/a?b=c#d") == "https://h.example:8/a"


def test_a_base_url_is_a_web_address() -> None:
    with pytest.raises(SourceError, match="base_url"):
        HttpClient("ftp://x")


@responses.activate
@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        ({"status": 503}, 2),
        ({"status": 429, "headers": {"Retry-After": "60"}}, 1),
        ({"body": requests.exceptions.ConnectTimeout()}, 2),
    ],
)
def test_a_probe_gives_up_in_seconds_and_waits_for_nobody(answer: dict[str, object], calls: int) -> None:
    waits: list[float] = []
    responses.get(f"{BASE}/x", **answer)  # type: ignore[arg-type]
    with probing(), pytest.raises(TransientError):
        HttpClient(BASE, retry=Retry(sleep=waits.append, attempts=8, total=900.0)).get("x")
    assert (len(responses.calls), len(waits)) == (calls, calls - 1)
    assert sum(waits) <= 0.5


@responses.activate
def test_a_probe_does_not_listen_for_long() -> None:
    seen: list[object] = []

    class Session(requests.Session):
        def request(self, *given: object, **options: object) -> requests.Response:  # type: ignore[override]
            seen.append(options["timeout"])
            return super().request(*given, **options)  # type: ignore[arg-type]

    responses.get(f"{BASE}/x", json={})
    it = client(session=Session())
    with probing():
        it.get("x")
    it.get("x")
    assert seen == [(3.0, 10.0), (5.0, 60.0)]


def test_an_answer_that_unpacks_without_end_is_no_answer_and_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_sync.http.client.MOST_BYTES", 100_000)
    packed = gzip.compress(b"0" * 100_001)
    assert (
        unpacked(gzip.compress(b"0" * 60_000) + gzip.compress(b"1" * 40_000) + b"\0") == b"0" * 60_000 + b"1" * 40_000
    )
    for bomb in (packed, gzip.compress(b"0" * 60_000) * 2):
        with pytest.raises(OSError, match="longer than any can be"):
            unpacked(bomb)
    with pytest.raises(EOFError):
        unpacked(packed[:-1][:60])

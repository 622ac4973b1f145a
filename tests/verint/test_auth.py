"""Signatures: the published vectors, and a verifier written apart."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from shared_data import shared_data

from qa_sync_verint.auth import ApiKey, HmacAuth, Signing, sign
from qa_sync_verint.sandbox.verifier import Verifier

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
AT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


def options_of(vector: dict[str, Any]) -> dict[str, Any]:
    given_options = dict(vector["options"])
    if given_options.pop("lower_values", False):
        given_options["canonical_headers"] = "lower_all"
    return given_options


def test_every_published_vector_is_reproduced_and_verified() -> None:
    vectors = json.loads(shared_data("verint", "auth", "test_vectors.json").read_text())["vectors"]
    for vector in vectors:
        signing = Signing(**options_of(vector))
        salt = bytes.fromhex(vector["salt_hex"])
        iat = datetime.strptime(vector["iat"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        headers = list(vector["headers"].items())
        made = sign(
            ApiKey(key_id=vector["key_id"], key=vector["key"]),
            signing,
            salt=salt,
            at=iat,
            method=vector["method"],
            url=vector["url"],
            headers=headers,
        )
        assert made == vector["authorization"], vector["name"]
        salt_text = re.search("salt=([^,]+)", made)[1]  # type: ignore[index]
        assert (
            signing.text(salt=salt_text, method=vector["method"], url=vector["url"], iat=vector["iat"], headers=headers)
            == vector["string_to_sign"]
        ), vector["name"]
        verifier = Verifier(keys={vector["key_id"]: vector["key"]}, **options_of(vector))
        target = "/" + vector["url"].split("/", 3)[3]
        assert verifier.fault(vector["method"], target, [*headers, ("Authorization", made)], iat) == "", vector["name"]
    assert len(vectors) >= 7


VARIANTS = st.fixed_dictionaries(
    {
        "sign_query": st.booleans(),
        "path_form": st.sampled_from(["raw", "decoded"]),
        "canonical_headers": st.sampled_from(["lower_names", "lower_all"]),
        "key_encoding": st.sampled_from(["base64url", "raw"]),
    }
)


@given(
    VARIANTS,
    st.sampled_from(["/a", "/a%20b/c%2Fd", "/x?sort=-id&q=%C3%A9", "/"]),
    st.dictionaries(
        st.sampled_from(["Verint-B", "verint-a", "X-Other", "VERINT-A-Z"]), st.sampled_from(["One", "two"])
    ),
)
def test_an_independent_verifier_takes_every_variant(
    variant: dict[str, Any], target: str, headers: dict[str, str]
) -> None:
    auth = HmacAuth([ApiKey(key_id="k", key=KEY)], Signing(**variant), clock=lambda: AT)
    request = requests.Request("GET", "https://wfo.example" + target, headers=headers, auth=auth).prepare()
    sent = request.path_url
    assert Verifier(keys={"k": KEY}, **variant).fault("GET", sent, list(request.headers.items()), AT) == ""


def test_headers_are_sorted_by_name_where_one_name_begins_another() -> None:
    headers = [("Verint-User-Name", "b"), ("Content-Type", "x"), ("Verint-User", "a")]
    text = Signing().text(salt="s", method="post", url="https://h/p?q=1", iat="t", headers=headers)
    assert text == "s\nPOST\n/p\nt\nverint-user:a\nverint-user-name:b\n\n"


def test_a_retry_has_a_fresh_salt_and_time() -> None:
    times = iter([AT, AT.replace(second=6)])
    auth = HmacAuth([ApiKey(key_id="k", key=KEY)], Signing(), clock=lambda: next(times))
    request = requests.Request("GET", "https://wfo.example/a", auth=auth)
    sent = [request.prepare().headers["Authorization"] for _ in "12"]
    parts = [re.match(r".*salt=([^,]+),iat=([^,]+),", text).groups() for text in sent]  # type: ignore[union-attr]
    assert parts[0][0] != parts[1][0]
    assert [iat for _salt, iat in parts] == ["2025-01-02T03:04:05Z", "2025-01-02T03:04:06Z"]


def test_renewing_takes_the_standby_key_and_back() -> None:
    auth = HmacAuth([ApiKey(key_id="one", key=KEY), ApiKey(key_id="two", key=KEY)], Signing())
    seen = [auth.key.key_id]
    for _ in range(2):
        auth.renew()
        seen.append(auth.key.key_id)
    assert seen == ["one", "two", "one"]


def test_a_key_never_shows_in_its_repr() -> None:
    assert KEY not in repr(ApiKey(key_id="k", key=KEY))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"skew": 301}, "the time is too far off"),
        ({"kid": "other"}, "unknown or expired key"),
        ({"path": "/b"}, "the signature is wrong"),
        ({"method": "POST"}, "the signature is wrong"),
    ],
)
def test_the_verifier_refuses_what_is_wrong(change: dict[str, Any], fault: str) -> None:
    header = sign(
        ApiKey(key_id=change.get("kid", "k"), key=KEY),
        Signing(),
        salt=b"0" * 16,
        at=AT,
        method="GET",
        url="https://wfo.example/a",
    )
    now = datetime.fromtimestamp(AT.timestamp() + change.get("skew", 0), UTC)
    verifier = Verifier(keys={"k": KEY})
    told = verifier.fault(change.get("method", "GET"), change.get("path", "/a"), [("Authorization", header)], now)
    assert told == fault


def test_a_salt_counts_once() -> None:
    header = [
        (
            "Authorization",
            sign(
                ApiKey(key_id="k", key=KEY), Signing(), salt=b"0" * 16, at=AT, method="GET", url="https://wfo.example/a"
            ),
        )
    ]
    verifier = Verifier(keys={"k": KEY})
    assert [verifier.fault("GET", "/a", header, AT) for _ in "12"] == ["", "the salt was used before"]

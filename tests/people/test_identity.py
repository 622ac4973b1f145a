"""Accounts of several systems that are one human being: joined by evidence, never by a guess."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from qa_sync.people import ambiguous, identities_of, normal_name

FIELDS = ("person_id", "source", "employee_number", "email", "user_name", "name")


def people(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict.fromkeys(FIELDS) | row for row in rows], schema=pa.schema([(name, pa.string()) for name in FIELDS])
    )


def account(source: str, number: str, **known: str) -> dict[str, Any]:
    return {"person_id": f"{source}:{number}", "source": source, **known}


def joined(table: pa.Table, **more: Any) -> list[tuple[str, str, str]]:
    return [(row["account_id"], row["person_id"], row["evidence"]) for row in identities_of(table, **more).to_pylist()]


def test_employee_number_joins_what_no_name_would() -> None:
    found = joined(
        people(
            account("zendesk", "1", employee_number="E7", name="Ana Diaz"),
            account("verint", "9", employee_number="e7 ", name="A. D. Smith"),
        )
    )
    assert found == [("zendesk:1", "verint:9", "employee_number")]


def test_mail_then_user_name_then_written_name_join() -> None:
    for kind, one, other in (
        ("email", "Ana@Example.com", "ana@example.com"),
        ("user_name", "adiaz", "ADIAZ"),
        ("name", "Díaz, Ana", "Ana Diaz"),
    ):
        assert joined(people(account("a", "1", **{kind: one}), account("b", "2", **{kind: other}))) == [
            ("b:2", "a:1", kind)
        ]


def test_blank_evidence_joins_nobody() -> None:
    blank = {"email": "", "employee_number": " ", "user_name": "", "name": " "}
    assert joined(people(account("a", "1", **blank), account("b", "2", **blank), account("c", "3"))) == []


def test_a_name_that_two_accounts_of_one_source_have_proves_nothing() -> None:
    table = people(
        account("a", "1", name="Ana Diaz"), account("a", "2", name="Diaz, Ana"), account("b", "3", name="Ana Diaz")
    )
    assert joined(table) == []


def test_a_shared_mailbox_proves_nothing_and_is_told() -> None:
    table = people(
        account("a", "1", email="team@x.test"),
        account("a", "2", email="team@x.test"),
        account("b", "3", email="team@x.test"),
    )
    assert joined(table) == []
    assert ambiguous(table) == [("a:1", "email"), ("a:2", "email")]


def test_two_streams_of_one_source_are_two_directories() -> None:
    listed = [
        account("a", "1", email="ana@x.test") | {"stream": "users"},
        account("a", "2", email="team@x.test") | {"stream": "users"},
        account("a", "3", email="team@x.test") | {"stream": "users"},
        account("a", "ana", email="Ana@x.test") | {"stream": "qa_users"},
        account("a", "team", email="team@x.test") | {"stream": "qa_users"},
    ]
    table = people(*listed).append_column("stream", pa.array([row["stream"] for row in listed]))
    assert joined(table) == [("a:ana", "a:1", "email")]
    assert ambiguous(table) == [("a:2", "email"), ("a:3", "email")]


def test_a_declared_identity_wins_over_evidence() -> None:
    declared = pa.table({"account_id": ["a:1"], "person_id": ["c:5"], "evidence": ["declared"]})
    table = people(account("a", "1", email="x@x.test"), account("b", "2", email="x@x.test"), account("c", "5"))
    assert joined(table, declared=declared) == [("a:1", "c:5", "declared")]


def test_names_are_compared_without_order_case_or_accents() -> None:
    assert normal_name("Müller,  Jörg") == normal_name("jorg MULLER") == "jorg muller"
    assert normal_name(None) == normal_name("") == ""


rows = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from("abc"),
            "employee_number": st.sampled_from([None, "E1", "E2"]),
            "email": st.sampled_from([None, "x@x", "y@y"]),
            "name": st.sampled_from([None, "Ana Diaz", "Bo Li"]),
        }
    ),
    max_size=7,
)


@given(rows, st.randoms())
def test_the_order_of_accounts_never_matters(found: list[dict[str, Any]], chance: Any) -> None:
    accounts = [row | {"person_id": f"{row['source']}:{at}"} for at, row in enumerate(found)]
    shuffled = list(accounts)
    chance.shuffle(shuffled)
    assert [row[:2] for row in joined(people(*accounts))] == [row[:2] for row in joined(people(*shuffled))]


@given(rows)
def test_an_account_stands_for_one_human_being_and_nobody_stands_for_a_stand_in(found: list[dict[str, Any]]) -> None:
    made = joined(people(*(row | {"person_id": f"{row['source']}:{at}"} for at, row in enumerate(found))))
    accounts = [one for one, _, _ in made]
    assert len(set(accounts)) == len(accounts)
    assert not set(accounts) & {person for _, person, _ in made}

"""Who is who, with the evidence and with everything that speaks against it."""

from __future__ import annotations

import pyarrow as pa
from people.test_identity import account, people
from program.command import ask
from program.finished import Finished, finished

from qa_sync.people import Account, identities_of, who_is_who

__all__ = ["finished"]


def shown(table: pa.Table, declared: pa.Table | None = None) -> list[Account]:
    return who_is_who(table, identities_of(table, declared=declared))


def test_twins_are_shown_together_with_their_evidence() -> None:
    table = people(
        account("a", "1", email="ana@x.test", name="Ana Diaz"),
        account("b", "2", email="ANA@x.test", name="Diaz, Ana"),
        account("a", "3", name="Somebody Else"),
    )
    assert shown(table) == [
        Account(account_id="a:1", person_id="a:1", source="a", name="Ana Diaz", evidence="", conflicts=()),
        Account(account_id="b:2", person_id="a:1", source="b", name="Diaz, Ana", evidence="email", conflicts=()),
    ]


def test_contradicting_evidence_is_told_of_every_account_concerned() -> None:
    table = people(
        account("a", "1", employee_number="E1", user_name="ana", name="Ana Diaz"),
        account("b", "2", employee_number="E2", user_name="ana", name="Bo Lund"),
    )
    against = ("joined, though the employee number differs", "joined, though the names have no word in common")
    assert [(one.account_id, one.evidence, one.conflicts) for one in shown(table)] == [
        ("a:1", "", against),
        ("b:2", "user_name", against),
    ]


def test_evidence_that_fits_two_accounts_of_one_source_is_told_and_joins_nobody() -> None:
    table = people(
        account("a", "1", email="desk@x.test", name="Ana Diaz"),
        account("a", "2", email="desk@x.test", name="Bo Lund"),
        account("b", "3", email="desk@x.test", name="Cy Ek"),
    )
    unused = ("email shared with another account of a: not used",)
    assert [(one.account_id, one.person_id, one.evidence, one.conflicts) for one in shown(table)] == [
        ("a:1", "a:1", "", unused),
        ("a:2", "a:2", "", unused),
    ]


def test_a_declared_account_that_nobody_has_is_told() -> None:
    declared = pa.table({"account_id": ["c:9"], "person_id": ["a:1"], "evidence": ["declared"]})
    found = shown(people(account("a", "1", name="Ana Diaz")), declared)
    assert [(one.account_id, one.person_id, one.conflicts) for one in found] == [
        ("a:1", "a:1", ()),
        ("c:9", "a:1", ("declared, but no source has this account",)),
    ]


def test_the_command_lists_the_twins_of_a_workspace(finished: Finished) -> None:
    listed = ask(finished.folder, "mapping", "people")
    persons: dict[str, list[str]] = {}
    for row in listed:
        persons.setdefault(row["person"], []).append(row["account"])
    assert persons
    assert all(len(accounts) > 1 for accounts in persons.values())
    assert {row["evidence"] for row in listed} >= {"", "employee_number"}

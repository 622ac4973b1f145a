"""Who evaluations mean by a name, where no source lists such an account: one human being, or nobody."""

from __future__ import annotations

import pytest
from people.test_identity import account, people

from qa_sync.people import identities_of, references_of, who_is_who

STAFF = people(
    account("verint", "E-1", employee_number="E-1", email="lee@a.example", user_name="lkim", name="Lee Kim"),
    account("zendesk", "7", email="LEE@a.example", name="Lee K."),
    account("verint", "E-2", employee_number="E-2", name="Ana Díaz"),
    account("verint", "E-3", employee_number="E-3", name="Ana Diaz"),
    account("verint", "E-4", employee_number="lkim", name="Other One"),
)


def found(*named: str) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    rows, shared = references_of(STAFF, identities_of(STAFF), named)
    return [(row["account_id"], row["person_id"], row["evidence"]) for row in rows.to_pylist()], shared


@pytest.mark.parametrize(
    ("named", "person", "evidence"),
    [
        ("verint:e-2 ", "verint:E-2", "employee_number"),
        ("zendesk:E-2", "verint:E-2", "employee_number"),
        ("verint:Lee@A.example", "verint:E-1", "email"),
        ("verint:Kim, Lee", "verint:E-1", "name"),
        # A number is stronger than a user name that reads the same.
        ("verint:LKIM", "verint:E-4", "employee_number"),
    ],
)
def test_number_then_mail_then_user_name_then_written_name(named: str, person: str, evidence: str) -> None:
    assert found(named) == ([(named, person, evidence)], {})


def test_several_of_one_name_are_nobody_and_told() -> None:
    assert found("verint:Diaz, Ana", "verint:Nobody", "verint:", "plain") == ([], {"verint:Diaz, Ana": "name"})
    told = who_is_who(STAFF, identities_of(STAFF), named=["verint:Diaz, Ana"])
    assert [(one.account_id, one.conflicts) for one in told if one.account_id == "verint:Diaz, Ana"] == [
        ("verint:Diaz, Ana", ("named in evaluations only; several people have this name: nobody is taken",))
    ]


def test_a_listed_account_is_itself() -> None:
    assert found("verint:E-1", "zendesk:7") == ([], {})


def test_a_name_found_is_no_conflict() -> None:
    rows, _shared = references_of(STAFF, identities_of(STAFF), ["verint:Kim, Lee"])
    told = who_is_who(STAFF, rows, named=["verint:Kim, Lee"])
    assert [one.conflicts for one in told if one.account_id == "verint:Kim, Lee"] == [()]

"""Who is who: accounts of several directories that are one human being, found by evidence and never guessed.

A directory is one stream of one source, such as a help desk's users: a human being has one account in each. Evidence,
strongest first: employee number, e-mail address, user name, and the name written alike ("Surname, Given" is "Given
Surname"). Evidence that fits several accounts of one directory proves nothing.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from qa_sync.model import TABLES

#: Evidence in the order in which it counts.
EVIDENCE = ("employee_number", "email", "user_name", "name")

#: Columns of what is found.
SCHEMA = pa.schema([pa.field(c.name, c.arrow_type) for c in TABLES["identities"].columns])


def identities_of(people: pa.Table, *, declared: pa.Table | None = None) -> pa.Table:
    """Return which account stands for each account that is one of several of the same human being.

    The account that stands for the others is the declared one, else the smallest id. Accounts without a twin
    have no row. Declared rows are kept as they are and win over evidence.

    Args:
        people: columns person_id, source and those of ``EVIDENCE``; also stream, where a source has several.
        declared: columns account_id, person_id, evidence.

    Returns:
        Columns account_id, person_id, evidence; sorted by account_id.
    """
    accounts = _accounts(people)
    groups = _Groups(account["person_id"] for account in accounts)
    fixed = {row["account_id"]: row for row in (declared.to_pylist() if declared is not None else [])}
    for row in fixed.values():
        groups.join(row["account_id"], row["person_id"], "declared")
    for kind in EVIDENCE:
        for members in _alike(accounts, kind).values():
            first, *others = members
            for other in others:
                if first not in fixed and other not in fixed:
                    groups.join(first, other, kind)
    found = [
        {
            "account_id": account,
            "person_id": person,
            "evidence": fixed[account]["evidence"] if account in fixed else evidence,
        }
        for account, person, evidence in groups.rows(standing={row["person_id"] for row in fixed.values()})
    ]
    return pa.Table.from_pylist(sorted(found, key=lambda row: row["account_id"]), schema=SCHEMA)


def ambiguous(people: pa.Table) -> list[tuple[str, str]]:
    """Return (account, kind of evidence) for accounts that share evidence with another of the same directory."""
    accounts = _accounts(people)
    found = []
    for kind in EVIDENCE[:3]:
        for members in _by_evidence(accounts, kind).values():
            places = [account["directory"] for account in members]
            found += [(account["person_id"], kind) for account in members if places.count(account["directory"]) > 1]
    return sorted(found)


def _accounts(people: pa.Table) -> list[dict[str, Any]]:
    """Return the accounts with their evidence, each with the directory it stands in."""
    place = [name for name in ("source", "stream") if name in people.column_names]
    rows: list[dict[str, Any]] = people.select(["person_id", *place, *EVIDENCE]).to_pylist()
    return [{**row, "directory": tuple(row[name] for name in place)} for row in rows]


def _alike(accounts: Iterable[Mapping[str, Any]], kind: str) -> dict[str, list[str]]:
    """Accounts that share a piece of evidence, at most one of each directory."""
    found = {}
    for value, members in _by_evidence(accounts, kind).items():
        places = [account["directory"] for account in members]
        if len(members) > 1 and len(set(places)) == len(places):
            found[value] = sorted(account["person_id"] for account in members)
    return found


def _by_evidence(accounts: Iterable[Mapping[str, Any]], kind: str) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for account in accounts:
        value = evidence_of(kind, account[kind])
        if value:
            found[value].append(account)
    return found


def evidence_of(kind: str, text: object) -> str:
    """Return a piece of evidence as it is compared; "" for none."""
    return normal_name(str(text or "")) if kind == "name" else str(text or "").strip().casefold()


def normal_name(name: str | None) -> str:
    """Return a name as it is compared: order, case and accents do not matter.

    >>> normal_name("Díaz, Ana") == normal_name("ana DIAZ")
    True
    """
    if not name:
        return ""
    surname, comma, given = name.partition(",")
    text = f"{given} {surname}" if comma else name
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    return " ".join(plain.casefold().split())


class _Groups:
    """Sets of accounts that are joined pair by pair, with the evidence that joined each."""

    def __init__(self, accounts: Iterable[str]) -> None:
        self._parent = {account: account for account in accounts}
        self._evidence: dict[str, str] = {}

    def _root(self, account: str) -> str:
        self._parent.setdefault(account, account)
        while self._parent[account] != account:
            self._parent[account] = self._parent[self._parent[account]]
            account = self._parent[account]
        return account

    def join(self, one: str, other: str, evidence: str) -> None:
        a, b = sorted((self._root(one), self._root(other)))
        if a != b:
            self._parent[b] = a
        for account in (one, other):
            self._evidence.setdefault(account, evidence)

    def rows(self, *, standing: set[str]) -> list[tuple[str, str, str]]:
        members: dict[str, list[str]] = defaultdict(list)
        for account in self._parent:
            members[self._root(account)].append(account)
        made = []
        for group in members.values():
            if len(group) < 2:
                continue
            person = min((account for account in group if account in standing), default=min(group))
            made += [(account, person, self._evidence[account]) for account in group if account != person]
        return made

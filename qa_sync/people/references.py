"""Accounts that evaluations name and no listing of people has: a name in a column, a user name, a number.

"verint:Kim, Lee" is whoever the people of all sources agree on: one human being with that employee number, else that
e-mail address, user name, or name written alike. Where several fit, nobody is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pyarrow as pa

from qa_sync.people.identity import EVIDENCE, SCHEMA, evidence_of


def references_of(people: pa.Table, identities: pa.Table, named: Iterable[str]) -> tuple[pa.Table, dict[str, str]]:
    """Return who the accounts in ``named`` are that ``people`` does not have, and those that fit several.

    Args:
        people: columns person_id and those of ``EVIDENCE``.
        identities: columns account_id, person_id, evidence: the accounts of people that were joined.
        named: account ids; what stands behind their first colon is compared.

    Returns:
        Rows account_id, person_id, evidence, sorted; and the kind of evidence by account that several share.
    """
    accounts = people.select(["person_id", *EVIDENCE]).to_pylist()
    joined = dict(zip(identities["account_id"].to_pylist(), identities["person_id"].to_pylist(), strict=True))
    known = {account["person_id"] for account in accounts} | set(joined)
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for account in accounts:
        person = joined.get(account["person_id"], account["person_id"])
        for kind in EVIDENCE:
            holders[kind, evidence_of(kind, account[kind])].add(person)
    found: list[dict[str, str]] = []
    shared: dict[str, str] = {}
    for account_id in sorted(set(named) - known):
        text = account_id.partition(":")[2]
        for kind in EVIDENCE:
            value = evidence_of(kind, text)
            persons = holders.get((kind, value), set()) if value else set()
            if len(persons) == 1:
                found.append({"account_id": account_id, "person_id": next(iter(persons)), "evidence": kind})
            elif persons:
                shared[account_id] = kind
            if persons:
                break
    return pa.Table.from_pylist(found, schema=SCHEMA), shared

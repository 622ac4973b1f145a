"""Where the evidence on who is who contradicts itself: shown, because no program can decide it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from qa_sync.people.identity import EVIDENCE, ambiguous, normal_name
from qa_sync.people.references import references_of

#: Evidence that one human being has only one of.
_UNIQUE = EVIDENCE[:2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account and who it was found to be.

    ``person_id`` is the account that stands for the human being (itself, where no twin was found), ``evidence`` what
    joined it. ``conflicts`` say in words what speaks against it, or why evidence could not be used.
    """

    account_id: str
    person_id: str
    source: str
    name: str
    evidence: str
    conflicts: tuple[str, ...]


def who_is_who(people: pa.Table, identities: pa.Table, *, named: Sequence[str] = ()) -> list[Account]:
    """Return every account that was joined with another, or whose evidence conflicts, persons together.

    Args:
        people: columns person_id, source and those of ``EVIDENCE``.
        identities: columns account_id, person_id, evidence, as ``identities_of`` found them.
        named: accounts that only evaluations name.
    """
    accounts = {row["person_id"]: row for row in people.select(["person_id", "source", *EVIDENCE]).to_pylist()}
    joined = {row["account_id"]: row for row in identities.to_pylist()}
    groups: dict[str, list[str]] = defaultdict(list)
    for account in sorted(accounts.keys() | joined.keys()):
        groups[joined[account]["person_id"] if account in joined else account].append(account)
    unusable: dict[str, list[str]] = defaultdict(list)
    for account, kind in ambiguous(people):
        unusable[account].append(
            f"{_words(kind)} shared with another account of {accounts[account]['source']}: not used"
        )
    _found, shared = references_of(people, identities, named)
    for account, kind in shared.items():
        unusable[account].append(f"named in evaluations only; several people have this {_words(kind)}: nobody is taken")
        groups[account].append(account)
    found = []
    for person, members in sorted(groups.items()):
        against = list(_contradictions([accounts[one] for one in members if one in accounts]))
        for account in members:
            row = accounts.get(account, {})
            is_lost = account in joined and joined[account]["evidence"] not in EVIDENCE and not row
            own = (*unusable[account], *against, *(["declared, but no source has this account"] if is_lost else []))
            if own or len(members) > 1:
                found.append(
                    Account(
                        account_id=account,
                        person_id=person,
                        source=str(row.get("source") or ""),
                        name=str(row.get("name") or ""),
                        evidence=str(joined[account]["evidence"]) if account in joined else "",
                        conflicts=own,
                    )
                )
    return found


def _contradictions(members: list[Mapping[str, Any]]) -> Iterator[str]:
    """Say what one human being cannot have twice, and names that are not alike."""
    if len(members) < 2:
        return
    for kind in _UNIQUE:
        values = {str(row[kind]).strip().casefold() for row in members if str(row[kind] or "").strip()}
        if len(values) > 1:
            yield f"joined, though the {_words(kind)} differs"
    names = {tuple(sorted(normal_name(row["name"]).split())) for row in members if normal_name(row["name"])}
    if len(names) > 1 and not set.intersection(*(set(name) for name in names)):
        yield "joined, though the names have no word in common"


def _words(kind: str) -> str:
    return kind.replace("_", " ")

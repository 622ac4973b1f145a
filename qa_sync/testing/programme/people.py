"""Agents, evaluators and auditors: invented names, one account each, and where they worked when."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from qa_sync.testing.programme import story
from qa_sync.testing.programme.draw import Ints, shares
from qa_sync.testing.programme.record import PEOPLE, ROSTERS

FIRST_NUMBER = 1001
SITE_NAMES = [site.name for site in story.SITES]
QUEUE_NAMES = [queue.name for queue in story.QUEUES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Everybody, by position (person_no = position + 1001), with positions in ``story`` for site and queue.

    ``pools[site][queue]`` holds the positions of evaluators, ``agents[site][queue]`` those of agents. ``moved_on``
    is the first day of the mover at ``moved_to``; before, ``site`` holds. ``hired`` counts days since 1970.
    """

    people: pa.Table
    rosters: pa.Table
    site: Ints
    hired: Ints
    pools: tuple[tuple[Ints, ...], ...]
    agents: tuple[tuple[Ints, ...], ...]
    auditors: Ints
    mover: int
    moved_to: int
    moved_on: date

    def place(self, role: tuple[str, str, int]) -> int:
        """Return the position of an evaluator named in ``story``; -1 when the programme is too small for one."""
        pool = self.pools[SITE_NAMES.index(role[0])][QUEUE_NAMES.index(role[1])]
        return int(pool[role[2]]) if role[2] < len(pool) else -1


def make_staff(rng: Generator, *, start: date, weeks: int, agents: int, evaluators: int, auditors: int) -> Staff:
    """Hire everybody before the programme starts, but for a few agents who join while it runs."""
    spots: list[tuple[str, int, int]] = []
    for role, total in (("agent", agents), ("evaluator", evaluators)):
        at_sites = shares(total, [s.share for s in story.SITES] if role == "agent" else [1.0] * len(story.SITES))
        for s, count in enumerate(at_sites):
            weights = [q.share if role == "agent" else q.evaluators for q in story.QUEUES]
            for q, part in enumerate(shares(count, weights)):
                spots += [(role, s, q)] * part
    home = story.SITES.index(story.AUDIT_SITE)
    spots += [("senior_auditor" if n == auditors - 1 else "auditor", home, -1) for n in range(auditors)]
    pools = _cells(spots, "evaluator")
    mover = _mover(pools)
    moved_to = SITE_NAMES.index(story.MOVER[3])
    moved_on = start + timedelta(weeks=weeks // 2)
    people, rosters = _tables(rng, spots, start, weeks, mover, moved_to, moved_on)
    hired = people["valid_from"].cast(pa.int32()).to_numpy().astype(np.int64)
    return Staff(
        hired=hired,
        people=people,
        rosters=rosters,
        site=np.array([s for _, s, _ in spots], dtype=np.int64),
        pools=pools,
        agents=_cells(spots, "agent"),
        mover=mover,
        moved_to=moved_to,
        moved_on=moved_on,
        auditors=np.array([n for n, spot in enumerate(spots) if spot[0].endswith("auditor")], dtype=np.int64),
    )


def _cells(spots: list[tuple[str, int, int]], role: str) -> tuple[tuple[Ints, ...], ...]:
    return tuple(
        tuple(
            np.array([n for n, spot in enumerate(spots) if spot == (role, s, q)], dtype=np.int64)
            for q in range(len(story.QUEUES))
        )
        for s in range(len(story.SITES))
    )


def _mover(pools: tuple[tuple[Ints, ...], ...]) -> int:
    site, queue, place, _ = story.MOVER
    pool = pools[SITE_NAMES.index(site)][QUEUE_NAMES.index(queue)]
    return int(pool[place]) if place < len(pool) else -1


def _names(rng: Generator, code: str, count: int) -> list[tuple[str, str]]:
    """Names of one site, no two alike; a middle initial is added when the invented ones run out."""
    given, family = story.GIVEN_NAMES[code], story.FAMILY_NAMES[code]
    order = rng.permutation(len(given) * len(family))
    made: list[tuple[str, str]] = []
    for n in range(count):
        lap, at = divmod(n, len(order))
        first, last = divmod(int(order[at]), len(family))
        initials = "".join(f" {chr(ord('A') + int(digit))}." for digit in str(lap)) if lap else ""
        made.append((given[first] + initials, family[last]))
    return made


def _plain(text: str) -> str:
    """Letters for an address: accents and spaces dropped."""
    spelt = unicodedata.normalize("NFKD", text.replace("Ł", "L").replace("ł", "l"))
    return "".join(letter for letter in spelt.lower() if letter.isascii() and letter.isalnum())


def _tables(
    rng: Generator,
    spots: list[tuple[str, int, int]],
    start: date,
    weeks: int,
    mover: int,
    moved_to: int,
    moved_on: date,
) -> tuple[pa.Table, pa.Table]:
    named = {s: iter(_names(rng, site.code, sum(spot[1] == s for spot in spots))) for s, site in enumerate(story.SITES)}
    before = rng.integers(30, 900, len(spots))
    late = rng.random(len(spots)) < 0.04
    joined = rng.integers(1, max(2, weeks // 2), len(spots))
    people: list[dict[str, object]] = []
    rosters: list[dict[str, object]] = []
    for n, (role, s, q) in enumerate(spots):
        site = story.SITES[s]
        given, family = next(named[s])
        hired = start - timedelta(days=int(before[n]))
        if role == "agent" and late[n] and spots[n - 1] == spots[n]:  # the first of a team is always there
            hired = start + timedelta(weeks=int(joined[n]))
        login = f"{_plain(given)}.{_plain(family)}"
        queue = story.QUEUES[q].name if q >= 0 else None
        team = f"{site.code} {queue or 'Audit'} {'ABC'[n % 3]}" if role == "agent" else f"{site.code} Quality"
        row = {
            "person_no": FIRST_NUMBER + n,
            "role": role,
            "site": site.name,
            "site_kind": site.kind,
            "team": team,
            "queue": queue,
            "valid_from": hired,
            "valid_to": None,
        }
        rosters.append(row)
        if n == mover:
            row["valid_to"] = moved_on - timedelta(days=1)
            new = story.SITES[moved_to]
            row = {
                **row,
                "site": new.name,
                "site_kind": new.kind,
                "team": f"{new.code} Quality",
                "valid_from": moved_on,
                "valid_to": None,
            }
            rosters.append(row)
        people.append(
            {
                **row,
                "valid_from": hired,
                "name": f"{given} {family}",
                "email": f"{login}@{site.domain}",
                "employee_number": f"{site.code}{10_000 + n}",
                "user_name": login,
            }
        )
    return (pa.Table.from_pylist(people, schema=PEOPLE), pa.Table.from_pylist(rosters, schema=ROSTERS))

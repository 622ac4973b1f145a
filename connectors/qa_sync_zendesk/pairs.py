"""Custom fields of a page of tickets: {id, value} pairs, of which only some may be stored.

An account lists all its fields in every ticket, in one order. So where the wanted ones stand is learnt from one page,
and from then on the others are skipped as bytes, which a ticket with many fields is most of. What is found there is
held against what was learnt, ticket by ticket: the ids tell, and a page that differs is read pair by pair again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import compress, repeat
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Raw, Struct

#: So often the custom fields may change places before nothing is made of where they stand.
MOST_LAYOUTS = 8


class Pair(Struct, gc=False, frozen=True):
    """One custom field of a ticket; the value stays as it was written."""

    id: int
    value: Raw = Raw(b"null")


class _Skipped(Struct, gc=False, frozen=True):
    """A custom field that may not be stored: nothing of it is kept."""


_NO_PAIR = Pair(id=-1)
#: What stands at the first place of a list that is empty.
_ABSENT = (None, _NO_PAIR)
_pair_id = attrgetter("id")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a ticket's list of custom fields those stand that may be stored.

    ``fields`` is a class that takes such a list by position; ``ids`` are those of the allowed, in their order.
    """

    fields: Any
    ids: tuple[int, ...]
    _pairs: Any = field(repr=False)

    def reduce(self, records: Sequence[Any]) -> bool:
        """Leave the allowed pairs of decoded tickets only, unless one of them has its fields elsewhere."""
        found: list[tuple[Pair, ...]] = []
        try:
            found = list(map(self._pairs, records))
        except AttributeError:  # no list of custom fields at all
            return False
        ids = [list(map(_pair_id, column)) for column in zip(*found, strict=True)]
        told = [set(column) for column in ids]
        if any(seen - {one, _NO_PAIR.id} for seen, one in zip(told, self.ids, strict=True)):
            return False
        if any(_NO_PAIR.id in seen for seen in told):
            lacks = [one == _NO_PAIR.id for one in ids[0]]
            empty = [record.custom_fields.at_0 in _ABSENT for record in records]
            if lacks != empty or any([one == _NO_PAIR.id for one in column] != empty for column in ids[1:]):
                return False  # a shorter list, in which not all of the allowed can have been found
            found = [() if nothing else pairs for pairs, nothing in zip(found, lacks, strict=True)]
        deque(map(setattr, records, repeat("custom_fields"), found), maxlen=0)
        return True


def layout_of(records: Sequence[Any], allowed: Collection[int]) -> Layout | None:
    """Return where the allowed pairs stand in the first ticket that has any; None where one of them is nowhere."""
    pairs = next((record.custom_fields for record in records if record.custom_fields), None)
    ids = [pair.id for pair in pairs or ()]
    if len(set(ids)) != len(ids) or not set(allowed) <= set(ids):
        return None
    places = {place: f"at_{place}" for place, one in enumerate(ids) if one in allowed}
    made = [
        (f"at_{place}", Pair, _NO_PAIR) if place in places else (f"at_{place}", _Skipped | None, None)
        for place in range(max(places) + 1)
    ]
    fields = msgspec.defstruct("FieldsByPlace", made, array_like=True, gc=False)
    names = [f"custom_fields.{name}" for name in places.values()]
    getter = attrgetter(*names) if len(names) > 1 else _single(names[0])
    return Layout(fields, tuple(ids[place] for place in places), getter)


def _single(name: str) -> Any:
    get = attrgetter(name)
    return lambda record: (get(record),)


def keep_allowed(records: Sequence[Any], allowed: Collection[int]) -> None:
    """Leave the allowed pairs of decoded tickets only, looking at every pair."""
    is_allowed = allowed.__contains__
    for record in records:
        pairs = record.custom_fields
        if pairs:
            record.custom_fields = list(compress(pairs, map(is_allowed, map(_pair_id, pairs))))

"""Time zones by their names in the IANA database."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def _known() -> frozenset[str]:
    """Reading all of them takes 20 ms, and they are asked about in every file of a workspace."""
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Say whether ``name`` is a time zone of the IANA database."""
    return name in _known()


def nearest_zone(name: str) -> str:
    """Return a hint for a name that is no time zone: the zone it is most likely meant to be."""
    ending = name.rpartition("/")[2].replace(" ", "_").lower()
    found = sorted(zone for zone in _known() if zone.lower().endswith(f"/{ending}"))
    return f"did you mean {found[0]}?" if found else "use a name such as Europe/Dublin"

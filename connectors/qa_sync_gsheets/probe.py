"""Try, on the real spreadsheet, what nobody has shown about Google: ``check --probe``.

Everything is tried on developer metadata with a key of its own, which nobody sees, and removed again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from qa_sync.errors import Problem
from qa_sync_gsheets.marks import FENCE_BASE, forget
from qa_sync_gsheets.trouble import Refused

Json = dict[str, Any]
Call = Callable[..., Any]
KEY = "qa.probe"


def probe(call: Call, place: tuple[str, ...], notify: Callable[[str], None]) -> list[Problem]:
    """Return what does not hold: that a taken id is refused (the fence), and that a freed one can be had at once.

    Args:
        call: sends a request below the spreadsheet.
        place: path of the settings, for problems.
        notify: told what was found about deleting a missing entry; both answers are fine.
    """
    number = random.randrange(FENCE_BASE // 2, FENCE_BASE)  # noqa: S311
    problems: list[Problem] = []
    try:
        _do(call, [_create(number)])
        if _works(call, [_create(number)]):
            problems.append(
                Problem(
                    what="Google lets two entries have one metadata id, so two publishers at once are not noticed",
                    hint="let one qa-sync at a time write to this spreadsheet",
                    path=place,
                )
            )
        if not _works(call, [forget(number), _create(number)]):
            problems.append(
                Problem(
                    what="Google does not let a freed metadata id be taken again in the same batch",
                    hint="set unverified: {column_guard: none}",
                    path=(*place, "unverified", "column_guard"),
                )
            )
    finally:
        _clean(call)
    fails = not _works(call, [forget(number)])
    notify(f"deleting metadata that is not there {'is an error' if fails else 'is taken for done'}")
    return problems


def _create(number: int) -> Json:
    entry = {"metadataId": number, "metadataKey": KEY, "location": {"spreadsheet": True}, "visibility": "DOCUMENT"}
    return {"createDeveloperMetadata": {"developerMetadata": entry}}


def _do(call: Call, requests: list[Json]) -> None:
    call("POST", ":batchUpdate", body={"requests": requests}, params={"fields": "spreadsheetId"})


def _works(call: Call, requests: list[Json]) -> bool:
    try:
        _do(call, requests)
    except Refused:
        return False
    return True


def _clean(call: Call) -> None:
    """Remove every entry of ours; there may be two under one id."""
    _works(call, [{"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": {"metadataKey": KEY}}}}])

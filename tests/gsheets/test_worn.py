"""Links and dropdowns that a definition has no more are taken off its tab, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gsheets.gsheet_world import SHAPE, World, base_of, rows, tab

from qa_sync.dashboards.cells import Input, TabShape

LINK = "https://a.invalid/{id}"
CAUSE = Input(name="cause", label="Cause", options=("form", "training"))
DRESSED = replace(
    SHAPE,
    fields=tuple(
        replace(one, link=LINK)
        if one.name == "evaluator"
        else replace(one, options=("open", "closed"))
        if one.name == "outcome"
        else one
        for one in SHAPE.fields
    ),
    inputs=(CAUSE,),
)
BARE = replace(SHAPE, inputs=(replace(CAUSE, options=()),))
EVALUATOR, OUTCOME, CAUSE_AT = 1, 2, 6


def shown(world: World, column: int) -> list[Any]:
    """Where each cell of a column leads, and what it offers."""
    grid = next(one for one in world.sandbox.book(world.spreadsheet).sheets if one.title == "Pairs")
    found = []
    for row in range(1, 6):
        cell = grid.cell(row, column)
        run = ((cell.other or {}).get("textFormatRuns") or [{}])[0]
        condition = (cell.validation or {}).get("condition") or {}
        offered = [one["userEnteredValue"] for one in condition.get("values", [])]
        found.append((((run.get("format") or {}).get("link") or {}).get("uri"), offered))
    return found


def put(world: World, row: int, column: int, **parts: Any) -> None:
    """A person puts a link or a dropdown of their own into a cell."""
    grid = next(one for one in world.sandbox.book(world.spreadsheet).sheets if one.title == "Pairs")
    grid.put(row, [(column, replace(grid.cell(row, column), **parts))])


def publish(world: World, shape: TabShape, again: bool = True) -> None:
    one = tab(rows(5), shape)
    world.publish(one, base={"pairs": base_of(one)} if again else None)


def test_what_the_definition_has_no_more_is_taken_off_and_what_people_put_there_stays(world: World) -> None:
    publish(world, DRESSED, again=False)
    assert shown(world, EVALUATOR)[0] == ("https://a.invalid/evaluator%200", [])
    assert shown(world, OUTCOME) == [(None, ["open", "closed"])] * 5
    assert shown(world, CAUSE_AT) == [(None, ["form", "training"])] * 5
    theirs = {"textFormatRuns": [{"format": {"link": {"uri": "https://b.invalid/"}}}]}
    put(world, 2, EVALUATOR, other=theirs)
    rule = {"condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "mine"}]}}
    put(world, 3, OUTCOME, validation=rule)
    publish(world, BARE)
    assert shown(world, EVALUATOR) == [(None, []), ("https://b.invalid/", []), *[(None, [])] * 3]
    assert shown(world, OUTCOME) == [(None, []), (None, []), (None, ["mine"]), (None, []), (None, [])]
    assert shown(world, CAUSE_AT) == [(None, [])] * 5
    assert [line[:2] for line in world.cells()[1:6]] == [[f"P{at:04d}", f"evaluator {at}"] for at in range(5)]


def test_columns_that_were_moved_and_shifted_by_new_ones_are_found(world: World) -> None:
    publish(world, DRESSED, again=False)
    human = world.sandbox.human
    human.move_column(world.spreadsheet, "Pairs", EVALUATOR, 4)
    head = world.cells()[0]
    more = replace(BARE, fields=(*BARE.fields, replace(BARE.fields[1], name="auditor", label="Auditor")))
    one = tab({**rows(5), "auditor": ["a", "b", "c", "d", "e"]}, more)
    world.publish(one, base={"pairs": base_of(tab(rows(5), DRESSED))})
    new = world.cells()[0]
    assert new.index("Cause") == head.index("Cause") + 1
    for label in ("Evaluator", "Outcome", "Cause", "Auditor"):
        assert shown(world, new.index(label)) == [(None, [])] * 5, label


def test_options_of_a_column_for_people_follow_it_when_a_column_of_ours_comes_in_front(world: World) -> None:
    publish(world, DRESSED, again=False)
    offered = replace(CAUSE, options=("other",))
    more = replace(
        DRESSED, fields=(*DRESSED.fields, replace(SHAPE.fields[1], name="auditor", label="Auditor")), inputs=(offered,)
    )
    world.publish(tab({**rows(5), "auditor": ["a", "b", "c", "d", "e"]}, more))
    new = world.cells()[0]
    assert shown(world, new.index("Cause")) == [(None, ["other"])] * 5
    assert shown(world, new.index("Auditor")) == [(None, [])] * 5


def test_a_tab_that_has_nothing_to_take_off_is_not_read_for_it(world: World) -> None:
    publish(world, DRESSED, again=False)
    before = len(world.sandbox.log)
    publish(world, replace(DRESSED, notes=("Another look.",)))
    asked = [one.path for one in list(world.sandbox.log)[before:]]
    assert not [path for path in asked if path.endswith(":getByDataFilter")]

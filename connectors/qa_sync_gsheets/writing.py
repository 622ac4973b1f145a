"""Carry plans out: steps into batches, batches through the fence, and rows hit by mistake put right."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qa_sync.dashboards.cells import Present, PresentTab, TabPlan
from qa_sync.dashboards.look import shape_hash
from qa_sync.errors import LostRace, SinkError
from qa_sync_gsheets import looks
from qa_sync_gsheets.batches import Batch, key_rows, pack, seal
from qa_sync_gsheets.fence import ColumnMoved, Sender
from qa_sync_gsheets.inventory import Inventory, read_inventory
from qa_sync_gsheets.looks import Dressing
from qa_sync_gsheets.marks import COLUMN, INPUT, Marks, found_entries, read_marks, search_request, sheet_id_of
from qa_sync_gsheets.steps import (
    Step,
    chart_step,
    insertions,
    tick_step,
    updates,
)
from qa_sync_gsheets.structure import creation, dropped, look, structure
from qa_sync_gsheets.targets import Target, new_target, old_target
from qa_sync_gsheets.trouble import Refused
from qa_sync_gsheets.verify import keys_in, misplaced, repairs
from qa_sync_gsheets.worn import take_off, worn_by

Json = dict[str, Any]
Call = Callable[..., Any]
#: How often rows hit by mistake are put right before the rest is left to the next refresh.
MOST_REPAIRS = 3
KEY_FIELDS = "sheets(properties.sheetId,data(startRow,startColumn,rowData.values.userEnteredValue))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What writing left behind: the marks as they are now, and notes for people."""

    marks: Marks
    notes: tuple[str, ...]


class Writing:
    """One carrying out of plans that were made from one read."""

    def __init__(
        self, plans: Sequence[TabPlan], present: Present, call: Call, sender: Sender, *, guarded: bool
    ) -> None:
        self._plans = plans
        self._present = present
        self._call = call
        self._sender = sender
        self._guarded = guarded
        self._marks: Marks = present.token
        self._notes: list[str] = []
        self._targets: dict[str, Target] = {}
        self._by_name: dict[str, TabPlan] = {}

    def run(self) -> Outcome:
        """Write everything.

        Raises:
            LostRace: the spreadsheet has changed under us; nothing of the batch in hand happened.
            SinkError, TransientError: as the transport says.
        """
        for batch in pack(self._steps()):
            self._send(batch)
        for plan in self._plans:
            target = self._target_of(plan)
            tab = self._marks.tabs.get(target.name)
            if plan.reshape and tab is not None:
                columns = {name: number for name, number in tab.columns.items() if name in target.places}
                shape = plan.wanted.shape
                tab = replace(tab, shape_hash=shape_hash(shape), columns=columns, worn=worn_by(shape))
                self._marks = self._marks.with_tab(target.name, tab)
        return Outcome(marks=self._marks, notes=tuple(dict.fromkeys(self._notes)))

    # -- steps -----------------------------------------------------------------------------------------------

    def _steps(self) -> list[Step]:
        todo = [plan for plan in self._plans if not plan.is_empty]
        inventory = Inventory()
        if any(plan.create or plan.reshape for plan in todo):
            inventory = read_inventory(self._call)
        first: list[Step] = []
        for plan in self._plans:
            target, step = self._target(plan, inventory)
            self._targets[target.name] = target
            self._by_name[target.name] = plan
            self._notes += target.notes
            first += [step] if step is not None else []
        data: list[Step] = []
        for plan in todo:
            target = self._target_of(plan)
            data += [*updates(plan, target), *insertions(plan, target)]
            made = set(plan.inserts.get(plan.wanted.shape.key, ()))
            anew = plan.create or plan.reshape or any(key in made for key, _ in plan.wanted.shape.ticks)
            boxes = tick_step(plan, target) if anew else None
            data += [boxes] if boxes is not None else []
        return [*first, *data, *self._chart_steps(inventory)]

    def _target_of(self, plan: TabPlan) -> Target:
        return self._targets[f"{plan.wanted.shape.dashboard}/{plan.wanted.shape.name}"]

    def _target(self, plan: TabPlan, inventory: Inventory) -> tuple[Target, Step | None]:
        shape = plan.wanted.shape
        tab = self._present.tabs.get(shape.name)
        if plan.create or tab is None:
            sheet_id = inventory.free_id(sheet_id_of(shape.dashboard, shape.name))
            title = inventory.free_title(shape.title)
            target = new_target(plan, sheet_id, title)
            index = self._next_place(inventory)
            inventory.add(sheet_id, title, index)
            if title != shape.title:
                self._notes.append(f"a tab {shape.title!r} that is not ours exists; ours is called {title!r}")
            return target, creation(plan, target, index)
        target = old_target(plan, tab.handle)
        # What is taken off stands where it was read: before anything is inserted.
        steps = [self._worn(plan, target) if plan.reshape else None, structure(plan, target)]
        if plan.reshape:
            worn = inventory.dressings.get(target.sheet_id, Dressing())
            steps.append(look(plan, target, worn))
            gone = dropped(plan, tab.handle.marks)
            if gone:
                self._notes.append(
                    f"tab {target.title!r}: no longer kept up, and left to you: {', '.join(sorted(gone))}"
                )
        parts = [step for step in steps if step is not None]
        if not parts:
            return target, None
        requests = tuple(request for step in parts for request in step.requests)
        return target, Step(tab=target.name, requests=requests, fields=parts[0].fields)

    def _worn(self, plan: TabPlan, target: Target) -> Step | None:
        """Take off links and dropdowns that are asked for no more; offer in columns for people what they have now."""
        shape, layout = plan.wanted.shape, target.layout
        if layout is None:
            return None
        asked = {one.name: one for one in shape.inputs if one.options}
        places = self._input_places(target.sheet_id) if layout.marks.inputs else {}
        there = {name: target.places[name] for name in layout.columns}
        requests = take_off(layout.marks.worn, shape, target.sheet_id, there, places, self._call)
        for name, column in places.items():
            if name in asked:
                requests += looks.dropdown(asked[name], target.sheet_id, layout.head, column)
        return Step(tab=target.name, requests=tuple(requests), fields=frozenset(layout.columns)) if requests else None

    def _input_places(self, sheet_id: int) -> dict[str, int]:
        """Return where columns for people are by now, wherever they have been moved."""
        found: dict[str, int] = {}
        for entry in search(self._call):
            where = (entry.get("location") or {}).get("dimensionRange") or {}
            if entry["metadataKey"] == INPUT and where.get("sheetId", 0) == sheet_id:
                found[entry.get("metadataValue", "")] = where.get("startIndex", 0)
        return found

    def _next_place(self, inventory: Inventory) -> int:
        """New tabs stand behind our last one, or in front of everything."""
        return 1 + max((inventory.place(target.sheet_id) for target in self._targets.values()), default=-1)

    def _chart_steps(self, inventory: Inventory) -> list[Step]:
        drawn = {plan.wanted.shape.name: self._target_of(plan).drawn(plan) for plan in self._plans}
        made = {plan.wanted.shape.name for plan in self._plans if plan.create}
        steps: list[Step] = []
        for plan in self._plans:
            shape = plan.wanted.shape
            if plan.reshape or plan.create or any(chart.data in made for chart in shape.charts):
                target = self._target_of(plan)
                worn = inventory.dressings.get(target.sheet_id, Dressing())
                step = chart_step(plan, target, drawn, worn.charts)
                steps += [step] if step is not None else []
        return steps

    # -- batches ---------------------------------------------------------------------------------------------

    def _send(self, batch: Batch) -> None:
        spreadsheet = self._send_once(batch)
        for _ in range(MOST_REPAIRS):
            repair = self._repair(batch, spreadsheet)
            if repair is None:
                return
            batch = repair
            spreadsheet = self._send_once(batch)

    def _send_once(self, batch: Batch) -> Json:
        """Send a batch and return the key cells of the rows it wrote, as they are after it."""
        generation = self._marks.generation + 1
        sealed = seal(batch, self._marks, self._targets, uuid.uuid4().hex, guarded=self._guarded)
        try:
            landed = self._sender.send(sealed, generation)
        except ColumnMoved as moved:
            raise self._really_moved(moved) from None
        except Refused as refused:
            raise self._changed_or(refused) from None
        if landed.answer is None:
            # It landed, but its answer, with the ids of new marks, was lost: search for them.
            self._marks = read_marks(search(self._call))
            if self._marks.generation != generation:
                raise changed_meanwhile()
            return self._keys_of(batch)
        entries = (
            (reply.get("createDeveloperMetadata") or {}).get("developerMetadata")
            for reply in landed.answer.get("replies") or []
        )
        self._marks = self._marks.after_write().learn([entry for entry in entries if entry])
        answer: Json = landed.answer.get("updatedSpreadsheet") or {}
        return answer

    def _repair(self, batch: Batch, spreadsheet: Json) -> Batch | None:
        """Return the batch that gives rows hit by mistake what is their own; None when every row was right."""
        steps: list[Step] = []
        for name, written in batch.written().items():
            target, plan = self._targets[name], self._by_name[name]
            keys = keys_in(spreadsheet, target.sheet_id, target.places[target.key])
            wrong = misplaced(written, keys)
            if wrong:
                present: PresentTab = self._present.tabs[plan.wanted.shape.name]
                steps.append(repairs(plan, present, target, wrong, keys))
                rows = len({one.row for one in wrong})
                self._notes.append(f"tab {target.title!r}: {rows} rows moved while we wrote, and were put right")
        return Batch(steps=steps) if steps else None

    def _keys_of(self, batch: Batch) -> Json:
        """Read the key cells that a lost answer would have shown."""
        ranges = [
            {
                "sheetId": target.sheet_id,
                "startRowIndex": top,
                "endRowIndex": bottom,
                "startColumnIndex": target.places[target.key],
                "endColumnIndex": target.places[target.key] + 1,
            }
            for name, written in batch.written().items()
            for target in (self._targets[name],)
            for top, bottom in key_rows(written)
        ]
        if not ranges:
            return {}
        body = {"dataFilters": [{"gridRange": one} for one in ranges], "includeGridData": True}
        answer: Json = self._call("POST", ":getByDataFilter", params={"fields": KEY_FIELDS}, body=body)
        return answer

    # -- when Google says no -----------------------------------------------------------------------------------

    def _really_moved(self, moved: ColumnMoved) -> Exception:
        """Tell a column that was moved from a guard that Google does not take."""
        entries = search(self._call)
        places = {
            int(one["metadataId"]): (one.get("location") or {}).get("dimensionRange") or {}
            for one in entries
            if one["metadataKey"] == COLUMN
        }
        for name, target in self._targets.items():
            tab = self._marks.tabs.get(name)
            for one, number in (tab.columns if tab else {}).items():
                where = places.get(number, {})
                expected = (target.sheet_id, target.places.get(one, -1))
                if one in target.places and (where.get("sheetId", 0), where.get("startIndex", -1)) != expected:
                    return moved
        return SinkError(
            "Google Sheets refused to guard our columns though none was moved; "
            "set unverified: {column_guard: none} for this sink, and report it"
        )

    def _changed_or(self, refused: Refused) -> Exception:
        """Return LostRace when tabs changed since they were read, otherwise what Google said."""
        answer = self._call("GET", "", params={"fields": "sheets.properties(sheetId,title,gridProperties.rowCount)"})
        there = {one["properties"].get("sheetId", 0): one["properties"] for one in answer.get("sheets") or []}
        for target in self._targets.values():
            sheet = there.get(target.sheet_id)
            was_there = target.layout is not None
            same = sheet is not None and sheet["title"] == target.title
            if was_there and not (same and sheet and sheet["gridProperties"]["rowCount"] == target.rows):
                return changed_meanwhile()
            taken = {one["title"].casefold() for one in there.values()}
            if not was_there and (sheet is not None or target.title.casefold() in taken):
                return changed_meanwhile()
        return refused


def changed_meanwhile() -> LostRace:
    """Return the error for a spreadsheet whose tabs changed between our read and our write."""
    return LostRace("tabs or rows changed while they were written to; nothing was written, read them again")


def search(call: Call) -> list[Json]:
    """Return all metadata entries of ours."""
    return found_entries(call("POST", "/developerMetadata:search", body=search_request()))

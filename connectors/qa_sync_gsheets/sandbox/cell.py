"""One cell, and the wire forms of its value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from qa_sync_gsheets.sandbox.masks import Mask, assign
from qa_sync_gsheets.sandbox.refusal import Refusal

CELL_TEXT_LIMIT = 50_000


class Formula(str):
    """A formula, with its equals sign; plain text that looks like one is a plain str."""

    __slots__ = ()


Value = str | float | bool | Formula | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell holds. ``format``, ``validation`` and ``other`` are API objects that nobody mutates."""

    value: Value = None
    format: dict[str, Any] | None = None
    note: str | None = None
    validation: dict[str, Any] | None = None
    other: dict[str, Any] | None = None

    @property
    def is_blank(self) -> bool:
        """True when the cell need not be kept."""
        return self == _BLANK


_BLANK = Cell()
BLANK = _BLANK


def from_extended(extended: dict[str, Any] | None) -> Value:
    """Read an ExtendedValue; an unset one is an empty cell."""
    if not extended:
        return None
    if len(extended) > 1:
        raise Refusal(400, "Invalid value: oneof field 'value' is already set.")
    kind, value = next(iter(extended.items()))
    if value is None:
        return None
    if kind == "numberValue":
        return float(value)
    if kind == "boolValue":
        return bool(value)
    if kind == "formulaValue":
        if not str(value).startswith("="):
            raise Refusal(400, "Invalid formulaValue: a formula must start with '='.")
        return Formula(value)
    if kind == "stringValue":
        if len(value) > CELL_TEXT_LIMIT:
            raise Refusal(400, "Your input contains more than the maximum of 50000 characters in a single cell.")
        return str(value) or None
    raise Refusal(400, f"Invalid value: {kind} cannot be written.")


def to_extended(value: Value) -> dict[str, Any] | None:
    """Return the ExtendedValue of a stored value, or None for an empty cell."""
    if value is None:
        return None
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, Formula):
        return {"formulaValue": str(value)}
    if isinstance(value, str):
        return {"stringValue": value}
    return {"numberValue": plain_number(value)}


def plain_number(value: float) -> int | float:
    """Return a whole number as int, as JSON from Google shows it."""
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def update_cell(cell: Cell, data: dict[str, Any], mask: Mask) -> Cell:
    """Return ``cell`` with the masked fields of a CellData taken over; what the data lacks is cleared."""
    whole = "*" in mask
    if whole or "userEnteredValue" in mask:
        cell = replace(cell, value=from_extended(data.get("userEnteredValue")))
    if whole or "userEnteredFormat" in mask:
        below: Mask = {"*": {}} if whole else mask["userEnteredFormat"]
        look = assign(cell.format or {}, _with_styles(data.get("userEnteredFormat") or {}), _with_style_names(below))
        cell = replace(cell, format=look or None)
    if whole or "note" in mask:
        cell = replace(cell, note=data.get("note") or None)
    if whole or "dataValidation" in mask:
        cell = replace(cell, validation=data.get("dataValidation") or None)
    rest = [name for name in (data if whole else mask) if name in {"textFormatRuns", "pivotTable", "chipRuns"}]
    if rest:
        other = {**(cell.other or {}), **{name: data.get(name) for name in rest}}
        cell = replace(cell, other={name: part for name, part in other.items() if part} or None)
    return cell


def _with_styles(look: dict[str, Any]) -> dict[str, Any]:
    """Google keeps each colour twice: the old field and its ``...Style``; fill in whichever is missing."""
    filled: dict[str, Any] = {}
    for name, part in look.items():
        if name in {"backgroundColor", "foregroundColor"}:
            filled[name] = part
            filled.setdefault(name + "Style", look.get(name + "Style") or {"rgbColor": part})
        elif name in {"backgroundColorStyle", "foregroundColorStyle"}:
            filled[name] = part
            if isinstance(part, dict) and "rgbColor" in part:
                filled.setdefault(name.removesuffix("Style"), part["rgbColor"])
        else:
            filled[name] = _with_styles(part) if name == "textFormat" and isinstance(part, dict) else part
    return filled


def _with_style_names(mask: Mask) -> Mask:
    wide: Mask = {}
    for name, below in mask.items():
        wide[name] = _with_style_names(below) if name == "textFormat" else below
        if name in {"backgroundColor", "foregroundColor"}:
            wide[name + "Style"] = {}
        elif name in {"backgroundColorStyle", "foregroundColorStyle"}:
            wide[name.removesuffix("Style")] = {}
    return wide

"""Arrow values as Python ones, also days and moments that Python has none for: infinity, year 12000, before Christ.

Such a value becomes the text that the engine writes for it; all others stay what they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pandas as pd

_ENDLESS = {"D": 2**31 - 1, "other": 2**63 - 1}


def records_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of a table as dicts."""
    try:
        rows: list[dict[str, Any]] = table.to_pylist()
    except (OverflowError, ValueError):
        columns = {name: values_of(column) for name, column in zip(table.column_names, table.columns, strict=True)}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return rows


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Return a table as a frame; a column with a value that pandas has none for holds Python's values and texts."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        try:
            if _goes_beyond(column):
                raise OverflowError
            columns[name] = column.to_pandas(maps_as_pydicts="strict")
        except (OverflowError, ValueError, pa.ArrowException):
            columns[name] = pd.Series(values_of(column), dtype=object)
    return pd.DataFrame(columns, columns=table.column_names, index=pd.RangeIndex(table.num_rows))


def _goes_beyond(column: pa.ChunkedArray) -> bool:
    """Whether a column of days or moments holds one outside the years 1 to 9999."""
    if not (pa.types.is_date32(column.type) or pa.types.is_timestamp(column.type)):
        return False
    span = pc.min_max(column.cast(pa.int32() if pa.types.is_date32(column.type) else pa.int64()))
    unit = "D" if pa.types.is_date32(column.type) else column.type.unit
    if not span["min"].is_valid or unit == "ns":  # whose range is narrower
        return False
    first, last = np.array(["0001-01-01", "9999-12-31"], dtype=f"datetime64[{unit}]").astype("int64")
    return bool(span["min"].as_py() < first or span["max"].as_py() > last)


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """Return the values of a column."""
    try:
        found: list[Any] = column.to_pylist()
    except (OverflowError, ValueError):
        found = [_value(one) for one in column]
    return found


def _value(one: pa.Scalar) -> Any:
    if not one.is_valid:
        return None
    kind = one.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        try:
            return one.as_py()
        except (OverflowError, ValueError):
            return _text(one.value, "D" if pa.types.is_date32(kind) else getattr(kind, "unit", "ms"), kind)
    if pa.types.is_map(kind):
        return [(_value(pair["key"]), _value(pair["value"])) for pair in one.values]
    if pa.types.is_struct(kind):
        return {name: _value(one[name]) for name in one}
    if pa.types.is_nested(kind) and hasattr(one, "values"):
        return [_value(part) for part in one.values]
    return one.as_py()


def _text(value: int, unit: str, kind: pa.DataType) -> str:
    """Return a count of days or fractions of seconds since 1970 as a day or a moment."""
    end = _ENDLESS.get(unit, _ENDLESS["other"])
    if abs(value) >= end:
        return "infinity" if value > 0 else "-infinity"
    text = str(np.array(value, dtype=f"datetime64[{unit}]"))
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text}Z" if getattr(kind, "tz", None) else text

"""Put a report together from groups and columns; what a number is called and means comes from its definition."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.agreement.estimate import Batch
from qa_sync.dashboards.cells import Chart, Field, Kind, Tone
from qa_sync.errors import ConfigError, Problem
from qa_sync.reports.grouping import Grouping
from qa_sync.reports.published import PUBLISHED_BY_ID
from qa_sync.reports.report import Report, Trace
from qa_sync.wording import did_you_mean

NOBODY = "(none)"
#: A column and its cells.
Column = tuple[Field, pa.Array]

_KINDS: dict[str, tuple[Kind, int]] = {
    "share": ("percent", 1),
    "coefficient": ("number", 2),
    "points": ("number", 2),
    "levels": ("number", 2),
    "count": ("integer", 0),
    "reviews": ("integer", 0),
    "score": ("number", 2),
    "days": ("number", 1),
}


def number(
    metric: str,
    values: Any,
    *,
    low: Any = None,
    high: Any = None,
    hidden: Any = None,
    tone: Tone = "",
    width: int = 90,
) -> list[Column]:
    """Return the column of a metric (its id is ``report.field``), and those of the ends of its interval.

    Args:
        metric: id of its definition, which gives heading, meaning and unit.
        values: one a row; NaN and None are nothing.
        low: lower ends, or None for no interval.
        high: upper ends.
        hidden: where true the value is left out; the interval stands.
        tone: colours.
        width: in pixels.
    """
    told = PUBLISHED_BY_ID[metric]
    kind, decimals = _KINDS[told.unit]
    name = metric.rpartition(".")[2]
    cells = np.asarray(values, dtype=np.float64)
    if hidden is not None:
        cells = np.where(hidden, np.nan, cells)
    doc = f"{told.formula[0].upper()}{told.formula[1:]}."
    field = Field(name=name, label=told.name, kind=kind, decimals=decimals, width=width, tone=tone, doc=doc)
    made = [(field, _cells(cells, kind))]
    for end, word, ends in (("low", "from", low), ("high", "to", high)):
        if ends is not None:
            doc = f"95 % interval of {told.name[0].lower()}{told.name[1:]}: {told.interval}."
            own = Field(
                name=f"{name}_{end}", label=f"{told.name} {word}", kind=kind, decimals=decimals, width=width, doc=doc
            )
            made.append((own, _cells(np.asarray(ends, dtype=np.float64), kind)))
    return made


def estimated(metric: str, batch: Batch, *, hidden: Any = None, tone: Tone = "") -> list[Column]:
    """Return the columns of a batch of estimates: value, from, to."""
    return number(metric, batch.value, low=batch.lower, high=batch.upper, hidden=hidden, tone=tone)


def text(name: str, label: str, values: Any, doc: str, *, width: int = 120, tone: Tone = "") -> Column:
    """Return a column of words."""
    cells = [None if value in (None, "") else str(value) for value in values]
    return Field(name=name, label=label, doc=doc, width=width, tone=tone), pa.array(cells, pa.string())


def key_field(by: Sequence[Grouping]) -> Field:
    """Return the column of the rows' identities: as wide as what they are made of."""
    return Field(name="key", label="Key", width=60 + 40 * max(len(by), 1), doc="Identity of the row; do not change it.")


def report(
    name: str,
    title: str,
    by: Sequence[Grouping],
    groups: pa.Table,
    columns: Sequence[Column],
    *,
    notes: Sequence[str] = (),
    trace: Trace | None = None,
    charts: tuple[Chart, ...] = (),
) -> Report:
    """Return a report with one row a group: its key, what it is grouped by, and its columns, newest weeks first."""
    made: dict[str, pa.Array] = {"key": keys([groups[g.name] for g in by], groups.num_rows)}
    made |= {g.name: groups[g.name].cast(pa.string()).combine_chunks() for g in by}
    made |= {field.name: cells for field, cells in columns}
    fields = (
        key_field(by),
        *(g.field for g in by),
        *(field for field, _ in columns),
    )
    rows = pa.table({field.name: made[field.name] for field in fields})
    order = [(g.name, "descending" if g.name == "week" else "ascending") for g in by] or [("key", "ascending")]
    rows = rows.take(pc.sort_indices(rows, sort_keys=order))
    return Report(
        name=name, title=title, fields=fields, key="key", rows=rows, notes=tuple(notes), trace=trace, charts=charts
    )


def keys(columns: Sequence[pa.ChunkedArray], height: int) -> pa.Array:
    """Return the key of each row: the values it is grouped by."""
    if not columns:
        return pa.array(["all"] * height, pa.string())
    # The mark that joins is escaped in the parts: two groups never share a key.
    texts = [column.cast(pa.string()) for column in columns]
    plain = [pc.replace_substring(_whole(column), "|", r"\|") for column in texts]
    filled = [pc.fill_null(column, NOBODY) for column in plain]
    return pc.binary_join_element_wise(*filled, "|")


def allowed(report_name: str, asked: Collection[str], known: Collection[str]) -> None:
    """Check that a report has the columns it is grouped and filtered by.

    Raises:
        ConfigError: it has not.
    """
    for name in asked:
        if name not in known:
            what = f"the report {report_name} cannot be grouped or filtered by {name!r}"
            raise ConfigError(Problem(what=what, hint=did_you_mean(name, sorted(known))))


def selected(by: Sequence[Grouping]) -> tuple[str, str]:
    """Return the SQL that selects the groupings, and their names for GROUP BY ("everything" without any)."""
    keys_sql = ", ".join(f'{g.sql} AS "{g.name}"' for g in by) or "'all' AS everything"
    return keys_sql, ", ".join(f'"{g.name}"' for g in by) or "everything"


def floats(table: pa.Table, name: str) -> np.ndarray:
    """Return a column as doubles, NaN for null."""
    return np.asarray(table[name].cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _cells(values: np.ndarray, kind: Kind) -> pa.Array:
    nothing = ~np.isfinite(values)
    if kind == "integer":
        return pa.array(np.where(nothing, 0, values).astype(np.int64), pa.int64(), mask=nothing)
    return pa.array(values, pa.float64(), mask=nothing)

"""A tab from a free query: the table it returned becomes what a report is, with typed columns and a key."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.dashboards.cells import Field, Kind
from qa_sync.dashboards.definition import TabDefinition
from qa_sync.errors import ConfigError, Problem
from qa_sync.reports.assemble import keys
from qa_sync.reports.report import Report
from qa_sync.wording import did_you_mean

#: The column made of a key of several columns, or of one that holds no texts.
KEY = "key"


def report_of(tab: TabDefinition, rows: pa.Table, *, where: str) -> Report:
    """Return the answer of a tab's query as a report, in the query's order.

    A text column that is the key alone is moved to the front; otherwise a column of the key's parts is made.

    Args:
        tab: with the key, and the values to keep where the dashboard is cut to one (``ask.where``).
        rows: what the query returned.
        where: names the tab in messages.

    Raises:
        ConfigError: a column that is asked for is not in the answer, or the key does not tell its rows apart.
    """
    asked = [*tab.key, *tab.ask.where, *tab.columns, *(tab.totals if isinstance(tab.totals, tuple) else ())]
    for name in asked:
        if name not in rows.column_names and not (name == KEY and name in tab.columns):
            what = f"{where}: its select has no column {name!r}"
            raise ConfigError(Problem(what=what, hint=did_you_mean(name, rows.column_names)))
    for name, value in tab.ask.where.items():
        rows = rows.filter(pc.equal(rows[name].cast(pa.string()), value))
    names = list(rows.column_names)
    single = tab.key[0] if len(tab.key) == 1 and pa.types.is_string(rows.schema.field(tab.key[0]).type) else ""
    if single:
        key = single
        rows = rows.select([single, *(name for name in names if name != single)])
    else:
        if KEY in names:
            what = f"{where}: a column is called {KEY!r}, and so would be the one made of {', '.join(tab.key)}"
            raise ConfigError(Problem(what=what, hint="give it another name in the select"))
        key = KEY
        rows = rows.add_column(0, KEY, keys([rows[name] for name in tab.key], rows.num_rows))
    _check_key(rows[key], tab, where)
    fields = tuple(_field(one.name, one.type, tab if one.name == key else None) for one in rows.schema)
    return Report(name=tab.name, title=tab.title, fields=fields, key=key, rows=rows)


def _check_key(key: pa.ChunkedArray, tab: TabDefinition, where: str) -> None:
    named = ", ".join(tab.key)
    empty = len(key) - (pc.sum(pc.not_equal(pc.fill_null(key, ""), "")).as_py() or 0)
    if empty:
        what = f"{where}: {empty:,} rows have no {named}, which is the key"
        raise ConfigError(Problem(what=what, hint="leave such rows out, or name columns that identify every row"))
    twice = len(key) - len(pc.unique(key))
    if twice:
        what = f"{where}: {twice:,} rows have a key ({named}) that another row has too"
        raise ConfigError(Problem(what=what, hint="name more columns in 'key', or group by it"))


def _field(name: str, kind: pa.DataType, key_of: TabDefinition | None) -> Field:
    # By kind and never by content: data set no widths. Wide enough that a workbook wraps texts and cuts none.
    shown = _kind(kind)
    wide = 80 + 120 * len(key_of.key) if key_of else 200
    return Field(
        name=name,
        label=name.replace("_", " ").capitalize(),
        kind=shown,
        width=wide if shown == "text" else 110,
        doc="Identity of the row; do not change it." if key_of else "",
    )


def _kind(kind: pa.DataType) -> Kind:
    types = pa.types
    if types.is_boolean(kind):
        return "boolean"
    if types.is_integer(kind):
        return "integer"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_date(kind):
        return "date"
    return "time" if types.is_timestamp(kind) else "text"

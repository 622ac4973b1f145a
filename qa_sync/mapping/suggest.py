"""Propose the lines of a stream that no mapping reads yet, from what its records look like. Proposals say so.

Nothing here is guessed silently: each proposed line ends with ``# proposed`` and the reason, and what could be read
in two ways is left to the reader.
"""

from __future__ import annotations

from collections.abc import Mapping

from qa_sync.mapping.proposing import WORDS, is_label, plain, quoted, seen, slug
from qa_sync.mapping.samples import Sampled
from qa_sync.model import TABLES, Column

#: What a required column of few words is given where nothing in the record says it.
_ASSUMED = {
    ("interactions", "kind"): "ticket",
    ("evaluations", "about"): "agent_work",
    ("evaluations", "kind"): "standard",
    ("evaluations", "status"): "submitted",
    ("answers", "state"): "valued",
    ("rosters", "role"): "evaluator",
}
#: Tables a stream of plain rows may become.
_TABLES = ("interactions", "people", "rosters", "lookups", "evaluations", "answers", "disputes")


def suggest_stream(stream: str, records: int, paths: Mapping[str, Sampled]) -> list[str]:
    """Return the lines of a stream, with the table that its records fit best, each marked as a proposal."""
    if not paths:
        return [f"  # {stream}: no record to look at; pull first (qa-sync sync)"]
    table, chosen = _table(paths)
    schema = TABLES[table]
    left = {path: one for path, one in paths.items() if path not in chosen.values()}
    lines = [
        f"  {stream}:",
        f"    {table}:   # proposed: of the tables, its columns fit best; {records:,} records seen",
    ]
    lines.append("      fields:")
    for column in schema.columns:
        if column.name in chosen:
            lines += _field(column, paths[chosen[column.name]], records)
        elif column.required:
            lines.append(f"        {column.name}: {_assumed(table, column)}")
    labels = [one for one in left.values() if is_label(one)]
    if labels and "dimensions" in schema.names:
        lines.append("      dimensions:")
        names: set[str] = set(schema.names)
        for one in labels:
            name = slug(one.path, names)
            lines.append(f"        {name}: {{from: {quoted(one.path)}}}   # proposed: {seen(one, records)}")
    rest = [one for one in left.values() if one not in labels or "dimensions" not in schema.names]
    lines += [f"      # not proposed: {one.path} ({seen(one, records)})" for one in rest]
    return lines


def _table(paths: Mapping[str, Sampled]) -> tuple[str, dict[str, str]]:
    """Return the table whose columns fit best, with the path of each column that has one."""
    best: tuple[float, str, dict[str, str]] = (-1.0, _TABLES[0], {})
    for table in _TABLES:
        chosen = _matched(table, paths)
        columns = {column.name: column for column in TABLES[table].columns}
        score = sum(3.0 if columns[name].required else 1.0 for name in chosen)
        score -= sum(
            1.0 for c in columns.values() if c.required and c.name not in chosen and (table, c.name) not in _ASSUMED
        )
        if score > best[0]:
            best = (score, table, chosen)
    return best[1], best[2]


def _matched(table: str, paths: Mapping[str, Sampled]) -> dict[str, str]:
    """Return the path of each column that has one: by its own name first, then by other words for it."""
    chosen: dict[str, str] = {}
    for exactly in (True, False):
        for column in TABLES[table].columns:
            if column.type == "labels" or column.name in chosen:
                continue
            names = (plain(column.name),) if exactly else WORDS.get(column.name, ())
            for path, one in paths.items():
                words = {plain(path), plain(path.rpartition(".")[2])}
                if path not in chosen.values() and words.intersection(names) and _can_be(column, one):
                    chosen[column.name] = path
                    break
    return chosen


def _can_be(column: Column, one: Sampled) -> bool:
    if column.type == "number":
        return one.are_numbers
    if column.type == "integer":
        return one.are_numbers and all("." not in value for value in one.values)
    if column.type == "boolean":
        return one.are_truths
    if column.type == "time":
        return any(form.has_time for form in one.formats)
    if column.type == "date":
        return bool(one.formats)
    return True


def _field(column: Column, one: Sampled, records: int) -> list[str]:
    why = seen(one, records)
    if column.type in {"time", "date"}:
        return _moment(column, one, why)
    if column.values:
        return _choice(column, one, why)
    given = f"{{from: {quoted(one.path)}" + (f", type: {column.type}" if column.type != "text" else "") + "}"
    return [f"        {column.name}: {given}   # proposed: {why}"]


def _moment(column: Column, one: Sampled, why: str) -> list[str]:
    fitting = [form for form in one.formats if form.has_time or column.type == "date"]
    form = fitting[0]
    standard = form.text == ("iso" if column.type == "time" else "%Y-%m-%d")
    zone = ", time_zone: UTC" if form.has_offset != (column.type == "time") else ""
    formats = "" if standard else f", formats: {quoted(form.text)}"
    lines = [
        f"        {column.name}: {{from: {quoted(one.path)}, type: {column.type}{formats}{zone}}}   # proposed: {why}"
        + ("; in which zone?" if zone else "")
    ]
    if len(fitting) > 1 and not standard:
        others = " or ".join(other.text for other in fitting[1:])
        lines.append(f"        # {column.name}: every value also fits {others}; choose the one that the source means")
    return lines


def _choice(column: Column, one: Sampled, why: str) -> list[str]:
    known = {value.lower(): value for value in column.values}
    pairs = [f"{quoted(text)}: {known.get(text.lower()) or 'null'}" for text in one.values]
    unknown = sum(text.lower() not in known for text in one.values)
    note = f"; say what the {unknown} without a translation mean" if unknown else ""
    line = f"        {column.name}: {{from: {quoted(one.path)}, values: {{{', '.join(pairs)}}}}}   # proposed: {why}"
    return [line + note + f" (one of {', '.join(column.values)})"]


def _assumed(table: str, column: Column) -> str:
    if (table, column.name) in _ASSUMED:
        listed = f" (one of {', '.join(column.values)})" if column.values else ""
        return f"{{const: {_ASSUMED[table, column.name]}}}   # proposed: nothing in the record says it{listed}"
    if column.type == "date":
        return "{from: _record_id, type: date}   # proposed: nothing in the record fits; name a path"
    if column.values:
        listed = ", ".join(column.values)
        return f"{{const: {column.values[0]}}}   # proposed: nothing in the record says it (one of {listed})"
    return "{from: _record_id}   # proposed: nothing in the record fits; name a path"

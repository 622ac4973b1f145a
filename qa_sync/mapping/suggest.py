"""Propose a mapping: from what an account has defined, and from what its records look like. Proposals say so.

Nothing here is guessed silently: each proposed line ends with ``# proposed`` and the reason, and what could be read
in two ways is left to the reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from qa_sync.mapping.files import parse
from qa_sync.mapping.samples import Sampled
from qa_sync.model import TABLES, Column
from qa_sync.model.account import CUSTOM_FIELD, Defined, Definitions
from qa_sync.yamlfile import parse as parse_yaml

#: Options spelled out in a proposal; longer choices are named by their values.
MOST_OPTIONS = 60
#: Different values up to which a path is proposed as a dimension.
MOST_LABELS = 30

#: Other words for columns, as exports and custom fields spell them.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "evaluation_id": ("evaluation", "review id", "audit id", "assessment id", "eval id"),
    "interaction_id": ("ticket id", "ticket", "case id", "case", "item id", "item", "contact id", "conversation id"),
    "evaluator_id": (
        "evaluator",
        "reviewer",
        "reviewer id",
        "rater",
        "worker id",
        "auditor",
        "auditor id",
        "scored by",
    ),
    "agent_id": ("agent", "assignee id", "assignee", "employee", "employee id", "reviewee"),
    "form_id": ("form", "form name", "scorecard", "scorecard id", "survey"),
    "submitted_at": ("evaluated at", "evaluation date", "review date", "submitted", "scored at", "date"),
    "reported_score": ("score", "total score", "overall score", "quality score"),
    "criterion_key": ("criterion", "question", "category", "component", "label"),
    "option": ("answer", "rating", "response", "value"),
    "points": ("points", "points earned"),
    "max_points": ("max points", "points available", "out of"),
    "person_id": ("employee number", "employee id", "agent id", "account"),
    "employee_number": ("employee number", "employee id", "external id"),
    "valid_from": ("from", "start", "start date", "valid from"),
    "valid_to": ("to", "until", "end", "end date", "valid to"),
    "queue": ("queue", "work stream", "workstream", "line of business"),
    "site": ("site", "location", "vendor site"),
    "region": ("region", "market", "country"),
    "language": ("language", "locale"),
    "product": ("product", "product area"),
    "policy": ("policy", "policy area"),
    "severity": ("severity", "sev"),
    "escalation_level": ("escalation level", "tier", "escalation"),
    "created_at": ("created", "created at", "opened"),
    "email": ("e mail", "mail", "email address"),
}
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


def suggest_additions(text: str, *, file: str, definitions: Sequence[Definitions]) -> tuple[str, int]:
    """Return a mapping's text with a proposed line for every custom field that it does not read, and how many.

    Raises:
        ConfigError: the mapping itself cannot be read.
    """
    mapping = parse(text, file=file)
    added = 0
    for known in definitions:
        tables = mapping.streams.get(known.stream)
        if known.kind != CUSTOM_FIELD or not tables:
            continue
        table = next(iter(tables))
        read = mapping.custom_fields(known.stream)
        taken = {field.column for field in (*tables[table].fields, *tables[table].dimensions)}
        for thing in known.things.values():
            if thing.is_active and thing.id not in read:
                text = _insert(text, file, known.stream, table, thing, taken)
                added += 1
    return text, added


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
    labels = [one for one in left.values() if _is_label(one)]
    if labels and "dimensions" in schema.names:
        lines.append("      dimensions:")
        names: set[str] = set(schema.names)
        for one in labels:
            name = _slug(one.path, names)
            lines.append(f"        {name}: {{from: {_quoted(one.path)}}}   # proposed: {_seen(one, records)}")
    rest = [one for one in left.values() if one not in labels or "dimensions" not in schema.names]
    lines += [f"      # not proposed: {one.path} ({_seen(one, records)})" for one in rest]
    return lines


# --- custom fields --------------------------------------------------------------------------------------------
def _insert(text: str, file: str, stream: str, table: str, thing: Defined, taken: set[str]) -> str:
    """Write one line in front of the first of the table's fields (or dimensions)."""
    document = parse_yaml(text, file=file)
    column = _column_for(thing.title, table, taken)
    block = "fields" if column else "dimensions"
    body = document.data["streams"][stream][table]
    name = column or _slug(thing.title or thing.id, taken | set(TABLES[table].names))
    taken.add(name)
    line = f'{name}: {_custom(thing)}   # proposed: "{thing.title}"' + (f", {thing.type}" if thing.type else "")
    lines = text.splitlines()
    place: tuple[str, ...] = ("streams", stream, table, block)
    if body.get(block):
        at, indent = document.places[(*place, next(iter(body[block])))]
        before = lines[at - 1][: indent - 1]
        if not before.strip():  # one line a field; a table in braces is left to the reader
            lines.insert(at - 1, before + line)
            return "\n".join(lines) + "\n"
    else:
        at, indent = document.places[(*place[:3], "fields")]
        before = lines[at - 1][: indent - 1]
        if not before.strip():
            lines[at - 1 : at - 1] = [f"{before}dimensions:", f"{before}  {line}"]
            return "\n".join(lines) + "\n"
    return text.rstrip("\n") + f"\n# {stream}.{table}.{block}: {line}\n"


def _custom(thing: Defined) -> str:
    if not thing.options or len(thing.options) > MOST_OPTIONS or thing.type == "checkbox":
        return f"{{custom_field: {thing.id}}}"
    values = ", ".join(f"{_quoted(value)}: {_quoted(title)}" for value, title in thing.options.items())
    return f"{{custom_field: {thing.id}, values: {{{values}}}, default: null}}"


def _column_for(title: str, table: str, taken: set[str]) -> str | None:
    wanted = _plain(title)
    for column in TABLES[table].columns:
        is_free = column.type == "text" and not (column.values or column.required or column.name in taken)
        if is_free and wanted in {_plain(column.name), *_WORDS.get(column.name, ())}:
            return column.name
    return None


# --- plain rows -----------------------------------------------------------------------------------------------
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
            names = (_plain(column.name),) if exactly else _WORDS.get(column.name, ())
            for path, one in paths.items():
                words = {_plain(path), _plain(path.rpartition(".")[2])}
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
    why = _seen(one, records)
    if column.type in {"time", "date"}:
        return _moment(column, one, why)
    if column.values:
        return _choice(column, one, why)
    given = f"{{from: {_quoted(one.path)}" + (f", type: {column.type}" if column.type != "text" else "") + "}"
    return [f"        {column.name}: {given}   # proposed: {why}"]


def _moment(column: Column, one: Sampled, why: str) -> list[str]:
    fitting = [form for form in one.formats if form.has_time or column.type == "date"]
    form = fitting[0]
    standard = form.text == ("iso" if column.type == "time" else "%Y-%m-%d")
    zone = ", time_zone: UTC" if form.has_offset != (column.type == "time") else ""
    formats = "" if standard else f", formats: {_quoted(form.text)}"
    lines = [
        f"        {column.name}: {{from: {_quoted(one.path)}, type: {column.type}{formats}{zone}}}   # proposed: {why}"
        + ("; in which zone?" if zone else "")
    ]
    if len(fitting) > 1 and not standard:
        others = " or ".join(other.text for other in fitting[1:])
        lines.append(f"        # {column.name}: every value also fits {others}; choose the one that the source means")
    return lines


def _choice(column: Column, one: Sampled, why: str) -> list[str]:
    known = {value.lower(): value for value in column.values}
    pairs = [f"{_quoted(text)}: {known.get(text.lower()) or 'null'}" for text in one.values]
    unknown = sum(text.lower() not in known for text in one.values)
    note = f"; say what the {unknown} without a translation mean" if unknown else ""
    line = f"        {column.name}: {{from: {_quoted(one.path)}, values: {{{', '.join(pairs)}}}}}   # proposed: {why}"
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


def _is_label(one: Sampled) -> bool:
    return one.is_choice and 1 < len(one.values) <= MOST_LABELS and one.records > len(one.values)


def _seen(one: Sampled, records: int) -> str:
    share = f"filled in {100 * one.records / records:.0f} %" if records else "never seen"
    return f"{share}, {len(one.values):,}{'+' if not one.is_choice else ''} different"


def _plain(name: str) -> str:
    """Return a name as words: ``assigneeId`` and ``Assignee ID`` are alike."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"[a-z0-9]+", spaced.lower()))


def _slug(title: str, taken: set[str]) -> str:
    stem = "_".join(_plain(title).split())[:50] or "field"
    stem = stem if stem[0].isalpha() else f"field_{stem}"
    name = stem
    number = 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    taken.add(name)
    return name


def _quoted(text: str) -> str:
    """Return a text as YAML reads it back: plain where that is safe, else in quotes."""
    return text if re.fullmatch(r"[A-Za-z][A-Za-z_.]{2,}", text) and not _is_word(text) else json.dumps(text)


def _is_word(text: str) -> bool:
    return text.lower() in {"null", "true", "false", "yes", "off"}

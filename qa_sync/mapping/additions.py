"""Additions to a mapping that is there: lines for what the account or its records have and no line reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qa_sync.mapping.files import parse
from qa_sync.mapping.language import CustomField, TableMapping, sources
from qa_sync.mapping.paths import Path, parse_path
from qa_sync.mapping.proposing import WORDS, is_label, plain, quoted, seen, slug
from qa_sync.mapping.samples import sample
from qa_sync.model import TABLES
from qa_sync.model.account import CUSTOM_FIELD, Defined, Definitions
from qa_sync.wording import column_name
from qa_sync.yamlfile import parse as parse_yaml

#: Options spelled out in a proposal; longer choices are named by their values.
MOST_OPTIONS = 60


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
                column = _column_for(thing.title, table, taken)
                title = " ".join(column_name(thing.title).split())
                made = f'{_custom(thing)}   # proposed: "{title}"' + (f", {thing.type}" if thing.type else "")
                text = _insert(text, file, (known.stream, table), column, thing.title or thing.id, made, taken)
                added += 1
    return text, added


def suggest_unread(text: str, *, file: str, stream: str, payloads: Iterable[str]) -> tuple[str, int]:
    """Return a mapping's text with a proposed line for what samples of a stream hold and no table of it reads.

    A path goes into the free column that its name means, else becomes a dimension where it has few enough different
    values to group by; what is neither is left alone. Elements of a list are looked at where a table is made of them.

    Raises:
        ConfigError: the mapping itself cannot be read.
    """
    tables = parse(text, file=file).streams[stream]
    listed = list(payloads)
    added = 0
    seen_lists: set[Path | None] = set()
    for name, table in tables.items():
        if table.each in seen_lists:
            continue  # the first table of a list, or of the records themselves, has what is proposed
        seen_lists.add(table.each)
        records, paths = sample(listed, each=table.each.segments if table.each else None)
        read = _read(tables.values(), table.each)
        taken = {field.column for field in (*table.fields, *table.dimensions)}
        for path, one in paths.items():
            if parse_path(path, in_each=False).segments in read:
                continue
            title = path.rpartition(".")[2]
            column = _column_for(title, name, taken)
            if column or (is_label(one) and "dimensions" in TABLES[name].names):
                made = f"{{from: {quoted(path)}}}   # proposed: {seen(one, records)}"
                text = _insert(text, file, (stream, name), column, title, made, taken)
                added += 1
    return text, added


def _read(tables: Iterable[TableMapping], each: Path | None) -> set[tuple[str | int, ...]]:
    """Return the paths that tables read of the elements of a list, or of the record itself."""
    read: set[tuple[str | int, ...]] = set()
    for table in tables:
        paths = [source.path for source in sources(table) if not isinstance(source, CustomField)]
        if each is None:
            read |= {path.segments for path in paths if path.scope == "record"}
        elif table.each == each:
            read |= {path.segments for path in paths if path.scope == "element"}
    return read


def _insert(
    text: str, file: str, place: tuple[str, str], column: str | None, title: str, made: str, taken: set[str]
) -> str:
    """Write one line in front of the first of the table's fields (or, without a column, dimensions)."""
    document = parse_yaml(text, file=file)
    stream, table = place
    block = "fields" if column else "dimensions"
    body = document.data["streams"][stream][table]
    name = column or slug(title, taken | set(TABLES[table].names))
    taken.add(name)
    line = f"{name}: {made}"
    lines = text.splitlines()
    at_table: tuple[str, ...] = ("streams", stream, table)
    if body.get(block):
        at, indent = document.places[(*at_table, block, next(iter(body[block])))]
        before = lines[at - 1][: indent - 1]
        if not before.strip():  # one line a field; a table in braces is left to the reader
            lines.insert(at - 1, before + line)
            return "\n".join(lines) + "\n"
    else:
        at, indent = document.places[(*at_table, "fields")]
        before = lines[at - 1][: indent - 1]
        if not before.strip():
            lines[at - 1 : at - 1] = [f"{before}dimensions:", f"{before}  {line}"]
            return "\n".join(lines) + "\n"
    return text.rstrip("\n") + f"\n# {stream}.{table}.{block}: {line}\n"


def _custom(thing: Defined) -> str:
    if not thing.options or len(thing.options) > MOST_OPTIONS or thing.type == "checkbox":
        return f"{{custom_field: {thing.id}}}"
    values = ", ".join(f"{quoted(value)}: {quoted(title)}" for value, title in thing.options.items())
    return f"{{custom_field: {thing.id}, values: {{{values}}}, default: null}}"


def _column_for(title: str, table: str, taken: set[str]) -> str | None:
    wanted = plain(title)
    for column in TABLES[table].columns:
        is_free = column.type == "text" and not (column.values or column.required or column.name in taken)
        if is_free and wanted in {plain(column.name), *WORDS.get(column.name, ())}:
            return column.name
    return None

"""Read a mapping file: strict, and with every problem told at once by line and column."""

from __future__ import annotations

import math
import re
from pathlib import Path as FilePath
from typing import Any, get_args

from qa_sync.errors import ConfigError
from qa_sync.mapping.cases import read_cases
from qa_sync.mapping.expressions import Expressions, outcomes
from qa_sync.mapping.language import CustomField, Expression, Field, From, Mapping, Scale, TableMapping
from qa_sync.mapping.paths import Path, PathError, parse_path
from qa_sync.mapping.problems import Place, Problems
from qa_sync.mapping.times import FormatError, TimeFormat, parse_format
from qa_sync.model import TABLES, Column, TableSchema
from qa_sync.model.columns import Type
from qa_sync.model.system import VERSION
from qa_sync.wording import did_you_mean
from qa_sync.yamlfile import Document
from qa_sync.yamlfile import parse as parse_yaml
from qa_sync.yamlfile import read as read_yaml
from qa_sync.zones import is_zone, nearest_zone

CONVERSIONS = ("type", "formats", "time_zone", "scale", "on_bad")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}\Z")
_DIMENSION = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")


def load(path: FilePath, *, shown_as: str) -> Mapping:
    """Read a mapping file; ``shown_as`` is the name that problems carry.

    Raises:
        ConfigError: with every problem of the file.
    """
    return from_document(read_yaml(path, shown_as=shown_as, lenient=True))


def parse(text: str, *, file: str) -> Mapping:
    """Read a mapping from text.

    Raises:
        ConfigError: with every problem of the text.
    """
    return from_document(parse_yaml(text, file=file, lenient=True))


def from_document(document: Document) -> Mapping:
    """Turn YAML that was read leniently into a mapping.

    Raises:
        ConfigError: with every problem, in the order of the file.
    """
    reader = _Reader(Problems(document))
    streams = reader.file(document.data)
    data = document.data if isinstance(document.data, dict) else {}
    cases = read_cases(data["cases"], reader.problems, streams) if "cases" in data else ()
    if reader.problems.found or document.problems:
        raise ConfigError(document.with_strictness(reader.problems.found))
    return Mapping(file=document.file, text=document.text, streams=streams, cases=cases)


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def file(self, data: Any) -> dict[str, dict[str, TableMapping]]:
        top = self.problems.mapping(data, (), of="version: 1 and streams:")
        if not top:
            return {}
        self.problems.keys(top, (), ("version", "streams", "cases"))
        if top.get("version") != 1 or isinstance(top["version"], bool):
            self.problems.add(("version",), "a mapping file begins with version: 1")
        if not top.get("streams"):
            self.problems.add(("streams",), "streams: is missing or holds nothing", "name at least one stream")
            return {}
        found: dict[str, dict[str, TableMapping]] = {}
        streams = self.problems.mapping(top["streams"], ("streams",), of="streams and their tables")
        for stream, tables in streams.items():
            if not _NAME.match(stream):
                self.problems.add(("streams", stream), "a stream's name is letters, digits and _")
            found[stream] = self.tables(tables, ("streams", stream))
        return found

    def tables(self, data: Any, place: Place) -> dict[str, TableMapping]:
        found: dict[str, TableMapping] = {}
        tables = self.problems.mapping(data, place, of="tables and their fields")
        if data == {}:
            self.problems.add(place, "no table", "name at least one table of the common schema")
        for name, body in tables.items():
            schema = TABLES.get(name)
            if schema is None:
                self.problems.add((*place, name), f"no table {name} in the common schema", did_you_mean(name, TABLES))
                continue
            table = self.table(schema, body, (*place, name))
            if table:
                found[name] = table
        return found

    def table(self, schema: TableSchema, data: Any, place: Place) -> TableMapping | None:
        body = self.problems.mapping(data, place, of="fields: and their columns")
        if not body:
            return None
        self.problems.keys(body, place, ("when", "each", "fields", "dimensions"), of=schema.name)
        each = self.each(body["each"], (*place, "each")) if "each" in body else None
        expressions = Expressions(self.problems, in_each="each" in body)
        when = expressions.condition(body["when"], (*place, "when")) if "when" in body else None
        fields = self.fields(schema, body.get("fields"), place, expressions)
        dimensions: tuple[Field, ...] = ()
        if "dimensions" in body:
            dimensions = self.dimensions(schema, body["dimensions"], (*place, "dimensions"), expressions)
        return TableMapping(table=schema.name, fields=fields, dimensions=dimensions, when=when, each=each)

    def each(self, data: Any, place: Place) -> Path | None:
        text = self.problems.text(data, place, of="the path of a list")
        try:
            path = None if text is None else parse_path(text, in_each=False)
        except PathError as error:
            self.problems.add(place, error.what, error.hint)
            return None
        if path and path.scope == "word":
            self.problems.add(place, f"{path} is not a list")
            return None
        return path

    def fields(self, schema: TableSchema, data: Any, place: Place, expressions: Expressions) -> tuple[Field, ...]:
        where = (*place, "fields")
        given = self.problems.mapping(data, where, of="columns and their expressions")
        found: list[Field] = []
        for name, body in given.items():
            if name == "dimensions":
                self.problems.add((*where, name), "dimensions: stands beside fields:, not in it")
            elif name in {column.name for column in schema.calendar_columns}:
                self.problems.add((*where, name), f"{name} is computed and cannot be mapped")
            elif name not in schema.names:
                what = f"{schema.name} has no column {name}"
                self.problems.add((*where, name), what, did_you_mean(name, schema.names))
            else:
                field = self.field(schema.column(name), body, (*where, name), expressions)
                if field:
                    found.append(field)
        if isinstance(data, dict):
            for column in schema.columns:
                if column.required and column.name not in given:
                    self.problems.add(
                        where,
                        f"the required column {column.name} is missing",
                        f"add {column.name}: {{...}} under fields:",
                    )
        order = {name: at for at, name in enumerate(schema.names)}
        return tuple(sorted(found, key=lambda field: order[field.column]))

    def dimensions(self, schema: TableSchema, data: Any, place: Place, expressions: Expressions) -> tuple[Field, ...]:
        found: list[Field] = []
        if "dimensions" not in schema.names:
            self.problems.add(place, f"{schema.name} has no dimensions")
            return ()
        taken = {column.name for column in schema.stored_columns} | set(VERSION.names)
        for name, body in self.problems.mapping(data, place, of="dimensions and their expressions").items():
            if not _DIMENSION.match(name):
                self.problems.add((*place, name), "a dimension's name is small letters, digits and _")
            elif name in taken:
                hint = "map it under fields:" if name in schema.names else "choose another name"
                self.problems.add((*place, name), f"{name} is a column of {schema.name} already", hint)
            column = Column(name=name, type="text", doc="")
            field = self.field(column, body, (*place, name), expressions)
            if field:
                found.append(field)
        return tuple(found)

    # --- one field ----------------------------------------------------------------------------------------
    def field(self, column: Column, data: Any, place: Place, expressions: Expressions) -> Field | None:
        expression = expressions.expression(data, place, further=CONVERSIONS)
        if not isinstance(data, dict):
            return None
        self.type(column, data, place)
        formats, zone = self.times(column, data, place)
        scale = self.scale(column, data["scale"], (*place, "scale")) if "scale" in data else None
        on_bad = data.get("on_bad", "reject")
        if on_bad not in ("reject", "missing"):
            self.problems.add((*place, "on_bad"), f"on_bad is reject or missing, not {on_bad}")
        if expression is None:
            return None
        self.listed(column, expression, place)
        if column.type == "texts" and (
            not isinstance(expression.source, (From, CustomField))
            or expression.match
            or expression.values
            or expression.when
        ):
            self.problems.add(
                place, f"{column.name} is a list of texts", "it takes from: or custom_field: and no other verb"
            )
        return Field(
            column=column.name,
            type=column.type,
            expression=expression,
            formats=formats,
            time_zone=zone,
            scale=scale,
            on_bad="missing" if on_bad == "missing" else "reject",
        )

    def type(self, column: Column, data: dict[str, Any], place: Place) -> None:
        """``type`` may be left out; when given, it must be the column's."""
        given = data.get("type", column.type)
        if given not in get_args(Type):
            self.problems.add((*place, "type"), f"no type {given}", did_you_mean(str(given), get_args(Type)))
        elif given != column.type:
            self.problems.add(
                (*place, "type"),
                f"{column.name} is of type {column.type}, not {given}",
                "leave type: out, or map another column",
            )

    def times(self, column: Column, data: dict[str, Any], place: Place) -> tuple[tuple[TimeFormat, ...], str | None]:
        zone = data.get("time_zone")
        if column.type not in {"time", "date"}:
            for key in ("formats", "time_zone"):
                if key in data:
                    self.problems.add((*place, key), f"{key} is for times and dates; {column.name} is {column.type}")
            return (), None
        if "time_zone" in data and not (isinstance(zone, str) and is_zone(zone)):
            self.problems.add((*place, "time_zone"), f"no time zone {zone}", nearest_zone(str(zone)))
            zone = None
        standard = ["iso"] if column.type == "time" else ["%Y-%m-%d"]
        formats = self.formats(data.get("formats", standard), (*place, "formats"), needs_time=column.type == "time")
        needs = [f.text for f in formats if f.has_offset != (column.type == "time")]
        if needs and "time_zone" not in data:
            self.problems.add(
                place,
                f"the format {needs[0]} needs a time_zone",
                "name the zone in which the source writes its times"
                if column.type == "time"
                else "name the zone whose calendar counts",
            )
        written = data.get("formats", standard)
        all_read = len(formats) == (len(written) if isinstance(written, list) else 1)
        if "time_zone" in data and all_read and not needs:
            self.problems.add((*place, "time_zone"), "time_zone has no effect: no format here needs one")
        return formats, zone if needs else None

    def formats(self, data: Any, place: Place, *, needs_time: bool) -> tuple[TimeFormat, ...]:
        listed = data if isinstance(data, list) else [data]
        found: list[TimeFormat] = []
        if not listed:
            self.problems.add(place, "no format")
        for at, item in enumerate(listed):
            where = (*place, at) if isinstance(data, list) else place
            text = self.problems.text(item, where, of="a format such as %d/%m/%Y %H:%M:%S")
            if text is None:
                continue
            try:
                one = parse_format(text)
            except FormatError as error:
                self.problems.add(where, error.what, error.hint)
                continue
            if needs_time and not one.has_time:
                self.problems.add(where, f"{text} has no time of day, and the column is a time")
            if any(one.regex == other.regex for other in found):
                self.problems.add(where, f"{text} reads the same texts as a format before it, so it is never used")
            found.append(one)
        return tuple(found)

    def scale(self, column: Column, data: Any, place: Place) -> Scale | None:
        if column.type != "number":
            self.problems.add(place, f"scale is for numbers; {column.name} is {column.type}")
            return None
        body = self.problems.mapping(data, place, of="{factor, offset} or {from: [0, 5], to: [0, 100]}")
        if not body:
            return None
        if "from" in body or "to" in body:
            self.problems.keys(body, place, ("from", "to"), of="scale")
            low, high = self.pair(body.get("from"), (*place, "from"))
            start, end = self.pair(body.get("to"), (*place, "to"))
            factor = (end - start) / (high - low)
            if factor == 0 or not math.isfinite(factor):
                self.problems.add(place, "the two ranges are too far from each other in size")
            return Scale(start=low, factor=factor, offset=start, low=low, high=high)
        self.problems.keys(body, place, ("factor", "offset"), of="scale")
        factor, offset = (body.get(key, standard) for key, standard in (("factor", 1), ("offset", 0)))
        if not (_is_number(factor) and _is_number(offset)) or factor == 0:
            self.problems.add(place, "factor and offset are numbers, the factor not 0")
            return None
        return Scale(factor=float(factor), offset=float(offset))

    def pair(self, data: Any, place: Place) -> tuple[float, float]:
        if isinstance(data, list) and len(data) == 2 and all(map(_is_number, data)) and data[0] < data[1]:
            return float(data[0]), float(data[1])
        self.problems.add(place, "two numbers are expected, the lower first", "such as [0, 5]")
        return 0.0, 1.0

    def listed(self, column: Column, expression: Expression, place: Place) -> None:
        """Compare what an expression can give with what the column may hold."""
        results = outcomes(expression)
        if results is None:
            return
        if column.required and results == {None}:
            self.problems.add(place, f"{column.name} is required and would never have a value")
        for result in sorted(text for text in results if text is not None):
            if column.values and result not in column.values:
                self.problems.add(place, f"{column.name} cannot be {result}", did_you_mean(result, column.values))
            elif not _fits(result, column):
                self.problems.add(place, f"{column.name} is of type {column.type}, and {result} is not")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _fits(text: str, column: Column) -> bool:
    if column.type == "boolean":
        return text.lower() in {"true", "false"}
    if column.type == "integer":
        return re.fullmatch(r"[+-]?[0-9]+(\.0*)?", text) is not None
    if column.type == "number":
        return re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", text) is not None
    return True

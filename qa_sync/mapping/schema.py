"""The mapping language as JSON Schema, so that editors complete keys and underline what is wrong.

Made from the common schema; ``mappings/mapping.schema.json`` is this, written out.
It says less than ``mapping check``: paths, patterns and formats are only texts to it.
"""

from __future__ import annotations

import json
from typing import Any, get_args

from qa_sync.mapping.expressions import QUESTIONS, SOURCES
from qa_sync.mapping.times import DIRECTIVES
from qa_sync.model import TABLES, Column, TableSchema
from qa_sync.model.columns import Type

Schema = dict[str, Any]

_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
_TEXT: Schema = {"type": ["string", "number"]}
_FORMATS = "iso (ISO 8601 with offset), epoch, epoch_ms, or spelled with " + " ".join(f"%{d}" for d in DIRECTIVES)
_SOURCES: dict[str, Schema] = {
    "from": {"description": "Path in the record, such as via.channel or rows[0].points.", "type": "string"},
    "custom_field": {"description": "Id of a custom field.", "type": ["integer", "string"]},
    "coalesce": {
        "description": "The first of several expressions that gives a value.",
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/$defs/expression"},
    },
    "template": {"description": 'Texts and paths put together, such as "zendesk:{id}".', "type": "string"},
    "const": {"description": "The same value for every row."} | _SCALAR,
}
_STEPS: dict[str, Schema] = {
    "when": {"description": "Gives a value only where this holds.", "$ref": "#/$defs/condition"},
    "match": {
        "description": "Keep what the pattern's group matches.",
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["pattern"],
                "properties": {"pattern": {"type": "string"}, "group": {"type": ["integer", "string"]}},
            },
        ],
    },
    "values": {
        "description": "Translate texts; what is not listed is bad, unless there is a default.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": _SCALAR,
    },
    "default": {"description": "What values: gives for a text it does not list."} | _SCALAR,
}
_ON_BAD: Schema = {
    "description": "reject: set the row aside. missing: leave the value out and note a finding.",
    "enum": ["reject", "missing"],
}


def json_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of mapping files."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "qa-sync mapping",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "streams"],
        "properties": {
            "version": {"const": 1},
            "streams": {
                "description": "Streams of the source, and the tables their records become.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/stream"},
            },
            "cases": {"description": "Records and the rows they must become.", "type": "array", "items": _case()},
        },
        "$defs": {
            "stream": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {
                    name: {"description": table.doc, "$ref": f"#/$defs/{name}"} for name, table in TABLES.items()
                },
            },
            **{name: _table(table) for name, table in TABLES.items()},
            **{f"{kind}_column": _field(kind) for kind in get_args(Type) if kind != "labels"},
            "expression": _expression({}),
            "dimension": _expression({"type": {"const": "text"}, "on_bad": _ON_BAD}),
            "condition": _condition(),
        },
    }


def _case() -> Schema:
    row = {"type": "object"}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "record"],
        "properties": {
            "name": {"description": "What the case shows, in a few words.", "type": "string"},
            "stream": {
                "description": "Whose record it is; left out where there is one.",
                "type": "string",
            },
            "record": {
                "description": "The record as the source sends it: keys and values, or a text of JSON.",
                "type": ["object", "string"],
            },
            "deleted": {"description": "The source deleted the record.", "type": "boolean"},
            "expect": {
                "description": "Per table the row, or the list of rows ([]: none); only the columns named count.",
                "type": "object",
                "additionalProperties": {"anyOf": [row, {"type": "array", "items": row}]},
            },
            "rejects": {
                "description": "Per table the columns that must set the row aside.",
                "type": "object",
                "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            },
        },
    }


def _expression(further: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": _SOURCES | _STEPS | further,
        "oneOf": [{"required": [source]} for source in SOURCES],
    }


def _table(table: TableSchema) -> Schema:
    columns = [column for column in table.columns if column.type != "labels"]
    properties: dict[str, Schema] = {
        "when": {
            "description": "Only records (with each: elements) for which this holds become rows.",
            "$ref": "#/$defs/condition",
        },
        "each": {"description": "Path of a list: every element becomes a row.", "type": "string"},
        "fields": {
            "type": "object",
            "additionalProperties": False,
            "required": [column.name for column in columns if column.required],
            "properties": {column.name: _column(column) for column in columns},
        },
    }
    if "dimensions" in table.names:
        properties["dimensions"] = {
            "description": "Any further columns, by name.",
            "type": "object",
            "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,59}$"},
            "additionalProperties": {"$ref": "#/$defs/dimension"},
        }
    return {"type": "object", "additionalProperties": False, "required": ["fields"], "properties": properties}


def _column(column: Column) -> Schema:
    unit = f" ({column.unit})" if column.unit else ""
    listed = f" One of {', '.join(column.values)}." if column.values else ""
    return {"description": f"{column.doc}{listed} [{column.type}{unit}]", "$ref": f"#/$defs/{column.type}_column"}


def _field(kind: str) -> Schema:
    further: dict[str, Schema] = {"type": {"const": kind}, "on_bad": _ON_BAD}
    if kind in {"time", "date"}:
        text = {"type": "string", "description": _FORMATS}
        further["formats"] = {"anyOf": [text, {"type": "array", "minItems": 1, "items": text}]}
        further["time_zone"] = {
            "description": "IANA zone in which the source writes, such as Europe/Dublin.",
            "type": "string",
        }
    if kind == "number":
        pair = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
        further["scale"] = {
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": False,
                    "minProperties": 1,
                    "properties": {"factor": {"type": "number"}, "offset": {"type": "number"}},
                },
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["from", "to"],
                    "properties": {"from": pair, "to": pair},
                },
            ]
        }
    return _expression(further)


def _condition() -> Schema:
    again = {"$ref": "#/$defs/condition"}
    several = {"type": "array", "minItems": 1, "items": again}
    combined = [
        {"type": "object", "additionalProperties": False, "required": [how], "properties": {how: inner}}
        for how, inner in (("all", several), ("any", several), ("not", again))
    ]
    asked: dict[str, Schema] = {
        "in": {"type": "array", "minItems": 1, "items": _TEXT},
        "not_in": {"type": "array", "minItems": 1, "items": _TEXT},
        "is": {"type": ["string", "number", "boolean"]},
        "is_not": {"type": ["string", "number", "boolean"]},
        "is_null": {"type": "boolean"},
        "matches": {"type": "string"},
    }
    question = {
        "type": "object",
        "additionalProperties": False,
        "properties": _SOURCES | _STEPS | asked,
        "allOf": [
            {"oneOf": [{"required": [source]} for source in SOURCES]},
            {"oneOf": [{"required": [name]} for name in QUESTIONS]},
        ],
    }
    return {"anyOf": [several, *combined, question]}


def written() -> str:
    """Return the schema as the text of the shipped file."""
    return json.dumps(json_schema(), indent=1) + "\n"

"""The JSON Schema that editors use: shipped as it is made, true of every starter and of every example, false of mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from mapping.json_schema import faults
from mapping.strategies import mappings
from mapping.test_page import BROKEN, WHOLE

from qa_sync.errors import ConfigError
from qa_sync.mapping.schema import json_schema, written
from qa_sync.yamlfile import parse

PROJECT = Path(__file__).resolve().parents[2]
SCHEMA = json_schema()
#: Mistakes that take more than a schema to see: paths, patterns, formats, rules held against each other.
BEYOND = {
    "A path that is none",
    "A value the column cannot hold",
    "A translation to a value the column cannot hold",
    "A local time without a zone",
    "A zone that does not exist",
    "A two-digit year",
    "A format without a time of day",
    "A default without values",
    "A key that can never be matched",
    "A pattern outside the subset",
    "A repeat inside a repeat",
    "Several groups, none of them named",
    "An option that is never reached",
    "A lone brace",
    "A dimension with the name of a column",
    "The element outside a list",
}


def faults_of(text: str) -> list[str]:
    return faults(parse(text, file="m.yaml").data, SCHEMA, SCHEMA)


def test_shipped_schema_is_the_one_that_is_made() -> None:
    shipped = (PROJECT / "mappings" / "mapping.schema.json").read_text(encoding="utf-8")
    assert shipped == written(), (
        "write it anew: python -c 'from qa_sync.mapping.schema import written; print(written(), end=\"\")'"
    )


def starters() -> list[Path]:
    files = [
        *(PROJECT / "mappings").glob("*.yaml"),
        *(PROJECT / "mappings" / "demo").glob("*.yaml"),
        *(PROJECT / "examples").glob("*/mappings/*.yaml"),
    ]
    # file profiles and workspaces are no mappings
    return sorted(path for path in files if path.stem not in {"workspace", "verint_files"})


@pytest.mark.parametrize("path", starters(), ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_starters_fit_the_schema(path: Path) -> None:
    assert faults_of(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("text", WHOLE)
def test_examples_of_the_page_fit_the_schema(text: str) -> None:
    assert faults_of(text) == []


@given(mappings())
@settings(max_examples=30, deadline=None)
def test_random_mappings_that_are_in_order_fit_the_schema(text: str) -> None:
    assert faults_of(text) == []


@pytest.mark.parametrize(
    ("title", "text"),
    [(title, text) for title, text, _ in BROKEN if title not in BEYOND],
    ids=[title for title, _, _ in BROKEN if title not in BEYOND],
)
def test_mistakes_of_shape_are_underlined(title: str, text: str) -> None:
    try:
        data: Any = parse(text, file="m.yaml").data
    except ConfigError:
        return  # not strict YAML: the editor says so by itself
    assert faults(data, SCHEMA, SCHEMA)

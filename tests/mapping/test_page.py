"""docs/mapping.md is true: every example gives what the page says, every broken mapping the message it shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from mapping.one_row import rows_of

from qa_sync.errors import ConfigError
from qa_sync.mapping.expressions import QUESTIONS, SOURCES, STEPS
from qa_sync.mapping.files import CONVERSIONS, parse
from qa_sync.mapping.paths import WORDS
from qa_sync.mapping.times import DIRECTIVES
from qa_sync.model import TABLES

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "mapping.md").read_text(encoding="utf-8")
FIRST = (DOCS / "first-mapping.md").read_text(encoding="utf-8")
BOTH = FIRST + PAGE
EXAMPLES = re.findall(
    r"^```yaml\n([^`]+)^```\n\| record \| (\w+) \|\n\|---\|---\|\n((?:\|[^\n]*\|\n)+)", BOTH, re.MULTILINE
)
WHOLE = re.findall(r"^```yaml mapping\n(.+?)^```", BOTH, re.DOTALL | re.MULTILINE)
BROKEN = re.findall(r"^### (.+?)\n\n```yaml broken\n(.+?)^```\n```text\n(.+?)\n```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    ("field", "column", "table"), EXAMPLES, ids=[f"{c}-{at}" for at, (_, c, _) in enumerate(EXAMPLES)]
)
def test_example_gives_what_the_page_says(field: str, column: str, table: str) -> None:
    keys = {"interaction_id": {"from": "_record_id"}, "kind": {"const": "ticket"}}
    fixed = "".join(f"        {name}: {json.dumps(value)}\n" for name, value in keys.items() if name != column)
    text = f"version: 1\nstreams:\n  s:\n    interactions:\n      fields:\n{fixed}        {field}"
    for line in table.splitlines():
        record, told = re.fullmatch(r"\| `(.+?)` \| (.+?) \|", line).groups()  # type: ignore[union-attr]
        (row,) = rows_of(text, json.loads(record))
        assert _told(row, column) == told.replace("`", ""), record


def _told(row: dict[str, Any], column: str) -> str:
    for problem in row["_problems"]:
        if problem["field"] == column:
            return f"*{'rejected' if problem['severity'] == 'reject' else 'left out'}: {problem['reason']}*"
    return "*none*" if row[column] is None else str(row[column])


@pytest.mark.parametrize("text", WHOLE)
def test_whole_example_is_in_order(text: str) -> None:
    assert parse(text, file="page.yaml").streams


@pytest.mark.parametrize(("title", "text", "message"), BROKEN, ids=[title for title, _, _ in BROKEN])
def test_broken_mapping_gives_the_message_on_the_page(title: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, file="zendesk.yaml")
    assert str(caught.value) == message


def test_page_has_its_examples() -> None:
    assert len(EXAMPLES) >= 12
    assert len(BROKEN) >= 20
    assert BOTH.count("```yaml") == len(EXAMPLES) + len(WHOLE) + len(BROKEN)


def test_page_names_the_whole_language() -> None:
    words = [
        *SOURCES,
        *STEPS,
        *QUESTIONS,
        *CONVERSIONS,
        *WORDS,
        *(f"%{letter}" for letter in DIRECTIVES),
        "each",
        "dimensions",
    ]
    assert [word for word in words if not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", PAGE)] == []


def test_all_problems_of_a_file_are_told_at_once_and_in_order() -> None:
    fields = [
        "quene: {from: a}",
        "queue: {from: a..b}",
        "subject: {}",
        "url: {template: '{'}",
        "brand: {from: x, on_bad: drop}",
        "created_at: {from: x, formats: '%Q', time_zone: Dublin}",
        "duration: {from: x, scale: {factor: 0}}",
        "language: {from: x, values: {a: [1]}}",
    ]
    head = BROKEN[0][1].split("        quene")[0]
    with pytest.raises(ConfigError) as caught:
        parse(head + "".join(f"        {field}\n" for field in fields), file="z.yaml")
    lines = [problem.line for problem in caught.value.problems]
    assert sorted(set(lines)) == list(range(8, 16))
    assert lines == sorted(lines)
    assert all(problem.column and problem.what for problem in caught.value.problems)


def test_what_is_not_strict_yaml_is_told_together_with_what_is_wrong_with_the_mapping() -> None:
    text = """version: 1
streams:
  tickets:
    interactions:
      fields:
        interaction_id: &id {from: id}
        kind: {const: ticket}
        quene: {from: group_id}
        brand: {const: yes}
        agent_id: *id
        url: {from: a, on_bad: [missing]}
        url: {from: b}
"""
    with pytest.raises(ConfigError) as caught:
        parse(text, file="z.yaml")
    place = "streams.tickets.interactions.fields"
    assert [str(problem) for problem in caught.value.problems] == [
        f"z.yaml:8:9: {place}.quene: interactions has no column quene; did you mean queue?",
        f'z.yaml:9:24: {place}.brand.const: yes could mean text or true/false; write "yes" or true/false',
        f"z.yaml:10:9: {place}.agent_id: aliases (&name, *name) are not allowed; write it out",
        f"z.yaml:11:24: {place}.url.on_bad: on_bad is reject or missing, not ['missing']",
        f"z.yaml:12:9: {place}.url: this key stands here twice; keep one of them",
    ]


def test_rows_have_the_columns_of_the_common_schema() -> None:
    text = "version: 1\nstreams: {s: {samples: {fields: {sample_id: {from: id}}}}}"
    (row,) = rows_of(text, {"id": 5})
    assert list(row)[: len(TABLES["samples"].stored_columns)] == [c.name for c in TABLES["samples"].stored_columns]

"""``mapping suggest``: what it proposes can be read, says that it is proposed, and works."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from program.command import ask, qa_sync

from qa_sync import Workspace
from qa_sync.errors import ConfigError
from qa_sync.mapping import parse, suggest_additions
from qa_sync.model.account import Defined, Definitions
from qa_sync.runner.suggesting import suggest

SETTINGS = """programme: {time_zone: Europe/Dublin}
sources:
  reviews:
    connector: files
    mapping: mappings/reviews.yaml
    folder: ./in
    streams: {reviews: {glob: "*.csv", key: [Review ID]}}
"""


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """A workspace over an export that nobody has mapped yet."""
    (tmp_path / "qa-sync.yaml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "in").mkdir()
    with (tmp_path / "in" / "reviews.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("Review ID", "Ticket", "Reviewer", "Form Name", "Review Date", "Score", "Market", "Note"))
        writer.writerows(
            (
                f"R{n}",
                100 + n,
                f"W{n % 3}",
                "Care",
                f"{1 + n % 12:02}/{1 + n % 12:02}/2026 10:{n:02}",
                80 + n,
                "EU" if n % 2 else "US",
                f"n{n}",
            )
            for n in range(40)
        )
    return tmp_path


def test_an_export_nobody_has_mapped_becomes_a_mapping_that_works(reviews: Path) -> None:
    text = suggest(Workspace(reviews))
    assert not (reviews / "data" / "raw").exists(), "looking stores nothing"
    (reviews / "mappings").mkdir()
    (reviews / "mappings" / "reviews.yaml").write_text(text, encoding="utf-8")
    proposed = parse(text, file="m.yaml").streams["reviews"]["evaluations"]
    assert {f.column for f in proposed.fields} >= {
        "evaluation_id",
        "interaction_id",
        "evaluator_id",
        "form_id",
        "submitted_at",
        "reported_score",
    }
    lines = text.splitlines()
    body = lines[lines.index("streams:") + 1 :]
    assert all("propos" in line or line.strip().endswith(":") or line.strip().startswith("#") for line in body)
    assert any("every value also fits %m/%d/%Y %H:%M" in line for line in lines), (
        "an ambiguous date is said, not guessed"
    )
    assert any(line.strip().startswith("market: {from: Market}") for line in lines)
    assert not any(line.strip().startswith("note:") for line in lines), "a text that always differs is no dimension"


def test_a_custom_field_that_no_mapping_reads_is_proposed_where_it_belongs() -> None:
    text = """# kept
version: 1
streams:
  tickets:
    interactions:
      fields:
        interaction_id: {from: id}     # the number
        kind: {const: ticket}
"""
    fields = Definitions(
        kind="custom field",
        stream="tickets",
        path="",
        things={
            "1": Defined(id="1", title="Region", options={"emea": "EMEA", "no": "No region: yet"}, type="tagger"),
            "2": Defined(id="2", title="Case type", type="text"),
            "3": Defined(id="3", title="Old", is_active=False),
            "4": Defined(id="4", title="Kind"),
        },
    )
    made, added = suggest_additions(text, file="m.yaml", definitions=[fields])
    assert added == 3
    assert made.splitlines() == [
        "# kept",
        "version: 1",
        "streams:",
        "  tickets:",
        "    interactions:",
        "      dimensions:",
        '        kind_2: {custom_field: 4}   # proposed: "Kind"',
        '        case_type: {custom_field: 2}   # proposed: "Case type", text',
        "      fields:",
        '        region: {custom_field: 1, values: {emea: EMEA, "no": "No region: yet"}, default: null}'
        '   # proposed: "Region", tagger',
        "        interaction_id: {from: id}     # the number",
        "        kind: {const: ticket}",
    ]
    assert parse(made, file="m.yaml").custom_fields("tickets") == {"1", "2", "4"}
    assert suggest_additions(made, file="m.yaml", definitions=[fields]) == (made, 0)


def test_which_source_is_asked_for(reviews: Path) -> None:
    with pytest.raises(ConfigError, match="there is no source 'nobody'; known: reviews"):
        suggest(Workspace(reviews), "nobody")
    assert "evaluations:   # proposed" in qa_sync(reviews, "mapping", "suggest", "--quiet").out
    assert ask(reviews, "mapping", "suggest", "reviews")["mapping"].startswith("# Proposed by")

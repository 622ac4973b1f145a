"""``mapping suggest``: what it proposes can be read, says that it is proposed, and works."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from program.command import ask, qa_sync

from qa_sync import Workspace
from qa_sync.errors import ConfigError
from qa_sync.forms import parse_catalogue
from qa_sync.forms.proposal import propose_forms
from qa_sync.mapping import parse, suggest_additions, suggest_unread
from qa_sync.model.account import Defined, DefinedCriterion, DefinedForm, Definitions
from qa_sync.runner.suggesting import suggest, suggest_catalogue

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


TICKETS = """version: 1
streams:
  tickets:
    interactions:
      fields:
        interaction_id: {from: id}
        kind: {const: ticket}
"""


def test_titles_and_headers_with_line_ends_stay_on_their_line(reviews: Path) -> None:
    title = 'Re\ngion\n        site: {const: x}"\x1b[31m'
    evil = Defined(id="1", title=title, options={"a\nb": "c\td"}, type="tagger")
    known = Definitions(kind="custom field", stream="tickets", path="", things={"1": evil})
    made, _ = suggest_additions(TICKETS, file="m.yaml", definitions=[known])
    assert len(made.splitlines()) == len(TICKETS.splitlines()) + 2
    assert "\x1b" not in made
    assert parse(made, file="m.yaml").custom_fields("tickets") == {"1"}

    with (reviews / "in" / "reviews.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("Review ID", "Review\nDate", "Support\u00a0Tier", 'the "team"'))
        writer.writerows((f"R{n}", f"2026-01-{n + 1:02}T00:00:00Z", n % 2, f"t{n % 3}") for n in range(12))
    lines = {line.split("#")[0].strip() for line in suggest(Workspace(reviews)).splitlines()}
    assert lines >= {
        'submitted_at: {from: "Review Date", type: time}',
        'support_tier: {from: "Support Tier"}',
        'the_team: {from: "the team"}',
    }


PARTLY = """# kept
version: 1
streams:
  reviews:
    evaluations:
      fields:
        evaluation_id: {from: columns."Review ID"}
        about: {const: agent_work}
        kind: {const: standard}
        status: {const: submitted}
        form_id: {from: columns.Form}
        interaction_id: {coalesce: [{template: "zendesk:{columns.Ticket}", when: {from: columns.Source, is: zd}}]}
    answers:
      each: rows
      fields:
        evaluation_id: {from: $.columns."Review ID"}
        criterion_key: {from: question}
        state: {const: valued}
        option: {from: answer}
"""


def test_columns_of_records_that_a_mapping_does_not_read_are_proposed_where_they_belong() -> None:
    records = [
        {
            "columns": {
                "Review ID": f"r{n}",
                "Form": "Care",
                "Ticket": n,
                "Source": "zd",
                "Reviewer": f"W{n % 3}",
                "Market": "EU" if n % 2 else "US",
                "Same": "always",
                "Note": f"never twice {n}",
            },
            "rows": [{"question": "q", "answer": "Yes", "points": n, "max points": 10, "mood": "x" if n % 2 else "y"}],
        }
        for n in range(40)
    ]
    payloads = [json.dumps(record) for record in records]
    made, added = suggest_unread(PARTLY, file="m.yaml", stream="reviews", payloads=payloads)
    new = [line.strip() for line in made.splitlines() if line not in PARTLY.splitlines()]
    assert new == [
        "dimensions:",
        "market: {from: columns.Market}   # proposed: filled in 100 %, 2 different",
        "evaluator_id: {from: columns.Reviewer}   # proposed: filled in 100 %, 3 different",
    ]
    assert added == 2
    tables = parse(made, file="m.yaml").streams["reviews"]
    assert [field.column for field in tables["evaluations"].dimensions] == ["market"]
    assert suggest_unread(made, file="m.yaml", stream="reviews", payloads=payloads) == (made, 0)


FORMS = [
    DefinedForm(
        id="12",
        title="Support: chat",
        criteria=(
            DefinedCriterion(key="1", label="Tone", section="Style", max_points=100.0, weight=2.0),
            DefinedCriterion(key="2", label="Law", max_points=100.0, weight=0.0, is_critical=True),
        ),
    ),
    DefinedForm(
        id="calls",
        version="3",
        criteria=(
            DefinedCriterion(key="greeting", max_points=5.0, options={"No": 0.0, "Yes": 5.0}),
            DefinedCriterion(key="outcome", options={"good": None, "bad": None}),
        ),
    ),
    DefinedForm(id="severity", version="1", criteria=(DefinedCriterion(key="level", options={"G": None, "R": None}),)),
    DefinedForm(id="results only", version="1"),
]


def test_proposed_forms_are_a_catalogue_that_can_be_read_as_it_is() -> None:
    rows = parse_catalogue(propose_forms(FORMS), file="f.yaml").rows
    assert [(f["form_id"], f["form_version"], f["name"], f["scale"], f["scoring"]) for f in rows["forms"]] == [
        ("12", "1", "Support: chat", "points", None),
        ("calls", "3", "calls", "points", None),
        ("severity", "1", "severity", "ordinal", None),
        ("results only", "1", "results only", "points", "reported"),
    ]
    names = ("criterion_key", "label", "section", "max_points", "weight", "is_critical")
    assert [tuple(criterion[name] for name in names) for criterion in rows["criteria"]] == [
        ("1", "Tone", "Style", 100.0, 2.0, False),
        ("2", "Law", None, 100.0, 0.0, True),
        ("greeting", "greeting", None, 5.0, 1.0, False),
        ("outcome", "outcome", None, None, 1.0, False),
        ("level", "level", None, None, 1.0, False),
    ]
    assert [(o["criterion_key"], o["option"], o["points"]) for o in rows["options"]] == [
        ("greeting", "No", 0.0),
        ("greeting", "Yes", 5.0),
        ("outcome", "good", None),
        ("outcome", "bad", None),
        ("level", "G", None),
        ("level", "R", None),
    ]
    guessed = [line for line in propose_forms(FORMS).splitlines() if "higher_is" in line or "scale:" in line]
    assert all("# proposed" in line or line == "  scale: points" for line in guessed)


def test_forms_that_evaluations_name_are_proposed_from_their_answers(reviews: Path) -> None:
    (reviews / "mappings").mkdir()
    (reviews / "mappings" / "reviews.yaml").write_text(suggest(Workspace(reviews)), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"names no form that the form catalogues do not have; .* qa-sync run"):
        suggest_catalogue(Workspace(reviews))
    ask(reviews, "run")
    told = ask(reviews, "mapping", "suggest", "--forms")["forms"]
    assert [form["form_id"] for form in parse_catalogue(told, file="f.yaml").rows["forms"]] == ["Care"]
    (reviews / "forms.yaml").write_text(told, encoding="utf-8")
    settings = (reviews / "qa-sync.yaml").read_text(encoding="utf-8")
    (reviews / "qa-sync.yaml").write_text(settings + "forms: [forms.yaml]\n", encoding="utf-8")
    assert "names no form" in qa_sync(reviews, "mapping", "suggest", "--forms", expect=2).err


def test_which_source_is_asked_for(reviews: Path) -> None:
    with pytest.raises(ConfigError, match="there is no source 'nobody'; known: reviews"):
        suggest(Workspace(reviews), "nobody")
    assert "evaluations:   # proposed" in qa_sync(reviews, "mapping", "suggest", "--quiet").out
    assert ask(reviews, "mapping", "suggest", "reviews")["mapping"].startswith("# Proposed by")


PROJECT = Path(__file__).resolve().parents[2]
VERINT = """programme: {time_zone: Europe/Dublin}
sources:
  verint:
    connector: verint
    files: {folder: ./in, profile: mappings/verint_files.yaml}
"""


def test_columns_of_files_that_are_not_stored_are_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "qa-sync.yaml").write_text(VERINT, encoding="utf-8")
    (tmp_path / "in").mkdir()
    header = "Evaluation ID,Question ID,Evaluation Form,Evaluation Date,Employee ID,Answer,Region,Comment"
    old = "E1,q,Form,01/01/2026 09:00:00,W1,Yes,EMEA,x"
    new = [f"E{n},q,Form,01/{1 + n % 3:02}/2026 09:00:00,W1,Yes,{'EMEA' if n % 2 else 'APAC'},x" for n in range(20)]
    for name, lines in (
        ("evaluation_detail_20260101.csv", [header.replace("Region", "Gone"), old]),
        ("evaluation_detail_20260102.csv", [header.replace("Comment", "Team \u00a0Lead"), *new]),
    ):
        (tmp_path / "in" / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
    told = [line for line in suggest(Workspace(tmp_path)).splitlines() if "not stored" in line]
    assert told == [
        '# evaluations: not stored, so not proposed: Region, "Team \\u00a0Lead";'
        " to map one, list it under keep: of its stream in mappings/verint_files.yaml"
    ]
    assert "from: columns.evaluated_at}" not in suggest(Workspace(tmp_path)), "a few days of dates are no groups"

    profile = (PROJECT / "mappings" / "verint_files.yaml").read_text(encoding="utf-8")
    (tmp_path / "mappings").mkdir()
    kept = profile.replace("    grain: answer  ", "    keep: [Region]\n    grain: answer  ", 1)
    (tmp_path / "mappings" / "verint_files.yaml").write_text(kept, encoding="utf-8")
    lines = suggest(Workspace(tmp_path)).splitlines()
    assert [line.split("#")[0].strip() for line in lines if "Region" in line] == ["region: {from: columns.Region}"]

"""Form catalogues: what they become, and every problem told where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_sync.errors import ConfigError
from qa_sync.forms import load_catalogue, parse_catalogue
from qa_sync.model import TABLES

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(
    [*(PROJECT / "mappings/forms").glob("*.yaml"), *(PROJECT / "examples").glob("*/mappings/forms/*.yaml")]
)
SMALL = """
- form_id: tone
  version: 2
  higher_is: better
  scale: points
  tolerance: 5
  criteria:
    - {key: open, max_points: 10, options: [{option: "No", points: 0}, {option: "Yes", points: 10}]}
    - {key: safe, critical_class: customer, weight: 0, options: [{option: Fail, is_fail: true}, Pass]}
    - {key: depth, max_points: 5}
"""


def test_what_counts_as_what_is_kept_and_two_that_count_as_one_are_refused():
    text = """
- form_id: g
  version: 1
  higher_is: better
  scale: points
  counts_as: f
  criteria:
    - {key: k1, counts_as: q1, max_points: 5}
    - key: k2
      counts_as: safe
      critical_class: customer
      weight: 0
      options: [{option: no, is_fail: true, counts_as: Fail}, {option: yes, counts_as: Pass}]
"""
    tables = parse_catalogue(text.replace("no,", '"no",').replace("yes,", '"yes",'), file="f.yaml").tables()
    assert tables["forms"]["counts_as"].to_pylist() == ["f"]
    assert tables["criteria"]["counts_as"].to_pylist() == ["q1", "safe"]
    assert tables["options"]["counts_as"].to_pylist() == ["Fail", "Pass"]
    for wrong in ("counts_as: q1, max_points", "key: q1, max_points"):
        broken = text.replace("    - key: k2", f"    - {{key: k3, {wrong}: 5}}\n    - key: k2").replace(
            "key: k3, key", "key"
        )
        with pytest.raises(ConfigError, match="two of them count as 'q1'"):
            parse_catalogue(broken.replace("no,", '"no",').replace("yes,", '"yes",'), file="f.yaml")


def test_catalogue_becomes_rows_of_the_common_schema() -> None:
    tables = parse_catalogue(SMALL, file="tone.yaml").tables()
    assert {name: table.schema.names for name, table in tables.items()} == {
        name: TABLES[name].arrow.names for name in ("forms", "criteria", "options")
    }
    (form,) = tables["forms"].to_pylist()
    assert (form["form_id"], form["form_version"], form["name"], form["auto_fail"], form["tolerance"]) == (
        "tone",
        "2",
        "tone",
        "zero",
        5.0,
    )
    assert [
        (c["criterion_key"], c["position"], c["weight"], c["is_critical"]) for c in tables["criteria"].to_pylist()
    ] == [("open", 1, 1.0, False), ("safe", 2, 0.0, True), ("depth", 3, 1.0, False)]
    assert [(o["option"], o["level"], o["points"], o["is_fail"]) for o in tables["options"].to_pylist()] == [
        ("No", 0, 0.0, None),
        ("Yes", 1, 10.0, None),
        ("Fail", 0, None, True),
        ("Pass", 1, None, None),
    ]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_catalogues_are_in_order(path: Path) -> None:
    tables = load_catalogue([(path, path.name)]).tables()
    assert tables["forms"].num_rows > 0
    assert tables["criteria"].num_rows > 0


BROKEN = """
- form_id: tone
  version: "1"
  higher_is: beter
  scale: points
  tollerance: 5
  auto_fail: cap
  criteria:
    - {key: a, max_points: 10, options: [{option: x, points: 12}, {option: x, level: 3}]}
    - {key: a, critical_class: client}
    - max_points: -1
- form_id: tone
  version: "1"
  higher_is: neutral
  scale: nominal
  criteria: []
"""


def test_every_problem_of_a_catalogue_is_told_with_line_and_column() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_catalogue(BROKEN, file="tone.yaml")
    told = str(caught.value).splitlines()
    expected = [
        "tone.yaml:4:3: 0.higher_is: higher_is must be one of better, more_severe, neutral",
        "tone.yaml:6:3: 0.tollerance: this key is not known; did you mean tolerance?",
        "tone.yaml:7:3: 0.auto_fail: auto_fail: cap needs auto_fail_cap, the most points that are left",
        "0.criteria.0.options.0.points: 12 points, but the criterion has 10",
        "0.criteria.0.options.1.option: two options are called 'x'",
        "0.criteria.0.options: the levels of a scale are 0, 1, 2 and so on, without a gap",
        "0.criteria.1.key: two criteria have the key 'a'",
        "0.criteria.1.critical_class: critical_class must be one of customer, business, compliance",
        "0.criteria.2.key: key must be a text",
        "0.criteria.2.max_points: max_points cannot be negative",
        "1.version: form tone version 1 is already in tone.yaml",
        "1.criteria: a form version needs a list of criteria",
    ]
    assert [part for part in expected if not any(part in line for line in told)] == []
    assert all(line.startswith("tone.yaml:") for line in told)


def test_problems_of_several_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("{}", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("- form_id: x\n- 5\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_catalogue(
            [(tmp_path / "a.yaml", "a.yaml"), (tmp_path / "b.yaml", "b.yaml"), (tmp_path / "no.yaml", "no.yaml")]
        )
    assert {problem.file for problem in caught.value.problems} == {"a.yaml", "b.yaml", "no.yaml"}

"""The demo's form catalogues: an admin reads and edits them, so they must be whole and consistent."""

from __future__ import annotations

from typing import Any

import pytest

from qa_sync import yamlfile
from qa_sync.testing.programme import Programme
from qa_sync.testing.programme.catalogue import form_paths, load_forms

FORMS: list[dict[str, Any]] = [form for path in form_paths() for form in yamlfile.read(path).data]
CRITERIA = {
    f"{form['form_id']}-{form['version']}-{criterion['key']}": criterion
    for form in FORMS
    for criterion in form["criteria"]
}


def test_there_is_a_form_for_each_way_of_judging() -> None:
    assert {(f["form_id"], f["version"], f["higher_is"], f["scale"], f["auto_fail"]) for f in FORMS} == {
        ("support_quality", "3", "better", "points", "zero"),
        ("chat_quality", "1", "better", "points", "zero"),
        ("chat_quality", "2", "better", "points", "zero"),
        ("content_severity", "1", "more_severe", "ordinal", "none"),
    }


def test_every_form_says_everything_that_matters() -> None:
    for form in FORMS:
        assert set(form) == {
            "form_id",
            "version",
            "name",
            "higher_is",
            "scale",
            "tolerance",
            "pass_mark",
            "auto_fail",
            "criteria",
        }
        keys = [criterion["key"] for criterion in form["criteria"]]
        assert len(set(keys)) == len(keys)
        assert sum(c["weight"] * c["max_points"] for c in form["criteria"]) > 0
        assert any(c["is_critical"] for c in form["criteria"]) == (form["auto_fail"] != "none")


@pytest.mark.parametrize("criterion", CRITERIA.values(), ids=CRITERIA.keys())
def test_options_rank_from_zero_with_rising_points(criterion: dict[str, Any]) -> None:
    options = sorted(criterion["options"], key=lambda option: int(option["level"]))
    assert [option["level"] for option in options] == list(range(len(options)))
    points = [option["points"] for option in options]
    assert points == sorted(set(points))
    assert points[0] == 0
    assert points[-1] == criterion["max_points"]
    assert len({option["option"] for option in options}) == len(options)
    failing = [option["level"] for option in options if option["is_fail"]]
    assert failing == ([0] if criterion["is_critical"] else [])
    assert ("critical_class" in criterion) == criterion["is_critical"]
    assert criterion["weight"] == 0 if criterion["is_critical"] else criterion["weight"] > 0


def test_every_kind_of_harm_has_a_critical_criterion() -> None:
    harmed = {c["critical_class"] for c in CRITERIA.values() if c["is_critical"]}
    assert harmed == {"compliance", "customer", "business"}


def test_the_two_chat_versions_have_too_little_weight_in_common() -> None:
    old, new = (
        {c["key"]: c["weight"] * c["max_points"] for c in form["criteria"]}
        for form in FORMS
        if form["form_id"] == "chat_quality"
    )
    assert sum(new[key] for key in old.keys() & new.keys()) / sum(new.values()) < 0.8


def test_the_programme_is_judged_by_these_files(programme: Programme) -> None:
    assert list(programme.forms) == FORMS
    assert load_forms().index("chat_quality", "2") == [f["version"] for f in FORMS].index("2")

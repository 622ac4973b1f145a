"""What counts as what must lead somewhere: to a form, a criterion and an option that another one has."""

from __future__ import annotations

from qa_sync.forms.crosswalk import crosswalk_problems

OURS = """
- form_id: support
  version: "1"
  criteria:
    - {key: greeting, max_points: 10}
    - {key: privacy, options: [Fail, {option: Pass}]}
"""
THEIRS = """
- form_id: nice
  version: "1"
  counts_as: support
  criteria:
    - {key: q17, counts_as: greeting, max_points: 10}
    - {key: q18, counts_as: privacy, options: [{option: NOK, counts_as: Fail}, {option: OK, counts_as: Pass}]}
"""


def told(theirs: str) -> list[str]:
    return list(map(str, crosswalk_problems({"ours.yaml": OURS, "theirs.yaml": theirs})))


def test_a_cross_walk_between_vendors_forms_that_leads_somewhere_is_in_order() -> None:
    assert told(THEIRS) == []


def test_a_renamed_key_between_versions_is_in_order() -> None:
    assert (
        told(
            """
- form_id: support
  version: "2"
  criteria: [{key: hello, counts_as: greeting, max_points: 10}, {key: privacy, options: [Fail, Pass]}]
"""
        )
        == []
    )


def test_what_leads_nowhere_is_told_with_what_was_meant() -> None:
    assert told(THEIRS.replace("counts_as: support", "counts_as: suport")) == [
        "theirs.yaml:4:3: 0.counts_as: no form catalogue has a form suport to count as; did you mean support?"
    ]
    assert told(THEIRS.replace("counts_as: greeting", "counts_as: greting")) == [
        "theirs.yaml:6:18: 0.criteria.0.counts_as: no other version or form has the criterion greting to count as; "
        "did you mean greeting?"
    ]
    assert told(THEIRS.replace("counts_as: Fail", "counts_as: fial")) == [
        "theirs.yaml:7:62: 0.criteria.1.options.0.counts_as: no other version or form has the option fial to count as; "
        "did you mean Fail?"
    ]

"""What the sample plan wanted of each stratum, and what became of every unit."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from reconcile.world import World, day
from reports.scenes import opened_world
from scipy.stats import ttest_ind

from qa_sync.errors import ConfigError
from qa_sync.reports import Ask, build, explain
from qa_sync.reports.explain import NUMBERS

AS_OF = datetime(2026, 1, 20, tzinfo=UTC)


def planned() -> World:
    """Five audits wanted of a stratum of forty: one done, one replaced by one done, one skipped, two that wait."""
    made = World()
    made.form()
    answers = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}
    for at in range(6):
        made.evaluation(f"e{at}", answers, interaction_id=f"t{at}")
    for at in (0, 2):
        audit = {"kind": "ata", "evaluator_id": "v1", "audited_evaluation_id": f"e{at}", "submitted_at": day(1)}
        made.evaluation(f"a{at}", answers, interaction_id=f"t{at}", **audit)
    made.add("identities", account_id="mail:v1", person_id="v1")
    what: dict[int, dict[str, Any]] = {
        1: {"replaced_by": "s2"},
        3: {"skipped_reason": "recording lost"},
        4: {"due_at": day(7)},
        5: {"due_at": day(30)},
    }
    for at in range(6):
        made.add(
            "samples", sample_id=f"s{at}", week="2026-W02", stratum="Billing", evaluation_id=f"e{at}", target=5,
            assignee_id="mail:v1" if at else "v1", frame_size=40, selected_by="random", **what.get(at, {}),
        )  # fmt: skip
    made.add("samples", sample_id="i0", week="2026-W03", interaction_id="t5", target=1, selected_by="random")
    made.add("samples", sample_id="i1", week="2026-W03", interaction_id="t9", target=1, selected_by="random")
    made.add(
        "samples", sample_id="i2", week="2026-W03", interaction_id="t5", assignee_id="u77", target=1,
        selected_by="targeted",
    )  # fmt: skip
    return made


def test_every_unit_of_the_plan_is_done_replaced_skipped_waiting_or_overdue() -> None:
    with opened_world(planned(), as_of=AS_OF) as it:
        rows = {row["key"]: row for row in build("quotas", it.scene).rows.to_pylist()}
    row = rows["2026-W02|Billing|v1|random"]
    names = ("target", "frame", "drawn", "done", "replaced", "skipped", "waiting", "overdue")
    assert [row[name] for name in names] == [5, 40, 6, 2, 1, 1, 1, 1]
    assert row["fulfilled"] == pytest.approx(0.4)
    share = 2.5 / 3  # two audits without a defect, and half an observation on each side
    error = math.sqrt(share * (1 - share) / 2) * math.sqrt(38 / 39)
    assert row["margin"] == pytest.approx(1.959964 * error, abs=1e-6)
    for row in rows.values():
        assert row["drawn"] == sum(row[name] for name in names[3:])


def test_an_interaction_is_done_by_its_assignee_or_by_anybody_where_there_is_none() -> None:
    with opened_world(planned(), as_of=AS_OF) as it:
        rows = build("quotas", it.scene, Ask(where={"week": "2026-W03"})).rows.to_pylist()
        whole = build("quotas", it.scene, Ask(by=("week",))).rows.to_pylist()
    assert [(row["selected_by"], row["drawn"], row["done"], row["waiting"]) for row in rows] == [
        ("random", 2, 1, 1),
        ("targeted", 1, 0, 1),
    ]
    assert [(row["week"], row["target"]) for row in whole] == [("2026-W03", 2), ("2026-W02", 5)]


def test_several_people_draw_from_one_frame() -> None:
    made = planned()
    made.add(
        "samples", sample_id="s9", week="2026-W02", stratum="Billing", evaluation_id="e9", target=3, assignee_id="v2",
        frame_size=40, selected_by="random",
    )  # fmt: skip
    with opened_world(made, as_of=AS_OF) as it:
        whole = build("quotas", it.scene, Ask(by=("week",))).rows.to_pylist()
        apart = build("quotas", it.scene, Ask(by=("assignee",), where={"week": "2026-W02"})).rows.to_pylist()
    assert [(row["target"], row["frame"]) for row in whole if row["week"] == "2026-W02"] == [(8, 40)]
    assert {row["assignee"]: (row["target"], row["frame"]) for row in apart} == {"v1": (5, 40), "v2": (3, 40)}


def test_a_plan_is_not_for_auditees_and_knows_its_own_columns_only() -> None:
    with opened_world(planned(), as_of=AS_OF) as it:
        with pytest.raises(ConfigError, match="not for auditees"):
            build("quotas", it.scene, Ask(audience="auditees"))
        with pytest.raises(ConfigError, match="grouped"):
            build("quotas", it.scene, Ask(by=("site",)))


def test_every_number_of_a_plan_is_made_again_from_its_units_and_what_they_were_done_by() -> None:
    with opened_world(planned(), as_of=AS_OF) as it:
        report = build("quotas", it.scene)
        cells = [
            (row["key"], field.name, row[field.name])
            for row in report.rows.to_pylist()
            for field in report.fields
            if field.kind in NUMBERS and row[field.name] is not None
        ]
        found = {(key, name): explain("quotas", it.scene, key, name) for key, name, _ in cells}
    for key, name, value in cells:
        assert (found[key, name].value, found[key, name].agrees) == (value, True), (key, name)
        assert None not in found[key, name].evaluations["payload_hash"].to_pylist()
    done = [
        (row["role"], row["evaluation_id"])
        for row in found["2026-W02|Billing|v1|random", "done"].evaluations.to_pylist()
        if row["part"] == "own"
    ]
    assert sorted(done) == [
        ("auditee", "e0"), ("auditee", "e2"), ("auditor", "a0"), ("auditor", "a2"), ("sample", "s0"), ("sample", "s2"),
    ]  # fmt: skip
    (skipped,) = [
        row["evaluation_id"]
        for row in found["2026-W02|Billing|v1|random", "skipped"].evaluations.to_pylist()
        if row["part"] == "own"
    ]
    assert skipped == "s3"
    anybody = found["2026-W03|||random", "done"].evaluations.to_pylist()
    assert {(row["role"], row["evaluation_id"]) for row in anybody if row["part"] == "own"} == {
        ("sample", "i0"), ("evaluation", "e5"),
    }  # fmt: skip


def test_few_audits_are_held_against_the_rest_by_welchs_t_and_not_by_the_normal_distribution() -> None:
    """Three audits whose scores lie high: z would call the picks biased (p .02), t does not (p .10)."""
    scores = {"e0": 88.0, "e1": 96.0, "e2": 99.0, "e3": 85.0, "e4": 82.0, "e5": 88.0, "e6": 90.0, "e7": 84.0}
    made = World()
    made.form()
    answers = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}
    for at, (name, score) in enumerate(scores.items()):
        made.evaluation(name, answers, interaction_id=f"t{at}", reported_score=score, reported_max=100.0)
    for at in range(3):
        audit = {"kind": "ata", "evaluator_id": "v1", "audited_evaluation_id": f"e{at}", "submitted_at": day(1)}
        made.evaluation(f"a{at}", answers, interaction_id=f"t{at}", **audit)
    with opened_world(made, as_of=AS_OF) as it:
        notes = build("sampling", it.scene, Ask(by=("queue",))).notes
    audited, others = list(scores.values())[:3], list(scores.values())[3:]
    test = ttest_ind(audited, others, equal_var=False)
    gap = sum(audited) / 3 - sum(others) / 5
    half = gap - test.confidence_interval().low
    assert 0.1 < test.pvalue < 0.2
    told = f"score {gap:+.1f} points against those not audited (± {half:.1f}; p {test.pvalue:.2f}, Welch)"
    assert [note for note in notes if told in note and note.endswith("no sign of biased picks.")]

"""The SQL decides as a slow and obvious reader of the records does, on random programmes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reconcile.brute_cases import Cases
from reconcile.brute_force import BruteForce
from reconcile.brute_records import Evaluation
from reconcile.random_worlds import PROGRAMME, answers, build, forms, happenings, similar
from reconcile.world import LATER, Result, World, day

# No shrinking: an example costs a third of a second, and shrinking would take minutes.
_QUICK = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
_SOAK = settings(_QUICK, max_examples=600, derandomize=False)
_MEASURES = ("outcome", "reason", "delta", "delta_raw", "leniency")


def decided(result: Result) -> dict[str, Any]:
    """What was decided, without what names the delivery."""
    left = ("payload_hash", "auditee_payload_hash", "auditor_payload_hash")
    return {
        table: [{k: v for k, v in row.items() if k not in left} for row in result.rows(table, order)]
        for table, order in (
            ("buckets", "1"),
            ("pairs", "1"),
            ("pairs_current", "1"),
            ("other_pairs", "1, 2"),
            ("comparisons", "1, 4"),
            ("evaluator_work", "1"),
            ("critical_comparisons", "1, 3"),
            ("dispute_cases", "1"),
            ("dispute_items", "1, 2"),
            ("calibration_results", "1, 2, 3"),
            ("calibration_answers", "1, 3, 8"),
        )
    }


def agrees_with_brute_force(steps: list[dict[str, Any]], as_of: datetime) -> None:
    world = build(steps)
    result = world.run(PROGRAMME, as_of)
    slow = BruteForce(world, PROGRAMME, as_of)
    assert {row["evaluation_id"]: (row["bucket"], row["reason"]) for row in result.rows("buckets")} == slow.buckets
    assert {
        row["evaluation_id"]: row["candidates"] for row in result.rows("buckets") if row["candidates"]
    } == slow.candidates
    found = {row["pair_id"]: row for row in result.pairs}
    current = {row["pair_id"]: row for row in result.rows("pairs_current")}
    assert sorted(found) == sorted(slow.pairs)
    for pair_id, pair in slow.pairs.items():
        row = found[pair_id]
        assert (row["link"], row["is_headline"]) == (pair["link"], pair["is_headline"])
        same(row, pair["original"], "")
        same(row, pair["current"], "current_")
        same(current[pair_id], pair["current"], "")
        same(row, pair["before"] or dict.fromkeys(_MEASURES), "before_")
        assert ("AUDITEE_EDITED_AFTER_AUDIT" in row["flags"]) == pair["edited"]
        assert row["is_embargoed"] == (row["is_blind"] is True and not released(pair["auditor"], as_of))
        if "items_agree" in pair["original"]:
            assert row["items_agree"] == pair["original"]["items_agree"]
    conserved(result)
    cases_agree(result, Cases(slow, as_of))


def released(audit: Evaluation, as_of: datetime) -> bool:
    """Whether those it judges may see an audit: a date to come says no, else what the source says, else date or status."""
    if audit.released_at and audit.released_at > as_of:
        return False
    if audit.is_released is not None:
        return bool(audit.is_released)
    return audit.released_at is not None or audit.status in ("released", "in_review", "final")


def cases_agree(result: Result, slow: Cases) -> None:
    """Disputes, calibrations, repeats and critical classes are as the slow reader has them."""
    for table, wanted in (
        ("dispute_cases", slow.disputes()),
        ("dispute_items", slow.items()),
        ("calibration_results", slow.sessions()),
        ("critical_comparisons", slow.critical(result.rows("comparisons"))),
        ("other_pairs", slow.other_pairs()),
    ):
        found = result.rows(table)
        names = list(wanted[0]) if wanted else []
        picked = [{name: row[name] for name in names} for row in found]
        assert _sorted(picked) == _sorted(wanted), table
    frame = {row["evaluation_id"]: (row["is_disputed"], row["is_disputable"]) for row in result.rows("buckets")}
    assert frame == slow.disputable()


def _sorted(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    made = [tuple(round(v, 6) if isinstance(v, float) else v for v in row.values()) for row in rows]
    return sorted(made, key=repr)


def same(row: dict[str, Any], wanted: dict[str, Any], prefix: str) -> None:
    for name in _MEASURES:
        found = row[prefix + name]
        assert found == wanted[name] or found == pytest.approx(wanted[name], abs=1e-9), (row["pair_id"], prefix + name)


def conserved(result: Result) -> None:
    rows = result.rows("buckets")
    assert dict(Counter(row["bucket"] for row in rows)) == dict(result.counts.buckets)
    assert (
        sum(result.counts.buckets.values()) == result.counts.evaluations == len({row["evaluation_id"] for row in rows})
    )
    assert sum(result.counts.outcomes.values()) == result.counts.pairs


_SEEDS = st.integers(0, 2**32 - 1)
_TWICE = settings(_QUICK, max_examples=2)  # each example reconciles twice


@_QUICK
@given(_SEEDS, st.sampled_from([LATER, day(20)]))
def test_sql_agrees_with_brute_force(seed: int, as_of: datetime) -> None:
    agrees_with_brute_force(happenings(seed), as_of)


@pytest.mark.soak
@_SOAK
@given(_SEEDS, st.sampled_from([LATER, day(10), day(20), day(40)]))
def test_sql_agrees_with_brute_force_for_long(seed: int, as_of: datetime) -> None:
    agrees_with_brute_force(happenings(seed), as_of)


@_TWICE
@given(_SEEDS)
def test_arrival_order_and_redelivery_never_matter(seed: int) -> None:
    steps = happenings(seed)
    plain = decided(build(steps).run(PROGRAMME))
    random = Random(seed)
    again_sent = [step for step in steps if "table" not in step]  # the others are current rows: one a key
    again = steps + random.sample(again_sent, k=len(again_sent) // 2)
    random.shuffle(again)
    assert decided(build(again).run(PROGRAMME)) == plain


@_TWICE
@given(_SEEDS)
def test_swapping_sides_flips_signs(seed: int) -> None:
    random = Random(seed)
    one, other = World(), World()
    for n in range(40):
        form_id, version = random.choice([("F1", "3"), ("F1", "4"), ("F2", "1"), ("F3", "1")])
        first = answers(random, form_id, version)
        second = similar(random, form_id, version, first)
        shared = {"form_id": form_id, "form_version": version, "interaction_id": f"i{n}"}
        for world, left, right in ((one, first, second), (other, second, first)):
            world.evaluation(f"e{n}", left, **shared)
            world.evaluation(f"a{n}", right, **shared, kind="ata", evaluator_id="v9", submitted_at=day(1))
    forms(one)
    forms(other)
    turned = {
        "LENIENT": "STRICT",
        "STRICT": "LENIENT",
        "CRITICAL_MISS": "CRITICAL_FALSE",
        "CRITICAL_FALSE": "CRITICAL_MISS",
    }
    for row, back in zip(one.run().pairs, other.run().pairs, strict=True):
        assert back["outcome"] == turned.get(row["outcome"], row["outcome"])
        for name in ("delta", "delta_raw", "leniency"):
            assert back[name] == (None if row[name] is None else pytest.approx(-row[name], abs=1e-12))
        for name in ("items_compared", "items_agree", "value_pairs", "applicability_disagreements", "tolerance"):
            assert back[name] == row[name]

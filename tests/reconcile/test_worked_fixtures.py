"""Every worked fixture of the specification: those in the shared file, and those it leaves out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from reconcile.fixture_cases import Case
from reconcile.world import F1, Made, side_by_side
from shared_data import shared_data

from qa_sync.reconcile.outcomes import WITHOUT_PAIR

DEFAULT = {"form": "F1", "version": 3, "criteria": F1, "autofail": "zero"}
PERFECT = {"Q1": 10, "Q2": 10, "Q3": 10, "C1": "pass"}
C2 = {"criteria": {**F1, "C2": {"max": 0, "weight": 0, "crit": True}}}
ONE = {"criteria": {"Q1": {"max": 10, "weight": 1}}}

#: Fixtures of the table that the shared file need not hold, in its shape.
MORE = [
    {
        "id": "R05_strict",
        "auditee": {**PERFECT, "Q1": 5},
        "auditor": PERFECT,
        "expect": {"class": "STRICT", "delta": -12.5},
    },
    {
        "id": "R08_wrong_reason",
        "form": C2,
        "auditee": {**PERFECT, "C1": "fail", "C2": "pass"},
        "auditor": {**PERFECT, "C1": "pass", "C2": "fail"},
        "expect": {"class": "CRITICAL_WRONG_REASON", "delta": 0.0},
    },
    {
        "id": "R10_both_na",
        "auditee": {**PERFECT, "Q2": "NA"},
        "auditor": {**PERFECT, "Q2": "NA"},
        "expect": {"class": "EXACT", "value_pairs": 3, "line_items_agree": "4/4"},
    },
    {
        "id": "R13_not_asked_against_na",
        "auditee": {**PERFECT, "Q2": "NOT_ASKED"},
        "auditor": {**PERFECT, "Q2": "NA"},
        "expect": {"class": "EXACT", "value_pairs": 3},
    },
    {
        "id": "R16_self_audit",
        "evaluators": {"auditee": "u1", "auditor": "u1"},
        "expect": {"class": "EXCLUDED", "reason": "SELF_AUDIT"},
    },
    {
        "id": "R18_explicit_link",
        "auditee_candidates": [{"eval": "e1", "evaluator": "u1"}, {"eval": "e2", "evaluator": "u2"}],
        "auditor": {"eval": "a1", "audited_eval_id": "e2"},
        "expect": {"class": "EXACT", "paired": "e2"},
    },
    {
        "id": "R19_edited_after_audit",
        "form": ONE,
        "auditee_revisions": [
            {"rev": 1, "at": "2026-01-05T10:00Z", "Q1": 10},
            {"rev": 2, "at": "2026-01-07T10:00Z", "Q1": 5, "cause": "edit"},
        ],
        "auditor": {"submitted": "2026-01-06T10:00Z", "Q1": 5},
        "expect": {"class": "LENIENT", "delta": 50.0, "flags": ["AUDITEE_EDITED_AFTER_AUDIT"]},
    },
    {
        "id": "R21_ata_dispute",
        "form": ONE,
        "auditee": {"Q1": 10},
        "auditor_revisions": [
            {"rev": 1, "at": "2026-01-06T10:00Z", "Q1": 0},
            {"rev": 2, "at": "2026-01-09T10:00Z", "Q1": 10, "cause": "dispute_overturned"},
        ],
        "expect": {
            "before": {"class": "LENIENT", "delta": 100.0},
            "final": {"class": "EXACT", "delta": 0.0},
            "overturn_numerator": 1,
        },
    },
    {
        "id": "R23_other_agent",
        "agents": {"auditee": "g1", "auditor": "g2"},
        "expect": {"class": "UNMATCHED_AUDITOR", "reason": "AGENT_MISMATCH"},
    },
    {
        "id": "R25_iso_week_53",
        "auditee_submitted": "2027-01-02T12:00:00Z",
        "tz": "UTC",
        "expect": {"local_date": "2027-01-02", "iso_week": "2026-W53"},
    },
    {"id": "R27_delivered_twice", "deliveries": 2, "expect": {"pairs": 1, "class": "EXACT"}},
    {
        "id": "R28_deleted_after_pairing",
        "auditee": {"deleted": "2026-01-20T00:00Z"},
        "expect": {"class": "VOIDED", "pairs": 0},
    },
    {
        "id": "R28_as_of_before_the_delete",
        "auditee": {"deleted": "2026-01-20T00:00Z"},
        "as_of": "2026-01-19T00:00Z",
        "expect": {"class": "EXACT", "pairs": 1},
    },
]


def shared_cases() -> list[tuple[dict[str, Any], Mapping[str, Any]]]:
    try:
        given = json.loads(shared_data("reconcile", "cases.json").read_text())
    except pytest.skip.Exception:
        return []
    return [(case, given["form_default"]) for case in given["cases"]]


@cache
def cases() -> dict[str, Case]:
    """All fixtures, by their ids."""
    return {case["id"]: Case(case, default) for case, default in [*shared_cases(), *((case, DEFAULT) for case in MORE)]}


@cache
def reconciled() -> dict[str, Made]:
    """What each fixture came to: those of one programme and moment are reconciled together."""
    groups: dict[Any, dict[str, Case]] = {}
    for name, case in cases().items():
        groups.setdefault((case.programme, case.as_of), {})[name] = case
    made: dict[str, Made] = {}
    for (programme, as_of), group in groups.items():
        made |= side_by_side({name: case.world for name, case in group.items()}, programme, as_of)
    return made


@pytest.mark.parametrize("name", cases())
def test_worked_fixture_holds(name: str) -> None:
    made, result = cases()[name], reconciled()[name]
    for what, wanted in made.case["expect"].items():
        found = FOUND[what](result, made)
        assert found == wanted or _close(found, wanted), f"{name}: {what}"


def test_the_table_of_fixtures_is_complete() -> None:
    shared_data("reconcile", "cases.json")
    numbers = {case["id"][:3] for case, _ in shared_cases()} | {case["id"][:3] for case in MORE}
    assert numbers >= {f"R{n:02}" for n in range(1, 29)}


def _close(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return all(found[name] == value or _close(found[name], value) for name, value in wanted.items())
    return isinstance(found, float) and isinstance(wanted, float) and found == pytest.approx(wanted, abs=1e-9)


def _ended(result: Made, made: Case) -> tuple[str, str | None]:
    """The class of the audit and its reason: that of the pair, else where either evaluation ended."""
    buckets = {row["evaluation_id"]: (row["bucket"], row["reason"]) for row in result.rows("buckets")}
    ends = [buckets[name] for name in made.auditors]
    for word in WITHOUT_PAIR:
        for end in [*ends, *(end for name, end in buckets.items() if name not in made.auditors)]:
            if end[0] == word:
                return end
    pairs = [pair for pair in result.pairs if pair["is_headline"]]
    return (pairs[0]["outcome"], pairs[0]["reason"]) if pairs else ends[0]


def _headline(result: Made) -> dict[str, Any]:
    (pair,) = [pair for pair in result.pairs if pair["is_headline"]]
    return pair


def _beside(prefix: str) -> Any:
    return lambda result, _: {
        "class": _headline(result)[f"{prefix}outcome"],
        "delta": _headline(result)[f"{prefix}delta"],
        "delta_raw": _headline(result)[f"{prefix}delta_raw"],
    }


def _measure(name: str) -> Any:
    return lambda result, _: _headline(result)[name]


def _day_of_auditee(name: str) -> Any:
    def found(result: Made, _: Case) -> str:
        (row,) = [row for row in result.rows("buckets") if row["evaluation_id"] == "e1"]
        return str(row[name])

    return found


def _overturned(result: Made, made: Case) -> int:
    told = [row for row in made.world.rows["disputes"] if row["event"] == "resolved"]
    over = [row["evaluation_id"] for row in told if row["outcome"].startswith("overturned")]
    return sum(over.count(pair["auditor_evaluation_id"]) for pair in result.pairs)


FOUND: dict[str, Any] = {
    "class": lambda result, made: _ended(result, made)[0],
    "reason": lambda result, made: _ended(result, made)[1],
    **{
        name: _measure(name)
        for name in (
            "delta",
            "delta_raw",
            "auditee_score",
            "auditor_score",
            "value_pairs",
            "leniency",
            "applicability_disagreements",
        )
    },
    "common_weight_share": _measure("common_weight"),
    "min_common_weight_share": lambda _, made: made.programme.min_common_weight,
    "line_items_agree": lambda result, _: "{items_agree}/{items_compared}".format_map(_headline(result)),
    "candidates": lambda result, _: next(r["candidates"] for r in result.rows("buckets") if r["bucket"] == "AMBIGUOUS"),
    "paired": lambda result, _: _headline(result)["auditee_evaluation_id"],
    "reference": lambda result, _: _headline(result)["auditor_evaluation_id"],
    "pairs_kept": lambda result, _: sorted(pair["auditor_evaluation_id"] for pair in result.pairs),
    "headline_pairs": lambda result, _: sum(pair["is_headline"] for pair in result.pairs),
    "pairs": lambda result, _: len(result.pairs),
    "flags": lambda result, _: [flag for flag in _headline(result)["flags"] if not flag.startswith("BLIND")],
    "headline_basis": lambda result, _: _headline(result)["basis"],
    "basis_original": _beside(""),
    "basis_current": _beside("current_"),
    "before": _beside("before_"),
    "final": _beside(""),
    "overturn_numerator": _overturned,
    "local_date": _day_of_auditee("basis_date"),
    "iso_week": _day_of_auditee("week"),
    "note": lambda _, made: made.case["expect"]["note"],
}

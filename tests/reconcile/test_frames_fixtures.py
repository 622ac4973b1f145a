"""Every worked fixture, given as two pandas frames, ends as it does in a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest
from reconcile.fixture_cases import Case
from reconcile.test_worked_fixtures import DEFAULT, MORE, shared_cases
from reconcile.world import World

from qa_sync.reconcile.frames import FrameResult, reconcile_frames

PAIRS = (
    "pair_id", "outcome", "reason", "delta", "delta_raw", "auditee_score", "auditor_score", "items_agree", "value_pairs",
    "applicability_disagreements", "is_headline", "current_outcome", "current_delta", "before_outcome", "week",
)  # fmt: skip
BUCKETS = ("evaluation_id", "bucket", "reason")
VERSION = ("source", "stream", "record_id", "source_stamp", "source_seq", "payload_hash", "ingested_at", "deleted")
_STATES = {"na": "NA", "not_asked": "NOT_ASKED", "missing": "MISSING"}


def form_of(world: World, version: str) -> dict[str, Any]:
    """A form of a world as a notebook would write it."""
    options: dict[str, dict[str, Any]] = {}
    for row in world.rows["options"]:
        if row["form_version"] == version:
            options.setdefault(row["criterion_key"], {})[row["option"]] = row
    (rule,) = [row for row in world.rows["forms"] if row["form_version"] == version]
    criteria = {
        row["criterion_key"]: {
            "max_points": row["max_points"],
            "weight": row["weight"],
            "is_critical": row["is_critical"],
            "options": list(options.get(row["criterion_key"], {})),
            "failing": [name for name, o in options.get(row["criterion_key"], {}).items() if o["is_fail"]],
        }
        for row in world.rows["criteria"]
        if row["form_version"] == version
    }
    return {"form_version": version, "criteria": criteria, **{k: rule[k] for k in ("auto_fail", "higher_is")}}


def frames_of(world: World) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A world's auditees and auditors, one row a revision, a deletion being one."""
    rows, last = [], {}
    answers: dict[tuple[str, str], dict[str, Any]] = {}
    for row in world.rows["answers"]:
        value = _STATES.get(row["state"]) or row.get("option") or row.get("points")
        answers.setdefault((row["record_id"], row["payload_hash"]), {})[row["criterion_key"]] = value
    for row in world.rows["evaluations"]:
        if row["deleted"]:
            rows.append({**last[row["record_id"]], "status": "deleted", "effective_at": row["source_stamp"]})
            continue
        told = {key: value for key, value in row.items() if key not in VERSION and value is not None}
        last[row["record_id"]] = {"effective_at": row["submitted_at"], **told} | answers.get(
            (row["record_id"], row["payload_hash"]), {}
        )
        rows.append(last[row["record_id"]])
    frame = pd.DataFrame(rows).drop(columns=["form_id"])
    versions = {"auditee": frame["kind"] == "standard", "auditor": frame["kind"] != "standard"}
    made = [frame[kept].dropna(axis="columns", how="all") for kept in versions.values()]
    return made[0], made[1]


def answered(case: Case) -> FrameResult:
    auditees, auditors = frames_of(case.world)
    versions = [set(frame.pop("form_version")) for frame in (auditees, auditors)]
    forms = [form_of(case.world, version) for (version,) in versions]
    other = None if forms[0] == forms[1] else forms[1]
    return reconcile_frames(
        auditees, auditors, form=forms[0], auditor_form=other, programme=case.programme, as_of=case.as_of
    )


def plain(rows: list[dict[str, Any]], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Rows by their first column; what is empty is None in frames and in tables alike."""
    return sorted(tuple(None if pd.isna(row[name]) else row[name] for name in names) for row in rows)


#: Cases that differ from others in their answers only: for the long run.
_ANSWERS_ONLY = ("R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R10", "R11", "R13", "R22", "R23", "R27_dup")


def _cases() -> list[Any]:
    """Those with an audit; without one a frame of auditors would be empty."""
    given = [*shared_cases(), *((case, DEFAULT) for case in MORE)]
    return [
        pytest.param(
            case, default, id=case["id"], marks=[pytest.mark.soak] if case["id"].startswith(_ANSWERS_ONLY) else []
        )
        for case, default in given
        if Case(case, default).auditors
    ]


@pytest.mark.parametrize(("case", "default"), _cases())
def test_worked_fixture_holds_on_frames(case: dict[str, Any], default: Mapping[str, Any]) -> None:
    made = Case(case, default)
    wanted = made.world.run(programme=made.programme, as_of=made.as_of)
    found = answered(made)
    assert plain(found.pairs.to_dict("records"), PAIRS) == plain(wanted.pairs, PAIRS)
    assert plain(found.buckets.to_dict("records"), BUCKETS) == plain(wanted.rows("buckets"), BUCKETS)

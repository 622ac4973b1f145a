"""Every worked fixture, given as two pandas frames, ends as it does in a workspace."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import pandas as pd
import pytest
from reconcile.test_worked_fixtures import cases, reconciled
from reconcile.world import Part, World

from qa_sync.reconcile.frames import reconcile_frames

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


def plain(rows: list[dict[str, Any]], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Rows by their first column; what is empty is None in frames and in tables alike."""
    return sorted(tuple(None if pd.isna(row[name]) else row[name] for name in names) for row in rows)


@cache
def answered() -> dict[str, Part]:
    """What each fixture with an audit came to as frames: those of equal forms and columns in one call."""
    groups: dict[str, dict[str, tuple[pd.DataFrame, pd.DataFrame]]] = {}
    asked: dict[str, dict[str, Any]] = {}
    for name, case in cases().items():
        if not case.auditors:  # a frame of auditors would be empty
            continue
        auditees, auditors = frames_of(case.world)
        versions = [set(frame.pop("form_version")) for frame in (auditees, auditors)]
        forms = [form_of(case.world, version) for (version,) in versions]
        other = None if forms[0] == forms[1] else forms[1]
        asking = {"form": forms[0], "auditor_form": other, "programme": case.programme, "as_of": case.as_of}
        key = repr((asking, list(auditees), list(auditors)))
        asked[key] = asking
        groups.setdefault(key, {})[name] = auditees, auditors
    made = {}
    for key, group in groups.items():
        sides = [
            pd.concat([pair[side].apply(partial(_marked, f"{name}/")) for name, pair in group.items()])
            for side in (0, 1)
        ]
        found = reconcile_frames(*sides, **asked[key])
        whole = {"pairs": found.pairs.to_dict("records"), "buckets": found.buckets.to_dict("records")}
        made |= {name: Part(whole, f"{name}/") for name in group}
    return made


def _marked(mark: str, column: pd.Series[Any]) -> pd.Series[Any]:
    return mark + column if str(column.name).endswith("_id") else column


@pytest.mark.parametrize("name", [name for name, case in cases().items() if case.auditors])
@pytest.mark.thorough
def test_worked_fixture_holds_on_frames(name: str) -> None:
    found, wanted = answered()[name], reconciled()[name]
    assert plain(found.rows("pairs"), PAIRS) == plain(wanted.rows("pairs"), PAIRS)
    assert plain(found.rows("buckets"), BUCKETS) == plain(wanted.rows("buckets"), BUCKETS)
    assert found.rows("buckets")

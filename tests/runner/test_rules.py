"""The rules in qa-sync.yaml are the rules that a run reconciles by, also when it is opened again."""

from __future__ import annotations

import json

from qa_sync.config.settings import ProgrammeSettings
from qa_sync.reconcile import Programme
from qa_sync.runner.opened import programme_of


def test_every_rule_of_a_programme_can_be_set_and_is_read_back_from_a_snapshot() -> None:
    settings = ProgrammeSettings(
        auditor_roles=("auditor", "manager"), senior_roles=("manager",), score_mismatch=0.5, references=("gold",)
    )
    kept = json.loads(json.dumps({"programme": settings.model_dump(mode="json")}))
    rules = programme_of(kept)
    assert (rules.auditor_roles, rules.senior_roles, rules.score_mismatch) == (
        ("auditor", "manager"),
        ("manager",),
        0.5,
    )
    assert set(Programme.__dataclass_fields__) <= set(ProgrammeSettings.model_fields)


def test_a_snapshot_of_before_a_rule_could_be_set_has_its_default() -> None:
    kept = ProgrammeSettings().model_dump(mode="json")
    for later in ("auditor_roles", "senior_roles", "score_mismatch", "calibration_evaluators"):
        del kept[later]
    assert programme_of({"programme": kept}) == Programme()

"""Enforcement set against the auditor's answer, beside the library's count of the confusion table."""

from __future__ import annotations

import numpy as np
import pytest
from reconcile.world import World, day
from reports.by_hand import Facts, grouped, narrower, wilson
from reports.scenes import generated, opened, opened_world

from qa_sync.agreement import action_errors
from qa_sync.reports import Ask, build


def test_actions_of_each_site_are_those_of_its_confusion_table() -> None:
    with opened(generated()) as it:
        facts = Facts(it)
        rows = {row["site"]: row for row in build("actions", it.scene, Ask(by=("site",))).rows.to_pylist()}
    severe = grouped([pair for pair in facts.pairs if pair["higher_is"] == "more_severe"], lambda pair: pair["site"])
    assert set(rows) == set(severe)
    for site, pairs in severe.items():
        table = np.zeros((9, 9), dtype=np.int64)
        for pair in pairs:
            for value in facts.values.get(pair["pair_id"], []):
                table[value["auditee_level"], value["auditor_level"]] += 1
        found, row = action_errors(table), rows[site]
        assert row["answers"] == table.sum() > 0
        for name in ("over", "under", "wrong_selection"):
            share, n = float(getattr(found, name).value[0]), len(pairs)
            # One answer an evaluation: Wilson's interval of the n - 1 answers that the ratio estimator knows.
            ends = wilson(share * (n - 1), n - 1) if 0 < share < 1 else wilson(share * n, n)
            wanted = [share, *narrower(facts, pairs, n, share, ends, site=site)]
            assert [row[name], row[f"{name}_low"], row[f"{name}_high"]] == pytest.approx(wanted, abs=1e-12)
    assert sum(row["over"] + row["under"] for row in rows.values()) > 0


def test_answers_of_one_evaluation_that_hang_together_are_worth_one() -> None:
    """Twelve evaluations of five labels, each wrong throughout or right throughout: twelve facts, not sixty."""
    made = World()
    keys = [f"Q{n}" for n in range(5)]
    made.form(criteria={key: {"options": ["none", "act"]} for key in keys}, higher_is="more_severe", scale="ordinal")
    for at in range(12):
        made.evaluation(f"e{at}", dict.fromkeys(keys, "act" if at < 3 else "none"), interaction_id=f"i{at}")
        made.evaluation(
            f"a{at}", dict.fromkeys(keys, "none"), interaction_id=f"i{at}", kind="ata", evaluator_id="v1",
            audited_evaluation_id=f"e{at}", submitted_at=day(1),
        )  # fmt: skip
    for at in range(12, 400):  # so many that were not audited that N narrows nothing
        made.evaluation(f"e{at}", dict.fromkeys(keys, "none"), interaction_id=f"i{at}")
    with opened_world(made) as it:
        (row,) = build("actions", it.scene, Ask(by=("form",))).rows.to_pylist()
    assert (row["pairs"], row["answers"], row["over"]) == (12, 60, 0.25)
    low, high = wilson(0.25 * 11, 11)
    assert (row["over_low"], row["over_high"]) == (pytest.approx(low), pytest.approx(high))

"""Enforcement set against the auditor's answer, beside the library's count of the confusion table."""

from __future__ import annotations

import numpy as np
import pytest
from reports.by_hand import Facts, grouped
from reports.scenes import generated, opened

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
            batch = getattr(found, name)
            wanted = [batch.value[0], batch.lower[0], batch.upper[0]]
            assert [row[name], row[f"{name}_low"], row[f"{name}_high"]] == pytest.approx(wanted, abs=1e-12)
    assert sum(row["over"] + row["under"] for row in rows.values()) > 0

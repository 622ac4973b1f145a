"""A metric's version is raised when its definition changes: what was published before can then be told from what is now.

``metric_versions.json`` holds, of every published metric, its version and a digest of what its number is made by. A
changed definition fails here until somebody has decided whether the number changes. If it does, raise the version; if
only the wording changed, do not. Then write the file anew: QA_SYNC_REWRITE=1 pytest tests/reports/test_metric_versions.py
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from reports.scenes import generated, opened

from qa_sync.agreement.metrics import METRIC_DEFINITIONS
from qa_sync.agreement.metrics.definition import Metric
from qa_sync.reports import REPORTS, build
from qa_sync.reports.explain import NUMBERS
from qa_sync.reports.published import PUBLISHED, metric_of

FILE = Path(__file__).with_name("metric_versions.json")
#: Reports that list rows: their numbers are facts of a row (a pair's score), made by the rules of reconciling.
LISTS = ("pairs", "disagreements", "exceptions", "open_disputes")


def _digest(metric: Metric) -> str:
    return hashlib.sha256("|".join((metric.formula, metric.interval, metric.undefined)).encode()).hexdigest()[:12]


def test_a_definition_does_not_change_without_its_version_being_looked_at() -> None:
    now = {
        m.id: [m.version, _digest(m)] for m in sorted((*PUBLISHED, *METRIC_DEFINITIONS.values()), key=lambda m: m.id)
    }
    if os.environ.get("QA_SYNC_REWRITE"):
        FILE.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    held = json.loads(FILE.read_text(encoding="utf-8"))
    assert {name for name in held if name in now and now[name][0] < held[name][0]} == set(), "a version went back"
    assert now == held


def test_every_number_of_a_report_has_a_metric_with_a_version() -> None:
    with opened(generated()) as it:
        for name in REPORTS:
            if name not in LISTS:
                for field in build(name, it.scene).fields:
                    if field.kind in NUMBERS:
                        metric = metric_of(name, field.name)
                        assert metric is not None, (name, field.name)
                        assert metric.version >= 1


def test_ids_are_unique_and_stand_in_definitions_with_their_version() -> None:
    assert len({metric.id for metric in PUBLISHED}) == len(PUBLISHED)
    with opened(generated()) as it:
        rows = {row["key"]: row for row in build("definitions", it.scene).rows.to_pylist()}
    assert {name: row["version"] for name, row in rows.items() if row["kind"] == "metric"} == {
        f"metric:{metric.id}": str(metric.version) for metric in PUBLISHED
    }

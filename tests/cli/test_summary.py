"""What a run tells people: words, with the code beside a word that a query needs."""

from __future__ import annotations

from datetime import UTC, datetime

from qa_sync.cli.runs import summary
from qa_sync.runner.recording import RunReport

AT = datetime(2026, 1, 12, 6, 15, tzinfo=UTC)


def test_buckets_and_reasons_of_scores_are_told_in_words() -> None:
    reconciled = {
        "evaluations": 1204,
        "buckets": {"AUDITEE_ONLY": 1200, "DRAFT": 0, "PAIRED_AUDITEE": 4},
        "score_findings": {"ROUNDED": 2, "RULE_DIFFERS": 1},
    }
    report = RunReport(
        run_id="r1",
        command="run",
        status="done",
        started_at=AT,
        finished_at=AT,
        counts={"reconcile": reconciled},
        timings={},
        new_rejects=0,
        exit_code=0,
        snapshot=True,
    )
    assert summary(report).splitlines() == [
        "run r1: done in 0.0 s",
        "  evaluations: 1,204 (auditee only 1,200, paired auditee 4)",
        "  reported scores that differ from the recomputed: 3",
        "    2 (ROUNDED): The source rounded it.",
        "    1 (RULE_DIFFERS): Nothing simpler explains it: the source has a rule that the catalogue does not.",
    ]

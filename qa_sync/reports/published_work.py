"""Definitions of the numbers of the report about audits that judge the evaluator."""

from __future__ import annotations

from qa_sync.agreement.metrics.definition import Metric, metric

OF_WORK: tuple[Metric, ...] = (
    metric("evaluator_work.audits", "Audits", "count", "audits that judge the evaluator on a form of their own (n)"),
    metric("evaluator_work.linked", "Linked", "count", "of these, audits whose audited evaluation is known"),
    metric("evaluator_work.scored", "Scored", "count", "of these, audits with a score"),
    metric(
        "evaluator_work.score",
        "Score",
        "score",
        "mean score, recomputed where the catalogue allows, on the form's own scale",
        interval="t 95 %, n - 1 degrees of freedom",
        undefined="no scores, or forms of several scales; hidden below n_min scores",
        higher_is="better",
    ),
    metric(
        "evaluator_work.passed",
        "Passed",
        "share",
        "audits that reach their form's pass mark / audits on forms with one",
        interval="Wilson 95 %",
        undefined="no form here has a pass mark; hidden below n_min audits",
        higher_is="better",
    ),
    metric("evaluator_work.failed", "Auto-failed", "count", "audits that found a critical failure", higher_is="worse"),
)

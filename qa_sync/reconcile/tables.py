"""Every table that reconciling makes, in the order people ask for them."""

from __future__ import annotations

from qa_sync.reconcile import schema, schema_cases

RESULTS = (
    schema.PAIRS,
    schema.COMPARISONS,
    schema.BUCKET_ROWS,
    schema.EVALUATOR_WORK,
    schema.SCORE_FINDINGS,
    schema.CRITICAL_COMPARISONS,
    schema_cases.DISPUTE_CASES,
    schema_cases.DISPUTE_ITEMS,
    schema_cases.CALIBRATION_RESULTS,
    schema_cases.CALIBRATION_ANSWERS,
)

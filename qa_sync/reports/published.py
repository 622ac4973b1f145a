"""Definitions of every number that reports publish, by ``report.field``: printed in the Definitions tab."""

from __future__ import annotations

from qa_sync.agreement.metrics.definition import Metric
from qa_sync.reports.published_pairs import OF_PAIRS
from qa_sync.reports.published_tabs import OF_TABS
from qa_sync.reports.published_work import OF_WORK

PUBLISHED: tuple[Metric, ...] = (*OF_PAIRS, *OF_TABS, *OF_WORK)
PUBLISHED_BY_ID = {metric.id: metric for metric in PUBLISHED}
#: Reports that show the measures of ``summary`` for other groups.
_SAME_AS_SUMMARY = ("evaluators", "trend")


def metric_of(report: str, field: str) -> Metric | None:
    """Return the definition of a report's column, that of the number for the ends of its interval; None for facts."""
    plain = field.removesuffix("_low").removesuffix("_high")
    if report == "trend":
        plain = "pairs" if field.endswith("_n") else "line_accuracy"
    of = "summary" if report in _SAME_AS_SUMMARY else report
    # A name that ends like the end of an interval may be a metric's own.
    return PUBLISHED_BY_ID.get(f"{of}.{field}") or PUBLISHED_BY_ID.get(f"{of}.{plain}")

"""Every metric that qa-sync computes: id, version, formula, source.

Those that tabs show are in ``qa_sync.reports.published``.

Two tabs with two numbers for one week are settled here: a metric whose meaning changes gets a new version, and a
published cell records the version it was made with.
"""

from __future__ import annotations

from difflib import get_close_matches

from qa_sync.agreement.metrics.coefficients import COEFFICIENTS
from qa_sync.agreement.metrics.definition import Metric
from qa_sync.agreement.metrics.differences import DIFFERENCES
from qa_sync.agreement.metrics.programme import PROGRAMME

__all__ = ["METRIC_DEFINITIONS", "Metric", "metric"]

#: All definitions by id, in the order they are printed.
METRIC_DEFINITIONS: dict[str, Metric] = {one.id: one for one in (*DIFFERENCES, *COEFFICIENTS, *PROGRAMME)}


def metric(metric_id: str) -> Metric:
    """Return the definition of a metric.

    Raises:
        KeyError: no such metric; the message names the nearest ids.

    >>> metric("kappa").version
    1
    """
    if metric_id not in METRIC_DEFINITIONS:
        near = get_close_matches(metric_id, METRIC_DEFINITIONS, n=3)
        msg = f"no metric {metric_id!r}" + (f"; did you mean {', '.join(near)}?" if near else "")
        raise KeyError(msg)
    return METRIC_DEFINITIONS[metric_id]

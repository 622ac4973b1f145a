"""Reports as functions: tables of one snapshot in, rows with explained columns out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qa_sync.reports.agreement_report import agreement
from qa_sync.reports.definitions import definitions
from qa_sync.reports.grouped import evaluators, summary
from qa_sync.reports.listed import exceptions, pairs
from qa_sync.reports.report import Ask, Report, Scene
from qa_sync.reports.scenery import prepare
from qa_sync.reports.trend import trend

__all__ = ["REPORTS", "Ask", "Report", "ReportSpec", "Scene", "build", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSpec:
    """A report by name: what makes it, and one line about it."""

    make: Callable[[Scene, Ask], Report]
    doc: str


def _spec(make: Callable[[Scene, Ask], Report]) -> ReportSpec:
    return ReportSpec(make=make, doc=(make.__doc__ or "").splitlines()[0])


#: Every report there is, by name.
REPORTS: dict[str, ReportSpec] = {
    "summary": _spec(summary),
    "trend": _spec(trend),
    "evaluators": _spec(evaluators),
    "agreement": _spec(agreement),
    "pairs": _spec(pairs),
    "exceptions": _spec(exceptions),
    "definitions": _spec(definitions),
}


def build(name: str, scene: Scene, ask: Ask | None = None) -> Report:
    """Make a report of a prepared scene.

    Raises:
        ConfigError: it is asked for a column that does not exist.
    """
    return REPORTS[name].make(scene, ask or Ask())

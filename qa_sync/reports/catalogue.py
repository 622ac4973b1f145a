"""Every report there is, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qa_sync.reports.agreement_report import agreement
from qa_sync.reports.definitions import definitions
from qa_sync.reports.grouped import evaluators, summary
from qa_sync.reports.listed import exceptions, pairs
from qa_sync.reports.report import Ask, Report, Scene
from qa_sync.reports.trend import trend


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSpec:
    """A report by name: what makes it, one line about it, whether it can be grouped, filtered, shown to auditees.

    ``holds_data``: false where nothing in it comes from evaluations, so that every site may see the same.
    """

    make: Callable[[Scene, Ask], Report]
    doc: str
    takes_by: bool = True
    takes_where: bool = True
    for_auditees: bool = True
    holds_data: bool = True


def _spec(
    make: Callable[[Scene, Ask], Report],
    *,
    takes_by: bool = True,
    takes_where: bool = True,
    for_auditees: bool = True,
    holds_data: bool = True,
) -> ReportSpec:
    doc = (make.__doc__ or "").splitlines()[0]
    return ReportSpec(
        make=make,
        doc=doc,
        takes_by=takes_by,
        takes_where=takes_where,
        for_auditees=for_auditees,
        holds_data=holds_data,
    )


REPORTS: dict[str, ReportSpec] = {
    "summary": _spec(summary),
    "trend": _spec(trend, takes_by=False),
    "evaluators": _spec(evaluators),
    "agreement": _spec(agreement),
    "pairs": _spec(pairs, takes_by=False),
    "exceptions": _spec(exceptions, takes_by=False),
    "definitions": _spec(definitions, takes_by=False, takes_where=False, holds_data=False),
}

"""Reports as functions: tables of one snapshot in, rows with explained columns out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qa_sync.errors import ConfigError, Problem
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
    """A report by name: what makes it, one line about it, and whether it can be grouped and filtered.

    ``holds_data``: false where nothing in it comes from evaluations, so that every site may see the same.
    """

    make: Callable[[Scene, Ask], Report]
    doc: str
    takes_by: bool = True
    takes_where: bool = True
    holds_data: bool = True


def _spec(
    make: Callable[[Scene, Ask], Report], *, takes_by: bool = True, takes_where: bool = True, holds_data: bool = True
) -> ReportSpec:
    doc = (make.__doc__ or "").splitlines()[0]
    return ReportSpec(make=make, doc=doc, takes_by=takes_by, takes_where=takes_where, holds_data=holds_data)


#: Every report there is, by name.
REPORTS: dict[str, ReportSpec] = {
    "summary": _spec(summary),
    "trend": _spec(trend, takes_by=False),
    "evaluators": _spec(evaluators),
    "agreement": _spec(agreement),
    "pairs": _spec(pairs, takes_by=False),
    "exceptions": _spec(exceptions, takes_by=False),
    "definitions": _spec(definitions, takes_by=False, takes_where=False, holds_data=False),
}


def build(name: str, scene: Scene, ask: Ask | None = None) -> Report:
    """Make a report of a prepared scene.

    Raises:
        ConfigError: it is asked for a column that does not exist, or for a grouping or filter that it does not have.
    """
    spec, asked = REPORTS[name], ask or Ask()
    if asked.by and not spec.takes_by:
        raise ConfigError(Problem(what=f"the report {name} cannot be grouped by columns", hint="leave out 'by'"))
    if asked.where and not spec.takes_where:
        raise ConfigError(Problem(what=f"the report {name} cannot be filtered", hint="leave out 'where'"))
    return spec.make(scene, asked)

"""Every report there is, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qa_sync.reports.actions_report import actions
from qa_sync.reports.agreement_report import agreement
from qa_sync.reports.auditors_report import auditors, blind, repeats
from qa_sync.reports.calibration_report import calibration, sessions
from qa_sync.reports.control import control
from qa_sync.reports.critical_report import critical
from qa_sync.reports.definitions import definitions
from qa_sync.reports.disagreements import confusion, disagreements
from qa_sync.reports.disputes_report import disputes, open_disputes
from qa_sync.reports.drift_report import drift
from qa_sync.reports.evaluator_work_report import evaluator_work
from qa_sync.reports.grouped import evaluators, summary
from qa_sync.reports.listed import exceptions, pairs
from qa_sync.reports.pools_report import pools
from qa_sync.reports.quotas_report import quotas
from qa_sync.reports.report import Ask, Report, Scene
from qa_sync.reports.sampling_report import next_sample, sampling
from qa_sync.reports.scores_report import scores
from qa_sync.reports.standing import standing
from qa_sync.reports.trend import trend
from qa_sync.reports.weighted_report import weighted


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
    "control": _spec(control),
    "evaluators": _spec(evaluators),
    "standing": _spec(standing),
    "drift": _spec(drift),
    "auditors": _spec(auditors, takes_by=False, for_auditees=False),
    "agreement": _spec(agreement),
    "scores": _spec(scores),
    "confusion": _spec(confusion),
    "weighted": _spec(weighted),
    "critical": _spec(critical),
    "actions": _spec(actions),
    "pools": _spec(pools),
    "blind": _spec(blind),
    "repeats": _spec(repeats),
    "evaluator_work": _spec(evaluator_work),
    "calibration": _spec(calibration),
    "sessions": _spec(sessions),
    "disputes": _spec(disputes),
    "open_disputes": _spec(open_disputes, takes_by=False),
    "sampling": _spec(sampling, for_auditees=False),
    "quotas": _spec(quotas, for_auditees=False),
    "next_sample": _spec(next_sample, takes_by=False, for_auditees=False),
    "pairs": _spec(pairs, takes_by=False),
    "disagreements": _spec(disagreements, takes_by=False),
    "exceptions": _spec(exceptions, takes_by=False),
    "definitions": _spec(definitions, takes_by=False, takes_where=False, holds_data=False),
}

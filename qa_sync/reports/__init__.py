"""Reports as functions: tables of one snapshot in, rows with explained columns out."""

from __future__ import annotations

from qa_sync.reports.audience import embargoed, withhold
from qa_sync.reports.build import build
from qa_sync.reports.catalogue import REPORTS, ReportSpec
from qa_sync.reports.explain import Explanation, explain
from qa_sync.reports.report import Ask, Report, Scene
from qa_sync.reports.scenery import prepare

__all__ = [
    "REPORTS",
    "Ask",
    "Explanation",
    "Report",
    "ReportSpec",
    "Scene",
    "build",
    "embargoed",
    "explain",
    "prepare",
    "withhold",
]

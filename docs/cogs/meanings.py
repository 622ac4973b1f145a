"""Reports, their columns, metrics, and the words of reconciling."""

from __future__ import annotations

from qa_sync.agreement.metrics import METRIC_DEFINITIONS
from qa_sync.model.tables import INTERACTIONS
from qa_sync.reconcile import outcomes
from qa_sync.reports import REPORTS
from qa_sync.reports.grouping import _FIXED, FIXED, INTERACTION_COLUMNS
from qa_sync.reports.measures import MEASURES
from qa_sync.reports.population import POPULATION_FIELDS
from qa_sync.reports.published import PUBLISHED

from .markdown import code, table

#: The vocabularies of reconciling by the heading that the pages use.
VOCABULARIES = {
    "outcome": outcomes.OUTCOMES,
    "bucket": outcomes.BUCKETS,
    "reason": outcomes.REASONS,
    "flag": outcomes.FLAGS,
    "finding": outcomes.SCORE_REASONS,
    "link": outcomes.LINKS,
    "treatment": outcomes.TREATMENTS,
}


def reports() -> str:
    """Return every report with its line."""
    return table(("report", "what it shows"), ((code(name), spec.doc) for name, spec in REPORTS.items()))


def measures() -> str:
    """Return the columns that reports about groups of pairs share."""
    fields = (MEASURES[0], *POPULATION_FIELDS, *MEASURES[1:])
    return table(("column", "field", "meaning"), ((one.label, code(one.name), one.doc) for one in fields))


def groupings() -> str:
    """Return the columns that reports can be grouped and filtered by."""
    return table(("name", "meaning"), ((code(name), _meaning(name)) for name in FIXED))


def _meaning(name: str) -> str:
    if name in INTERACTION_COLUMNS:
        doc = INTERACTIONS.column(name).doc
        return f"Of the interaction: {doc[0].lower()}{doc[1:]}"
    return _FIXED[name][2]


def words(kind: str) -> str:
    """Return one vocabulary of reconciling, each word with its sentence."""
    return table((kind, "meaning"), ((code(word), meaning) for word, meaning in VOCABULARIES[kind].items()))


def metrics() -> str:
    """Return every metric: id, version, formula, interval, when it has no value, and who defined it."""
    header = ("id", "v", "name", "formula", "unit", "interval", "no value when", "source")
    return table(
        header,
        (
            (
                code(one.id),
                str(one.version),
                one.name,
                one.formula + (" (assumed)" if one.assumed else ""),
                one.unit,
                one.interval or "none",
                one.undefined,
                one.source,
            )
            for one in (*PUBLISHED, *METRIC_DEFINITIONS.values())
        ),
    )

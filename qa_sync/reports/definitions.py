"""What every number and every word of the dashboard means, with versions, so that it can be defended."""

from __future__ import annotations

import pyarrow as pa

from qa_sync.dashboards.cells import Field
from qa_sync.reconcile.outcomes import BUCKETS, FLAGS, OUTCOMES, REASONS, SCORE_REASONS
from qa_sync.reports.published import PUBLISHED
from qa_sync.reports.report import Ask, Report, Scene


def definitions(scene: Scene, ask: Ask) -> Report:  # noqa: ARG001  (every report is asked the same way)
    """Definitions of metrics, outcome classes, reasons and flags, and the programme's settings."""
    rows: list[dict[str, str | None]] = [
        {"key": f"setting:{name}", "kind": "setting", "name": name, "meaning": value}
        for name, value in _settings(scene).items()
    ]
    rows += [
        {
            "key": f"metric:{m.id}",
            "kind": "metric",
            "name": m.name,
            "meaning": m.formula + (" (assumed, not verified against its source)" if m.assumed else ""),
            "version": str(m.version),
            "unit": m.unit,
            "interval": m.interval,
            "undefined": m.undefined,
            "source": m.source,
        }
        for m in PUBLISHED
    ]
    vocabularies = {"outcome": OUTCOMES, "reason": REASONS, "flag": FLAGS, "bucket": BUCKETS, "score": SCORE_REASONS}
    for kind, words in vocabularies.items():
        rows += [
            {"key": f"{kind}:{word}", "kind": kind, "name": word, "meaning": meaning} for word, meaning in words.items()
        ]
    fields = (
        Field(name="key", label="Key", width=240, doc="Identity of the row."),
        Field(name="kind", label="Kind", width=75),
        Field(name="name", label="Name", width=210),
        Field(
            name="meaning",
            label="Meaning",
            width=520,
            doc="Formula of a metric, meaning of a word, value of a setting.",
        ),
        Field(name="version", label="Version", width=65, doc="Raised whenever the number a metric gives would change."),
        Field(name="unit", label="Unit", width=90),
        Field(name="interval", label="Interval", width=190),
        Field(name="undefined", label="When undefined", width=230),
        Field(name="source", label="Source", width=260),
    )
    schema = pa.schema([pa.field(f.name, pa.string()) for f in fields])
    return Report(
        name="definitions",
        title="Definitions",
        fields=fields,
        key="key",
        rows=pa.Table.from_pylist(rows, schema=schema),
    )


def _settings(scene: Scene) -> dict[str, str]:
    return {
        "time zone": scene.time_zone,
        "tolerance": f"inclusive: the form's own; else {scene.tolerance:g} points, or 0 levels on ordinal forms",
        "audit window": f"{scene.audit_window_days} days",
        "n_min": f"{scene.n_min}: below it a rate is not shown; the intervals of line accuracy, AC1 and leniency are",
        "basis event": scene.basis_event,
        "as of": "the tab _qa_sync names the run of the last data change",
        "seed": f"{scene.seed}, of simulated intervals",
        "delta": "auditee − auditor, on the form's scale",
    }

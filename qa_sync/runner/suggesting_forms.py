"""Propose a form catalogue: forms that a source's account has defined, or its evaluations name, and none has."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from qa_sync import registry
from qa_sync.engine.duck import DuckEngine, literal
from qa_sync.errors import ConfigError
from qa_sync.forms.proposal import propose_forms
from qa_sync.model.account import DefinedCriterion, DefinedForm, ReadStream
from qa_sync.runner.workspace import Workspace

#: Different answers up to which they are taken for the options of a criterion.
MOST_OPTIONS = 20

#: Every form that evaluations of a source name, with what was answered to each criterion: points where they have any.
_ANSWERED = """
    SELECT e.form_id, coalesce(e.form_version, '') AS version, a.criterion_key, a.option, min(a.points) AS points,
           max(coalesce(a.max_points, a.points)) AS max_points
    FROM evaluations e LEFT JOIN answers a ON a.evaluation_id = e.evaluation_id AND a.state = 'valued'
    WHERE e.source = {source}
    GROUP BY ALL ORDER BY e.form_id, version, a.criterion_key, points, a.option"""


def suggest_forms(workspace: Workspace, source: str, read: ReadStream) -> tuple[str, int]:
    """Return a proposed form catalogue, and how many forms it has.

    What an account has defined comes first; what it does not say is taken from the answers in the newest snapshot.
    """
    rows = workspace.materials.catalogue.rows["forms"]
    known = {str(row["form_id"]) for row in rows}
    make = registry.beside("sources", workspace.settings.sources[source].connector, "forms")
    defined = [form for form in (make(read) if make else ()) if form.id not in known]
    named = {form.id for form in defined}
    answered = [form for form in _answered(workspace, source) if form.id not in known | named]
    return propose_forms([*defined, *answered]), len(defined) + len(answered)


def _answered(workspace: Workspace, source: str) -> list[DefinedForm]:
    try:
        run = workspace.store.ledger.snapshot_run()
    except ConfigError:
        return []  # nothing was mapped yet
    if run.snapshot is None:
        return []
    engine = DuckEngine()
    try:
        workspace.store.register(engine, run.snapshot, raw=False)
        rows = engine.fetch(_ANSWERED.format(source=literal(source))).to_pylist()
    finally:
        engine.close()
    made = []
    for (form_id, version), of_form in groupby(rows, key=lambda row: (row["form_id"], row["version"])):
        criteria = tuple(
            _criterion(str(key), list(given))
            for key, given in groupby(of_form, key=lambda row: row["criterion_key"])
            if key is not None
        )
        made.append(DefinedForm(id=str(form_id), version=version, criteria=criteria))
    return made


def _criterion(key: str, given: list[Mapping[str, Any]]) -> DefinedCriterion:
    options = {row["option"]: row["points"] for row in given if row["option"] is not None}
    tops = [row["max_points"] for row in given if row["max_points"] is not None]
    top = max(tops) if tops else None
    if len(options) > MOST_OPTIONS or _are_points(options):
        options = {}
    return DefinedCriterion(key=key, max_points=top, options=options)


def _are_points(options: Mapping[str, float | None]) -> bool:
    """Whether the answers are nothing but the points themselves."""

    def is_number(text: str, points: float | None) -> bool:
        try:
            return points is not None and float(text) == points
        except ValueError:
            return False

    return bool(options) and all(is_number(text, points) for text, points in options.items())

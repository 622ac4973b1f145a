"""Explain one number: the evaluations behind it, and the number made again from exactly these."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.agreement.metrics.definition import Metric
from qa_sync.dashboards.cells import Field
from qa_sync.errors import ConfigError, Problem
from qa_sync.reports.as_published import HEADLINES, PUBLISHED, first_published
from qa_sync.reports.build import build, scene_for
from qa_sync.reports.published import metric_of
from qa_sync.reports.report import Ask, Report, Scene
from qa_sync.wording import did_you_mean, nearest

if TYPE_CHECKING:
    import pandas as pd

#: Kinds of columns that hold numbers.
NUMBERS = ("integer", "number", "percent")
#: What identifies a row is text; what is compared is the shown number, to the precision of a double's sums.
_RELATIVE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where one number of a report comes from.

    Attributes:
        report: the report's name.
        title: its title.
        key: the row.
        field: the column.
        value: the number shown.
        recomputed: the same number of the same report, made from ``evaluations`` and nothing else.
        metric: its definition; None for a column that is a plain fact of the row, such as a pair's score.
        evaluations: one row an evaluation and the part it plays: ``role`` (auditee, auditor, ...; sample: a unit of
            the sample plan under its own id), ``part`` (own, or population where the number borrows strength from
            others), ``evaluation_id``, ``pair_id``, ``kind``, ``form``, ``evaluator``, ``submitted_at``,
            ``payload_hash`` (SHA-256 of the stored record that was used), ``link`` and ``interaction_link`` (where a
            person can open it).
        borrowed: in words, what the number borrows from; empty for most.
        notes: the report's notes: date basis, zone, what is left out.
        run_id: the run whose snapshot it is.
        since: of a number as it was published, the evaluations by which what is behind it now differs: ``what`` (new,
            gone, revised), and else as ``evaluations``; None for every other number.
    """

    report: str
    title: str
    key: str
    field: Field
    value: float
    recomputed: float | None
    metric: Metric | None
    evaluations: pa.Table = attribute(repr=False)
    borrowed: str
    notes: tuple[str, ...]
    run_id: str
    since: pa.Table | None = attribute(default=None, repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """``evaluations`` as a pandas frame."""
        frame: pd.DataFrame = self.evaluations.to_pandas()
        return frame

    @property
    def agrees(self) -> bool:
        """Whether the recomputed number is the one shown."""
        if self.recomputed is None:
            return False
        return math.isclose(self.value, self.recomputed, rel_tol=_RELATIVE, abs_tol=_RELATIVE)


def explain(name: str, scene: Scene, row: str, column: str, ask: Ask | None = None) -> Explanation:
    """Explain the number in one row and column of a report.

    Args:
        name: of the report.
        scene: a prepared scene.
        row: the row's key, as its first column shows it.
        column: the column's field name, or its heading.
        ask: what the report was asked for.

    Raises:
        ConfigError: there is no such row or column, the column holds no numbers, or the cell is empty.
    """
    asked = ask or Ask()
    scene = scene_for(name, scene, asked)
    report = build(name, scene, asked)
    field = _field(report, column)
    found = _row(report, row)
    value = found[field.name]
    if value is None:
        raise ConfigError(_empty(report, row, field, found))
    if report.trace is None:
        raise ConfigError(Problem(what=f"the report {name} is not made of evaluations", hint="it needs no explaining"))
    if field.name == PUBLISHED:
        return _published(report, scene, row, field, asked)
    inputs = report.trace(found, field.name)
    scene.engine.table("explained", _listed(inputs.sql, inputs.population))
    evaluations = _described(scene)
    scene.engine.table("explained_only", "SELECT DISTINCT evaluation_id FROM explained")
    again = build(name, scene, replace(asked, only="explained_only"))
    return Explanation(
        report=name,
        title=report.title,
        key=row,
        field=field,
        value=float(value),
        recomputed=_cell(again, row, field.name),
        metric=metric_of(name, field.name),
        evaluations=evaluations,
        borrowed=inputs.borrowed,
        notes=report.notes,
        run_id=scene.run_id,
    )


def _published(report: Report, scene: Scene, row: str, field: Field, ask: Ask) -> Explanation:
    """A number as it was published: what it was made of in the state of the run that published it, and what came since.

    Raises:
        ConfigError: that state no longer has the row, such as after retention.
    """
    first, headline = first_published(report, scene, ask)[row], HEADLINES[report.name]
    now = explain(report.name, scene, row, headline, ask)
    assert scene.past is not None  # noqa: S101  (it was just asked)
    with scene.past.scene(first.run_id) as past:
        was = explain(report.name, past, row, headline, ask)
    since = _between(was.evaluations, now.evaluations)
    notes = [
        f"Now it is {now.value!r}; run {scene.run_id}. 'qa-sync publish diff {first.run_id} {scene.run_id}' has all."
    ]
    if not since.num_rows:
        notes.insert(0, "The same evaluations are behind it: settings, a form or a definition changed.")
    return replace(
        was,
        field=field,
        value=float(first.cells[headline]),
        metric=metric_of(report.name, field.name),
        notes=(*notes, *report.notes),
        since=since,
    )


def _between(was: pa.Table, now: pa.Table) -> pa.Table:
    """Return the evaluations of two lists that are in one only, or by another hash, with ``what`` became of them."""
    listed = [
        {tuple(one[name] for name in ("evaluation_id", "role", "pair_id")): one for one in rows.to_pylist()}
        for rows in (was.filter(pc.equal(was["part"], "own")), now.filter(pc.equal(now["part"], "own")))
    ]
    found = []
    for member in sorted({*listed[0], *listed[1]}, key=lambda member: (member[2] or "", member[1], member[0])):
        old, new = (one.get(member) for one in listed)
        if old is None or new is None or old["payload_hash"] != new["payload_hash"]:
            what = "new" if old is None else "gone" if new is None else "revised"
            found.append({**(new or old or {}), "what": what})
    fields = [pa.field("what", pa.string()), *(one for one in now.schema if one.name != "part")]
    return pa.Table.from_pylist(found, schema=pa.schema(fields))


def _field(report: Report, column: str) -> Field:
    wanted = column.strip().casefold()
    numbers = [field for field in report.fields if field.kind in NUMBERS]
    # Headings such as "from" repeat: the name of a field decides, then the first heading.
    for field in report.fields:
        if field.name == wanted:
            return _number(report, field, numbers)
    for field in report.fields:
        if field.label.casefold() == wanted:
            return _number(report, field, numbers)
    hint = did_you_mean(wanted, [field.name for field in numbers])
    raise ConfigError(Problem(what=f"the report {report.name} has no column {column!r}", hint=hint))


def _number(report: Report, field: Field, numbers: list[Field]) -> Field:
    if field.kind in NUMBERS:
        return field
    names = ", ".join(one.name for one in numbers) or "none"
    what = f"{field.name} of {report.name} is no number, so there is nothing to recompute"
    raise ConfigError(Problem(what=what, hint=f"its numbers: {names}"))


def _row(report: Report, row: str) -> Mapping[str, Any]:
    keys = report.rows[report.key].to_pylist()
    if row in keys:
        found: Mapping[str, Any] = report.rows.slice(keys.index(row), 1).to_pylist()[0]
        return found
    close = nearest(row, keys)
    hint = f"did you mean {close!r}?" if close else f"'qa-sync report {report.name}' shows its {len(keys):,} rows"
    raise ConfigError(Problem(what=f"the report {report.name} has no row {row!r}", hint=hint))


def _empty(report: Report, row: str, field: Field, found: Mapping[str, Any]) -> Problem:
    """An empty cell is no number; say when it is left empty, and the row's own reason where it has one."""
    metric = metric_of(report.name, field.name)
    of_kappa = found.get("no_kappa") if field.name == "kappa" else None
    why = of_kappa or found.get("undefined") or (f"left empty when: {metric.undefined}" if metric else "")
    return Problem(what=f"{field.name} of row {row!r} is empty", hint=str(why) or "there is no number to explain")


def _cell(report: Report, row: str, name: str) -> float | None:
    keys = report.rows[report.key].to_pylist()
    if row not in keys or name not in report.rows.column_names:
        return None
    value = report.rows[name][keys.index(row)].as_py()
    return None if value is None else float(value)


def _listed(own: str, population: str) -> str:
    """Own inputs, then those of the population that are not among them."""
    parts = [f"SELECT DISTINCT *, 'own' AS part FROM ({own})"]
    if population:
        parts.append(f"""
            SELECT DISTINCT *, 'population' AS part FROM ({population}) p
            WHERE NOT EXISTS (SELECT 1 FROM ({own}) o WHERE o.evaluation_id = p.evaluation_id
                              AND o.role = p.role AND o.pair_id IS NOT DISTINCT FROM p.pair_id)""")
    return " UNION ALL ".join(parts)


def _described(scene: Scene) -> pa.Table:
    """The evaluations of ``explained`` with what a person needs to find them."""
    return scene.engine.fetch("""
        WITH links AS (
            SELECT evaluation_id, url FROM (
                SELECT evaluation_id, url, row_number() OVER (PARTITION BY evaluation_id
                       ORDER BY source_stamp DESC NULLS LAST, source_seq DESC, payload_hash DESC) AS place
                FROM evaluations_history
                WHERE NOT deleted AND evaluation_id IN (SELECT evaluation_id FROM explained)) v
            WHERE place = 1)
        SELECT x.part, x.role, x.evaluation_id, x.pair_id, b.kind, b.form_id AS form, b.evaluator_id AS evaluator,
               b.submitted_at, coalesce(x.payload_hash, b.payload_hash) AS payload_hash, l.url AS link,
               i.url AS interaction_link
        FROM explained x
        LEFT JOIN ended b ON b.evaluation_id = x.evaluation_id
        LEFT JOIN links l ON l.evaluation_id = x.evaluation_id
        LEFT JOIN interactions i ON i.interaction_id = b.interaction_id
        ORDER BY x.part, x.pair_id NULLS FIRST, x.role, x.evaluation_id""")

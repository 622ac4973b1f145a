"""Reconcile two pandas frames without a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from qa_sync.errors import ConfigError, Problem
from qa_sync.model import TABLES
from qa_sync.model.system import VERSION
from qa_sync.reconcile.form import Form, form_tables, to_form
from qa_sync.reconcile.frame_rows import Side
from qa_sync.reconcile.programme import Programme
from qa_sync.reconcile.run import Reconciled, reconcile

if TYPE_CHECKING:
    import pandas as pd

_EVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameResult:
    """What reconciling two frames made.

    Attributes:
        pairs: one row an audit and the evaluation it belongs to (columns: ``qa_sync.reconcile.schema.PAIRS``).
        comparisons: one row a pair and criterion (``schema.COMPARISONS``).
        unmatched: every evaluation without a pair and why (``schema.BUCKET_ROWS``).
        buckets: every evaluation, one row each, and where it ended.
        others: one row a pair beside the pairs (``schema.PAIRS``): self-audits, repeats, two audits of one evaluation,
            and calibrations against what their session agreed; ``relation`` says which.
        critical: one row a pair and class of critical errors: what each side found (``schema.CRITICAL_COMPARISONS``).
        calibrations: one row a participant of a session (``schema_cases.CALIBRATION_RESULTS``); evaluations are of a
            session when they have a ``session_id`` and the ``kind`` calibration, consensus or gold.
        counts: the numbers, which add up.
    """

    pairs: pd.DataFrame
    comparisons: pd.DataFrame
    unmatched: pd.DataFrame
    buckets: pd.DataFrame
    others: pd.DataFrame
    critical: pd.DataFrame
    calibrations: pd.DataFrame
    counts: Reconciled


def reconcile_frames(
    auditee: pd.DataFrame,
    auditor: pd.DataFrame,
    *,
    form: Form | Mapping[str, Any],
    programme: Programme | None = None,
    reference: bool = False,
    auditor_form: Form | Mapping[str, Any] | None = None,
    as_of: datetime | None = None,
) -> FrameResult:
    """Pair the auditor's evaluations with the auditees' and compare them, answer by answer.

    Both frames are wide (one row an evaluation, one column a criterion, named by its key) or long (one row an
    answer, columns ``criterion`` and ``answer``), each its own way.

    Columns: ``interaction_id`` (what was scored) and, for auditees, ``evaluator_id`` must be there. Known besides:
    ``evaluation_id``, ``agent_id``, ``submitted_at`` (with a time zone), ``audited_evaluation_id`` and every other
    column of evaluations (``qa_sync.model``). Any other column becomes a dimension, as text. Without
    ``evaluation_id`` an evaluation is identified by interaction, evaluator, agent and time. Rows of one
    ``evaluation_id`` with different ``effective_at`` are its revisions (``cause`` dispute: an adjudication, which is
    not the evaluator's own work; ``status`` deleted: gone from then on); a row that came twice counts once.

    Answers: one of the criterion's options; else a number is points; ``NA`` or ``N/A`` does not apply;
    ``NOT_ASKED`` was hidden by a condition; None, NaN or ``MISSING`` is missing, and makes the pair NOT_COMPARABLE.

    Without ``submitted_at`` the audit window is not applied.

    Args:
        auditee: the evaluations that are audited.
        auditor: the audits, or the reference answers.
        form: the form both used: a Form, or a mapping of its settings.
        programme: rules; the default ones where None.
        reference: the auditor's frame holds reference answers: each is compared with every evaluation of its item.
        auditor_form: the form the auditors used, where it is another version, or the same form in another system
            (``form_id`` and ``counts_as``); None: both used ``form``.
        as_of: rows whose ``effective_at`` is later are not seen; None: all are. Must have a zone.

    Returns:
        Frames and counts; delta = auditee - auditor, on the form's scale.

    Raises:
        ConfigError: a column is missing or cannot be used; everything wrong at once.
        ConservationError: the results do not add up (a bug).
    """
    from qa_sync.engine.duck import DuckEngine

    shape = to_form(form)
    other = shape if auditor_form is None else to_form(auditor_form)
    if other is not shape and (other.form_id, other.form_version) == (shape.form_id, shape.form_version):
        what = f"both forms are {shape.form_id!r} version {shape.form_version!r}"
        raise ConfigError(Problem(what=what, hint="give the auditors' form its own form_version, or form_id"))
    rules = programme or Programme()
    kind = "gold" if reference else "ata"
    if reference and kind not in rules.references:
        from dataclasses import replace

        rules = replace(rules, references=(*rules.references, kind))
    sides = [Side("auditee", auditee, shape, "standard"), Side("auditor", auditor, other, kind)]
    problems = [problem for side in sides for problem in side.problems()]
    if not problems:
        twice = len(sides[0].ids() & sides[1].ids())
        what = f"{twice} of its evaluation_id stand in the auditee frame too"
        problems += (
            [sides[1].problem(what, "give every evaluation an id of its own, such as 'audit 17'")] if twice else []
        )
    if problems:
        raise ConfigError(problems)
    engine = DuckEngine()
    try:
        for name, schema in TABLES.items():
            engine.register(name, pa.schema([*schema.arrow, *VERSION]).empty_table())
        for name, table in form_tables(shape).items():
            more = [] if other is shape else [form_tables(other)[name]]
            engine.register(name, pa.concat_tables([table, *more]))
        evaluations, answers = zip(*(side.tables() for side in sides), strict=True)
        engine.register("evaluations_history", pa.concat_tables(evaluations))
        engine.register("answers_history", pa.concat_tables(answers))
        counts = reconcile(engine, rules, as_of=as_of or _EVER)

        def frame(sql: str) -> pd.DataFrame:
            made: pd.DataFrame = engine.fetch(sql).to_pandas(maps_as_pydicts="strict")
            return made

        return FrameResult(
            pairs=frame("SELECT * FROM pairs ORDER BY pair_id"),
            comparisons=frame("SELECT * FROM comparisons ORDER BY pair_id, position, criterion_key"),
            unmatched=frame(
                "SELECT * FROM buckets WHERE bucket NOT IN ('PAIRED_AUDITEE', 'PAIRED_AUDITOR') ORDER BY evaluation_id"
            ),
            buckets=frame("SELECT * FROM buckets ORDER BY evaluation_id"),
            others=frame("SELECT * FROM other_pairs ORDER BY relation, pair_id"),
            critical=frame("SELECT * FROM critical_comparisons ORDER BY pair_id, critical_class"),
            calibrations=frame("SELECT * FROM calibration_results ORDER BY session_id, person_id, evaluation_id"),
            counts=counts,
        )
    finally:
        engine.close()

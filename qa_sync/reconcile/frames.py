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
from qa_sync.reconcile.programme import Programme
from qa_sync.reconcile.run import Reconciled, reconcile

if TYPE_CHECKING:
    import pandas as pd

_EVER = datetime(9999, 12, 31, tzinfo=UTC)
_KNOWN = datetime(1970, 1, 1, tzinfo=UTC)
_STATES = {"NA": "na", "N/A": "na", "NOT_ASKED": "not_asked", "MISSING": "missing"}
_TIMES = ("submitted_at", "started_at", "released_at")
#: Columns of evaluations that a frame may have; any other column that is no criterion is a dimension.
_COLUMNS = tuple(name for name in TABLES["evaluations"].names if name not in ("form_id", "form_version", "dimensions"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameResult:
    """What reconciling two frames made.

    Attributes:
        pairs: one row an audit and the evaluation it belongs to (columns: ``qa_sync.reconcile.schema.PAIRS``).
        comparisons: one row a pair and criterion (``schema.COMPARISONS``).
        unmatched: every evaluation without a pair and why (``schema.BUCKET_ROWS``).
        buckets: every evaluation, one row each, and where it ended.
        counts: the numbers, which add up.
    """

    pairs: pd.DataFrame
    comparisons: pd.DataFrame
    unmatched: pd.DataFrame
    buckets: pd.DataFrame
    counts: Reconciled


def reconcile_frames(
    auditee: pd.DataFrame,
    auditor: pd.DataFrame,
    *,
    form: Form | Mapping[str, Any],
    programme: Programme | None = None,
    reference: bool = False,
) -> FrameResult:
    """Pair the auditor's evaluations with the auditees' and compare them, answer by answer.

    Both frames are wide (one row an evaluation, one column a criterion, named by its key) or long (one row an
    answer, columns ``criterion`` and ``answer``), each its own way.

    Columns: ``interaction_id`` (what was scored) and, for auditees, ``evaluator_id`` must be there. Known besides:
    ``evaluation_id``, ``agent_id``, ``submitted_at`` (with a time zone), ``audited_evaluation_id`` and every other
    column of evaluations (``qa_sync.model``). Any other column becomes a dimension, as text. Without
    ``evaluation_id`` an evaluation is identified by interaction, evaluator, agent and time.

    Answers: one of the criterion's options; else a number is points; ``NA`` or ``N/A`` does not apply;
    ``NOT_ASKED`` was hidden by a condition; None, NaN or ``MISSING`` is missing, and makes the pair NOT_COMPARABLE.

    Without ``submitted_at`` the audit window is not applied.

    Args:
        auditee: the evaluations that are audited.
        auditor: the audits, or the reference answers.
        form: the form both used: a Form, or a mapping of its settings.
        programme: rules; the default ones where None.
        reference: the auditor's frame holds reference answers: each is compared with every evaluation of its item.

    Returns:
        Frames and counts; delta = auditee - auditor, on the form's scale.

    Raises:
        ConfigError: a column is missing or cannot be used; everything wrong at once.
        ConservationError: the results do not add up (a bug).
    """
    from qa_sync.engine.duck import DuckEngine

    shape = to_form(form)
    rules = programme or Programme()
    kind = "gold" if reference else "ata"
    if reference and kind not in rules.references:
        from dataclasses import replace

        rules = replace(rules, references=(*rules.references, kind))
    sides = [_Side("auditee", auditee, shape, "standard"), _Side("auditor", auditor, shape, kind)]
    problems = [problem for side in sides for problem in side.problems()]
    if problems:
        raise ConfigError(problems)
    engine = DuckEngine()
    try:
        for name, schema in TABLES.items():
            engine.register(name, pa.schema([*schema.arrow, *VERSION]).empty_table())
        for name, table in form_tables(shape).items():
            engine.register(name, table)
        evaluations, answers = zip(*(side.tables() for side in sides), strict=True)
        engine.register("evaluations_history", pa.concat_tables(evaluations))
        engine.register("answers_history", pa.concat_tables(answers))
        counts = reconcile(engine, rules, as_of=_EVER)

        def frame(sql: str) -> pd.DataFrame:
            return engine.fetch(sql).to_pandas(maps_as_pydicts="strict")

        return FrameResult(
            pairs=frame("SELECT * FROM pairs ORDER BY pair_id"),
            comparisons=frame("SELECT * FROM comparisons ORDER BY pair_id, position, criterion_key"),
            unmatched=frame("SELECT * FROM buckets WHERE bucket NOT IN ('PAIRED_AUDITEE', 'PAIRED_AUDITOR') "
                            "ORDER BY evaluation_id"),
            buckets=frame("SELECT * FROM buckets ORDER BY evaluation_id"), counts=counts,
        )
    finally:
        engine.close()


class _Side:
    """One of the two frames on its way to rows of evaluations and answers."""

    def __init__(self, name: str, frame: pd.DataFrame, form: Form, kind: str) -> None:
        self._name = name
        self._frame = frame
        self._form = form
        self._kind = kind
        self._is_long = {"criterion", "answer"} <= set(frame.columns)

    def problems(self) -> list[Problem]:
        """Everything about the frame that must change first."""
        found = []
        needed = ["interaction_id", *(["evaluator_id"] if self._name == "auditee" else [])]
        for name in needed:
            if name not in self._frame.columns:
                found.append(self._problem(f"no column {name!r}", f"it has {', '.join(map(str, self._frame.columns))}"))
            elif self._frame[name].isna().any():
                found.append(self._problem(f"column {name!r} has empty values", "drop or fill those rows"))
        if not self._is_long and not set(self._form.criteria) & set(self._frame.columns):
            found.append(self._problem("no column is a criterion of the form",
                                       "name one column after each criterion, or give columns criterion and answer"))
        for name in _TIMES:
            if name in self._frame.columns and self._is_naive(name):
                found.append(self._problem(f"column {name!r} has no time zone", f"use frame[{name!r}].dt.tz_localize(...)"))
        if not found and not self._is_long and self._ids().duplicated().any():
            found.append(self._problem("two rows are one evaluation", "give evaluation_id, or drop the duplicates"))
        if not found and self._is_long and self._frame.assign(_id=self._ids()).duplicated(["_id", "criterion"]).any():
            found.append(self._problem("two rows answer one criterion of one evaluation",
                                       "give evaluation_id, or drop the duplicates"))
        return found

    def _is_naive(self, name: str) -> bool:
        import pandas as pd

        column = self._frame[name]
        return not isinstance(column.dtype, pd.DatetimeTZDtype) and bool(column.notna().any())

    def _problem(self, what: str, hint: str) -> Problem:
        return Problem(what=what, hint=hint, path=(f"{self._name} frame",))

    def _ids(self) -> pd.Series[str]:
        if "evaluation_id" in self._frame.columns:
            return self._frame["evaluation_id"].astype(str)
        made = self._name + ":" + self._frame["interaction_id"].astype(str)
        for name in ("evaluator_id", "agent_id", "submitted_at", "repeat_no"):
            if name in self._frame.columns:
                made = made + ":" + self._frame[name].astype(str)
        return made

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Rows of evaluations and answers."""
        frame = self._frame.assign(evaluation_id=self._ids())
        heads = frame.drop_duplicates("evaluation_id") if self._is_long else frame
        return self._evaluations(heads), self._answers(frame)

    def _evaluations(self, heads: pd.DataFrame) -> pa.Table:
        own = {name: heads[name] for name in _COLUMNS if name in heads.columns}
        defaults = {"about": "agent_work", "kind": self._kind, "status": "submitted", "form_id": self._form.form_id,
                    "form_version": self._form.form_version}
        taken = {*_COLUMNS, *self._form.criteria, "criterion", "answer", "form_id", "form_version"}
        labels = [str(name) for name in heads.columns if name not in taken]
        columns: dict[str, Any] = {**{name: [value] * len(heads) for name, value in defaults.items()}, **own}
        if labels:
            columns["dimensions"] = [
                [(name, str(value)) for name, value in zip(labels, row, strict=True) if value is not None and value == value]
                for row in heads[labels].itertuples(index=False, name=None)
            ]
        return _stored("evaluations", columns, heads["evaluation_id"])

    def _answers(self, frame: pd.DataFrame) -> pa.Table:
        if self._is_long:
            long = frame[["evaluation_id", "criterion", "answer"]]
        else:
            keys = [key for key in self._form.criteria if key in frame.columns]
            long = frame[["evaluation_id", *keys]].astype({key: object for key in keys}).melt(
                id_vars="evaluation_id", var_name="criterion", value_name="answer")
        return _stored("answers", _read(long, self._form), long["evaluation_id"])


def _read(long: pd.DataFrame, form: Form) -> dict[str, Any]:
    """Columns of answers from values as people write them."""
    import numpy as np
    import pandas as pd

    values = long["answer"].astype(object)
    is_empty = values.isna()
    text = values.map(_text, na_action="ignore")
    options = pd.Series(False, index=long.index)
    for key, criterion in form.criteria.items():
        options |= (long["criterion"] == key) & text.isin([str(option) for option in criterion.options])
    special = text.str.upper().map(_STATES).where(~options)
    points = pd.to_numeric(values.where(~options & special.isna() & ~is_empty), errors="coerce")
    state = special.where(special.notna(), np.where(is_empty, "missing", "valued"))
    is_text = ~is_empty & special.isna() & points.isna()
    return {"evaluation_id": long["evaluation_id"], "criterion_key": long["criterion"].astype(str), "state": state,
            "option": text.where(is_text | options), "points": points}


def _text(value: Any) -> str:
    """An answer as the form writes its options: 3.0 is 3."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _stored(name: str, columns: Mapping[str, Any], ids: pd.Series[str]) -> pa.Table:
    """Columns as rows of a table of the common schema, one version each, known for ever."""
    height = len(ids)
    version = {"source": "frames", "stream": "frames", "record_id": ids, "source_stamp": _KNOWN, "source_seq": 0,
               "payload_hash": "", "ingested_at": _KNOWN, "deleted": False}
    arrays = []
    schema = pa.schema([*TABLES[name].arrow, *VERSION])
    for column in schema:
        value = columns.get(column.name, version.get(column.name))
        if value is None or isinstance(value, str | int | datetime):
            arrays.append(pa.array([value] * height, column.type))
        else:
            arrays.append(_array(value, column.type))
    return pa.table(arrays, schema=schema)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return pa.array([None if value is None or value != value else str(value) for value in values], kind)
    made = pa.array(values, kind, from_pandas=True)
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made

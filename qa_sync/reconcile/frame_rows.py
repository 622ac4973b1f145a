"""Two pandas frames, as people write them, on their way to rows of the common schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from qa_sync.errors import ConfigError, Problem
from qa_sync.model import TABLES
from qa_sync.model.system import VERSION
from qa_sync.reconcile.form import Form
from qa_sync.wording import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

_KNOWN = datetime(1970, 1, 1, tzinfo=UTC)
_STATES = {"NA": "na", "N/A": "na", "NOT_ASKED": "not_asked", "MISSING": "missing"}
_TIMES = ("submitted_at", "started_at", "released_at", "effective_at")
#: Columns of evaluations that a frame may have; any other column that is no criterion is a dimension.
_COLUMNS = tuple(name for name in TABLES["evaluations"].names if name not in ("form_id", "form_version", "dimensions"))


class Side:
    """One of the two frames on its way to rows of evaluations and answers."""

    def __init__(self, name: str, frame: pd.DataFrame, form: Form, kind: str) -> None:
        self._name = name
        frame = self._plain(frame)
        self._form = form
        self._kind = kind
        self._is_long = {"criterion", "answer"} <= set(frame.columns)
        #: The columns that tell one revision of one evaluation from another.
        self._key = ["evaluation_id", *(["effective_at"] if "effective_at" in frame.columns else [])]
        self._frame = self._once(frame)

    def _plain(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with texts for names, and its categories as the values that they stand for."""
        import pandas as pd

        if not isinstance(frame, pd.DataFrame):
            raise ConfigError(self.problem(f"is no pandas frame but a {type(frame).__name__}", "use pandas.DataFrame"))
        frame = frame.rename(columns=str)
        return frame.astype(dict.fromkeys(frame.select_dtypes("category").columns, object))

    def _once(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame without rows that came twice word for word; without an identity they may be two pieces of work."""
        if "evaluation_id" not in frame.columns:
            return frame
        several = frame.duplicated([*self._key, *(["criterion"] if self._is_long else [])], keep=False)
        again = frame[several].astype(str).duplicated()
        dropped = several.to_numpy().copy()
        dropped[dropped] = again.to_numpy()
        return frame[~dropped]

    def problems(self) -> list[Problem]:
        """Everything about the frame that must change first."""
        found = []
        needed = ["interaction_id", *(["evaluator_id"] if self._name == "auditee" else [])]
        for name in needed:
            if name not in self._frame.columns:
                found.append(self.problem(f"no column {name!r}", f"it has {', '.join(map(str, self._frame.columns))}"))
            elif self._frame[name].isna().any():
                found.append(self.problem(f"column {name!r} has empty values", "drop or fill those rows"))
        if not self._is_long and not set(self._form.criteria) & set(self._frame.columns):
            found.append(
                self.problem(
                    "no column is a criterion of the form",
                    "name one column after each criterion, or give columns criterion and answer",
                )
            )
        found += [
            self.problem(*wrong) for name in _TIMES if name in self._frame.columns and (wrong := self._no_moments(name))
        ]
        found += self._unknown_words()
        if not found:
            once = [*self._key, *(["criterion"] if self._is_long else [])]
            several = int(self._frame.assign(evaluation_id=self._ids()).duplicated(once).sum())
            what = "two rows answer one criterion of one evaluation" if self._is_long else "two rows are one evaluation"
            hint = "give evaluation_id, and its revisions effective_at, or drop the duplicates"
            found += [self.problem(f"{what} ({several} too many)", hint)] if several else []
        return found

    def _unknown_words(self) -> list[Problem]:
        """Columns with words that they do not know, which would count for nothing; the words are not shown."""
        found = []
        for column in TABLES["evaluations"].columns:
            if column.values and column.name in self._frame.columns:
                written = self._frame[column.name].dropna().astype(str)
                unknown = written[~written.isin(column.values)].tolist()
                what = f"column {column.name!r} has {len(unknown):,} values that are none of its words"
                found += [self.problem(what, did_you_mean(unknown[0], column.values))] if unknown else []
        return found

    def _no_moments(self, name: str) -> tuple[str, str] | None:
        """What keeps a column from holding moments, and what to write instead."""
        import pandas as pd

        column = self._frame[name]
        kind = column.dtype.pyarrow_dtype if isinstance(column.dtype, pd.ArrowDtype) else column.dtype
        if getattr(kind, "tz", None) is not None or not column.notna().any():
            return None
        if pd.api.types.is_datetime64_dtype(column.dtype):
            return f"column {name!r} has no time zone", f"use frame[{name!r}].dt.tz_localize(...)"
        return (
            f"column {name!r} holds no moments of one time zone",
            f"use pandas.to_datetime(frame[{name!r}], utc=True)",
        )

    def problem(self, what: str, hint: str) -> Problem:
        """Something that must change in this frame."""
        return Problem(what=what, hint=hint, path=(f"{self._name} frame",))

    def ids(self) -> set[str]:
        """The identities of its evaluations."""
        return set(self._ids())

    def _ids(self) -> pd.Series[str]:
        if "evaluation_id" in self._frame.columns:
            return self._frame["evaluation_id"].map(_identity)
        made = self._name + ":" + self._frame["interaction_id"].map(_identity)
        for name in ("evaluator_id", "agent_id", "submitted_at", "repeat_no"):
            if name in self._frame.columns:
                made = made + ":" + self._frame[name].map(_identity)
        return made

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Rows of evaluations and answers."""
        frame = self._frame.assign(evaluation_id=self._ids())
        heads = frame.drop_duplicates(self._key) if self._is_long else frame
        return self._evaluations(heads), self._answers(frame)

    def _evaluations(self, heads: pd.DataFrame) -> pa.Table:
        defaults = {
            "about": "agent_work",
            "kind": self._kind,
            "status": "submitted",
            "form_id": self._form.form_id,
            "form_version": self._form.form_version,
        }
        own = {name: heads[name] for name in _COLUMNS if name in heads.columns}
        own |= {
            name: own[name].astype(object).where(own[name].notna(), value)
            for name, value in defaults.items()
            if name in own
        }
        taken = {*_COLUMNS, *self._form.criteria, "criterion", "answer", "form_id", "form_version"}
        labels = [str(name) for name in heads.columns if name not in taken]
        columns: dict[str, Any] = {**{name: [value] * len(heads) for name, value in defaults.items()}, **own}
        if labels:
            columns["dimensions"] = [
                [(name, str(value)) for name, value in zip(labels, row, strict=True) if not _is_gap(value)]
                for row in heads[labels].itertuples(index=False, name=None)
            ]
        return _stored("evaluations", columns, heads)

    def _answers(self, frame: pd.DataFrame) -> pa.Table:
        one = self._key
        if self._is_long:
            long = frame
        else:
            keys = [key for key in self._form.criteria if key in frame.columns]
            long = (
                frame[[*one, *keys]]
                .astype(dict.fromkeys(keys, object))
                .melt(id_vars=one, var_name="criterion", value_name="answer")
            )
        return _stored("answers", _read(long, self._form), long)


def _read(long: pd.DataFrame, form: Form) -> dict[str, Any]:
    """Columns of answers from values as people write them."""
    import pandas as pd

    values = long["answer"].astype(object)
    is_empty = values.isna()
    text = values.map(_text, na_action="ignore")
    options = pd.Series(False, index=long.index)
    for key, criterion in form.criteria.items():
        options |= (long["criterion"] == key) & text.isin([str(option) for option in criterion.options])
    special = text.str.upper().map(_STATES).where(~options)
    points = pd.to_numeric(values.where(~options & special.isna() & ~is_empty), errors="coerce")
    written = is_empty.map({True: "missing", False: "valued"})
    state = special.where(special.notna(), written)
    is_text = ~is_empty & special.isna() & points.isna()
    return {
        "evaluation_id": long["evaluation_id"],
        "criterion_key": long["criterion"].astype(str),
        "state": state,
        "option": text.where(is_text | options),
        "points": points,
    }


def _text(value: Any) -> str:
    """An answer as the form writes its options: 3.0 is 3."""
    return _identity(value).strip()


def _is_gap(value: Any) -> bool:
    """Whether a cell is empty in one of the ways pandas knows: None, NaN, NaT or NA."""
    import pandas as pd

    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _identity(value: Any) -> str:
    """An id as it was before pandas made numbers with gaps floats: 17.0 is 17."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _stored(name: str, columns: Mapping[str, Any], rows: pd.DataFrame) -> pa.Table:
    """Columns as rows of a table of the common schema: one version a revision, known for ever."""
    height = len(rows)
    version = {
        "source": "frames",
        "stream": "frames",
        "record_id": rows["evaluation_id"],
        "source_stamp": rows["effective_at"].fillna(_KNOWN) if "effective_at" in rows.columns else _KNOWN,
        "source_seq": 0,
        "payload_hash": "",
        "ingested_at": _KNOWN,
        "deleted": False,
    }
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
        return pa.array([None if _is_gap(value) else _identity(value) for value in values], kind)
    made = pa.array(values, kind, from_pandas=True)
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made

"""A form written down in Python, for reconciling frames without a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import pyarrow as pa

from qa_sync.errors import ConfigError, Problem
from qa_sync.forms.conditions import Condition, condition_text
from qa_sync.forms.conditions_reading import read_conditions
from qa_sync.forms.scoring_reading import Fault
from qa_sync.model import TABLES
from qa_sync.model.system import VERSION
from qa_sync.model.tables import CRITICAL_CLASSES, FORMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One criterion.

    Attributes:
        max_points: points available; without them the criterion has no part in a score.
        weight: weight in the score.
        options: the answers it allows, lowest level first; a mapping gives each its points.
        is_critical: whether failing it triggers the form's auto-fail rule.
        failing: the options that fail a critical criterion.
        critical_class: whose harm a failure is: customer, business or compliance.
        label: its text.
        counts_as: the key that the other form, or other versions, know it by.
        asked_when: the condition under which it is asked, as a catalogue writes it:
            ``{"criterion": "refund", "is": "Yes"}``.
    """

    max_points: float | None = None
    weight: float = 1.0
    options: tuple[str, ...] | Mapping[str, float | None] = ()
    is_critical: bool = False
    failing: tuple[str, ...] = ()
    critical_class: str | None = None
    label: str | None = None
    counts_as: str | None = None
    asked_when: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None

    @property
    def scale(self) -> dict[str, float | None]:
        """Its options, lowest level first, each with its points."""
        return dict(self.options) if isinstance(self.options, Mapping) else dict.fromkeys(self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form: its criteria by key, in order, and its rules.

    Attributes:
        criteria: the criteria by key.
        higher_is: better, more_severe or neutral.
        scale: points (scores from 0 to 100), or ordinal or nominal (the level of a single criterion).
        tolerance: largest |delta| that counts as agreement, in points or levels; None: the programme's points, or 0
            levels.
        pass_mark: score from which an evaluation passes.
        auto_fail: what a failed critical criterion does to the score: zero, cap or none.
        auto_fail_cap: the cap.
        counts_as: form_id of the form that it is in another system.

    Raises:
        ConfigError: with everything that cannot be used.
    """

    criteria: Mapping[str, Criterion]
    form_id: str = "form"
    form_version: str = "1"
    higher_is: str = "better"
    scale: str = "points"
    tolerance: float | None = None
    pass_mark: float | None = None
    auto_fail: str = "zero"
    auto_fail_cap: float | None = None
    name: str | None = field(default=None)
    counts_as: str | None = None

    def __post_init__(self) -> None:
        problems = [
            Problem(what=f"{getattr(self, name)!r} is not one of " + ", ".join(FORMS.column(name).values), path=(name,))
            for name in ("higher_is", "scale", "auto_fail")
            if getattr(self, name) not in FORMS.column(name).values
        ]
        if not self.criteria:
            problems.append(Problem(what="a form needs at least one criterion", path=("criteria",)))
        for key, criterion in self.criteria.items():
            at = ("criteria", key)
            problems += [
                Problem(what=f"{option!r} fails it but is not among its options", path=(*at, "failing"))
                for option in criterion.failing
                if option not in criterion.options
            ]
            if criterion.critical_class not in (None, *CRITICAL_CLASSES):
                problems.append(
                    Problem(
                        what=f"no class {criterion.critical_class!r}",
                        path=(*at, "critical_class"),
                        hint="use one of " + ", ".join(CRITICAL_CLASSES),
                    )
                )
        problems += [
            Problem(what=what, hint=hint, path=("criteria", key, "asked_when", *below))
            for (key, *below), what, hint in self._conditions()[1]
        ]
        if problems:
            raise ConfigError(problems)

    def _conditions(self) -> tuple[dict[str, Condition], list[Fault]]:
        asked = {key: one.asked_when for key, one in self.criteria.items() if one.asked_when is not None}
        return read_conditions(asked, {key: one.scale for key, one in self.criteria.items()})

    def conditions(self) -> dict[str, Condition]:
        """Return the conditions under which criteria are asked, by key; those that always are have none."""
        return self._conditions()[0]


def to_form(given: Form | Mapping[str, Any]) -> Form:
    """Return a form from what a notebook would write.

    Keys are the attributes of Form and, below ``criteria``, of Criterion; ``max`` is short for max_points. A form as a
    catalogue file writes it (``criteria`` a list with keys, options with names and points) is understood too.

    >>> to_form({"scale": "ordinal", "criteria": {"label": {"options": ["G", "P", "R", "X"]}}}).higher_is
    'better'

    Raises:
        ConfigError: a key or a value cannot be used.
    """
    if isinstance(given, Form):
        return given
    if isinstance(given.get("criteria"), list):
        given = _from_catalogue(given)
    problems: list[Problem] = []
    criteria = {}
    written_criteria = given.get("criteria", {})
    if not isinstance(written_criteria, Mapping):
        raise ConfigError(
            Problem(what="criteria are a mapping by key, or a list as in a catalogue", path=("criteria",))
        )
    for key, written in written_criteria.items():
        if isinstance(written, Criterion):
            criteria[str(key)] = written
            continue
        values = {"max_points" if name == "max" else name: value for name, value in written.items()}
        problems += _unknown(values, Criterion, ("criteria", str(key)))
        for name in ("options", "failing"):
            if isinstance(values.get(name), list | set):
                values[name] = tuple(str(option) for option in values[name])
        if not problems:
            criteria[str(key)] = Criterion(**values)
    rest = {name: value for name, value in given.items() if name != "criteria"}
    problems += _unknown(rest, Form, ())
    if problems:
        raise ConfigError(problems)
    return Form(criteria=criteria, **rest)


def _from_catalogue(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form of a catalogue file in the words of this module."""
    kept = [f.name for f in fields(Criterion)]
    criteria: dict[str, Any] = {}
    for number, written in enumerate(given["criteria"]):
        if not isinstance(written, Mapping) or "key" not in written:
            raise ConfigError(Problem(what="a criterion of a list needs its key", path=("criteria", number)))
        options = [
            option if isinstance(option, Mapping) else {"option": option} for option in written.get("options", ())
        ]
        values = {name: value for name, value in written.items() if name in kept and value is not None}
        if options:
            points = {str(option["option"]): option.get("points") for option in options}
            values["options"] = points if any(point is not None for point in points.values()) else tuple(points)
        values["failing"] = tuple(str(option["option"]) for option in options if option.get("is_fail"))
        criteria[str(written["key"])] = values
    renamed = {"version": "form_version"}
    rest = {
        renamed.get(name, name): value
        for name, value in given.items()
        if name not in ("criteria", "about", "status") and value is not None
    }
    return {**rest, "criteria": criteria}


def _unknown(values: Mapping[str, Any], kind: type, path: tuple[str, ...]) -> list[Problem]:
    known = [f.name for f in fields(kind)]
    return [
        Problem(what=f"no setting {name!r}", path=path, hint="use some of " + ", ".join(known))
        for name in values
        if name not in known
    ]


def form_tables(form: Form) -> dict[str, pa.Table]:
    """Return the rows of forms, criteria and options that describe a form."""
    key = {"form_id": form.form_id, "form_version": form.form_version}
    rule = {
        name: getattr(form, name)
        for name in ("higher_is", "scale", "tolerance", "pass_mark", "auto_fail", "auto_fail_cap", "name", "counts_as")
    }
    criteria, options = [], []
    conditions = form.conditions()
    for position, (name, c) in enumerate(form.criteria.items(), start=1):
        criteria.append(
            {
                **key,
                "criterion_key": name,
                "label": c.label or name,
                "position": position,
                "max_points": c.max_points,
                "weight": c.weight,
                "is_critical": c.is_critical,
                "critical_class": c.critical_class,
                "counts_as": c.counts_as,
                "asked_when": condition_text(conditions[name]) if name in conditions else None,
            }
        )
        points = c.scale
        options += [
            {
                **key,
                "criterion_key": name,
                "option": option,
                "level": level,
                "points": points[option],
                "is_fail": option in c.failing if c.failing else None,
            }
            for level, option in enumerate(points)
        ]
    return {
        name: _table(name, rows)
        for name, rows in (("forms", [{**key, **rule}]), ("criteria", criteria), ("options", options))
    }


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    schema = pa.schema([*TABLES[name].arrow, *VERSION])
    return pa.Table.from_pylist(
        [{**dict.fromkeys(schema.names), **row, "deleted": False} for row in rows], schema=schema
    )

"""Form catalogues: versions of forms with their criteria and options, read from YAML, checked as a whole.

A file is a list of form versions. What a catalogue says decides scores, so every run's snapshot keeps its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from qa_sync import yamlfile
from qa_sync.errors import ConfigError, Problem
from qa_sync.forms.conditions import condition_text
from qa_sync.forms.conditions_reading import read_conditions
from qa_sync.forms.reading import Reader
from qa_sync.forms.scoring_reading import read_rule
from qa_sync.model import TABLES

_FORM_KEYS = (
    "form_id",
    "version",
    "name",
    "higher_is",
    "scale",
    "tolerance",
    "pass_mark",
    "auto_fail",
    "auto_fail_cap",
    "scoring",
    "about",
    "status",
    "counts_as",
    "criteria",
)
_CRITERION_KEYS = (
    "key",
    "label",
    "section",
    "category",
    "max_points",
    "weight",
    "critical_class",
    "is_critical",
    "counts_as",
    "options",
    "asked_when",
)
_OPTION_KEYS = ("option", "label", "level", "points", "is_fail", "counts_as")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All form versions of a workspace, as rows of the tables forms, criteria and options."""

    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(
        default_factory=lambda: {"forms": (), "criteria": (), "options": ()}
    )

    def tables(self) -> dict[str, pa.Table]:
        """Return the tables forms, criteria and options with the model's columns."""
        return {
            name: pa.Table.from_pylist([dict(row) for row in rows], schema=TABLES[name].arrow)
            for name, rows in self.rows.items()
        }


def load_catalogue(files: Sequence[tuple[Path, str]]) -> Catalogue:
    """Read catalogue files, each with the name that problems show.

    Raises:
        ConfigError: with the problems of all files.
    """
    problems: list[Problem] = []
    documents = []
    for path, shown_as in files:
        try:
            document = yamlfile.read(path, shown_as=shown_as, lenient=True)
        except ConfigError as error:
            problems += error.problems
            continue
        problems += document.problems
        documents.append(document)
    catalogue = _read(documents, problems)
    if problems:
        raise ConfigError(problems)
    return catalogue


def parse_catalogue(text: str, *, file: str) -> Catalogue:
    """Read one catalogue from text; raises as ``load_catalogue``."""
    problems: list[Problem] = []
    catalogue = _read([yamlfile.parse(text, file=file)], problems)
    if problems:
        raise ConfigError(problems)
    return catalogue


def _read(documents: Sequence[yamlfile.Document], problems: list[Problem]) -> Catalogue:
    rows: dict[str, list[dict[str, Any]]] = {"forms": [], "criteria": [], "options": []}
    seen: dict[tuple[str, str], str] = {}
    for document in documents:
        reader = _Reader(document, problems, rows)
        if not isinstance(document.data, list):
            reader.fault((), "a catalogue is a list of form versions", "begin each with '- form_id: ...'")
            continue
        for at, form in enumerate(document.data):
            reader.form(at, form, seen)
    return Catalogue(rows=rows)


@dataclass(slots=True)
class _Reader(Reader):
    rows: dict[str, list[dict[str, Any]]]

    def form(self, at: int, form: object, seen: dict[tuple[str, str], str]) -> None:
        path = (at,)
        if not isinstance(form, dict):
            return self.fault(path, "a form version has keys", f"known: {', '.join(_FORM_KEYS)}")
        self.known(path, form, _FORM_KEYS)
        identity = (self.id(path, form, "form_id"), self.id(path, form, "version"))
        if identity in seen:
            self.fault((at, "version"), f"form {identity[0]} version {identity[1]} is already in {seen[identity]}")
        seen[identity] = self.document.file
        row: dict[str, Any] = {
            "form_id": identity[0],
            "form_version": identity[1],
            "name": self.text(path, form, "name") or identity[0],
        }
        for name in ("higher_is", "scale", "auto_fail", "about"):
            column = TABLES["forms"].column(name)
            row[name] = self.choice(path, form, name, column.values, required=column.required)
        row["auto_fail"] = row["auto_fail"] or "zero"
        row["about"] = row["about"] or "agent_work"
        for name in ("tolerance", "pass_mark", "auto_fail_cap"):
            row[name] = self.number(path, form, name)
        if row["auto_fail"] == "cap" and row["auto_fail_cap"] is None:
            self.fault((at, "auto_fail"), "auto_fail: cap needs auto_fail_cap, the most points that are left")
        row["status"] = self.text(path, form, "status") or "published"
        row["counts_as"] = self.text(path, form, "counts_as")
        self.rows["forms"].append(row)
        criteria = form.get("criteria")
        self._same_twice((at, "criteria"), criteria, "key")
        first = {name: len(rows) for name, rows in self.rows.items()}
        if isinstance(criteria, list) and criteria:
            keys: set[str] = set()
            for number, criterion in enumerate(criteria):
                self.criterion(identity, (at, "criteria", number), criterion, keys, row["scale"])
            self.conditions((at, "criteria"), criteria, first)
        elif form.get("scoring") != "reported":
            return self.fault((at, "criteria"), "a form version needs a list of criteria", "or scoring: reported")
        options: dict[str, list[str]] = {}
        for option in self.rows["options"][first["options"] :]:
            options.setdefault(option["criterion_key"], []).append(option["option"])
        self.scoring((at, "scoring"), form.get("scoring"), row, self.rows["criteria"][first["criteria"] :], options)
        return None

    def scoring(
        self,
        path: tuple[str | int, ...],
        given: object,
        row: dict[str, Any],
        criteria: Sequence[Mapping[str, Any]],
        options: Mapping[str, Sequence[str]],
    ) -> None:
        """``weighted``, ``reported``, or a mapping: the methods by which the source adds up."""
        row["scoring"], row["scoring_rule"] = None, None
        if given is None:
            return None
        if row["scale"] not in (None, "points"):
            return self.fault(path, "only a form with scale: points has a score to make")
        if isinstance(given, Mapping):
            rule, faults = read_rule(given, criteria, options)
            for below, what, hint in faults:
                self.fault((*path, *below), what, hint)
            if any(criterion["weight"] not in (0.0, 1.0) for criterion in criteria):
                self.fault(path, "weights have no part in scoring by methods", "write base_percentage instead")
            row["scoring"], row["scoring_rule"] = "methods", rule.text()
        elif given in ("weighted", "reported"):
            row["scoring"] = str(given)
        else:
            self.fault(path, "scoring must be weighted, reported, or a mapping of methods")
        return None

    def conditions(self, path: tuple[str | int, ...], written: Sequence[object], first: Mapping[str, int]) -> None:
        """``asked_when``, which can be read once every criterion of the form version is known."""
        own = {row["criterion_key"]: row for row in self.rows["criteria"][first["criteria"] :]}
        options: dict[str, dict[str, float | None]] = {key: {} for key in own}
        for row in self.rows["options"][first["options"] :]:
            options[row["criterion_key"]][row["option"]] = row["points"]
        at = {str(one["key"]): n for n, one in enumerate(written) if isinstance(one, dict) and "asked_when" in one}
        asked = {key: written[n]["asked_when"] for key, n in at.items() if key in own}  # type: ignore[index]
        made, faults = read_conditions(asked, options)
        for (key, *below), what, hint in faults:
            self.fault((*path, at[str(key)], "asked_when", *below), what, hint)
        for key, condition in made.items():
            own[key]["asked_when"] = condition_text(condition)

    def criterion(
        self, form: tuple[str, str], path: tuple[str | int, ...], criterion: object, keys: set[str], scale: str | None
    ) -> None:
        if not isinstance(criterion, dict):
            return self.fault(path, "a criterion has keys", f"known: {', '.join(_CRITERION_KEYS)}")
        self.known(path, criterion, _CRITERION_KEYS)
        key = self.id(path, criterion, "key")
        if key in keys:
            self.fault((*path, "key"), f"two criteria have the key {key!r}")
        keys.add(key)
        classes = TABLES["criteria"].column("critical_class").values
        critical_class = self.choice(path, criterion, "critical_class", classes)
        is_critical = self.truth(path, criterion, "is_critical")
        options = criterion.get("options")
        points = self.number(path, criterion, "max_points")
        weight = self.number(path, criterion, "weight")
        for name, value in (("max_points", points), ("weight", weight)):
            if value is not None and value < 0:
                self.fault((*path, name), f"{name} cannot be negative")
        self.rows["criteria"].append(
            {
                "form_id": form[0],
                "form_version": form[1],
                "criterion_key": key,
                "label": self.text(path, criterion, "label") or key,
                "section": self.text(path, criterion, "section"),
                "category": self.text(path, criterion, "category"),
                "position": int(path[-1]) + 1,
                "max_points": points,
                "weight": 1.0 if weight is None else weight,
                "critical_class": critical_class,
                "is_critical": bool(critical_class) if is_critical is None else is_critical,
                "counts_as": self.text(path, criterion, "counts_as"),
                "asked_when": None,
            }
        )
        if options is None and scale == "points" and points is not None:
            return None  # any number of points up to the maximum
        if not isinstance(options, list) or not options:
            return self.fault(
                (*path, "options"),
                "a criterion needs its options, in the order of the scale",
                "only a criterion of a points form with max_points may leave them out",
            )
        self.options(form, key, path, options, points)
        return None

    def options(
        self, form: tuple[str, str], key: str, path: tuple[str | int, ...], options: list[Any], max_points: float | None
    ) -> None:
        self._same_twice((*path, "options"), options, "option")
        names: set[str] = set()
        levels: set[int] = set()
        for number, given in enumerate(options):
            at = (*path, "options", number)
            is_text = isinstance(given, str | int | float) and not isinstance(given, bool)
            option = {"option": given} if is_text else given
            if not isinstance(option, dict):
                self.fault(at, "an option is a text, or has keys", f"known: {', '.join(_OPTION_KEYS)}")
                continue
            self.known(at, option, _OPTION_KEYS)
            name = self.id(at, option, "option")
            level = option.get("level", number)
            if name in names:
                self.fault((*at, "option"), f"two options are called {name!r}")
            if not isinstance(level, int) or isinstance(level, bool) or level < 0:
                self.fault((*at, "level"), "a level is a whole number from 0")
                level = number
            if level in levels:
                self.fault((*at, "level"), f"two options have level {level}")
            names.add(name)
            levels.add(level)
            points = self.number(at, option, "points")
            if points is not None and max_points is not None and points > max_points:
                self.fault((*at, "points"), f"{points:g} points, but the criterion has {max_points:g}")
            self.rows["options"].append(
                {
                    "form_id": form[0],
                    "form_version": form[1],
                    "criterion_key": key,
                    "option": name,
                    "label": self.text(at, option, "label") or name,
                    "level": level,
                    "points": points,
                    "is_fail": self.truth(at, option, "is_fail"),
                    "counts_as": self.text(at, option, "counts_as"),
                }
            )
        if levels and sorted(levels) != list(range(len(levels))):
            self.fault((*path, "options"), "the levels of a scale are 0, 1, 2 and so on, without a gap")

    def _same_twice(self, path: tuple[str | int, ...], given: object, name: str) -> None:
        """Two of a list that count as one and the same elsewhere could not be told apart there."""
        seen: set[object] = set()
        listed = given if isinstance(given, list) else []
        for number, one in enumerate(listed):
            if not isinstance(one, dict) or not isinstance(one.get("counts_as"), str):
                continue
            others = {each.get(name) if isinstance(each, dict) else each for each in listed if each is not one}
            if one["counts_as"] in seen | others:
                self.fault((*path, number, "counts_as"), f"two of them count as {one['counts_as']!r}")
            seen.add(one["counts_as"])

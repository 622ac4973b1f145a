"""Read what a form catalogue says below ``scoring``, telling everything that is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from qa_sync.forms.scoring import METHODS
from qa_sync.forms.scoring_rule import EFFECTS, FORM, Effect, Place, ScoringRule, Step
from qa_sync.wording import did_you_mean

#: Path below ``scoring``, what is wrong, and what to try.
Fault = tuple[tuple[str | int, ...], str, str]

_STEP_KEYS = ("method", "base_percentage", "precision", "baseline", "minimum")
_QUESTION_KEYS = ("baseline", "minimum")
_RULE_KEYS = ("criterion", "option", "increase", "decrease", "set", "section", "category", "question")


def read_rule(
    given: Mapping[str, Any], criteria: Sequence[Mapping[str, Any]], options: Mapping[str, Sequence[str]]
) -> tuple[ScoringRule, list[Fault]]:
    """Read what a catalogue says below ``scoring``; return the rule and what is wrong with it, by path.

    Args:
        given: the mapping as written.
        criteria: rows of the form's criteria, with criterion_key, section and category.
        options: the options of those criteria that list theirs.
    """
    reader = _Reader(criteria, options)
    return reader.rule(given), reader.faults


class _Reader:
    def __init__(self, criteria: Sequence[Mapping[str, Any]], options: Mapping[str, Sequence[str]]) -> None:
        self._options = options
        self.faults: list[Fault] = []
        self._keys = {row["criterion_key"] for row in criteria}
        self._sections = {row["section"] for row in criteria if row["section"] is not None}
        self._categories = {
            (row["section"], row["category"])
            for row in criteria
            if row["section"] is not None and row["category"] is not None
        }

    def rule(self, given: Mapping[str, Any]) -> ScoringRule:
        known = (*_STEP_KEYS, "out_of", "sections", "categories", "questions", "rules")
        self._known((), given, known)
        steps: dict[Place, Step] = {FORM: self._step((), given)}
        for group, keys in (("sections", _STEP_KEYS), ("categories", _STEP_KEYS), ("questions", _QUESTION_KEYS)):
            written = given.get(group) or {}
            if not isinstance(written, Mapping):
                self._fault((group,), f"{group} are a mapping by name")
                continue
            for name, settings in written.items():
                at = (group, str(name))
                place = self._place(at, group, str(name))
                if not isinstance(settings, Mapping):
                    self._fault(at, "needs settings", f"known: {', '.join(keys)}")
                    continue
                self._known(at, settings, keys)
                if place:
                    steps[place] = self._step(at, settings)
        out_of = self._number((), given, "out_of")
        if out_of is not None and out_of <= 0:
            self._fault(("out_of",), "out_of must be above 0")
        return ScoringRule(
            steps={place: step for place, step in steps.items() if step != Step()},
            effects=tuple(self._effects(given.get("rules") or ())),
            out_of=out_of,
        )

    def _place(self, at: tuple[str, ...], group: str, name: str) -> Place | None:
        """Sections and questions by name; a category as "section / category"."""
        if group == "sections" and name in self._sections:
            return ("section", name)
        if group == "questions" and name in self._keys:
            return ("question", name)
        if group == "categories":
            found = [pair for pair in self._categories if f"{pair[0]} / {pair[1]}" == name]
            if found:
                return ("category", *found[0])
        hint = 'write it as "section / category"' if group == "categories" else ""
        self._fault(at, f"no criterion stands in {name!r}" if group != "questions" else f"no criterion {name!r}", hint)
        return None

    def _step(self, at: tuple[str, ...], given: Mapping[str, Any]) -> Step:
        method = given.get("method", "sum")
        if method not in METHODS:
            self._fault((*at, "method"), f"method must be one of {', '.join(METHODS)}")
            method = "sum"
        precision = given.get("precision")
        if precision is not None and (
            not isinstance(precision, int) or isinstance(precision, bool) or not 0 <= precision <= 9
        ):
            self._fault((*at, "precision"), "precision is a number of decimals, 0 to 9")
            precision = None
        base = self._number(at, given, "base_percentage")
        return Step(
            method=method,
            base_percentage=100.0 if base is None else base,
            precision=precision,
            baseline=self._number(at, given, "baseline") or 0.0,
            minimum=self._number(at, given, "minimum"),
        )

    def _effects(self, given: Any) -> list[Effect]:
        if not isinstance(given, Sequence) or isinstance(given, str):
            self._fault(("rules",), "rules are a list")
            return []
        made: list[Effect] = []
        for number, written in enumerate(given):
            at = ("rules", number)
            if not isinstance(written, Mapping):
                self._fault(at, "a rule has keys", f"known: {', '.join(_RULE_KEYS)}")
                continue
            self._known(at, written, _RULE_KEYS)
            kinds = [kind for kind in EFFECTS if kind in written]
            if len(kinds) != 1:
                self._fault(at, "a rule needs one of increase, decrease, set")
                continue
            criterion = written.get("criterion")
            # A key of digits alone is a number to YAML, here as where the criterion stands.
            criterion = str(criterion) if isinstance(criterion, int) and not isinstance(criterion, bool) else criterion
            if not isinstance(criterion, str) or criterion not in self._keys:
                self._fault((*at, "criterion"), f"no criterion {criterion!r}")
                continue
            option = written.get("option")
            options = tuple(str(one) for one in (option if isinstance(option, list) else [option]) if one is not None)
            if not options:
                self._fault((*at, "option"), "a rule needs the option (or options) that trigger it")
            listed = self._options.get(criterion, ())
            for one in options if listed else ():
                if one not in listed:
                    self._fault((*at, "option"), f"{criterion} has no option {one!r}", did_you_mean(one, listed))
            places = [group for group in ("section", "category", "question") if group in written]
            place: Place | None = FORM
            if len(places) > 1:
                self._fault(at, "a rule has one target: section, category, question, or the form")
            elif places:
                plural = {"section": "sections", "category": "categories", "question": "questions"}[places[0]]
                place = self._place((*at, places[0]), plural, str(written[places[0]]))  # type: ignore[arg-type]
            amount = self._number(at, written, kinds[0])
            if place and amount is not None and options:
                made.append(Effect(criterion=criterion, options=options, kind=kinds[0], amount=amount, place=place))
        return made

    def _number(self, at: tuple[str | int, ...], given: Mapping[str, Any], name: str) -> float | None:
        value = given.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._fault((*at, name), f"{name} must be a number")
            return None
        return float(value)

    def _known(self, at: tuple[str | int, ...], given: Mapping[str, Any], known: Sequence[str]) -> None:
        for name in given:
            if name not in known:
                self._fault((*at, str(name)), "this key is not known", f"known: {', '.join(known)}")

    def _fault(self, at: tuple[str | int, ...], what: str, hint: str = "") -> None:
        self.faults.append((at, what, hint))

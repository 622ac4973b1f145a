"""When a criterion is asked: conditions on the answers that other criteria of its form version got.

A condition is a list of clauses, and holds when any of them does; a clause is a list of tests, and holds when all of
them do. It is complete in itself: where the criterion it asks about has a condition of its own, that one's tests are
in it too. So it is decided from the answers as they came, in one step, and an answer left over from before an evaluator
took back what had led to it decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

from qa_sync.errors import ConfigError, Problem

#: Keeps the rounding of binary fractions from deciding, as everywhere in reconciling.
_EPSILON = 1e-9


class Answered(Protocol):
    """An answer as tests see it; ``qa_sync.forms.Answer`` is one."""

    @property
    def state(self) -> str:
        """Of ``model.tables.ANSWER_STATES``."""

    @property
    def option(self) -> str | None:
        """What was chosen."""

    @property
    def points(self) -> float | None:
        """What was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One question about the answer to one criterion.

    Attributes:
        criterion: whose answer.
        options: the options that fit; None: not a question of options.
        points: what these options earn, for sources that give points and no option.
        at_least: least points that fit.
        at_most: most points that fit.
        is_na: whether "does not apply" is what fits; no value does then.
    """

    __test__ = False  # the word is the field's; pytest need not look inside

    criterion: str
    options: tuple[str, ...] | None = None
    points: tuple[float, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    is_na: bool = False

    def holds(self, answer: Answered | None) -> bool | None:
        """Whether the answer fits; None where it is missing, or does not say what is asked about.

        >>> from qa_sync.forms import Answer
        >>> Test(criterion="refund", options=("Yes",)).holds(Answer(option="Yes"))
        True
        """
        if answer is None or answer.state == "missing":
            return None
        if answer.state != "valued":
            return self.is_na and answer.state == "na"
        if answer.option is None and answer.points is None:
            return None
        if self.is_na:
            return False
        if self.options is not None:
            return answer.option in self.options if answer.option is not None else answer.points in self.points
        if self.at_least is None and self.at_most is None:
            return True
        if answer.points is None:
            return None
        low = self.at_least is None or answer.points >= self.at_least - _EPSILON
        return low and (self.at_most is None or answer.points <= self.at_most + _EPSILON)


Clause = tuple[Test, ...]
Condition = tuple[Clause, ...]


def is_unasked(condition: Condition, answers: Mapping[str, Answered]) -> bool:
    """Whether the answers rule out that the criterion was asked: in every clause some test is false.

    Where an answer that decides is missing, nothing is ruled out. A criterion without a condition is always asked.
    """
    return bool(condition) and all(
        any(test.holds(answers.get(test.criterion)) is False for test in clause) for clause in condition
    )


def condition_text(condition: Condition) -> str:
    """Return a condition as JSON, equal for equal conditions."""
    clauses = [
        [{name: value for name, value in asdict(test).items() if value is not None and value != ()} for test in clause]
        for clause in condition
    ]
    return json.dumps(clauses, ensure_ascii=False)


def parse_condition(text: str, *, criterion: str) -> Condition:
    """Read what ``condition_text`` wrote.

    Raises:
        ConfigError: it is nothing of the kind, as from a mapping that fills ``criteria.asked_when`` by itself.
    """
    try:
        return tuple(tuple(_test(test) for test in clause) for clause in json.loads(text))
    except (AttributeError, TypeError, ValueError) as error:
        what = f"asked_when of criterion {criterion!r} is not a condition as form catalogues store it"
        hint = "describe the form in a catalogue, with asked_when, or map nothing into that column"
        raise ConfigError(Problem(what=what, hint=hint)) from error


def _test(given: Mapping[str, object]) -> Test:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return Test(**values)  # type: ignore[arg-type]

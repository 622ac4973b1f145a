"""A known truth to write export files from: evaluations that use every awkward value an export may hold."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

_FORMS = ("(QA) Trust & Safety 2025", "Billing; refunds", 'Form "B"', "Vérification, niveau 2")
_PEOPLE = ("Diaz, Ana", "Müller, Jörg", "O\u2019Brien, Siân", "Kim, Lee", "Łukasz", "Søren | Ops")
_COMMENTS = (
    "",
    "",
    "fine",
    "line one\nline two | pipe",
    "crlf\r\ninside, and a ; too",
    'she said "no"',
    "tab\there",
    "=1+1",
    "€ 5 \u2013 gut",
    "\\ backslash",
    'ends with quote"',
    "old mac\rbreak",
)
_ANSWERS = (
    ("Yes", "10", "10"),
    ("No", "0", "10"),
    ("N/A", "", ""),
    ("N/A", "0", "0"),
    ("Partly", "2.5", "10"),
    ("", "", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueAnswer:
    """One answer. Texts are what an export says; "" is nothing."""

    component_id: str
    section: str
    category: str
    question: str
    answer: str
    points: str
    max_points: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueEvaluation:
    """One evaluation. ``interaction_at`` may be unknown."""

    evaluation_id: str
    form_name: str
    form_version: str
    evaluated_at: datetime
    interaction_at: datetime | None
    employee: str
    evaluator: str
    interaction_id: str
    ticket_id: str
    active: bool
    answers: tuple[TrueAnswer, ...]


def make_truth(
    seed: int, evaluations: int, *, answers: int = 3, plain: bool = False, first: int = 900_001
) -> list[TrueEvaluation]:
    """Return evaluations, equal for equal arguments, ids from ``first``; ``plain`` leaves out what only UTF-8 has."""
    draw = random.Random(seed)  # noqa: S311 (test data)
    people = [name for name in _PEOPLE if not plain or is_cp1252(name)]
    start = datetime(2025, 1, 6, tzinfo=UTC)
    made: list[TrueEvaluation] = []
    for n in range(evaluations):
        moment = start + timedelta(seconds=draw.randrange(60 * 86_400))
        made.append(
            TrueEvaluation(
                evaluation_id=str(first + n),
                form_name=draw.choice(_FORMS),
                form_version=str(draw.randint(1, 3)),
                evaluated_at=moment,
                interaction_at=moment - timedelta(hours=draw.randint(1, 99)) if draw.random() < 0.8 else None,
                employee=f"E-{draw.randint(1000, 1040)}",
                evaluator=draw.choice(people),
                interaction_id=str(draw.randint(10**9, 10**14)) if draw.random() < 0.9 else "",
                ticket_id=str(draw.randint(50_000, 99_999)),
                active=draw.random() > 0.05,
                answers=tuple(_answer(draw, n) for n in range(answers)),
            )
        )
    return made


def _answer(draw: random.Random, n: int) -> TrueAnswer:
    given, points, most = draw.choice(_ANSWERS)
    return TrueAnswer(
        component_id=str(70_001 + n),
        section=f"Section {n % 2 + 1}",
        category="Compliance" if n % 3 == 2 else "Accuracy",
        question=f"Question {n + 1}, asked?",
        answer=given,
        points=points,
        max_points=most,
        comment=draw.choice(_COMMENTS),
    )


def is_cp1252(text: str) -> bool:
    """Whether a text can be written in cp1252."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def revise(truth: Sequence[TrueEvaluation], seed: int, *, share: float = 0.2) -> list[TrueEvaluation]:
    """Return later versions of some evaluations: changed answers, removed answers, or taken back."""
    draw = random.Random(seed)  # noqa: S311 (test data)
    made: list[TrueEvaluation] = []
    for old in truth:
        if draw.random() >= share:
            continue
        kind = draw.randrange(3)
        if kind == 0:
            made.append(replace(old, active=not old.active))
        elif kind == 1 and len(old.answers) > 1:
            made.append(replace(old, active=True, answers=old.answers[:-1]))
        else:
            changed = tuple(replace(answer, answer="Partly", points="5", max_points="10") for answer in old.answers)
            made.append(replace(old, active=True, answers=changed))
    return made

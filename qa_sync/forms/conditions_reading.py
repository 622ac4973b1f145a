"""Read what the criteria of a form version say below ``asked_when``, telling everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qa_sync.forms.conditions import Condition, Test
from qa_sync.forms.scoring_reading import Fault
from qa_sync.wording import did_you_mean

#: Clauses that one criterion's condition may come to: any form of people has few; a nest of any: has thousands.
_MOST = 64
_QUESTIONS = ("is", "is_not", "in", "not_in", "at_least", "at_most", "is_na")
_KEYS = ("criterion", *_QUESTIONS, "all", "any")
_At = tuple[str | int, ...]
#: The options of a criterion in order, each with its points.
Options = Mapping[str, float | None]


class _Wrong(Exception):
    def __init__(self, at: _At, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.fault: Fault = (at, what, hint)


def read_conditions(
    written: Mapping[str, object], criteria: Mapping[str, Options]
) -> tuple[dict[str, Condition], list[Fault]]:
    """Return the condition of each criterion that has one, and what is wrong; paths begin with the criterion's key.

    Args:
        written: what stands below ``asked_when``, by criterion key.
        criteria: the options of all criteria of the form version; empty for one that takes any points.
    """
    own: dict[str, Condition] = {}
    faults: list[Fault] = []
    for key, given in written.items():
        try:
            own[key] = _clauses(given, (key,), key, criteria)
        except _Wrong as wrong:
            faults.append(wrong.fault)
    made: dict[str, Condition] = {}
    for key in own:
        try:
            whole = _whole(key, own, made, ())
            if not whole:
                raise _Wrong(
                    (key,), "never asked: its tests contradict each other, or what they ask about is not asked"
                )
        except _Wrong as wrong:
            faults.append(wrong.fault)
    return made, faults


def _clauses(given: object, at: _At, key: str, criteria: Mapping[str, Options]) -> Condition:
    if isinstance(given, list):
        return _every([_clauses(one, (*at, n), key, criteria) for n, one in enumerate(_listed(given, at))], at)
    if not isinstance(given, Mapping):
        raise _Wrong(at, "a condition has keys", 'such as {criterion: refund, is: "Yes"}')
    for name in given:
        if name not in _KEYS:
            raise _Wrong((*at, str(name)), "this key is not known", did_you_mean(str(name), _KEYS))
    groups = [name for name in ("all", "any") if name in given]
    if groups:
        if len(given) > 1:
            raise _Wrong(at, f"{groups[0]} stands by itself", "put the rest into its list")
        parts = [
            _clauses(one, (*at, groups[0], n), key, criteria)
            for n, one in enumerate(_listed(given[groups[0]], (*at, groups[0])))
        ]
        return _every(parts, at) if groups[0] == "all" else tuple(clause for part in parts for clause in part)
    return ((_test(given, at, key, criteria),),)


def _listed(given: object, at: _At) -> list[Any]:
    if not isinstance(given, list) or not given:
        raise _Wrong(at, "a list of conditions is expected here")
    return given


def _test(given: Mapping[str, Any], at: _At, key: str, criteria: Mapping[str, Options]) -> Test:
    other = given.get("criterion")
    if not isinstance(other, str) or other not in criteria:
        hint = did_you_mean(other, criteria) if isinstance(other, str) else "name the criterion whose answer decides"
        raise _Wrong((*at, "criterion") if "criterion" in given else at, f"no criterion {other!r}", hint)
    if other == key:
        raise _Wrong((*at, "criterion"), "a criterion cannot depend on its own answer")
    asked = [name for name in _QUESTIONS if name in given]
    if len(asked) != 1 and asked != ["at_least", "at_most"]:
        raise _Wrong(at, f"exactly one question is needed: {', '.join(_QUESTIONS)}", "or at_least with at_most")
    if asked == ["is_na"]:
        if not isinstance(given["is_na"], bool):
            raise _Wrong((*at, "is_na"), "is_na must be true or false")
        return Test(criterion=other, is_na=given["is_na"])
    if "at_least" in asked or "at_most" in asked:
        return _by_points(given, at, other, criteria[other])
    return _by_options(asked[0], given[asked[0]], (*at, asked[0]), other, criteria[other])


def _by_options(question: str, given: object, at: _At, other: str, options: Options) -> Test:
    if not options:
        raise _Wrong(at, f"{other} has no options, it takes points", "ask at_least or at_most")
    listed = given if isinstance(given, list) else [given]
    if isinstance(given, list) != (question in ("in", "not_in")) or not listed:
        raise _Wrong(at, "in and not_in take a list of options, is and is_not one option")
    named = [str(one) for one in listed]
    for one in named:
        if one not in options:
            raise _Wrong(at, f"{other} has no option {one!r}", did_you_mean(one, options))
    wants = question in ("is", "in")
    return _fitting(other, options, [name for name in options if (name in named) is wants], at)


def _by_points(given: Mapping[str, Any], at: _At, other: str, options: Options) -> Test:
    for name in ("at_least", "at_most"):
        value = given.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _Wrong((*at, name), f"{name} must be a number of points")
    low, high = given.get("at_least", float("-inf")), given.get("at_most", float("inf"))
    if low > high:
        raise _Wrong(at, "no number of points fits, so it would never be asked")
    if not options:
        return Test(
            criterion=other,
            at_least=float(low) if "at_least" in given else None,
            at_most=float(high) if "at_most" in given else None,
        )
    without = [name for name, points in options.items() if points is None]
    if without:
        raise _Wrong(at, f"option {without[0]!r} of {other} has no points", "ask is or in")
    return _fitting(other, options, [name for name, points in options.items() if low <= (points or 0.0) <= high], at)


def _fitting(other: str, options: Options, names: Sequence[str], at: _At) -> Test:
    if not names:
        raise _Wrong(at, f"no option of {other} fits, so it would never be asked")
    earned = sorted({points for name in names if (points := options[name]) is not None})
    return Test(criterion=other, options=tuple(names), points=tuple(earned))


def _whole(key: str, own: Mapping[str, Condition], made: dict[str, Condition], above: tuple[str, ...]) -> Condition:
    """Return a criterion's condition with those of the criteria it asks about in it."""
    if key in made or key not in own:
        return made.get(key, ((),))
    if key in above:
        circle = [*above[above.index(key) :], key]
        made.update(dict.fromkeys(circle, ((),)))  # told once
        raise _Wrong((circle[0],), f"a circle: {' depends on '.join(circle)}", "one of them must be asked first")
    clauses: list[tuple[Test, ...]] = []
    for clause in own[key]:
        parents = dict.fromkeys(test.criterion for test in clause)
        parts = [(clause,), *(_whole(parent, own, made, (*above, key)) for parent in parents)]
        clauses += _every(parts, (key,))
    made[key] = tuple(dict.fromkeys(clauses))
    return made[key]


def _every(parts: Sequence[Condition], at: _At) -> Condition:
    """Return what holds when all parts hold, clauses that contradict themselves left out."""
    made: Condition = ((),)
    for part in parts:
        made = tuple(dict.fromkeys(merged for left in made for right in part for merged in _merged(left, right)))
        if len(made) > _MOST:
            raise _Wrong(at, f"more than {_MOST} combinations of answers lead here", "write it with fewer any:")
    return made


def _merged(left: Sequence[Test], right: Sequence[Test]) -> Iterator[tuple[Test, ...]]:
    """Yield the clause of both, with one test a criterion where two say the same kind of thing; none if they clash."""
    kept = list(left)
    for test in right:
        twin = next((one for one in kept if one.criterion == test.criterion), None)
        if twin is None or test in kept:
            kept += [] if test in kept else [test]
            continue
        if twin.is_na != test.is_na:
            return
        if twin.options is None or test.options is None:
            kept.append(test)
            continue
        both = tuple(name for name in twin.options if name in test.options)
        if not both:
            return
        shared = tuple(points for points in twin.points if points in test.points)
        kept[kept.index(twin)] = replace(twin, options=both, points=shared)
    yield tuple(kept)

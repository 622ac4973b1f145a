"""The parts of a dashboard definition: looks of columns, charts, columns for people; each checked as it is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, get_args

from qa_sync.dashboards.cells import SERIES_OF, Chart, ChartKind, Input, Kind, Policy, Tone
from qa_sync.errors import Problem
from qa_sync.wording import did_you_mean
from qa_sync.yamlfile import Document

_COLUMN_KEYS = ("label", "width", "decimals", "hide", "policy", "link", "kind", "tone", "doc", "options")
_INPUT_KEYS = ("name", "label", "options", "doc", "width")
_CHART_KEYS = ("name", "title", "kind", "x", "series", "limits", "percent", "low", "high")

_INPUT_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_LINK = re.compile(r"https?://.*\{(value|id)\}", re.DOTALL)

Path = tuple[str | int, ...]


def columns_of(document: Document, path: Path, given: object, problems: list[Problem]) -> dict[str, dict[str, Any]]:
    """Return what changes in the look of columns, by field name: keys and values of ``Field``, and hide."""
    if not isinstance(given, dict):
        problems.append(document.problem(path, "must be columns and what changes in them"))
        return {}
    return {str(name): _column(document, (*path, name), changes, problems) for name, changes in given.items()}


def _column(document: Document, path: Path, given: object, problems: list[Problem]) -> dict[str, Any]:
    if not isinstance(given, dict):
        problems.append(document.problem(path, "must be what changes in the column, such as {label: Site, width: 120}"))
        return {}
    unknown(document, path, given, _COLUMN_KEYS, problems)
    before = len(problems)

    def need(name: str, fits: bool, what: str, hint: str = "") -> None:
        if name in given and not fits:
            problems.append(document.problem((*path, name), what, hint))

    def one_of(name: str, known: Collection[str]) -> None:
        value = given.get(name)
        hint = did_you_mean(str(value), sorted(known))
        need(name, value in known, f"there is no {name} {value!r}", hint)

    need("label", isinstance(given.get("label"), str), "a label is a text")
    need("doc", isinstance(given.get("doc"), str), "doc is a sentence about the column")
    need("width", _whole(given.get("width"), 1, 2000), "a width is a number of pixels, up to 2000")
    need("decimals", _whole(given.get("decimals"), 0, 10), "decimals are a number from 0 to 10")
    need("hide", isinstance(given.get("hide"), bool), "hide is true or false")
    link = given.get("link")
    need("link", not link or bool(_LINK.match(str(link))), "a link starts with https:// and has {value} or {id} in it")
    one_of("policy", get_args(Policy))
    one_of("kind", get_args(Kind))
    one_of("tone", get_args(Tone))
    options = given.get("options")
    need("options", isinstance(options, list), "options must be a list")
    if isinstance(options, list) and given.get("policy") not in ("keep", "report"):
        what = "what people choose in a column that is enforced would be overwritten"
        problems.append(document.problem((*path, "options"), what, "add policy: keep"))
    if len(problems) > before:
        return {}
    made = {str(name): value for name, value in given.items() if name in _COLUMN_KEYS}
    return {**made, "options": tuple(map(str, options))} if isinstance(options, list) else made


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def charts_of(document: Document, path: Path, given: object, tab: str, problems: list[Problem]) -> tuple[Chart, ...]:
    """Return the charts that a tab has of its own."""
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        what = "must be a list of charts, such as {title: Leniency, kind: bar, x: name, series: [leniency]}"
        problems.append(document.problem(path, what))
        return ()
    found: list[Chart] = []
    for at, one in enumerate(given):
        before = len(problems)
        unknown(document, (*path, at), one, _CHART_KEYS, problems)
        kind, series, limits = one.get("kind", "line"), one.get("series") or [], one.get("limits") or []
        if kind not in get_args(ChartKind):
            what = f"there is no kind of chart {kind!r}"
            problems.append(document.problem((*path, at, "kind"), what, did_you_mean(str(kind), get_args(ChartKind))))
        if not isinstance(one.get("x"), str):
            problems.append(document.problem((*path, at, "x"), "a chart needs x: the column along its axis"))
        if not isinstance(series, list) or not series or not isinstance(limits, list):
            problems.append(document.problem((*path, at, "series"), "a chart needs series: a list of columns"))
        elif len(series) != SERIES_OF.get(str(kind), len(series)):
            what = f"a chart of kind {kind} has {SERIES_OF[str(kind)]} series, not {len(series)}"
            problems.append(document.problem((*path, at, "series"), what))
        ends = [one.get(name) for name in ("low", "high")]
        if not all(end is None or (isinstance(end, int | float) and not isinstance(end, bool)) for end in ends):
            problems.append(document.problem((*path, at), "low and high are numbers"))
        if len(problems) > before:
            continue
        found.append(
            Chart(
                name=str(one.get("name") or f"chart{at + 1}"),
                title=str(one.get("title") or ""),
                kind=kind,
                data=tab,
                x=one["x"],
                series=tuple(map(str, series)),
                limits=tuple(map(str, limits)),
                percent=bool(one.get("percent")),
                low=ends[0],
                high=ends[1],
            )
        )
    return tuple(found)


def inputs_of(document: Document, path: Path, given: object, problems: list[Problem]) -> tuple[Input, ...]:
    """Return the columns that a tab has for people."""
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        problems.append(document.problem(path, "must be a list of columns for people, such as {name: root_cause}"))
        return ()
    found: list[Input] = []
    for at, one in enumerate(given):
        unknown(document, (*path, at), one, _INPUT_KEYS, problems)
        name, options, width = one.get("name"), one.get("options") or [], one.get("width", 150)
        if not isinstance(name, str) or not _INPUT_NAME.match(name):
            what = "an input needs a name of lower-case letters, digits and _"
            problems.append(document.problem((*path, at, "name"), what))
            continue
        if any(name == other.name for other in found):
            problems.append(document.problem((*path, at, "name"), f"two inputs are called {name!r}"))
        if not isinstance(options, list) or not isinstance(width, int):
            problems.append(document.problem((*path, at), "options must be a list, and width a number of pixels"))
            continue
        label = str(one.get("label") or name.replace("_", " ").capitalize())
        texts = tuple(str(option) for option in options)
        found.append(Input(name=name, label=label, options=texts, doc=str(one.get("doc") or ""), width=width))
    return tuple(found)


def unknown(document: Document, path: Path, given: object, known: Sequence[str], problems: list[Problem]) -> None:
    """Note every key that is none of the known ones."""
    names = given if isinstance(given, dict) else {}
    problems += [
        document.problem((*path, name), "this key is not known", did_you_mean(name, known))
        for name in names
        if name not in known
    ]

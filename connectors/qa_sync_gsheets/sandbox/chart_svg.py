"""Draw a basic chart (lines, columns, bars) as inline SVG."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

from qa_sync_gsheets.sandbox.paint import css, rgb_of
from qa_sync_gsheets.sandbox.typed import CellFailure, effective, formatted
from qa_sync_gsheets.sandbox.workbook import Workbook

Json = dict[str, Any]
Lines = list[tuple[str, str, list[float | None]]]
COLOURS = ("#3366cc", "#dc3912", "#ff9900", "#109618", "#990099", "#0099c6", "#dd4477")
_SMALL = 'font-size="11" fill="#5f6368"'
_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 46, 16, 58


def chart_svg(book: Workbook, chart: Json, width: int, height: int) -> str:
    """Return the SVG of a chart; what is not a basic chart becomes a labelled box."""
    spec = chart.get("spec") or {}
    candles = spec.get("candlestickChart")
    basic = spec.get("basicChart")
    title = html.escape(str(spec.get("title", "")))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{title}"><rect width="{width}" height="{height}" fill="#fff" stroke="#dadce0"/>'
        f'<text x="16" y="26" font-size="15" fill="#3c4043">{title}</text>'
    )
    if candles:
        return head + _candles(book, candles, width, height) + "</svg>"
    if not basic:
        return head + "</svg>"
    labels, series = _data(book, basic)
    if not labels or not any(value is not None for _, _, values in series for value in values):
        middle = f'x="{width // 2}" y="{height // 2}" text-anchor="middle"'
        return head + f'<text {middle} fill="#80868b">no data yet</text></svg>'
    percent = _percent(book, basic)
    if basic.get("chartType") == "BAR":
        body = _bars(labels, series, width, height, percent=percent)
    elif basic.get("chartType") == "COMBO":
        body = _upright(labels, series[:1], width - 40, height, lines=False, percent=percent)
        body += _upright(labels, series[1:], width - 40, height, lines=True, percent=True, right=True)
    else:
        dashed = [bool(one.get("lineStyle")) for one in basic.get("series") or []]
        upright = basic.get("chartType") != "COLUMN"
        body = _upright(labels, series, width, height, lines=upright, percent=percent, dashed=dashed)
    return head + body + _legend(series, width) + "</svg>"


def _column(book: Workbook, data: Json) -> tuple[list[Any], list[str]]:
    values: list[Any] = []
    texts: list[str] = []
    for source in (data.get("sourceRange") or {}).get("sources") or []:
        grid, box = book.grid_range(source)
        top, bottom, left, _ = grid.bounded(box)
        for row in range(top, bottom):
            cell = grid.cell(row, left)
            value = effective(book, grid, cell)
            values.append(None if isinstance(value, CellFailure) else value)
            texts.append(formatted(value, (cell.format or {}).get("numberFormat")))
    return values, texts


def _data(book: Workbook, basic: Json) -> tuple[list[str], Lines]:
    heads = int(basic.get("headerCount") or 0)
    domain = (basic.get("domains") or [{}])[0].get("domain") or {}
    _, labels = _column(book, domain)
    series: Lines = []
    for at, one in enumerate(basic.get("series") or []):
        values, texts = _column(book, one.get("series") or {})
        numbers = [v if isinstance(v, float) and not isinstance(v, bool) else None for v in values[heads:]]
        colour = css(rgb_of(one.get("color"), one.get("colorStyle"))) or COLOURS[at % len(COLOURS)]
        series.append((texts[0] if heads and texts else "", colour, numbers))
    labels = labels[heads:]
    while labels and not labels[-1]:
        labels.pop()
    return labels, [(name, colour, values[: len(labels)]) for name, colour, values in series]


def _percent(book: Workbook, basic: Json) -> bool:
    """The value axis takes the format of the first cell of the first series that has one."""
    first = (basic.get("series") or [{}])[0].get("series") or {}
    for source in (first.get("sourceRange") or {}).get("sources") or []:
        grid, box = book.grid_range(source)
        top, bottom, left, _ = grid.bounded(box)
        for row in range(top + int(basic.get("headerCount") or 0), bottom):
            form = (grid.cell(row, left).format or {}).get("numberFormat")
            if form:
                return str(form.get("type")) == "PERCENT"
    return False


def scale(low: float, high: float) -> list[float]:
    """Return about five round tick values that cover low..high.

    >>> scale(0, 0.93), scale(0, 4)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0, 1, 2, 3, 4])
    """
    if high <= low:
        high = low + 1
    rough = (high - low) / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _extent(series: Lines, *, from_zero: bool) -> list[float]:
    numbers = [value for _, _, values in series for value in values if value is not None]
    low, high = min(numbers), max(numbers)
    return scale(min(low, 0.0) if from_zero else low, max(high, 0.0) if from_zero else high)


def _tick(value: float, *, percent: bool) -> str:
    return f"{value * 100:g}%" if percent else f"{value:g}"


def _candles(book: Workbook, candles: Json, width: int, height: int) -> str:
    """Marks on lines from the low to the high end."""
    _, labels = _column(book, (candles.get("domain") or {}).get("data") or {})
    one = (candles.get("data") or [{}])[0]
    names = ("closeSeries", "lowSeries", "highSeries")
    read = [_column(book, (one.get(name) or {}).get("data") or {})[0] for name in names]
    while labels and not labels[-1]:
        labels.pop()
    columns = [[v if isinstance(v, float) else None for v in values[: len(labels)]] for values in read]
    if not labels or not any(value is not None for values in columns for value in values):
        return f'<text x="{width // 2}" y="{height // 2}" text-anchor="middle" fill="#80868b">no data yet</text>'
    shares = all(value is None or -1 <= value <= 1 for values in columns for value in values)
    series: Lines = [("", "none", values) for values in columns]
    out = [_upright(labels, series, width, height, lines=True, percent=shares)]
    ticks = _extent(series, from_zero=False)
    slot = (width - _LEFT - _RIGHT) / len(labels)

    def y_of(value: float) -> float:
        return _TOP + 14 + (height - _TOP - _BOTTOM - 14) * (1 - (value - ticks[0]) / (ticks[-1] - ticks[0]))

    for number, (value, low, high) in enumerate(zip(*columns, strict=True)):
        x = _LEFT + slot * (number + 0.5)
        if low is not None and high is not None:
            ends = f'y1="{y_of(low):.1f}" y2="{y_of(high):.1f}"'
            out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" {ends} stroke="#1f6fb2" stroke-width="2"/>')
        if value is not None:
            out.append(_rect(x - 6, y_of(value) - 1.5, 12, 3, "#1f3a5f"))
    return "".join(out)


def _upright(
    labels: list[str],
    series: Lines,
    width: int,
    height: int,
    *,
    lines: bool,
    percent: bool,
    right: bool = False,
    dashed: Sequence[bool] = (),
) -> str:
    """Lines or columns; ``right``: only the series and its axis, at the right, over what is drawn already."""
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0] if right else _extent(series, from_zero=not lines)
    plot_width, plot_height = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM - 14

    def y_of(value: float) -> float:
        return _TOP + 14 + plot_height * (1 - (value - ticks[0]) / (ticks[-1] - ticks[0]))

    out: list[str] = []
    for tick in ticks:
        y = y_of(tick)
        text = _tick(tick, percent=percent)
        if right:
            out.append(f'<text x="{width - _RIGHT + 8}" y="{y + 4:.1f}" {_SMALL}>{text}</text>')
            continue
        out.append(f'<line x1="{_LEFT}" x2="{width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e8eaed"/>')
        out.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" {_SMALL} text-anchor="end">{text}</text>')
    slot = plot_width / len(labels)
    longest = max(len(label) for label in labels)
    every = max(1, math.ceil((min(longest, 14) * 6.5 + 8) / slot))
    for number, label in enumerate(labels):
        if number % every == 0 and not right:
            x, short = _LEFT + slot * (number + 0.5), html.escape(label if len(label) <= 14 else label[:13] + "…")
            out.append(f'<text x="{x:.1f}" y="{height - _BOTTOM + 18}" {_SMALL} text-anchor="middle">{short}</text>')
    for index, (_, colour, values) in enumerate(series):
        if lines:
            out.append(_line(values, slot, y_of, colour, dashed=index < len(dashed) and dashed[index]))
            continue
        bar = slot * 0.7 / len(series)
        for number, value in enumerate(values):
            if value is not None:
                x = _LEFT + slot * (number + 0.15) + bar * index
                top, bottom = sorted((y_of(value), y_of(0.0)))
                out.append(_rect(x, top, bar, bottom - top, colour))
    return "".join(out)


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _line(values: list[float | None], slot: float, y_of: Any, colour: str, *, dashed: bool = False) -> str:
    stroke = 'stroke-width="1" stroke-dasharray="5 4"' if dashed else 'stroke-width="2"'
    out: list[str] = []
    run: list[str] = []
    for number, value in enumerate([*values, None]):
        if value is None:
            if len(run) > 1:
                out.append(f'<polyline fill="none" stroke="{colour}" {stroke} points="{" ".join(run)}"/>')
            run = []
            continue
        x, y = _LEFT + slot * (number + 0.5), y_of(value)
        run.append(f"{x:.1f},{y:.1f}")
        if not dashed:
            out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>')
    return "".join(out)


def _bars(labels: list[str], series: Lines, width: int, height: int, *, percent: bool) -> str:
    ticks = _extent(series, from_zero=True)
    left = min(width // 3, 24 + 7 * min(24, max(len(label) for label in labels)))
    top, bottom = _TOP + 14, height - 34

    def x_of(value: float) -> float:
        return left + (width - _RIGHT - 10 - left) * (value - ticks[0]) / (ticks[-1] - ticks[0])

    out: list[str] = []
    for tick in ticks:
        x = x_of(tick)
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}" stroke="#e8eaed"/>')
        text = _tick(tick, percent=percent)
        out.append(f'<text x="{x:.1f}" y="{bottom + 18}" {_SMALL} text-anchor="middle">{text}</text>')
    slot = (bottom - top) / len(labels)
    every = max(1, math.ceil(14 / slot))
    thick = slot * 0.7 / len(series)
    for number, label in enumerate(labels):
        y = top + slot * (number + 0.5)
        if number % every == 0:
            short = html.escape(label if len(label) <= 24 else label[:23] + "…")
            out.append(f'<text x="{left - 8}" y="{y + 4:.1f}" {_SMALL} text-anchor="end">{short}</text>')
        for index, (_, colour, values) in enumerate(series):
            value = values[number]
            if value is not None:
                start, end = sorted((x_of(0.0), x_of(value)))
                at = top + slot * (number + 0.15) + thick * index
                out.append(_rect(start, at, end - start, thick, colour))
    return "".join(out)


def _legend(series: Lines, width: int) -> str:
    out: list[str] = []
    x = 16
    for name, colour, _ in series:
        text = html.escape(name)
        out.append(f'<rect x="{x}" y="36" width="12" height="12" fill="{colour}"/>')
        out.append(f'<text x="{x + 18}" y="46" font-size="12" fill="#5f6368">{text}</text>')
        x += 34 + 7 * len(name)
        if x > width - 80:
            break
    return "".join(out)

"""The colours of a managed tab, and how its numbers are shown. Every colour of ours is named here, and only here."""

from __future__ import annotations

from typing import Any

from qa_sync.dashboards.cells import Field

Json = dict[str, Any]


def rgb(text: str) -> Json:
    """Return a colour from its six hex digits, as a ColorStyle.

    >>> rgb("ff0000")
    {'rgbColor': {'red': 1.0, 'green': 0.0, 'blue': 0.0}}
    """
    parts = (int(text[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return {"rgbColor": dict(zip(("red", "green", "blue"), (round(part, 4) for part in parts), strict=True))}


HEADER_FILL, HEADER_INK = rgb("1f3a5f"), rgb("ffffff")
#: Headers of columns that people fill in.
INPUT_FILL, INPUT_INK = rgb("fff4ce"), rgb("5c4a00")
BAND_ONE, BAND_TWO = rgb("ffffff"), rgb("f4f7fb")
TAB_COLOUR = rgb("1f3a5f")
#: Outcome classes by how their name begins: (fill, ink). The first that fits counts.
OUTCOMES = (
    ("CRITICAL", rgb("f4c7c3"), rgb("a50e0e")),
    ("LENIENT", rgb("fce3cc"), rgb("9a4a00")),
    ("STRICT", rgb("d2e3fc"), rgb("174ea6")),
    ("EXACT", rgb("d9efdf"), rgb("0d652d")),
    ("WITHIN", rgb("eaf6ec"), rgb("33691e")),
    ("SAME_SCORE", rgb("fff4cf"), rgb("7a5900")),
    ("DIFFERENT", rgb("fff4cf"), rgb("7a5900")),
    ("UNSCORED", rgb("eceff1"), rgb("455a64")),
    ("AMBIGUOUS", rgb("eceff1"), rgb("455a64")),
    ("UNMATCHED", rgb("eceff1"), rgb("455a64")),
    ("NOT_COMPARABLE", rgb("eceff1"), rgb("455a64")),
)
WARM, COOL = rgb("9a4a00"), rgb("174ea6")
WARM_FILL, COOL_FILL = rgb("fdebdd"), rgb("e3edfd")
LOW, MIDDLE, HIGH = rgb("f4b6ae"), rgb("fff2cc"), rgb("b7dfc3")
#: The row of totals.
TOTAL = rgb("e6ebf2")
#: Control limits and other thin lines of a chart.
LIMIT = rgb("8a6d6d")
BAR = rgb("bcd3f2")
PLAIN = rgb("ffffff")


def number_format(field: Field) -> Json | None:
    """Return the NumberFormat of a field, None where the kind has none."""
    digits = "." + "0" * field.decimals if field.decimals > 0 else ""
    if field.kind == "integer":
        return {"type": "NUMBER", "pattern": "#,##0"}
    if field.kind == "number":
        shown = f"#,##0{digits}"
        # The sign says lenient or strict, so a plus is shown too.
        return {"type": "NUMBER", "pattern": f"+{shown};-{shown};{shown}" if field.tone == "leniency" else shown}
    if field.kind == "percent":
        return {"type": "PERCENT", "pattern": f"0{digits}%"}
    if field.kind == "date":
        return {"type": "DATE", "pattern": "yyyy-mm-dd"}
    if field.kind == "time":
        return {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm"}
    if field.kind == "text":
        # As text, so that nobody's edit of "00123" or "1-2" turns into a number or a date.
        return {"type": "TEXT", "pattern": "@"}
    return None


def alignment(field: Field) -> str:
    """Return how a field's cells are aligned."""
    return {"text": "LEFT", "boolean": "CENTER", "date": "CENTER", "time": "CENTER"}.get(field.kind, "RIGHT")


def rules(field: Field) -> list[Json]:
    """Return the conditional rules of a field, most important first, without their ranges."""
    if field.tone == "outcome":
        return [_boolean("TEXT_STARTS_WITH", start, fill, ink) for start, fill, ink in OUTCOMES]
    if field.tone == "leniency":
        return [_boolean("NUMBER_GREATER", "0", WARM_FILL, WARM), _boolean("NUMBER_LESS", "0", COOL_FILL, COOL)]
    if field.tone in {"share", "share_bad"}:
        low, high = (LOW, HIGH) if field.tone == "share" else (HIGH, LOW)
        return [
            {
                "gradientRule": {
                    "minpoint": {"type": "NUMBER", "value": "0", "colorStyle": low},
                    "midpoint": {"type": "NUMBER", "value": "0.5", "colorStyle": MIDDLE},
                    "maxpoint": {"type": "NUMBER", "value": "1", "colorStyle": high},
                }
            }
        ]
    if field.tone in ("bar", "heat"):
        # Sheets has no data bars, and a formula that draws one is no value; a scale from white at 0 says the same.
        return [
            {
                "gradientRule": {
                    "minpoint": {"type": "NUMBER", "value": "0", "colorStyle": PLAIN},
                    "maxpoint": {"type": "MAX", "colorStyle": BAR},
                }
            }
        ]
    return []


def _boolean(kind: str, value: str, fill: Json, ink: Json) -> Json:
    return {
        "booleanRule": {
            "condition": {"type": kind, "values": [{"userEnteredValue": value}]},
            "format": {"backgroundColorStyle": fill, "textFormat": {"foregroundColorStyle": ink}},
        }
    }


def total_rule(key: str, first: str) -> Json:
    """Return the rule that sets off the row of totals, whatever row people have sorted it to.

    Args:
        key: of that row.
        first: the uppermost cell of the key column that the rule covers, its column fixed, such as $A1.
    """
    quoted = key.replace('"', '""')
    condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": f'={first}="{quoted}"'}]}
    form = {"backgroundColorStyle": TOTAL, "textFormat": {"bold": True}}
    return {"booleanRule": {"condition": condition, "format": form}}


_FILLS = [fill for _, fill, _ in OUTCOMES] + [WARM_FILL, COOL_FILL, LOW, MIDDLE, HIGH, BAR, TOTAL]


def is_ours(rule: Json) -> bool:
    """Tell whether a conditional rule on one of our columns is one that we made: by its colours.

    Rules have no identity; one that a person made, with colours of their own, is left alone.
    """
    points = rule.get("gradientRule")
    if points:
        colours = [_colour(point) for name in ("minpoint", "midpoint", "maxpoint") if (point := points.get(name))]
        return any(_close(colour, ours) for colour in colours for ours in _FILLS)
    form = (rule.get("booleanRule") or {}).get("format") or {}
    style = form.get("backgroundColorStyle") or {"rgbColor": form.get("backgroundColor") or {}}
    return any(_close(style, ours) for ours in _FILLS)


def _colour(point: Json) -> Json:
    style: Json = point.get("colorStyle") or {"rgbColor": point.get("color") or {}}
    return style


def _close(one: Json, other: Json) -> bool:
    """Google keeps colours as single floats; a few thousandths are the same colour."""
    left, right = one.get("rgbColor") or {}, other["rgbColor"]
    return all(abs(float(left.get(part, 0)) - right[part]) < 0.005 for part in ("red", "green", "blue"))

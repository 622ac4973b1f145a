"""Random mappings and random payloads, close enough to each other that values are often found."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

KEYS = ["a", "b", "c", "x y", "n*", "é", "rows"]
CUSTOM_IDS = ["360001", "360002"]
TEXTS = [
    "",
    " ",
    " x ",
    "x",
    "1",
    "0",
    "true",
    "FALSE",
    "Yes",
    "No",
    "good",
    "bad",
    "1.50",
    "-2e3",
    ".5",
    "1_000",
    "NaN",
    "1e999",
    "9223372036854775807",
    "9223372036854775808",
    "5.0",
    "5.5",
    "zendesk:77",
    "(QA) ATA form",
    "atas",
    "2026-01-01T02:30:00Z",
    "2026-03-29T01:30:00.1234567+02:00",
    "2026-02-30T00:00:00Z",
    "1899-12-31T23:30:00Z",
    "9999-12-31T23:59:59-12:00",
    "2026-01-02 24:00:00Z",
    "1695058984",
    "1695058984.25",
    "1695058984123",
    "01/15/2025 14:05:10",
    "13/15/2025 14:05:10",
    "11/01/2026 01:30:00",
    "03/08/2026 02:30:00",
    "5 Jan 2025",
    "29 feb 2025",
    "2025-02-28",
    "2024-02-29",
    "2025-1-5",
    "12:30 PM 2025-01-05",
    "13:30 PM 2025-01-05",
    "a\nb",
    "Ünïcode 🎯",
    "'; DROP TABLE x; --",
    '"quoted"',
    "{brace}",
    "\u00a0",
    "\\",
    "null",
]
PATTERNS = [
    r"^[a-z]+:(\d+)$",
    r"(?i)\bATA\b",
    r"(?P<value>\w+)",
    r"[^a-c]{2,3}",
    r"^(?:x|y ?)(.*)$",
    r"\d+?",
    r"\s",
    r"(.)(?P<value>[0-9]?)",
    r"[A-Z-]",
]
ZONES = ["America/New_York", "Europe/Dublin", "Asia/Kolkata", "UTC"]
LOCAL = ["%m/%d/%Y %H:%M:%S", "%I:%M %p %Y-%m-%d"]

#: Keys whose values usually suit a type, so that typed columns are often filled.
TYPED: dict[str, list[Any]] = {
    "time": [
        "2026-01-01T02:30:00Z",
        "2026-03-29T01:30:00.1234567+02:00",
        "2025-12-29 00:00+0530",
        "2026-02-30T00:00:00Z",
        "1899-12-31T23:30:00Z",
        "9999-12-31T23:59:59-12:00",
        "2026-01-02 24:00:00Z",
        1695058984,
        1695058984.25,
        "1695058984123",
        "01/15/2025 14:05:10",
        "13/15/2025 14:05:10",
        "11/01/2026 01:30:00",
        "03/08/2026 02:30:00",
        "3/29/2026 01:30:00",
        "12:30 am 2025-01-05",
        "12:30 PM 2025-01-05",
        "2026-01-01T23:59:59.5Z",
        "2026-07-01T10:00:00.25-14:00",
        "2200-01-01T00:30:00+01:00",
        "0999-01-01T00:00:00Z",
    ],
    "date": [
        "2025-02-28",
        "2024-02-29",
        "2025-02-29",
        "2025-1-5",
        "5 Jan 2025",
        "29 feb 2025",
        "31 DEC 2024",
        "2026-01-01T20:30:00Z",
        "1899-12-31",
        "2199-12-31",
        "2026-01-05 ",
    ],
    "number": [
        0,
        1,
        5,
        5.5,
        -0.0,
        "1.50",
        "-2e3",
        ".5",
        "5.",
        "1_000",
        "NaN",
        "1e999",
        1e300,
        "+4",
        " 2 ",
        "1,5",
        1e-7,
    ],
    "integer": [0, 7, "-12", 5.0, "5.5", "5.000", 2**63 - 1, 2**63, -(2**63), "+4", "", "1e3", 12345678901234567890123],
    "boolean": [True, False, "true", "FALSE", "True", "yes", 1, "0", " false "],
    "text": ["x", "good", "1", "zendesk:77", " padded ", "", "ATA", "Yes", 5, 1.5, True],
    "kind": ["ticket", "call", "item", "ticket ", "Ticket"],
    "state": ["valued", "na", "missing", "not_asked", "no"],
    "role": ["agent", "evaluator", "auditor", "manager", "boss"],
    "choice": ["ticket", "call", "valued", "na", "agent", "manager", "random", "good", "bad", "bpo", "Ticket", ""],
}
scalars = st.one_of(
    st.sampled_from(TEXTS),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1695058984, 1e21, 1e-7, -0.0, 5.0]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=6,
)
custom = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from([*CUSTOM_IDS, 360001, 360002, None, [1]]), "value": values}) | scalars,
    max_size=3,
)


@st.composite
def payloads(draw: Any) -> str | None:
    record = draw(st.dictionaries(st.sampled_from(KEYS), values, max_size=4)) | _typed(draw)
    if draw(st.booleans()):
        record["custom_fields"] = draw(custom | values)
    if draw(st.booleans()):
        record["rows"] = [
            _typed(draw) | draw(st.dictionaries(st.sampled_from(KEYS), scalars, max_size=2))
            if draw(st.integers(0, 6))
            else draw(scalars)
            for _ in range(draw(st.integers(0, 4)))
        ]
    text = json.dumps(record, ensure_ascii=draw(st.booleans()))
    return draw(st.sampled_from([text] * 12 + ["{bad", "5", "[]", None]))


def _typed(draw: Any) -> dict[str, Any]:
    return {key: draw(st.sampled_from(pool)) for key, pool in TYPED.items() if draw(st.integers(0, 7))}


@st.composite
def paths(draw: Any, *, in_each: bool) -> str:
    start = ["a", "b", "c", "x y", '"n*"', "é"]
    path = draw(
        st.sampled_from([*start, *start, "a.b", "a[0]", "rows[1].b", "c.a.b", 'b."x y"', "_record_id", "_source"])
    )
    if in_each:
        path = draw(st.sampled_from([path, path, "@", "_position", "$.a", "$.b[0]"]))
    return str(path)


words = st.sampled_from(
    ["x", "1", "ticket", "valued", "call", "true", "good", "Billing", "2026-01-01T02:30:00Z", "O'Neil"]
)


@st.composite
def expressions(draw: Any, *, in_each: bool, depth: int = 2, constant: bool = True, prefer: str = "") -> dict[str, Any]:
    kinds = ["from", "from", "from", "custom_field", "template"] + ["const"] * constant + ["coalesce"] * (depth > 0)
    kind = draw(st.sampled_from(kinds))
    made: dict[str, Any] = {}
    if prefer and draw(st.integers(0, 4)):
        return {"from": prefer}
    if kind == "from":
        made["from"] = draw(paths(in_each=in_each))
    elif kind == "custom_field":
        made["custom_field"] = draw(st.sampled_from(CUSTOM_IDS))
    elif kind == "template":
        made["template"] = draw(st.sampled_from(["z:{{{%s}}}", "{%s}", "{%s}-{custom_field:360001}"])) % draw(
            paths(in_each=in_each)
        )
    elif kind == "const":
        return {"const": draw(words | st.none())}
    else:
        options = draw(
            st.lists(
                expressions(in_each=in_each, depth=depth - 1, constant=False, prefer=prefer), min_size=1, max_size=3
            )
        )
        made["coalesce"] = options + (draw(st.sampled_from([[], [{"const": "x"}]])) if constant else [])
    if draw(st.integers(0, 5)) == 0 and depth > 0:
        made["when"] = draw(conditions(in_each=in_each, depth=depth - 1))
    if draw(st.integers(0, 3)) == 0:
        made["match"] = draw(st.sampled_from(PATTERNS))
    if draw(st.integers(0, 3)) == 0:
        keys = st.sampled_from([text.strip() for text in TEXTS if text.strip(" \t\r\n\u00a0") and "\n" not in text])
        made["values"] = draw(st.dictionaries(keys, words | st.none(), min_size=1, max_size=3))
        if draw(st.booleans()):
            made["default"] = draw(words | st.none())
    return made


@st.composite
def conditions(draw: Any, *, in_each: bool, depth: int = 1) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(["in", "not_in", "is", "is_not", "is_null", "matches"] + ["all", "any", "not"] * (depth > 0))
    )
    if kind in {"all", "any"}:
        return {kind: draw(st.lists(conditions(in_each=in_each, depth=depth - 1), min_size=1, max_size=2))}
    if kind == "not":
        return {"not": draw(conditions(in_each=in_each, depth=depth - 1))}
    made = draw(expressions(in_each=in_each, depth=0, constant=False, prefer=draw(st.sampled_from(["text", "choice"]))))
    made[kind] = draw(
        {
            "in": st.lists(words, min_size=1, max_size=3),
            "not_in": st.lists(words, min_size=1, max_size=2),
            "is": words,
            "is_not": words,
            "is_null": st.booleans(),
            "matches": st.sampled_from(PATTERNS),
        }[kind]
    )
    return made


def _conversion(draw: Any, kind: str) -> dict[str, Any]:
    made: dict[str, Any] = {"on_bad": "missing"} if draw(st.integers(0, 2)) else {}
    if kind == "number":
        made |= draw(
            st.sampled_from(
                [
                    {},
                    {"scale": {"factor": 0.1, "offset": 3}},
                    {"scale": {"factor": 1e300}},
                    {"scale": {"from": [0, 5], "to": [0, 100]}},
                ]
            )
        )
    elif kind == "time":
        made |= draw(
            st.sampled_from(
                [
                    {},
                    {"formats": ["iso", "epoch"]},
                    {"formats": ["epoch_ms"]},
                    {"formats": ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"]},
                ]
            )
            | st.builds(
                lambda f, z: {"formats": f, "time_zone": z},
                st.lists(st.sampled_from(LOCAL), min_size=1, max_size=2, unique=True),
                st.sampled_from(ZONES),
            )
        )
    elif kind == "date":
        made |= draw(
            st.sampled_from(
                [{}, {"formats": ["%d %b %Y", "%Y-%m-%d"]}, {"formats": ["iso"], "time_zone": "Asia/Kolkata"}]
            )
        )
    return made


COLUMNS = {
    "interactions": {
        "queue": "text",
        "satisfaction": "text",
        "created_at": "time",
        "closed_at": "time",
        "duration": "number",
        "kind": "text",
    },
    "answers": {"state": "text", "points": "number", "is_fail": "boolean", "reasons": "texts", "option": "text"},
    "rosters": {"valid_from": "date", "valid_to": "date", "site_kind": "text", "role": "text"},
    "samples": {"target": "integer", "due_at": "time", "selected_by": "text"},
}
IDS = {
    "interactions": ("interaction_id",),
    "answers": ("evaluation_id", "criterion_key"),
    "rosters": ("person_id",),
    "samples": ("sample_id",),
}


@st.composite
def mappings(draw: Any) -> str:
    """A valid mapping file of one stream and one table, as JSON (which is YAML)."""
    table = draw(st.sampled_from(sorted(COLUMNS)))
    in_each = table == "answers" or draw(st.integers(0, 3)) == 0
    fields: dict[str, Any] = {name: {"template": "k:{_record_id}"} for name in IDS[table]}
    fields |= {"valid_from": {"const": "2026-01-05"}} if table == "rosters" else {}
    for name, kind in COLUMNS[table].items():
        required = name in {"kind", "state", "role", "valid_from"}
        if kind == "texts":
            made: dict[str, Any] = {"from": draw(paths(in_each=in_each))}
        else:
            chosen = name in {"satisfaction", "kind", "state", "role", "site_kind", "selected_by"}
            made = draw(
                expressions(in_each=in_each, constant=False, prefer=name if required else "choice" if chosen else kind)
            )
            if kind == "text" and not chosen:
                made |= draw(
                    st.sampled_from(
                        [
                            {},
                            {"match": PATTERNS[0]},
                            {"values": {"x": "y", "1": None}},
                            {"values": {"x": "O'Neil", "good": "1"}, "default": "z"},
                        ]
                    )
                )
            if kind != "text" or chosen:
                _only_paths(made)
        made |= {} if required else _conversion(draw, kind)
        if required or draw(st.integers(0, 2)):
            fields[name] = made
    body: dict[str, Any] = {"fields": fields}
    if in_each:
        body["each"] = "rows"
    if draw(st.integers(0, 2)) == 0:
        body["when"] = draw(conditions(in_each=in_each))
    if table == "interactions":
        body["dimensions"] = {
            "market": draw(expressions(in_each=in_each)),
            "tier": draw(expressions(in_each=in_each)) | {"on_bad": "missing"},
        }
    return json.dumps({"version": 1, "streams": {"s": {table: body}}}, ensure_ascii=False)


def _only_paths(made: dict[str, Any]) -> None:
    """Take out what the reader would call impossible for the column: results known beforehand."""
    made.pop("values", None)
    made.pop("default", None)
    if "coalesce" in made:
        made["coalesce"] = [option for option in made["coalesce"] if "const" not in option]
        for option in made["coalesce"]:
            _only_paths(option)

"""Every verb and conversion over every awkward value: the select agrees with the interpreter, value by value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapping.strategies import PATTERNS, TEXTS, TYPED, ZONES
from mapping.test_reference import agree, raw_rows

ODD: list[Any] = [
    None,
    True,
    False,
    [],
    {},
    [1],
    {"a": 1},
    [None, " ", "x", 5.0],
    [[1]],
    "é" * 40,
    "\t\r\n",
    1e21,
    1e-7,
    0.1,
    -0.0,
    10**30,
    2**64 - 1,
    2**64,
    -(2**63) - 1,
    123456789012345678.5,
    "\u0001",
    "a\nb\n",
]
VALUES = [*ODD, *TEXTS, *[value for pool in TYPED.values() for value in pool]]
SPELLED = ["%m/%d/%Y %H:%M:%S", "%I:%M %p %Y-%m-%d"]
FIELDS: list[tuple[str, str, dict[str, Any]]] = [
    ("interactions", "created_at", {}),
    ("interactions", "closed_at", {"formats": ["epoch", "epoch_ms"]}),
    ("interactions", "closed_at", {"formats": ["epoch_ms"], "on_bad": "missing"}),
    ("interactions", "closed_at", {"formats": ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"]}),
    *[("interactions", "created_at", {"formats": SPELLED, "time_zone": zone}) for zone in ZONES],
    ("rosters", "valid_to", {}),
    ("rosters", "valid_to", {"formats": ["%d %b %Y", "%Y-%m-%d"]}),
    ("rosters", "valid_to", {"formats": ["iso", "epoch"], "time_zone": "Asia/Kolkata"}),
    ("rosters", "valid_to", {"formats": ["%m/%d/%Y %H:%M:%S"]}),
    ("interactions", "duration", {}),
    ("interactions", "duration", {"scale": {"factor": 0.1, "offset": 3}}),
    ("interactions", "duration", {"scale": {"factor": 1e300}, "on_bad": "missing"}),
    ("interactions", "duration", {"scale": {"from": [0, 5], "to": [0, 100]}}),
    ("samples", "target", {}),
    ("answers", "is_fail", {}),
    ("answers", "reasons", {}),
    ("answers", "option", {}),
    ("answers", "option", {"values": {"x": "O'Neil", "1": None, "5.0": 7, "true": True}}),
    ("answers", "option", {"values": {"x": "y", "\u00a0": "nbsp"}, "default": "other"}),
    ("answers", "option", {"values": {"x": "y"}, "default": None}),
    *[("answers", "option", {"match": pattern}) for pattern in PATTERNS],
    ("answers", "option", {"when": {"any": [{"from": "v", "matches": "^[0-9]"}, {"from": "v", "in": ["x", "good"]}]}}),
    ("answers", "option", {"when": {"not": {"from": "v", "is_null": True}}}),
]
KEYS = {
    "interactions": {"interaction_id": 0, "kind": "call"},
    "samples": {"sample_id": 0},
    "rosters": {"person_id": 0, "role": "agent", "valid_from": "2026-01-01"},
    "answers": {"evaluation_id": 0, "criterion_key": 0, "state": "valued"},
}


@pytest.mark.parametrize(("table", "column", "verbs"), FIELDS)
@pytest.mark.parametrize("where", ["v", "custom"])
def test_every_value_converts_as_the_interpreter_says(
    table: str, column: str, verbs: dict[str, Any], where: str
) -> None:
    source: dict[str, Any] = {"from": "v"} if where == "v" else {"custom_field": 9}
    fields: dict[str, Any] = {
        name: {"const": value} if value else {"from": "_record_id"} for name, value in KEYS[table].items()
    }
    fields[column] = source | verbs
    text = json.dumps({"version": 1, "streams": {"s": {table: {"fields": fields}}}}, ensure_ascii=False)
    payloads = [
        json.dumps(
            {"v": value, "custom_fields": [{"id": 8, "value": "no"}, {"id": "9", "value": value}]},
            ensure_ascii=bool(at % 2),
        )
        for at, value in enumerate(VALUES)
    ]
    agree(text, raw_rows([*payloads, "{}"], [False] * (len(payloads) + 1)), "America/New_York")


@pytest.mark.parametrize(
    "verbs",
    [
        {"coalesce": [{"from": "v"}, {"const": "x"}]},
        {"coalesce": [{"from": "v", "values": {"x": "y"}}, {"from": "w"}, {"const": "z"}]},
        {
            "coalesce": [
                {"from": "w"},
                {"from": "v", "match": "^[a-z]+$"},
                {"from": "v", "when": {"from": "v", "is": "1"}},
            ]
        },
        {"template": "{v}/{w}"},
        {"coalesce": [{"template": "{v}/{w}"}, {"coalesce": [{"from": "w"}, {"from": "v"}]}], "match": "x"},
    ],
)
def test_first_value_or_problem_wins(verbs: dict[str, Any]) -> None:
    fields = {"interaction_id": {"from": "_record_id"}, "kind": {"const": "call"}, "queue": verbs}
    when = {"any": [{"from": "v", "is_not": "good"}, {"from": "w", "is": "b"}]}
    for body in ({"fields": fields}, {"fields": fields, "when": when}):
        text = json.dumps({"version": 1, "streams": {"s": {"interactions": body}}}, ensure_ascii=False)
        payloads = [json.dumps({"v": value, "w": other}) for value in VALUES for other in (None, "b", [])]
        agree(text, raw_rows([*payloads], [False] * len(payloads)), "UTC")


FAN_OUT = {
    "each": "rows",
    "fields": {
        "evaluation_id": {"template": "e:{$.id}"},
        "criterion_key": {"from": "k"},
        "state": {"const": "valued"},
        "points": {"from": "p", "on_bad": "missing"},
        "max_points": {"from": "_position"},
        "is_fail": {"from": "f"},
    },
}
RECORDS = [
    {"id": 1, "rows": [{"k": "a", "p": 1}, {"k": "b", "p": "?"}, {"k": "c", "f": "?"}, {"p": 3}, None, 5, []]},
    {"id": 2, "rows": [{"k": "a", "f": "?"}, {"f": True}]},
    {"id": 3, "rows": []},
    {"id": 4},
    {"id": 5, "rows": {"k": 1}},
    {"id": 6, "rows": "x"},
    {"id": 7, "rows": None},
    {"rows": [{"k": "a"}]},
    {"id": [1], "rows": [{"k": "a"}, {"k": "b"}]},
    {"id": 8, "skip": 1, "rows": [{"k": "a"}]},
    {"id": 9, "rows": [{"k": "a", "skip": 1}, {"k": "b"}]},
    {"id": 10, "rows": [{"k": "a", "skip": 1}, {"k": "b", "skip": [1]}]},
    {"id": 11, "rows": [{"k": "a", "skip": 1}] * 3},
]


@pytest.mark.parametrize(
    "when",
    [
        None,
        {"from": "skip", "is_null": True},
        {"all": [{"from": "$.skip", "is_null": True}, {"from": "skip", "is_not": 1}]},
    ],
)
def test_fan_out_sets_aside_bad_elements_and_marks_what_is_empty(when: dict[str, Any] | None) -> None:
    body = FAN_OUT if when is None else FAN_OUT | {"when": when}
    text = json.dumps({"version": 1, "streams": {"s": {"answers": body}}})
    texts = [*map(json.dumps, RECORDS), "{bad", None, '{"id": 12, "rows": [{"k": "a"}]}']
    agree(text, raw_rows(texts, [at == len(texts) - 1 for at in range(len(texts))]), "UTC")

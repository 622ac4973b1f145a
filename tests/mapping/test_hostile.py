"""A mapping file can do nothing but map: no code, no file, no network, no SQL, and no blow-up of time or memory."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping.one_row import mapped, raw, rows_of

from qa_sync.errors import ConfigError
from qa_sync.mapping.check import check_mapping
from qa_sync.mapping.files import parse
from qa_sync.mapping.paths import PathError, parse_path
from qa_sync.mapping.patterns import PatternError, parse_pattern

EVIL = [
    "'; DROP TABLE one_raw; --",
    "') FROM read_csv('/etc/passwd') --",
    "$$x$$",
    "\\'; --",
    "' || (SELECT getenv('HOME')) || '",
    "x' AS y, (SELECT 1) AS \"z",
    "*/ -- /*",
    "{{",
    "?",
    "$1",
    ":name",
    "%s",
]


def one_field(column: str, body: object, *, dimensions: object = None) -> str:
    fields = {"interaction_id": {"from": "_record_id"}, "kind": {"const": "ticket"}, column: body}
    table = {"fields": fields} | ({"dimensions": dimensions} if dimensions else {})
    return json.dumps({"version": 1, "streams": {"s": {"interactions": table}}}, ensure_ascii=False)


@pytest.mark.parametrize("evil", EVIL)
def test_texts_of_a_mapping_stay_texts(evil: str) -> None:
    doubled = evil.replace("{", "{{")
    said = evil.replace("{{", "{{{{") if "{{" in evil else doubled
    assert rows_of(one_field("queue", {"const": evil}), {})[0]["queue"] == evil
    assert rows_of(one_field("queue", {"template": f"{said}{{v}}"}), {"v": 1})[0]["queue"] == f"{evil}1"
    assert rows_of(one_field("queue", {"from": "v", "values": {evil: evil}}), {"v": evil})[0]["queue"] == evil
    assert (
        rows_of(one_field("queue", {"from": "v", "values": {"a": evil}, "default": evil}), {"v": "z"})[0]["queue"]
        == evil
    )
    assert (
        rows_of(one_field("queue", {"from": "v", "when": {"from": "v", "in": [evil]}}), {"v": evil})[0]["queue"] == evil
    )
    assert (
        rows_of(one_field("queue", {"custom_field": evil}), {"custom_fields": [{"id": evil, "value": 3}]})[0]["queue"]
        == "3"
    )
    assert rows_of(one_field("queue", {"from": "v", "match": re.escape(evil)}), {"v": evil})[0]["queue"] == evil


KEYS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters='"'), min_size=1, max_size=8
)


@given(st.lists(KEYS.filter(lambda key: key.isprintable()), min_size=1, max_size=3))
def test_any_printable_key_can_be_reached(keys: list[str]) -> None:
    path = ".".join(f'"{key}"' for key in keys)
    value: object = "here"
    for key in reversed(keys):
        value = {key: value}
    assert rows_of(one_field("queue", {"from": path}), value)[0]["queue"] == "here"


@given(st.text(max_size=12))
def test_any_text_is_a_path_or_is_refused(text: str) -> None:
    for in_each in (False, True):
        try:
            path = parse_path(text, in_each=in_each)
        except PathError:
            continue
        shown = str(path) if path.scope != "record" or not in_each else f"$.{path}"
        assert parse_path(shown, in_each=in_each) == path


@given(st.text("()[]{}|*+?.^$\\-ab1dwsb,:P<>=!i", max_size=12))
def test_any_text_is_a_pattern_of_the_subset_or_is_refused(text: str) -> None:
    try:
        pattern = parse_pattern(text)
    except PatternError:
        return
    compiled = re.compile(pattern.regex, re.ASCII)
    assert compiled.groups == pattern.groups
    values = ["ab1", "", "-a", "b\n", "1,1"]
    for group in range(pattern.groups + 1):
        rows = rows_of(
            one_field("queue", {"from": "v", "match": {"pattern": text, "group": group}}), *({"v": v} for v in values)
        )
        found = [compiled.search(value.strip()) if value.strip() else None for value in values]
        assert [row["queue"] for row in rows] == [
            ((one[group] or "").strip(" \t\r\n") or None) if one else None for one in found
        ]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)+$",
        "(a*)*",
        "((((a?){9}){9}){9}){9}",
        "a{101}",
        "(?=a)",
        "\\1",
        "(" * 200,
        "(?i",
        "a" * 501,
        "((a{60}){60}){60}",
        "[z-a]",
        "\\p{L}",
        "a++",
        "(?P<1>a)",
        "\\Z",
    ],
)
def test_patterns_that_could_run_away_or_differ_are_refused(pattern: str) -> None:
    if pattern == "(a|aa)+$":  # linear in every automaton, and without a repeat inside a repeat
        assert parse_pattern(pattern).groups == 1
        return
    with pytest.raises(PatternError):
        parse_pattern(pattern)


def test_worst_allowed_pattern_on_a_long_text_takes_no_time() -> None:
    text = one_field("queue", {"from": "v", "match": "(?:a|aa)+x" + "a?" * 40 + "$"})
    began = time.process_time()
    assert rows_of(text, {"v": "a" * 20_000})[0]["queue"] is None
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "field",
    [
        {"from": "v", "match": "(?:a|aa)+x", "values": {"a" * 200 + "b": "q"}},
        {"from": "v", "match": "a*a*a*a*a*a*a*a*x", "values": {"a" * 200 + "b": "q"}},
        {"const": "q", "when": [{"from": "v", "is": "a" * 200}, {"from": "v", "matches": "^(?:a|aa)+x"}]},
    ],
)
def test_a_check_of_the_worst_pattern_against_the_mappings_own_texts_takes_no_time(field: dict[str, object]) -> None:
    mapping = parse(one_field("queue", field), file="evil.yaml")
    began = time.process_time()
    assert [problem.what for problem in check_mapping(mapping) if problem.what.startswith("never")] != []
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: [*a, *a, *a, *a]",
        "!!python/object/apply:os.system ['true']",
        "version: 1\nstreams: !include /etc/passwd",
        "version: 1\n<<: {streams: {}}",
        "[" * 5_000,
        "version: 1\nstreams: " + "{a: " * 100 + "1" + "}" * 100,
        "version: 1\nversion: 1",
        "- 1",
        "",
        "5",
        "version: 1",
        "version: 2\nstreams: {}",
        "version: true\nstreams: {s: {people: {fields: {person_id: {from: a}}}}}",
        "version: 1\n---\nversion: 1",
        "version: 1\nstreams: {s: {people: {fields: {person_id: {const: " + "9" * 5_000 + "}}}}}",
        "version: 1\nstreams: {s: {people: {fields: {person_id: {from: a, on_bad: [missing]}}}}}",
        "version: 1\nstreams: []",
        "\x00",
        'version: 1\nstreams: {s: {"\\ud800": {}}}',
        'version: "\\ud83c\\udfaf"',
        "version: 1\nstreams: {s: 5}",
        "version: 1\nstreams: {s: {interactions: 5}}",
        "version: 1\nstreams: {s: {interactions: {fields: [1]}}}",
        "version: 1\nstreams: {s: {interactions: {fields: {kind: [1]}}}}",
        "version: 1\nstreams: {s: {interactions: {fields: {kind: {from: {a: 1}}}}}}",
        "version: 1\nstreams: {s: {interactions: {when: 5, each: [], dimensions: 3, fields: {kind: {coalesce: {}}}}}}",
        "version: 1\nstreams: {s: {interactions: {when: {all: 5}, fields: {kind: {values: 3, match: {}, from: 1.5}}}}}",
    ],
)
def test_a_file_that_is_no_mapping_is_refused_with_a_place(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, file="evil.yaml")
    assert all(problem.file == "evil.yaml" for problem in caught.value.problems)


def test_a_file_too_large_in_its_parts_is_refused() -> None:
    values = {str(at): "x" for at in range(2_001)}
    for body in (
        {"from": "a", "values": values},
        {"coalesce": [{"from": "a"}] * 51},
        {"template": "x" * 2_001},
        {"from": ".".join("a" * 21)},
    ):
        with pytest.raises(ConfigError):
            parse(one_field("queue", body), file="large.yaml")


def test_nested_coalesce_stays_small() -> None:
    """Each step is computed once: SQL grows with the mapping, not with its paths through the mapping."""
    from qa_sync.mapping.compile import compile_table

    body: dict[str, object] = {"from": "v", "values": {"a": "b"}}
    for depth in range(20):
        body = {"coalesce": [body, {"from": f"w{depth}"}], "values": {"b": "c", "c": "b"}}
    mapping = parse(one_field("queue", body), file="deep.yaml")
    compiled = compile_table(mapping, source="zd", stream="s", table="interactions", zone="UTC", relation="one_raw")
    assert len(compiled.sql) < 60_000
    assert mapped(mapping, "s", "interactions", [raw({"v": "a"})])[0]["queue"] == "b"


def test_problems_never_quote_a_record() -> None:
    secret = "Ms Secret 4111-1111"
    rows = rows_of(one_field("duration", {"from": "v"}), {"v": secret}, secret, {"v": [secret]})
    assert all(row["_problems"] for row in rows)
    assert secret not in repr([row["_problems"] for row in rows])

from __future__ import annotations

from pathlib import Path

import pytest

from qa_sync import yamlfile
from qa_sync.config import fill, load
from qa_sync.errors import ConfigError


def problems(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "qa-sync.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    return [str(problem) for problem in caught.value.problems]


def test_every_problem_comes_at_once_with_its_place(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """programme: {name: X, time_zone: Europe/Dubln, tolerence: 3}
sources:
  Zen: {connector: zendesk, mapping: yes}
  two: {}
dashboards:
  weekly: {definition: a, sinks: [sheat]}
sinks:
  sheet: {connector: gsheets}
  sheet: {connector: excel}
stor: ./data
""",
    )
    assert found == [
        "qa-sync.yaml:1:22: programme.time_zone: not an IANA time zone, such as Europe/Dublin",
        "qa-sync.yaml:1:47: programme.tolerence: this key is not known; did you mean tolerance?",
        "qa-sync.yaml:3:3: sources.Zen: 'Zen' is not a name; lower-case letters, digits and _",
        'qa-sync.yaml:3:38: sources.Zen.mapping: yes could mean text or true/false; write "yes" or true/false',
        "qa-sync.yaml:4:3: sources.two.connector: this key is missing",
        "qa-sync.yaml:6:35: dashboards.weekly.sinks.0: there is no sink 'sheat'; did you mean sheet?",
        "qa-sync.yaml:9:3: sinks.sheet: this key stands here twice; keep one of them",
        "qa-sync.yaml:10:1: stor: this key is not known; did you mean store?",
    ]


def test_a_missing_workspace_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="qa-sync init"):
        load(tmp_path)


def test_text_that_is_no_yaml_has_a_place(tmp_path: Path) -> None:
    assert problems(tmp_path, "programme: {name: [}\n") == [
        "qa-sync.yaml:1:20: not YAML: expected the node content, but found '}'"
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a:\n\tb: 1\n", "2:1: a tab, where only blanks may stand; indent with blanks"),
        ("a:\n  b:\n\t c: 1\n", "3:1: a tab, where only blanks may stand; indent with blanks"),
        ("a:\t1\n", "1:3: a tab, where only blanks may stand; indent with blanks"),
        ("a:\n  b: 1\n  \tc: 2\n", "3:3: a tab, where only blanks may stand; indent with blanks"),
        ("a: [1,\n  2\nb: 3\n", "1:4: a bracket is opened here and not closed; close it"),
        ("a: {b: 1\nc: 2\n", "1:4: a bracket is opened here and not closed; close it"),
        ('a: "b\nc: 1\n', "1:4: a quote is opened here and not closed; close it"),
        ("a: @x\n", "1:4: a text may not begin with @; write it in quotes"),
        (
            "a: b: c\n",
            "1:5: a colon where no key can stand; "
            "write a text that holds a colon in quotes, or indent the line as those beside it",
        ),
        ("- a\nb: 1\n", "2:1: the line does not fit those above; indent it as those it belongs to"),
        ('a: "x\\q"\n', "1:7: no such escape in double quotes; write it in single quotes"),
        ("a: 1\nb: x\x01\n", "2:5: a character that no text file holds; remove it"),
        ("a: *PLANTED\n", "1:4: not YAML: found undefined alias a word; write a text that begins with * in quotes"),
    ],
)
def test_text_that_is_no_yaml_is_told_in_plain_words_at_its_place(text: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        yamlfile.parse(text, file="f.yaml")
    assert str(caught.value) == f"f.yaml:{what}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("programme:\nsources:\n", ["1:1: programme: nothing stands here", "2:1: sources: nothing stands here"]),
        ("sources: {desk: }\n", ["1:11: sources.desk: nothing stands here"]),
        ("sources: {desk: {connector: }}\n", ["1:18: sources.desk.connector: nothing stands here"]),
        ("programme: {n_min: many}\n", ["1:13: programme.n_min: a whole number is expected"]),
        ("programme: {n_min: 0}\n", ["1:13: programme.n_min: must be 1 or more"]),
        (
            "programme: {tolerance: .5, min_common_weight: 2}\n",
            ["1:28: programme.min_common_weight: must be 1 or less"],
        ),
        ("programme: [a]\n", ["1:1: programme: keys and values are expected"]),
        ("forms: forms/a.yaml\n", ["1:1: forms: a list is expected"]),
        ("store: ''\n", ["1:1: store: must not be empty"]),
        ("max_new_rejects: 1.5\n", ["1:1: max_new_rejects: a whole number is expected"]),
        (
            "programme: {basis_event: closed}\n",
            ["1:13: programme.basis_event: must be 'submitted_at', 'closed_at' or 'auditor_submitted_at'"],
        ),
        ("dashboards: {weekly: {definition: a, sinks: []}}\n", ["1:38: dashboards.weekly.sinks: must not be empty"]),
    ],
)
def test_a_setting_that_does_not_fit_is_told_in_plain_words(tmp_path: Path, text: str, found: list[str]) -> None:
    assert [one.partition("; ")[0] for one in problems(tmp_path, text)] == [f"qa-sync.yaml:{one}" for one in found]


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "qa-sync.yaml").write_bytes("\ufeffprogramme: {name: Ö}\n".encode())
    settings, _ = load(tmp_path)
    assert settings.programme.name == "Ö"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: &x 1\nb: *x\n", "aliases"),
        ("a: !!python/name:os.system x\n", None),
        ("a: !secret x\n", "tags"),
        ("a: {<<: {b: 1}}\n", "merge"),
        ("? [1]\n: 2\n", "plain text"),
    ],
)
def test_what_could_surprise_is_refused(text: str, what: str | None) -> None:
    if what is None:
        assert yamlfile.parse(text, file="f").data == {"a": "x"}
        return
    with pytest.raises(ConfigError, match=what):
        yamlfile.parse(text, file="f")


def test_only_plain_numbers_and_truths_are_not_text() -> None:
    text = (
        "a: 2026-01-01\nb: 12:30\nc: 010\nd: 1e3\ne: 1_000\nf: 0x1f\ng: true\nh: ~\ni: -5\nj: 2.50\nk: '7'\nl: .inf\n"
    )
    assert yamlfile.parse(text, file="f").data == {
        "a": "2026-01-01",
        "b": "12:30",
        "c": "010",
        "d": 1000.0,
        "e": "1_000",
        "f": "0x1f",
        "g": True,
        "h": None,
        "i": -5,
        "j": 2.5,
        "k": "7",
        "l": ".inf",
    }


def test_references_are_filled_and_every_missing_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("s3cret\n")
    settings = {"a": "${HERE}/x", "b": ["${file:secret.txt}"], "c": 5}
    assert fill(settings, folder=tmp_path, environment={"HERE": "h"}) == {"a": "h/x", "b": ["s3cret"], "c": 5}
    with pytest.raises(ConfigError) as caught:
        fill({"a": "${GONE}", "b": "${file:none}", "c": "${odd:x}"}, folder=tmp_path, environment={})
    assert [problem.path for problem in caught.value.problems] == [("a",), ("b",), ("c",)]

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

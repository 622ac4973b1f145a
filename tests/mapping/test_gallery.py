"""The page's walk through a first mapping, and its rules that can never work: what it shows is what people see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mapping.test_page import FIRST, PAGE

from qa_sync import Workspace
from qa_sync.mapping import check_mapping, parse
from qa_sync.runner.checking import check_workspace
from qa_sync.runner.starting import start_workspace
from qa_sync.runner.trying import try_record

DOUBTFUL = re.findall(
    r"^### ([^\n]+)\n\n(?:[^#]+?\n\n)?```yml doubtful\n(.+?)^```\n```text\n(.+?)\n```", PAGE, re.DOTALL | re.MULTILINE
)
WALK = FIRST


def _block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.+?)^```", WALK, re.DOTALL | re.MULTILINE)
    assert found
    return found.group(1)


@pytest.fixture
def quality(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder as it is after step 3."""
    folder = tmp_path / "quality"
    start_workspace(folder)
    (folder / "record.json").write_text(_block("json"), encoding="utf-8")
    (folder / "mappings" / "zendesk.yaml").write_text(_block("yaml mapping"), encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def _tried() -> list[str]:
    words = re.search(r"^qa-sync mapping try (\S+) --source (\S+) --stream (\S+)$", WALK, re.MULTILINE)
    assert words
    return try_record(Workspace(), words.group(1), source=words.group(2), stream=words.group(3))


def test_first_mapping_tells_what_the_page_shows(quality: Path) -> None:
    told = _tried()
    at = told.index("interactions: set aside, not in the table")
    assert told[at:-1] == _block("text").splitlines()
    assert told[-1].startswith("  not mapped: ")
    assert check_workspace(Workspace(), offline=True) == []


def test_mended_first_mapping_makes_a_row(quality: Path) -> None:
    path = quality / "mappings" / "zendesk.yaml"
    mended = re.search(r"^```yaml\n(queue: .+)\n```", WALK, re.MULTILINE)
    assert mended
    path.write_text(
        re.sub(r"queue: \{.+", mended.group(1).replace("\\", r"\\"), path.read_text(encoding="utf-8")), encoding="utf-8"
    )
    assert "interactions: a row" in _tried()
    assert not (quality / "data").exists(), "nothing was pulled, so nothing is stored"


@pytest.mark.parametrize(("title", "text", "message"), DOUBTFUL, ids=[title for title, _, _ in DOUBTFUL])
def test_rule_that_can_never_work_gives_the_message_on_the_page(title: str, text: str, message: str) -> None:
    assert "\n".join(map(str, check_mapping(parse(text, file="zendesk.yaml")))) == message


def test_every_doubtful_mapping_of_the_page_is_run() -> None:
    assert len(DOUBTFUL) == PAGE.count("```yml doubtful") >= 6


def test_new_workspace_has_the_schema_that_its_mappings_name(tmp_path: Path) -> None:
    folder = tmp_path / "quality"
    start_workspace(folder)
    named = []
    for path in sorted((folder / "mappings").glob("*.yaml")):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        if first.startswith("# yaml-language-server: $schema="):
            named.append(path.stem)
            assert (path.parent / first.partition("=")[2]).is_file()
    assert named == ["roster", "verint", "zendesk"]
    assert (folder / "mappings" / "forms" / "support_quality.yaml").is_file()
    assert check_workspace(Workspace(folder), offline=True) == []

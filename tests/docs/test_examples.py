"""What the pages show can be typed: Python runs, command lines are understood, and harmless ones are run."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cogs import commands
from docs.pages import PAGES, PROJECT, blocks, name_of, prose

from qa_sync import registry
from qa_sync.cli import main
from qa_sync.cli.parser import connector_command, parser

PROGRAMMER = PROJECT / "docs" / "programmer.md"
_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def _with(*languages: str) -> list[Path]:
    return [page for page in PAGES if any(block.language in languages and not block.title for block in blocks(page))]


@pytest.mark.parametrize("page", _with("python", "pycon"), ids=name_of)
def test_python_on_a_page_runs(page: Path, workspace: Path) -> None:
    names: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page):
        if block.title:
            continue
        if block.language == "python":
            exec(compile(block.text, f"{page.name}:{block.line}", "exec"), names)
        elif block.language == "pycon":
            test = doctest.DocTestParser().get_doctest(block.text, names, page.name, str(page), block.line - 1)
            told = io.StringIO()
            runner = doctest.DocTestRunner(optionflags=_OPTIONS)
            runner.run(test, out=told.write, clear_globs=False)
            names.update(test.globs)
            assert runner.summarize(verbose=False).failed == 0, told.getvalue()


def _command_lines(page: Path) -> list[list[str]]:
    """Command lines of qa-sync on a page, without what stands before it."""
    found = []
    for block in blocks(page):
        if block.language == "sh":
            lines = [shlex.split(line, comments=True) for line in block.text.splitlines()]
            found += [line[line.index("qa-sync") + 1 :] for line in lines if "qa-sync" in line]
    return found


def _is_harmless(asked: Any, line: list[str]) -> bool:
    """Whether it can be run on a workspace that is not connected to anything."""
    if asked.command == "check":
        return bool(asked.offline)
    if asked.command == "mapping":
        return asked.what in ("coverage", "people") or (asked.what == "check" and not asked.online)
    if asked.command == "store":
        return asked.what == "status" or (asked.what == "vacuum" and asked.dry_run)
    harmless = ("report", "explain", "query", "runs", "connectors", "init")
    return asked.command in harmless and "examples/ratings" not in line and "diff" not in line


@pytest.mark.parametrize("page", _with("sh"), ids=name_of)
@pytest.mark.thorough
def test_command_lines_on_a_page_are_understood_and_work(page: Path, workspace: Path) -> None:
    run = 0
    for line in _command_lines(page):
        if connector_command(line):  # checked with the connector's own help in test_docs
            continue
        asked = parser().parse_args(line)  # SystemExit: the page shows a command or option that does not exist
        if _is_harmless(asked, line):
            said, complained = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
                code = main([*line, "--quiet"])
            assert code == 0, f"{page.name}: qa-sync {shlex.join(line)} ended with {code}\n{complained.getvalue()}"
            assert said.getvalue().strip()
            run += 1
    assert run or page.name == "cli.md"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_named_in_a_sentence_exist(page: Path) -> None:
    named = set(re.findall(r"`qa-sync ([a-z]+)", prose(page)))
    assert named - {*commands.subcommands(), *registry.names("commands")} == set()


def _files(folder: Path) -> Path:
    for block in blocks(PROGRAMMER):
        if block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    return folder


@pytest.mark.thorough
def test_the_connector_on_the_page_passes_the_contract_suite(tmp_path: Path) -> None:
    call = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "error"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*call, "test_acme.py"],
        cwd=_files(tmp_path),
        env=environment,
        timeout=120,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^13 passed", done.stdout, re.MULTILINE), done.stdout


def test_the_connector_on_the_page_feeds_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tomllib

    import qa_sync

    folder = _files(tmp_path)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["qa_sync.sources"]
    installed = folder / "qa_sync_acme-1.dist-info"  # what pip would write
    installed.mkdir()
    card = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (installed / "METADATA").write_text(card)
    listed = "".join(f"{name} = {where}\n" for name, where in points.items())
    (installed / "entry_points.txt").write_text(f"[qa_sync.sources]\n{listed}")
    monkeypatch.syspath_prepend(str(folder))
    try:
        import test_acme

        world = test_acme.AcmeWorld()
        monkeypatch.setenv("ACME_URL", world.url)
        monkeypatch.setenv("ACME_TOKEN", test_acme.TOKEN)
        try:
            workspace = qa_sync.Workspace(folder)
            assert workspace.run().counts["sync"]["acme.reviews"]["accepted"] == 7
            assert workspace.run().counts["sync"]["acme.reviews"]["accepted"] == 0
        finally:
            world.close()
        found = workspace.query("""
            SELECT evaluation_id, interaction_id, option FROM evaluations JOIN answers USING (evaluation_id)
            WHERE option = 'No'""")
        assert found.to_dict("records") == [
            {"evaluation_id": "acme:3", "interaction_id": "zendesk:103", "option": "No"}
        ]
    finally:
        for name in ("test_acme", "qa_sync_acme"):
            sys.modules.pop(name, None)

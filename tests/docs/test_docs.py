"""The documentation is complete: whatever can be typed, set, asked for or shown is explained, and no link is dead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cogs import commands, meanings, scenes, settings, words
from docs.pages import PAGES, PROJECT, name_of, prose

import qa_sync
from qa_sync import registry
from qa_sync.agreement.metrics import METRIC_DEFINITIONS
from qa_sync.dashboards import definition, definition_parts
from qa_sync.forms import catalogue
from qa_sync.model import TABLES
from qa_sync.reports import REPORTS
from qa_sync.reports.published import PUBLISHED


def page(name: str) -> str:
    return (PROJECT / "docs" / name).read_text(encoding="utf-8")


def test_every_command_and_option_is_documented() -> None:
    text = page("cli.md")
    for name, command in commands.subcommands().items():
        section = re.search(rf"^### {name}\n(.*?)(?=^### |\Z)", text, re.DOTALL | re.MULTILINE)
        assert section, f"docs/cli.md has no section {name}: make fix"
        for action in command._actions:
            for option in action.option_strings:
                where = text if option in commands.common_options() else section[1]
                assert option in (*("-h", "--help"),) or f"`{option}" in where, f"{name} {option} is not in docs/cli.md"


@pytest.mark.parametrize("name", registry.names("commands"))
def test_every_command_of_a_connector_is_documented(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        registry.load("commands", name)(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    section = page("cli.md").partition("## Commands of connectors")[2].partition("\n## ")[0]
    assert f"qa-sync {name}" in section
    assert options
    assert {option for option in options if f"`{option}" not in section} == set()


def test_the_common_options_are_those_of_every_command() -> None:
    assert commands.common_options() == ("--format", "--quiet", "--wait", "--workspace")


@pytest.mark.parametrize("name", list(settings.models()))
def test_every_setting_is_explained(name: str) -> None:
    told, there = set(words.WORDS[name]), {one.key for one in settings.settings(settings.models()[name])}
    assert there - told == set(), f"say what these mean in docs/cogs/words.py, under {name!r}"
    assert told - there == set(), f"docs/cogs/words.py explains settings of {name!r} that do not exist"


@pytest.mark.parametrize("name", list(settings.models()))
def test_every_setting_is_on_the_page(name: str) -> None:
    text = page("admin.md")
    missing = [one.key for one in settings.settings(settings.models()[name]) if f"| `{one.key}` |" not in text]
    assert missing == [], "docs/admin.md is behind the settings: make fix"
    assert settings.UNTOLD not in text


def test_every_installed_connector_has_its_settings_documented() -> None:
    installed = {*registry.names("sources"), *registry.names("sinks")}
    assert installed <= {name.partition(" ")[0] for name in settings.models()}


def test_every_key_of_dashboards_and_forms_is_explained() -> None:
    top = {"version", "title", "tabs"}
    tabs = {f"tabs[].{key}" for key in definition._TAB_KEYS}
    columns = {f"tabs[].columns.FIELD.{key}" for key in definition_parts._COLUMN_KEYS}
    assert set(words.DASHBOARD) == top | tabs | columns
    criteria = {f"criteria[].{key}" for key in catalogue._CRITERION_KEYS}
    options = {f"criteria[].options[].{key}" for key in catalogue._OPTION_KEYS}
    assert set(words.FORMS) == set(catalogue._FORM_KEYS) | criteria | options
    text = page("admin.md")
    assert [key for key in (*words.DASHBOARD, *words.FORMS) if f"| `{key}` |" not in text] == []


@pytest.mark.parametrize("kind", list(meanings.VOCABULARIES))
def test_every_word_of_reconciling_is_explained_to_analysts(kind: str) -> None:
    text = page("analyst.md")
    assert [word for word in meanings.VOCABULARIES[kind] if f"| `{word}` |" not in text] == []


def test_every_report_and_column_is_documented() -> None:
    text = page("reports.md")
    for name, report in scenes.reports().items():
        section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
        assert section, f"docs/reports.md has no section {name}"
        rows = dict(re.findall(r"^\| .* \| `(\w+)` \| (.*) \|$", section[1], re.MULTILINE))
        assert [field.name for field in report.fields if not rows.get(field.name, "").strip()] == [], name
    assert list(REPORTS) == list(scenes.reports())


def test_every_metric_is_documented() -> None:
    text = page("reports.md")
    assert [one.id for one in PUBLISHED if f"| `{one.id}` | {one.version} |" not in text] == []
    assert [one for one in METRIC_DEFINITIONS if f"| `{one}` | {METRIC_DEFINITIONS[one].version} |" not in text] == []


def test_every_table_and_column_is_documented() -> None:
    from cogs.schema import RESULTS

    text = page("tables.md")
    for table in (*TABLES.values(), *RESULTS):
        section = re.search(rf"^### {table.name}\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
        assert section, f"docs/tables.md has no section {table.name}: make fix"
        assert [one.name for one in table.stored_columns if f"| `{one.name}` |" not in section[1]] == [], table.name


def test_every_public_name_is_documented() -> None:
    text = page("programmer.md")
    assert [name for name in qa_sync.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_every_package_has_its_place_in_the_architecture() -> None:
    text = page("architecture.md")
    there = (PROJECT / "qa_sync").iterdir()
    parts = {path.stem for path in there if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert [name for name in sorted(parts - {"__init__", "__main__"}) if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("source", PAGES, ids=name_of)
def test_links_lead_somewhere(source: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(source)):
        if target.startswith(("http:", "https:")):
            continue
        file, _, anchor = target.partition("#")
        path = (source.parent / file).resolve() if file else source
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            dead.append(target)
    assert dead == []


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("source", PAGES, ids=name_of)
def test_pages_name_no_machine_and_no_registry(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert re.findall(r"/work/|/root/|/home/|/tmp/|pypi\.org|pythonhosted|index-url", text) == []


@pytest.mark.parametrize("picture", sorted((PROJECT / "docs" / "pictures").glob("*")), ids=lambda path: path.name)
def test_pictures_are_small_and_shown(picture: Path) -> None:
    assert picture.stat().st_size < 150_000
    assert any(f"pictures/{picture.name})" in source.read_text(encoding="utf-8") for source in PAGES)

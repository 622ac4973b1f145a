"""One workbook a site: each holds its own rows, and nothing of another site is in its bytes."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from program.command import ask, qa_sync, query, query_all
from program.finished import Finished
from program.worlds import edit, own_copy
from python_calamine import CalamineWorkbook

from qa_sync.config import SinkSettings
from qa_sync.dashboards import Field, Tab, TabShape
from qa_sync.dashboards.aliases import aliases_of, hide_people
from qa_sync.errors import ConfigError
from qa_sync.runner.places import places_of

pytestmark = pytest.mark.usefixtures("kept_open")

PATH = "./out/{site}.xlsx"


def a_book_each(settings: dict[str, Any], **more: Any) -> None:
    settings["sinks"]["books"] = {"connector": "excel", "path": PATH, **more.pop("sink", {})}
    settings["dashboards"] = {"sites": {"definition": WEEKLY, "sinks": ["books"], "for_each": "site", **more}}


WEEKLY = "mappings/dashboards/weekly.yaml"


@pytest.fixture
def whole(finished: Finished, tmp_path: Path) -> Path:
    """A copy of the finished workspace, whose dashboard has a workbook a site."""
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes", "out"))
    edit(folder, a_book_each)
    return folder


@pytest.fixture
def folder(whole: Path) -> Path:
    """The same with one tab, for what is not about the tabs."""
    own_copy(whole, "dashboards/weekly.yaml")
    edit(whole, lambda definition: definition.update(tabs=[{"report": "pairs"}]), WEEKLY)
    return whole


def text_of(path: Path) -> str:
    packed = zipfile.ZipFile(path)
    return "".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())


def book_of(folder: Path, site: str) -> Path:
    return folder / "out" / f"{site.replace(' ', '_')}.xlsx"


def test_no_site_finds_another_site_or_its_people_in_its_workbook(whole: Path) -> None:
    folder = whole
    done = ask(folder, "publish")
    people, pairs = query_all(
        folder,
        "SELECT p.person_id, p.name, r.site FROM people p JOIN rosters r USING (person_id)",
        "SELECT pair_id, site FROM pairs WHERE basis = 'original'",
    )
    sites = sorted({one["site"] for one in people})
    assert sorted(done["counts"]["publish"]) == [f"sites > books/{site}" for site in sites]
    for site in sites:
        text = text_of(book_of(folder, site))
        own = {one["name"] for one in people if one["site"] == site}
        theirs = {one["person_id"] for one in people} - {one["person_id"] for one in people if one["site"] == site}
        # Dublin is also the programme's time zone, which Definitions names.
        assert [one for one in sites if one not in (site, "Dublin") and one in text] == []
        assert [one["name"] for one in people if one["name"] not in own and f">{one['name']}<" in text] == []
        assert [one for one in theirs if f">{one}<" in text] == []
        shown = CalamineWorkbook.from_path(book_of(folder, site)).get_sheet_by_name("Pairs").to_python()[1:]
        assert {row[0] for row in shown if row[0]} == {one["pair_id"] for one in pairs if one["site"] == site}


def test_names_of_all_are_shown_where_the_dashboard_says_so_and_each_place_keeps_its_own_memory(folder: Path) -> None:
    edit(folder, lambda settings: a_book_each(settings, names="all"))
    ask(folder, "publish")
    again = ask(folder, "publish")
    assert {made["data_cells"] for made in again["counts"]["publish"].values()} == {0}
    auditors = query(
        folder,
        """SELECT DISTINCT n.name FROM pairs p JOIN people n ON n.person_id = p.auditor_id
           WHERE p.site = 'Vistula Kraków' AND p.basis = 'original'""",
    )
    text = text_of(book_of(folder, "Vistula Kraków"))
    assert auditors
    assert [one["name"] for one in auditors if one["name"] not in text] == []
    assert not re.search(r"person [0-9a-f]{8}", text)


def test_an_audit_under_embargo_is_in_no_byte_of_what_auditees_read(folder: Path) -> None:
    tabs = [{"report": "pairs", "audience": "auditees"}, {"report": "summary", "audience": "auditees"}]
    edit(folder, lambda d: d.update(tabs=tabs), WEEKLY)
    ask(folder, "publish")
    pairs = query(
        folder, "SELECT pair_id, auditor_evaluation_id, site, is_embargoed FROM pairs WHERE basis = 'original'"
    )
    held_back = [one for one in pairs if one["is_embargoed"]]
    assert held_back
    for site in {one["site"] for one in held_back}:
        text = text_of(book_of(folder, site))
        assert [one for one in held_back if one["pair_id"] in text or one["auditor_evaluation_id"] in text] == []
        assert [one for one in pairs if one["site"] == site and one["pair_id"] in text] != []


def test_a_workbook_of_somebody_else_is_a_matter_of_set_up(folder: Path) -> None:
    from openpyxl import Workbook

    (folder / "out").mkdir()
    Workbook().save(book_of(folder, "Dublin"))
    done = qa_sync(folder, "publish", "--quiet", expect=2)
    assert "was not made by qa-sync; set another path" in done.err


def test_a_site_without_a_place_is_said_and_the_others_are_published(folder: Path) -> None:
    edit(
        folder,
        lambda settings: a_book_each(
            settings, sink={"path": "./out/none.xlsx", "for_each": {"Dublin": {"path": "./out/d.xlsx"}}}
        ),
    )
    done = ask(folder, "publish")
    assert list(done["counts"]["publish"]) == ["sites > books/Dublin"]
    assert done["counts"]["unplaced"] == {"sites > books": ["Brightline Manila", "Vistula Kraków"]}
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["d.xlsx"]


@pytest.mark.parametrize(
    ("sink", "dashboard", "message"),
    [
        ({"path": "./out/all.xlsx"}, {}, "one place cannot show each site its own rows only"),
        ({"for_each": {"a": {"path": "x.xlsx"}}}, {"for_each": ""}, "the dashboard is published as a whole"),
        ({"path": PATH}, {"for_each": "plent"}, "there is no column 'plent'"),
        (
            {"for_each": {"Dublin": {"path": "x.xlsx"}, "Elsewhere": {"path": "./x.xlsx"}}},
            {},
            "would share one place",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused_in_words_that_help(
    folder: Path, sink: dict[str, Any], dashboard: dict[str, Any], message: str
) -> None:
    edit(folder, lambda settings: a_book_each(settings, sink=sink, **dashboard))
    assert message in qa_sync(folder, "publish", "--quiet", expect=2).err


def test_two_values_never_become_one_file() -> None:
    settings = SinkSettings.model_validate({"connector": "excel", "path": "{site}.xlsx"})
    with pytest.raises(ConfigError, match="'A/B' and 'A B' would share one place"):
        places_of("books", settings, "site", ["A/B", "A B"])


def test_an_alias_stands_for_a_person_wherever_id_or_name_does() -> None:
    shape = TabShape(
        dashboard="d", name="t", title="T", key="k", fields=(Field(name="k", label="K"), Field(name="n", label="N"))
    )
    tab = Tab(shape=shape, columns={"k": ["p1|w1", "p2|w1"], "n": ["Ann", "Ben, Ann"]})
    aliases = aliases_of([("p1", "Ann")], salt="s")
    alias = aliases["Ann"]
    assert alias == aliases["p1"]
    assert hide_people(tab, aliases).columns == {"k": [f"{alias}|w1", "p2|w1"], "n": [alias, f"Ben, {alias}"]}
    assert aliases_of([("p1", "Ann")], salt="another")["p1"] != alias

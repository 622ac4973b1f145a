"""The starter dashboards: every report has its tab, and every tab can be made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from reports.scenes import generated, opened
from tiers import some

from qa_sync.config.workspace import bundled_folder
from qa_sync.dashboards.definition import Definition, parse, tab_shape
from qa_sync.ports import Context
from qa_sync.reports import REPORTS, build
from qa_sync.reports.published import PUBLISHED_BY_ID
from qa_sync.runner.making_tabs import make_tabs
from qa_sync.runner.opened import Opened
from qa_sync.runner.publish_step import Publisher
from qa_sync.store import Store
from qa_sync.yamlfile import read
from qa_sync_excel import connect

#: In the generated programme auditors use the auditees' forms; test_evaluator_work has others.
NO_ROWS = ("evaluator_work",)

STARTERS = sorted(path.stem for path in (bundled_folder() / "dashboards").glob("*.yaml"))


def _definition(name: str) -> Definition:
    return parse(read(bundled_folder() / "dashboards" / f"{name}.yaml"), name=name, reports=list(REPORTS))


@pytest.fixture(scope="module")
def it() -> Iterator[Opened]:
    with opened(generated()) as made:
        yield made


@pytest.mark.parametrize("name", STARTERS)
def test_every_tab_can_be_made_and_shows_rows(it: Opened, name: str) -> None:
    definition = _definition(name)
    for tab in definition.tabs:
        report = build(tab.report, it.scene, tab.ask)
        shape = tab_shape(definition, tab, report)
        assert report.rows.num_rows or tab.report in NO_ROWS, tab.name
        assert set(tab.columns) <= {field.name for field in report.fields}, tab.name
        assert shape.key == shape.fields[0].name


def test_every_report_is_a_tab_of_some_starter() -> None:
    assert {tab.report for name in STARTERS for tab in _definition(name).tabs} == set(REPORTS)


def test_every_tab_for_auditees_is_marked_so() -> None:
    assert {tab.ask.audience for tab in _definition("auditees").tabs} == {"auditees"}


def test_what_is_assumed_is_hidden_in_starters() -> None:
    for name in STARTERS:
        for tab in _definition(name).tabs:
            hidden = {column for column, change in tab.columns.items() if change.get("hide")}
            assumed = {
                one.id.rpartition(".")[2]
                for one in PUBLISHED_BY_ID.values()
                if one.assumed and one.id.startswith(f"{tab.report}.")
            }
            assert assumed <= hidden, (name, tab.name)


@pytest.mark.parametrize("name", some(STARTERS, every=4))
def test_a_starter_is_published_and_has_nothing_to_write_again(name: str, it: Opened, tmp_path: Path) -> None:
    definition = _definition(name)
    tabs = make_tabs(definition, it.scene)
    store = Store(tmp_path / "data")
    at = datetime(2026, 3, 2, tzinfo=UTC)
    written = []
    for run in ("first", "second"):
        sink = connect({"path": "out/book.xlsx"}, Context(name="book", folder=tmp_path, state=tmp_path / "state"))
        written.append(Publisher(store=store, run_id=run, at=at).publish(definition, tabs, "book", sink).data_cells)
        sink.close()
    assert (written[0] > 0, written[1]) == (True, 0)

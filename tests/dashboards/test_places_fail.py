"""A place that fails leaves the others their turn, and the run its failure."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from program.command import qa_sync
from program.finished import Finished
from program.worlds import edit, own_copy

from qa_sync import registry
from qa_sync.errors import SinkError

pytestmark = pytest.mark.usefixtures("kept_open")


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Path:
    """Three workbooks of one dashboard, and a dashboard after it."""
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("sandboxes", "out"))
    own_copy(folder, "dashboards/weekly.yaml")
    edit(folder, lambda d: d.update(tabs=[{"report": "summary"}]), "mappings/dashboards/weekly.yaml")
    edit(folder, _settings)
    return folder


def _settings(settings: Any) -> None:
    definition = "mappings/dashboards/weekly.yaml"
    settings["sinks"] = {name: {"connector": "excel", "path": f"out/{name}.xlsx"} for name in "abc"}
    settings["dashboards"] = {
        "one": {"definition": definition, "sinks": ["a", "b"]},
        "two": {"definition": definition, "sinks": ["c"]},
    }


class _Careless:
    """The sink ``a``, with one thing it does wrong."""

    def __init__(self, sink: Any, where: str, error: BaseException) -> None:
        self._sink, self._where, self._error = sink, where, error

    def __getattr__(self, name: str) -> Any:
        if name != self._where:
            return getattr(self._sink, name)

        def fail(*_: Any) -> None:
            raise self._error

        return fail


def _hurt(monkeypatch: pytest.MonkeyPatch, where: str, error: BaseException, sinks: str = "a") -> None:
    original = registry.load

    def load(group: registry.Group, name: str) -> Any:
        connect = original(group, name)

        def wrapped(settings: Any, context: Any) -> Any:
            if group != "sinks" or context.name not in sinks:
                return connect(settings, context)
            if where == "connect":
                raise error
            return _Careless(connect(settings, context), where, error)

        return wrapped

    monkeypatch.setattr(registry, "load", load)


def _books(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "out").glob("*.xlsx"))


def test_a_mistake_in_one_sink_is_a_failure_of_that_place_alone(folder: Path) -> None:
    for where in ("connect", "present", "apply"):
        with pytest.MonkeyPatch.context() as patch:
            _hurt(patch, where, KeyError("PLANTED words of a record"))
            done = qa_sync(folder, "publish", "--quiet", "--format", "json", expect=1)
        assert "PLANTED" not in done.out + done.err
        assert _books(folder) == ["b", "c"]
        counts = done.data["counts"]
        assert sorted(counts["publish"]) == ["one > b", "two > c"]
        assert list(counts["unpublished"]) == ["one > a"]
        wanted = "one > a: the connector failed: unexpected KeyError at dashboards/test_places_fail.py:"
        assert done.data["error"].startswith(wanted)
        newest = qa_sync(folder, "runs", "--format", "json", "--quiet").data[0]
        assert (newest["status"], newest["error"]) == ("failed", done.data["error"])
    healed = qa_sync(folder, "publish", "--quiet", "--format", "json").data["counts"]["publish"]
    assert {name: made["data_cells"] > 0 for name, made in healed.items()} == {
        "one > a": True,
        "one > b": False,
        "two > c": False,
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SinkError("the file is not shared"), "the file is not shared"),
        (OSError(28, "No space left on device", "/secret/place"), "the connector failed: No space left on device"),
    ],
)
def test_the_first_failure_of_each_sink_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    _hurt(monkeypatch, "apply", error, sinks="ac")
    done = qa_sync(folder, "publish", "--quiet", "--format", "json", expect=1)
    assert done.data["error"] == f"one > a: {told}\ntwo > c: {told}"
    assert "/secret" not in done.out + done.err
    assert list(done.data["counts"]["unpublished"]) == ["one > a", "two > c"]
    assert _books(folder) == ["b"]


def test_that_closing_fails_changes_nothing_of_what_was_published(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hurt(monkeypatch, "close", RuntimeError("PLANTED"))
    qa_sync(folder, "publish", "--quiet")
    assert _books(folder) == ["a", "b", "c"]


def test_a_stop_stops_all_places(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _hurt(monkeypatch, "apply", KeyboardInterrupt())
    qa_sync(folder, "publish", "--quiet", expect=1)
    assert _books(folder) == []


def test_settings_that_are_wrong_in_two_places_are_told_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(settings: Any) -> None:
        settings["sinks"]["a"]["colour"] = "red"
        settings["sinks"]["c"]["colour"] = "red"

    edit(folder, wrong)
    done = qa_sync(folder, "publish", "--quiet", "--format", "json", expect=2)
    assert [problem["path"] for problem in done.data["problems"]] == ["sinks.a.colour", "sinks.c.colour"]
    assert _books(folder) == ["b"]

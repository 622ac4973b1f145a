"""One world that has been run twice, shared by all tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from program.command import KeptOpen, ask
from program.worlds import World, small_programme, world

from qa_sync.testing.programme import Programme, Truth


@dataclass(frozen=True, slots=True)
class Finished:
    """A world, what its two runs said of themselves, and what is true of it."""

    world: World
    first: dict[str, Any]
    second: dict[str, Any]
    truth: Truth
    kept_open: KeptOpen

    @property
    def folder(self) -> Path:
        """The workspace."""
        return self.world.folder


@cache
def shared_programme() -> Programme:
    """Return the programme of all these tests."""
    return small_programme()


_KEPT: list[Finished] = []


@pytest.fixture(scope="session")
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Made once, whichever folders of tests ask for it."""
    if not _KEPT:
        programme, stack = shared_programme(), ExitStack()
        request.config.add_cleanup(stack.close)
        folder = tmp_path_factory.mktemp("finished")
        made = stack.enter_context(world(folder, programme, all_tabs=True))
        first, second = ask(folder, "run"), ask(folder, "run")
        _KEPT.append(Finished(made, first, second, programme.truth(), KeptOpen(folder, stack)))
    return _KEPT[0]


@pytest.fixture
def kept_open(finished: Finished) -> Iterator[None]:
    """Open the finished workspace's snapshots once for all tests that are not about opening them.

    They are old once another run is on record there: a test that leaves one, a failed one too, takes a copy.
    """
    before = _commits(finished)
    with finished.kept_open.used():
        yield
    assert _commits(finished) == before, "this test left a run in the workspace that all tests look at: take a copy"


def _commits(finished: Finished) -> list[str]:
    """How the runs on record stand, told without reading them: looking after each test costs nothing."""
    return sorted(entry.name for entry in (finished.folder / "data" / "runs" / "_delta_log").iterdir())

"""One world that has been run twice, shared by all tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from program.command import ask
from program.worlds import World, small_programme, world

from qa_sync.testing.programme import Programme, Truth


@dataclass(frozen=True, slots=True)
class Finished:
    """A world, what its two runs said of themselves, and what is true of it."""

    world: World
    first: dict[str, object]
    second: dict[str, object]
    truth: Truth

    @property
    def folder(self) -> Path:
        """The workspace."""
        return self.world.folder


@cache
def shared_programme() -> Programme:
    """Return the programme of all these tests."""
    return small_programme()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    programme = shared_programme()
    with world(tmp_path_factory.mktemp("finished"), programme) as made:
        first, second = ask(made.folder, "run"), ask(made.folder, "run")
        yield Finished(made, first, second, programme.truth())

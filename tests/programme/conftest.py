from __future__ import annotations

import pytest

from qa_sync.testing.programme import Programme, Truth, make_programme


@pytest.fixture(scope="session")
def programme() -> Programme:
    return make_programme()


@pytest.fixture(scope="session")
def truth(programme: Programme) -> Truth:
    return programme.truth()


@pytest.fixture(scope="session")
def large() -> Programme:
    """Enough audits for the story to show through chance."""
    return make_programme(tickets=40_000, seed=11)


@pytest.fixture(scope="session")
def large_truth(large: Programme) -> Truth:
    return large.truth()

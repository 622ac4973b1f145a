"""What a program may use of qa_sync is what the package says, all of it importable and nothing else."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import qa_sync


def test_the_public_names_are_sorted_and_importable() -> None:
    assert list(qa_sync.__all__) == sorted(qa_sync.__all__)
    for name in qa_sync.__all__:
        value = getattr(qa_sync, name)
        assert callable(value), name
        assert (value.__doc__ or "").strip(), f"{name} has no docstring"
    assert set(qa_sync.__all__) <= set(dir(qa_sync))


def test_a_name_that_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'wrokspace'"):
        _ = qa_sync.wrokspace


@pytest.mark.parametrize(
    "package",
    [
        "qa_sync.agreement",
        "qa_sync.dashboards",
        "qa_sync.engine",
        "qa_sync.forms",
        "qa_sync.http",
        "qa_sync.mapping",
        "qa_sync.people",
        "qa_sync.reconcile",
        "qa_sync.reports",
        "qa_sync.store",
        "qa_sync.testing",
    ],
)
def test_packages_hold_what_they_list(package: str) -> None:
    module = import_module(package)
    names = getattr(module, "__all__", [])
    assert len(set(names)) == len(names)
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("first", ["qa_sync.agreement.charts", "qa_sync.reconcile.frames", "qa_sync.runner.workspace"])
def test_functions_stay_callable_whatever_was_imported_before(first: str) -> None:
    code = f"import {first}, qa_sync; assert callable(qa_sync.agreement) and callable(qa_sync.reconcile)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_errors_say_which_exit_code_they_mean() -> None:
    assert {
        name: getattr(qa_sync, name).exit_code
        for name in qa_sync.__all__
        if isinstance(getattr(qa_sync, name), type) and issubclass(getattr(qa_sync, name), Exception)
    } == {
        "AuthError": 2,
        "ConfigError": 2,
        "ConservationError": 1,
        "LostRace": 1,
        "QASyncError": 1,
        "SinkError": 1,
        "SourceError": 1,
        "StoreError": 1,
        "TransientError": 1,
    }

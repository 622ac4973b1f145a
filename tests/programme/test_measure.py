"""The benchmarks' measuring helper: fresh processes, honest clocks, ratios against the baseline."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

HELPER = Path(__file__).resolve().parents[2] / "benchmarks" / "measure.py"
SCRIPT = """
import os, sys, time

def burn(n):
    time.process_time()
    def work():
        total = 0
        for k in range(n):
            total += k
        print("chatter on stdout is no result")
        return {"n": n, "pid": os.getpid()}
    return work

def rest(seconds):
    return lambda: time.sleep(seconds)

def hold(megabytes):
    return lambda: {"bytes": len(bytearray(megabytes * 1_000_000))}

def prepared(megabytes):
    kept = bytearray(b"x" * megabytes * 1_000_000)
    return lambda: {"bytes": len(kept)}

def broken():
    raise LookupError("nothing here")
"""


@pytest.fixture(scope="module")
def measure() -> ModuleType:
    spec = importlib.util.spec_from_file_location("measure_under_test", HELPER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = tmp_path / "bench_script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("bench_script", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_script", module)
    spec.loader.exec_module(module)
    return module


def test_more_work_costs_more_cpu_than_the_baseline(measure: ModuleType, script: ModuleType, tmp_path: Path) -> None:
    shown: list[str] = []
    report = measure.compare(
        "two loops",
        [measure.Case("short", script.burn, n=300_000), measure.Case("long", script.burn, n=3_000_000)],
        repeat=3,
        folder=tmp_path / "out",
        show=shown.append,
    )
    short, long = report["cases"]
    assert report["baseline"] == "short"
    assert short["ratio"]["cpu_s"] == 1.0
    assert long["ratio"]["cpu_s"] == pytest.approx(long["median"]["cpu_s"] / short["median"]["cpu_s"])
    assert long["ratio"]["cpu_s"] > 3
    assert len({run["facts"]["pid"] for case in report["cases"] for run in case["runs"]}) == 6, "a process for each run"
    assert json.loads((tmp_path / "out" / "two_loops.json").read_text(encoding="utf-8")) == report
    assert "n 3,000,000" in shown[0]


def test_waiting_is_wall_time_and_no_cpu(measure: ModuleType, script: ModuleType) -> None:
    run = measure.run_once(measure.Case("rest", script.rest, seconds=0.2))
    assert run["wall_s"] >= 0.2
    assert run["cpu_s"] < 0.1


def test_memory_of_the_call_is_told_from_that_of_the_preparation(measure: ModuleType, script: ModuleType) -> None:
    held = measure.run_once(measure.Case("hold", script.hold, megabytes=150))
    ready = measure.run_once(measure.Case("ready", script.prepared, megabytes=150))
    assert held["grown_mb"] > 130
    assert ready["grown_mb"] < 20
    assert ready["peak_mb"] > 130


def test_a_large_parent_does_not_count_as_its_childs_memory(measure: ModuleType, script: ModuleType) -> None:
    ballast = b"x" * 300_000_000
    run = measure.run_once(measure.Case("small", script.hold, megabytes=1))
    assert len(ballast) == 300_000_000
    assert run["peak_mb"] < 200


def test_a_failing_case_says_which_and_why(measure: ModuleType, script: ModuleType) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)bad: exit 1.*LookupError: nothing here"):
        measure.run_once(measure.Case("bad", script.broken))


def test_a_case_that_hangs_is_stopped(measure: ModuleType, script: ModuleType) -> None:
    with pytest.raises(RuntimeError, match=r"slow: not finished after 0\.3 s"):
        measure.run_once(measure.Case("slow", script.rest, seconds=60), timeout=0.3)


def test_a_baseline_that_is_not_measured_is_refused(measure: ModuleType, script: ModuleType) -> None:
    with pytest.raises(ValueError, match="baseline 'other'"):
        measure.compare("x", [measure.Case("one", script.rest, seconds=0)], baseline="other", folder=None)

"""Calls a minute are counted together by everybody who uses an account, and whoever waits goes first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from qa_sync_gsheets.quota import Budget

_OTHER = """
import sys; from pathlib import Path
from qa_sync_gsheets.quota import Budget
budget = Budget(Path(sys.argv[1]), clock=lambda: float(sys.argv[2]))
print([budget.wait_seconds("write", 16) for _ in range(int(sys.argv[3]))])
"""


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_processes_share_one_counter(tmp_path: Path) -> None:
    clock = Clock()
    budget = Budget(tmp_path / "quota.json", clock)
    assert [budget.wait_seconds("write", 16) for _ in range(10)] == [0.0] * 10
    command = [sys.executable, "-c", _OTHER, str(tmp_path / "quota.json"), str(clock.now + 20), "5"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    # 14 of 16 are for everybody; four are left, and the next is free when our first is a minute old.
    assert told == "[0.0, 0.0, 0.0, 0.0, 40.0]\n"
    clock.now += 20
    assert budget.wait_seconds("write", 16) == 40.0
    assert budget.wait_seconds("read", 16) == 0.0


def test_who_waits_may_use_what_everything_else_leaves_free(tmp_path: Path) -> None:
    clock = Clock()
    budget = Budget(tmp_path / "quota.json", clock)
    assert [budget.wait_seconds("read", 16) for _ in range(15)] == [0.0] * 14 + [60.0]
    assert [budget.wait_seconds("read", 16, urgent=True) for _ in range(3)] == [0.0, 0.0, 60.0]
    clock.now += 60
    assert budget.wait_seconds("read", 16) == 0.0


def test_a_file_that_is_damaged_or_ahead_of_the_clock_makes_nobody_wait(tmp_path: Path) -> None:
    path, clock = tmp_path / "quota.json", Clock()
    path.write_bytes(b"\x00 not a counter")
    assert Budget(path, clock).wait_seconds("read", 1) == 0.0
    clock.now -= 500
    assert Budget(path, clock).wait_seconds("read", 1) == 0.0


def test_where_the_folder_cannot_be_written_each_counts_for_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    budget = Budget(tmp_path / "file" / "quota.json", Clock())
    assert [budget.wait_seconds("read", 1) for _ in range(2)] == [0.0, 60.0]

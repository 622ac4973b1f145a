"""What does not fit into memory lies where nobody else reads it, and does not outlive its process for long."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from qa_sync.engine.overflow import Overflow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"qa-sync-{os.getuid()}"


_CHILD = """
import os, sys
from qa_sync.engine.overflow import Overflow
place = Overflow().place()
place.mkdir()
(place / "rows").write_text("Mary")
place.with_name(place.name + ".kept").write_text("Mary")
print(place, flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), 9)
"""


def child(folder: Path, how: str) -> Path:
    environment = os.environ | {"TMPDIR": str(folder.parent), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, how], stdout=subprocess.PIPE, text=True, env=environment, check=False
    )
    return Path(done.stdout.strip())


def test_only_its_user_reads_the_folder(folder: Path) -> None:
    place = Overflow().place()
    assert place is not None
    assert (place.parent, stat.S_IMODE(folder.stat().st_mode)) == (folder, 0o700)


def test_places_are_never_the_same(folder: Path) -> None:
    one, other = Overflow(), Overflow()
    assert len({one.place(), one.place(), other.place(), other.place()}) == 4


def test_what_a_process_put_there_goes_with_it(folder: Path) -> None:
    assert child(folder, "ended").parent == folder
    assert list(folder.iterdir()) == []


def test_what_a_killed_process_left_is_swept_by_the_next_and_what_a_living_one_has_stays(folder: Path) -> None:
    living = Overflow().place()
    assert living is not None
    living.mkdir()
    killed = child(folder, "killed")
    assert sorted(path.name for path in folder.glob(f"{killed.stem}*")) == [
        f"{killed.stem}{end}" for end in (".1", ".1.kept", ".lock")
    ]
    Overflow().place()
    assert (list(folder.glob(f"{killed.stem}*")), living.is_dir()) == ([], True)


def test_a_folder_that_others_may_read_is_not_used(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    place = Overflow().place()
    assert place is not None
    assert (place.parent != folder, stat.S_IMODE(place.parent.stat().st_mode)) == (True, 0o700)


def test_a_machine_without_temporary_files_has_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert Overflow().place() is None


def test_a_system_without_such_locks_has_a_folder_for_each_process(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_sync.engine.overflow.os", SimpleNamespace(name="nt", getpid=os.getpid))
    place = Overflow().place()
    assert place is not None
    assert (place.parent.parent, place.parent != folder) == (folder.parent, True)
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700

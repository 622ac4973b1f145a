"""What is quick stays quick: neither help nor the import of the package brings in anything heavy."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

#: Loads "make slim", whose list of what is heavy is the one.
HEAVY = set(runpy.run_path(str(Path(__file__).resolve().parents[1] / "benchmarks" / "slim.py"))["HEAVY"])


@pytest.mark.parametrize(
    "code",
    [
        "import qa_sync",
        "from qa_sync.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
        "from qa_sync.cli import main\ntry: main(['report', '--help'])\nexcept SystemExit: pass",
        "from qa_sync.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass",
        "from qa_sync.cli import main\nmain(['reprot'])",
        "from qa_sync.cli import main\nmain(['reprot', '--format', 'json'])",
    ],
)
def test_nothing_heavy_is_imported(code: str) -> None:
    probe = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    assert {name for name in done.stderr.split() if name in HEAVY} == set()

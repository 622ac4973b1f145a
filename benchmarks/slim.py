"""Fail when ``qa-sync --help`` imports anything heavy; print how long it takes beside a bare interpreter."""

from __future__ import annotations

import subprocess
import sys
import time

HEAVY = (
    "pandas",
    "numpy",
    "pyarrow",
    "duckdb",
    "deltalake",
    "gspread",
    "zenpy",
    "pydantic",
    "rich",
    "requests",
    "msgspec",
    "scipy",
    "starlette",
    "ruamel",
)


def seconds(*arguments: str) -> float:
    """Return the best of five wall times of a Python command."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - began)
    return best


def main() -> None:
    """Check the imports, then measure."""
    probe = (
        "import sys; from qa_sync.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    loaded = set(done.stderr.split())
    heavy = sorted(loaded.intersection(HEAVY))
    if heavy:
        sys.exit(f"--help imports {', '.join(heavy)}")
    bare, help_ = seconds("-c", "pass"), seconds("-m", "qa_sync", "--help")
    told = f"{help_ * 1000:.0f} ms, a bare interpreter {bare * 1000:.0f} ms, ratio {help_ / bare:.1f}"
    print(f"--help imports nothing heavy: {told}")


if __name__ == "__main__":
    main()

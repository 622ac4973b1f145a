"""The whole demo, sandboxes included: the first run and one that finds nothing new."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from measure import Case, Work, compare

from qa_sync.runner.trial import demo


def first_run() -> Work:
    """Everything is new."""
    folder = Path(tempfile.mkdtemp())

    def work() -> dict[str, float]:
        done = demo(folder / "demo")
        shutil.rmtree(folder)
        return {"data_cells": sum(c["data_cells"] for c in done.report.counts["publish"].values())}

    return work


def second_run() -> Work:
    """Nothing is new."""
    folder = Path(tempfile.mkdtemp())
    demo(folder / "demo")

    def work() -> dict[str, float]:
        done = demo(folder / "demo")
        shutil.rmtree(folder)
        return {"data_cells": sum(c["data_cells"] for c in done.report.counts["publish"].values())}

    return work


if __name__ == "__main__":
    compare("demo", [Case("first run", first_run), Case("nothing new", second_run)], baseline="first run", repeat=3)

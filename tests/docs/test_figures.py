"""The figures in the README are those of real runs. QA_SYNC_REWRITE=1 writes them anew instead of comparing."""

from __future__ import annotations

import csv
import math
import os
import shutil
from pathlib import Path

import pytest
from docs.conftest import Demo
from docs.pages import PROJECT, between
from shared_data import shared_data

from qa_sync.runner.workspace import Workspace

README = PROJECT / "README.md"


def _hold(name: str, wanted: str) -> None:
    before, there, after = between(README.read_text(encoding="utf-8"), name)
    if os.environ.get("QA_SYNC_REWRITE"):
        README.write_text(before + wanted + after, encoding="utf-8")
        return
    assert there == wanted, "the README shows other figures: QA_SYNC_REWRITE=1 pytest tests/docs/test_figures.py"


def test_the_table_in_the_readme_is_what_the_demo_prints(demo: Demo) -> None:
    lines = [line.strip() for line in demo.printed.splitlines()]
    first = next(at for at, line in enumerate(lines) if line.startswith("Agreement of auditees"))
    last = next(at for at, line in enumerate(lines) if line.startswith("workbook:"))
    shown = "\n".join(lines[first:last]).strip()
    assert "Line accuracy by week" in shown
    assert lines[last] == "workbook: demo/out/weekly.xlsx"
    _hold("demo", f"```\n{shown}\n```\n")


@pytest.mark.thorough
def test_the_ratings_in_the_readme_are_what_the_example_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = shared_data("ratings")
    ratings, folder = tmp_path / "ratings", tmp_path / "workspace"
    ratings.mkdir()
    for gold in sorted(given.glob("*_gold.csv")):
        shutil.copy(gold, ratings)
        _copy_labels(gold.with_name(gold.name.replace("_gold", "_labels")), gold, ratings)
    shutil.copytree(PROJECT / "examples" / "ratings", folder, ignore=shutil.ignore_patterns("data", "out"))
    monkeypatch.setenv("QA_SYNC_RATINGS", str(ratings))
    workspace = Workspace(folder)
    assert workspace.run().exit_code == 0
    rows = workspace.report("agreement").to_dict("records")
    head = "| data set | pairs | raters | agreement | kappa | linear | quadratic | AC1 | mean Δ |"
    lines = ["", head, "| --- |" + " --: |" * 8]
    measures = ("percent_agreement", "kappa", "kappa_linear", "kappa_quadratic", "ac1", "mean_delta")
    for row in rows:
        figures = [f"{row['pairs']:,}", f"{row['auditees']:,}", *(_figure(row[name]) for name in measures)]
        lines.append(f"| {row['form']} | " + " | ".join(figures) + " |")
    _hold("ratings", "\n".join(lines) + "\n\n")


def _figure(value: float) -> str:
    """What has no value is a dash, as in every table for people."""
    return "–" if math.isnan(value) else f"{value:.4f}"


def _copy_labels(labels: Path, gold: Path, folder: Path) -> None:
    """Copy the ratings of items with a gold answer: the others make no pairs, and take time."""
    with gold.open(newline="") as file:
        items = {row["item_id"] for row in csv.DictReader(file)}
    with labels.open(newline="") as file, (folder / labels.name).open("w", newline="") as kept:
        rows = csv.DictReader(file)
        writer = csv.DictWriter(kept, rows.fieldnames or [])
        writer.writeheader()
        writer.writerows(row for row in rows if row["item_id"] in items)

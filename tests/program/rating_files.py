"""Rating files of the shape of the real ones, generated, and a workspace over them."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from program.worlds import edit

from qa_sync.reports import build
from qa_sync.runner.workspace import Workspace

PROJECT = Path(__file__).resolve().parents[2]
LEVELS = ("G", "P", "R", "X")
SHOWN = "mappings/dashboards/ratings.yaml"


def write_ratings(folder: Path, *, items: int = 60, raters: int = 12, seed: int = 1) -> None:
    """Write a labels and a gold file; raters mostly agree with the gold answer."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    gold = {f"I{number:04d}": rng.choice(LEVELS) for number in range(items)}
    with (folder / "gal_adultcontent2_gold.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("item_id", "gold", "has_labels"))
        writer.writerows((item, label, "True") for item, label in gold.items())
    seen: dict[tuple[str, str], int] = {}
    with (folder / "gal_adultcontent2_labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("seq", "item_id", "worker_id", "label", "repeat_no"))
        for seq in range(items * raters):
            item, rater = rng.choice(list(gold)), f"W{rng.randrange(raters):03d}"
            repeat = seen[item, rater] = seen.get((item, rater), 0) + 1
            label = gold[item] if rng.random() < 0.75 else rng.choice(LEVELS)
            writer.writerow((seq, item, rater, label, repeat))


def workspace(tmp_path: Path, ratings: Path) -> tuple[Path, dict[str, str]]:
    """Copy the example workspace; return its folder and the environment that leads to the ratings.

    Of its dashboard's tabs it has one: what they show is no matter of these tests, and making them takes time.
    """
    folder = tmp_path / "workspace"
    shutil.copytree(PROJECT / "examples" / "ratings", folder, ignore=shutil.ignore_patterns("data", "out"))
    edit(folder, lambda shown: shown.update(tabs=[tab for tab in shown["tabs"] if tab["name"] == "agreement"]), SHOWN)
    return folder, {**os.environ, "QA_SYNC_RATINGS": str(ratings)}


def qa_sync(
    folder: Path, environment: dict[str, str], *arguments: str, expect: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run one command in a process of its own and check its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "qa_sync", "--workspace", str(folder), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == expect, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def ask(folder: Path, environment: dict[str, str], *arguments: str) -> Any:
    """Run a command that prints JSON and return what it says."""
    return json.loads(qa_sync(folder, environment, *arguments, "--format", "json", "--quiet").stdout)


#: What must be equal after any interruption: everything but the moments and names of runs.
STATE = {
    "raw labels": "SELECT id, source_seq, deleted, payload, payload_hash FROM raw_ratings_labels ORDER BY ALL",
    "raw gold": "SELECT id, deleted, payload, payload_hash FROM raw_ratings_gold ORDER BY ALL",
    "evaluations": "SELECT evaluation_id, kind, evaluator_id, repeat_no, payload_hash FROM evaluations ORDER BY ALL",
    "versions": "SELECT record_id, source_seq, payload_hash, deleted, revision FROM evaluations_history ORDER BY ALL",
    "answers": "SELECT evaluation_id, criterion_key, option, payload_hash FROM answers ORDER BY ALL",
    "rejects": "SELECT source, stream, record_id, field, reason, payload_hash FROM rejects ORDER BY ALL",
    "published": """SELECT tab, key, cells FROM (SELECT *, row_number() OVER (PARTITION BY sink, tab, key ORDER BY "at" DESC) AS newest
                    FROM published) WHERE newest = 1 AND NOT removed AND tab <> '_qa_sync' ORDER BY ALL""",
}


def state(folder: Path) -> dict[str, Any]:
    """Return everything that must not depend on how often a run was interrupted."""
    workspace = Workspace(folder)
    with workspace.open(raw=True) as it:
        found: dict[str, Any] = {name: it.engine.fetch(sql).to_pylist() for name, sql in STATE.items()}
        for name in ("agreement", "evaluators"):
            found[f"report {name}"] = build(name, it.scene).rows.to_pylist()
    return found

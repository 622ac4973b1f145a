"""A workspace whose store is in a bucket shows what one on a disk shows, through every command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from program.rating_files import ask, qa_sync, state, workspace, write_ratings
from store.buckets import KEYS, Emulator, emulated

from qa_sync.cli import main

ENVIRONMENT = {"QA_KEY": KEYS["access_key_id"], "QA_SECRET": KEYS["secret_access_key"]}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with emulated() as running:
        yield running


def in_bucket(folder: Path, emulator: Emulator, prefix: str) -> None:
    """Let a workspace keep its store in a bucket."""
    file = folder / "qa-sync.yaml"
    storage = (
        f"storage: {{endpoint: {emulator.url}, access_key_id: '${{QA_KEY}}', secret_access_key: '${{QA_SECRET}}'}}"
    )
    file.write_text(file.read_text().replace("store: ./data", f"store: s3://quality/{prefix}\n{storage}"))


@pytest.mark.thorough
def test_every_command_does_in_a_bucket_what_it_does_on_a_disk(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ratings(tmp_path / "ratings", items=40, raters=8)
    disk, environment = workspace(tmp_path / "disk", tmp_path / "ratings")
    bucket, _ = workspace(tmp_path / "bucket", tmp_path / "ratings")
    in_bucket(bucket, emulator, "programme")
    for name, value in (*environment.items(), *ENVIRONMENT.items()):
        monkeypatch.setenv(name, value)
    shown = {}
    for folder in (disk, bucket):
        said = []
        for words in (
            ["run", "--quiet"],
            ["store", "compact", "--format", "csv"],
            ["store", "vacuum", "--format", "csv"],
            ["store", "erase", "--person", "worker-nobody"],
            ["query", "SELECT count(*) AS n, min(id) AS first FROM raw_ratings_labels", "--format", "csv"],
            ["store", "status", "--quiet"],
        ):
            code = main(["--workspace", str(folder), *words])
            out = capsys.readouterr()
            said.append((words[:2], code, out.out if words[0] == "query" else "", out.err if code else ""))
        shown[folder.parent.name] = said, state(folder)
    assert shown["bucket"] == shown["disk"]
    assert [code for _, code, *_ in shown["disk"][0]] == [0, 0, 0, 2, 0, 0]
    assert not (bucket / "data").exists()
    planted = [
        file
        for file in tmp_path.rglob("*")
        if file.is_file() and any(key in file.read_text(errors="replace") for key in KEYS.values())
    ]
    assert planted == []


def test_settings_hold_no_credential(tmp_path: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    folder, _ = workspace(tmp_path, tmp_path)
    in_bucket(folder, emulator, "x")
    file = folder / "qa-sync.yaml"
    file.write_text(file.read_text().replace("${QA_SECRET}", KEYS["secret_access_key"]))
    assert main(["--workspace", str(folder), "run"]) == 2
    said = capsys.readouterr().err
    assert "storage.secret_access_key: a credential does not belong in this file; write ${NAME}" in said
    assert KEYS["secret_access_key"] not in said


def test_a_credential_that_is_not_set_is_named_with_its_line(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = workspace(tmp_path, tmp_path)
    in_bucket(folder, emulator, "x")
    monkeypatch.setenv("QA_KEY", "k")
    assert main(["--workspace", str(folder), "runs"]) == 2
    assert re.search(
        r"qa-sync\.yaml:\d+:\d+: storage\.secret_access_key: environment variable QA_SECRET is not set",
        capsys.readouterr().err,
    )


@pytest.mark.soak
def test_kills_change_nothing_in_a_bucket(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ratings(tmp_path / "ratings", items=40, raters=8)
    whole, environment = workspace(tmp_path / "whole", tmp_path / "ratings")
    hurt, _ = workspace(tmp_path / "hurt", tmp_path / "ratings")
    in_bucket(hurt, emulator, "killed")
    environment |= {**ENVIRONMENT, "QA_SYNC_TEST_LEASE": "1.5"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    qa_sync(whole, environment, "run", "--quiet")
    killer = [
        sys.executable,
        str(Path(__file__).with_name("killer.py")),
        str(hurt),
        "2026",
        "40",
        "run",
        "sync",
        "map",
        "store+compact",
    ]
    done = subprocess.run(killer, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["complaints"], told["odd"]) == ([], 0)
    qa_sync(hurt, environment, "run", "--quiet")
    assert state(hurt) == state(whole)
    assert all(counts["commits"] == 0 for counts in ask(hurt, environment, "run")["counts"]["sync"].values())

"""The program's interface: a workspace that answers in pandas, and frames without a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from program.command import ask
from program.finished import Finished
from program.rating_files import LEVELS, workspace, write_ratings
from shared_data import shared_data

import qa_sync

pytestmark = pytest.mark.usefixtures("kept_open")

FORM = {
    "form_id": "adultcontent2",
    "higher_is": "more_severe",
    "scale": "ordinal",
    "tolerance": 0,
    "auto_fail": "none",
    "criteria": {"label": {"options": LEVELS}},
}


def test_reports_and_queries_come_as_frames(finished: Finished) -> None:
    it = qa_sync.Workspace(finished.folder)
    frame = it.report("summary", by=["site"], where={"queue": "Billing"})
    assert isinstance(frame, pd.DataFrame)
    assert frame.to_dict("records")
    assert frame.attrs["title"]
    assert frame.attrs["notes"]
    shown = ask(finished.folder, "report", "summary", "--by", "site", "--where", "queue=Billing")["rows"]
    assert frame["pairs"].tolist() == [row["pairs"] for row in shown]
    rows = it.query("SELECT outcome, count(*) AS n FROM pairs GROUP BY outcome ORDER BY outcome")
    assert isinstance(rows, pd.DataFrame)
    assert rows["n"].sum() == len(finished.truth.pairs)
    assert [run.run_id for run in it.runs()][-2:] == [finished.second["run_id"], finished.first["run_id"]]


def test_the_parts_can_be_called_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ratings(tmp_path / "ratings", items=10, raters=4)
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    it = qa_sync.Workspace(workspace(tmp_path, tmp_path / "ratings")[0])
    assert it.sync().counts["sync"]["ratings.labels"]["accepted"] == 40
    assert it.map().snapshot
    assert it.reconcile().counts["reconcile"]["pairs"] > 0
    report, published = it.publish()
    assert report.status == "done"
    assert published[0].data_cells > 0
    plan, planned = it.publish(dry_run=True)
    assert (plan.status, planned[0].data_cells, planned[0].receipt) == ("planned", 0, None)
    assert it.run().exit_code == 0
    with pytest.raises(qa_sync.ConfigError, match="did you mean ratings"):
        it.sync(["rating"])
    with pytest.raises(qa_sync.ConfigError, match="did you mean agreement"):
        it.report("agrement")


def _frames(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    labels = (
        pd.read_csv(folder / "gal_adultcontent2_labels.csv")
        .query("repeat_no == 1")
        .rename(columns={"item_id": "interaction_id", "worker_id": "evaluator_id"})
    )
    gold = pd.read_csv(folder / "gal_adultcontent2_gold.csv").rename(
        columns={"item_id": "interaction_id", "gold": "label"}
    )
    labels["label"] = labels["label"].replace("BROKEN", "NA")
    return labels[["interaction_id", "evaluator_id", "label"]], gold[["interaction_id", "label"]]


def _agreed(labels: pd.DataFrame, gold: pd.DataFrame) -> tuple[Any, pd.DataFrame]:
    result = qa_sync.reconcile(labels, gold, form=FORM, reference=True)
    values = result.comparisons.query("treatment == 'value'")
    return result, qa_sync.agreement("auditee_option", "auditor_option", levels=LEVELS, frame=values, interval="none")


def test_frames_give_what_a_workspace_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ratings(tmp_path / "ratings", items=25, raters=6)
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    it = qa_sync.Workspace(workspace(tmp_path, tmp_path / "ratings")[0])
    it.run()
    shown = it.report("agreement").iloc[0]
    result, made = _agreed(*_frames(tmp_path / "ratings"))
    assert (len(result.pairs), int(made["n"].iloc[0])) == (shown["pairs"], shown["pairs"])
    for name in ("percent_agreement", "kappa", "kappa_linear", "kappa_quadratic", "ac1", "mean_delta"):
        assert made[name].iloc[0] == pytest.approx(shown[name]), name
    assert len(result.unmatched) + result.counts.buckets["PAIRED_AUDITEE"] + result.counts.buckets[
        "PAIRED_AUDITOR"
    ] == (result.counts.evaluations)


@pytest.mark.thorough
def test_the_real_ratings_give_the_published_figures_without_a_workspace() -> None:
    result, made = _agreed(*_frames(shared_data("ratings")))
    row = made.iloc[0]
    assert (int(row["n"]), result.pairs["auditee_id"].nunique()) == (3317, 269)
    assert [
        round(row[name], 4)
        for name in ("percent_agreement", "kappa", "kappa_linear", "kappa_quadratic", "ac1", "mean_delta")
    ] == [0.6816, 0.4512, 0.6070, 0.7208, 0.6055, -0.1076]
    assert round(result.pairs["leniency"].mean(), 4) == 0.1076

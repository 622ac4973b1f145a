"""Ratings by many people against gold answers: the published figures, and any other files of that shape."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from program.command import ask, opened_once, qa_sync, query
from program.rating_files import workspace, write_ratings
from program.worlds import edit
from shared_data import shared_data


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example workspace, which reads tmp_path/ratings."""
    monkeypatch.setenv("QA_SYNC_RATINGS", str(tmp_path / "ratings"))
    made = workspace(tmp_path, tmp_path / "ratings")[0]
    edit(made, lambda settings: settings["dashboards"].clear())
    return made


def _agreement(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["form"]: row for row in ask(folder, "report", "agreement")["rows"]}


@pytest.mark.parametrize("names", ["gal_adultcontent2_*.csv", pytest.param("*.csv", marks=pytest.mark.soak)])
def test_the_real_ratings_give_the_published_figures(folder: Path, tmp_path: Path, names: str) -> None:
    (tmp_path / "ratings").mkdir()
    for path in shared_data("ratings").glob(names):
        (tmp_path / "ratings" / path.name).symlink_to(path)
    counts = ask(folder, "run")["counts"]
    found = _agreement(folder)["adultcontent2"]
    assert (found["pairs"], found["auditees"]) == (3317, 269)
    assert {
        name: round(found[name], 4)
        for name in ("percent_agreement", "kappa", "kappa_linear", "kappa_quadratic", "ac1", "mean_delta")
    } == {
        "percent_agreement": 0.6816,
        "kappa": 0.4512,
        "kappa_linear": 0.6070,
        "kappa_quadratic": 0.7208,
        "ac1": 0.6055,
        "mean_delta": -0.1076,
    }
    # Negative deltas are lenient where a higher level is more severe, and repeats are kept beside the pairs.
    (told,) = query(
        folder,
        """
        SELECT sum(leniency) / count(*) AS leniency, (SELECT count(*) FROM evaluations WHERE repeat_no > 1) AS repeats
        FROM pairs WHERE form_id = 'adultcontent2'""",
    )
    assert round(told["leniency"], 4) == 0.1076
    assert told["repeats"] > 0
    labels = counts["sync"]["ratings.labels"]
    assert labels["rejected"] == 0
    assert labels["read"] == labels["accepted"] == counts["map"]["ratings.labels > evaluations"]["rows"]


def test_one_data_set_alone_is_enough_and_a_label_off_its_scale_spoils_nothing_else(
    folder: Path, tmp_path: Path
) -> None:
    write_ratings(tmp_path / "ratings", items=30, raters=6)
    wanted = _by_hand(tmp_path / "ratings")
    with (tmp_path / "ratings" / "gal_adultcontent2_labels.csv").open("a") as file:
        file.write("9001,I0001,W777,Q,1\n")
    ask(folder, "run")
    with opened_once():
        (found,) = _agreement(folder).values()
        (odd,) = [row for row in ask(folder, "report", "exceptions")["rows"] if "W777" in row["key"]]
    assert (found["form"], found["pairs"]) == ("adultcontent2", len(wanted))
    assert found["percent_agreement"] == pytest.approx(sum(label == gold for label, gold in wanted) / len(wanted))
    scale = "GPRX"
    assert found["mean_delta"] == pytest.approx(
        sum(scale.index(label) - scale.index(gold) for label, gold in wanted) / len(wanted)
    )
    assert (odd["what"], odd["reason"], odd["interaction_id"]) == ("NOT_COMPARABLE", "OFF_SCALE", "I0001")


def _by_hand(ratings: Path) -> list[tuple[str, str]]:
    """(label, gold) of each rater's first rating of an item that has a gold answer."""
    with (ratings / "gal_adultcontent2_gold.csv").open() as file:
        gold = {row["item_id"]: row["gold"] for row in csv.DictReader(file)}
    with (ratings / "gal_adultcontent2_labels.csv").open() as file:
        return [
            (row["label"], gold[row["item_id"]])
            for row in csv.DictReader(file)
            if row["repeat_no"] == "1" and row["item_id"] in gold
        ]


def test_a_data_set_without_a_form_is_told_and_the_others_stand(folder: Path, tmp_path: Path) -> None:
    write_ratings(tmp_path / "ratings", items=20, raters=5)
    for kind in ("labels", "gold"):
        known = tmp_path / "ratings" / f"gal_adultcontent2_{kind}.csv"
        (tmp_path / "ratings" / f"gal_newest_{kind}.csv").write_bytes(known.read_bytes())
    ask(folder, "run")
    wanted = _by_hand(tmp_path / "ratings")
    (found,) = _agreement(folder).values()
    assert (found["form"], found["pairs"]) == ("adultcontent2", len(wanted))
    reasons = query(folder, "SELECT outcome, reason, count(*) AS n FROM pairs WHERE form_id = 'newest' GROUP BY ALL")
    assert reasons == [{"outcome": "NOT_COMPARABLE", "reason": "FORM_UNKNOWN", "n": len(wanted)}]


def test_a_folder_that_is_not_there_is_a_fault_of_the_set_up(folder: Path, tmp_path: Path) -> None:
    told = qa_sync(folder, "run", "--quiet", expect=2).err
    assert "sources.ratings" in told
    assert "qa-sync.yaml:" in told

"""What a reader of the dashboard is meant to see, in a programme large enough for chance not to hide it."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import pytest

from qa_sync.testing.programme import Programme, Truth, story

DUBLIN, KRAKOW, MANILA = (site.name for site in story.SITES)


@pytest.fixture(scope="module")
def pairs(large: Programme, large_truth: Truth) -> pd.DataFrame:
    return _frame(large, large_truth)


def _frame(programme: Programme, truth: Truth) -> pd.DataFrame:
    frame = pd.DataFrame([asdict(pair) for pair in truth.headline])
    first = pd.Timestamp(programme.start).tz_localize(programme.zone)
    saved = programme.evaluations.to_pandas().query("revision == 1").set_index("evaluation_no").submitted_at
    frame["n"] = (frame.evaluation_no.map(saved).dt.tz_convert(programme.zone) - first).dt.days // 7 + 1
    return frame


def _accuracy(rows: pd.DataFrame) -> float:
    return float(rows.agreed.sum() / rows["items"].sum())


def _bias(rows: pd.DataFrame) -> float:
    return float(rows[rows.form_id != "content_severity"].delta.mean())


def test_the_house_agrees_well(pairs: pd.DataFrame) -> None:
    here = pairs[pairs.site == DUBLIN]
    assert 0.87 < _accuracy(here) < 0.94
    assert abs(_bias(here)) < 2.5


def test_one_outsourcer_is_a_little_lenient_all_the_time(pairs: pd.DataFrame) -> None:
    here = pairs[pairs.site == KRAKOW]
    for part in (here[here.n <= 6], here[here.n > 6]):
        assert 3 < _bias(part) < 9
        assert (part.outcome == "LENIENT").mean() > 1.7 * (part.outcome == "STRICT").mean()


def test_the_other_outsourcer_drifts(pairs: pd.DataFrame) -> None:
    here = pairs[pairs.site == MANILA]
    before, after = here[here.n <= 7], here[here.n >= 10]
    assert 0.88 < _accuracy(before) < 0.95
    assert 0.68 < _accuracy(after) < 0.80
    assert _bias(before) < 4
    assert _bias(after) > 12


def test_the_drift_shows_in_the_default_programme_too(programme: Programme, truth: Truth) -> None:
    here = _frame(programme, truth).query("site == @MANILA")
    assert _accuracy(here[here.n <= 7]) > 0.88
    assert _accuracy(here[here.n >= 10]) < 0.80


def test_one_evaluator_misses_critical_failures(pairs: pd.DataFrame) -> None:
    scored = pairs[pairs.form_id == "support_quality"]
    missed = scored.groupby("evaluator_no").outcome.agg(lambda classes: (classes == "CRITICAL_MISS").mean())
    ordered = missed.sort_values(ascending=False)
    assert ordered.iloc[0] > 0.09
    assert ordered.iloc[0] > 1.4 * ordered.iloc[1]


def test_one_evaluator_is_strict(pairs: pd.DataFrame) -> None:
    scored = pairs[pairs.form_id == "support_quality"]
    bias = scored.groupby("evaluator_no").delta.mean().sort_values()
    assert bias.iloc[0] < -8
    assert bias.iloc[1] > -4


def test_some_evaluators_have_too_few_audits_to_be_judged(truth: Truth) -> None:
    counts = pd.Series([pair.evaluator_no for pair in truth.headline]).value_counts()
    assert 1 <= (counts < 5).sum() <= 4
    assert counts.median() > 10


def test_auditors_who_see_the_answers_agree_more(pairs: pd.DataFrame) -> None:
    blind, seen = pairs[pairs.is_blind == True], pairs[pairs.is_blind == False]  # noqa: E712  (None is a third value)
    assert 0.03 < _accuracy(seen) - _accuracy(blind) < 0.10


def test_nobody_agrees_on_tone(large: Programme, large_truth: Truth) -> None:
    current = large.evaluations.to_pandas().groupby("evaluation_no").revision.max()
    answers = large.answers.to_pandas().query("state == 'valued'").astype({"criterion_key": str, "option": str})
    answers = answers.set_index(["evaluation_no", "revision"])[["criterion_key", "option"]]
    pairs = pd.DataFrame([asdict(pair) for pair in large_truth.headline]).query("form_id == 'support_quality'")
    pairs["latest"] = pairs.audit_no.map(current)
    both = (
        pairs.merge(answers, left_on=["evaluation_no", "revision"], right_index=True)
        .merge(answers, left_on=["audit_no", "latest"], right_index=True, suffixes=("", "_audit"))
        .query("criterion_key == criterion_key_audit")
    )
    agreed = (both.option == both.option_audit).groupby([both.criterion_key, both.site]).mean().unstack()
    for site in (DUBLIN, KRAKOW, MANILA):
        assert agreed[site].idxmin() == "tone"
        assert agreed.loc["tone", site] < 0.75

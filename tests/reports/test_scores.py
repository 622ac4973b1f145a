"""The report scores says what plain Python and the library find in the pairs and answers of each form."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from reconcile.world import World, day
from reports.by_hand import Facts, Row, grouped, narrower
from reports.scenes import generated, opened, opened_world
from scipy.stats import t

from qa_sync.agreement import alignment
from qa_sync.reports import Ask, build
from qa_sync.runner.opened import Opened


@pytest.fixture(scope="module")
def it() -> Iterator[Opened]:
    with opened(generated()) as made:
        yield made


def _rows(it: Opened, *by: str) -> dict[str, Row]:
    return {row["key"]: row for row in build("scores", it.scene, Ask(by=by)).rows.to_pylist()}


def _close(value: float) -> Any:
    return pytest.approx(value, abs=1e-9)


def _quality(facts: Facts, pair: Row) -> tuple[float, float] | None:
    """Both scores before auto-fail in points of 100, more is better; None on neutral forms and without scores."""
    both = [pair[f"{side}_score_raw"] for side in ("auditee", "auditor")]
    if None in both or pair["higher_is"] == "neutral":
        return None
    points = [score * facts.unit(pair) for score in both]
    first, second = points if pair["higher_is"] == "better" else [100 - score for score in points]
    return first, second


def test_each_form_by_hand(it: Opened) -> None:
    facts, shown = Facts(it), _rows(it)
    forms = grouped(facts.pairs, lambda pair: pair["form_id"])
    seen = 0
    for form, pairs in forms.items():
        scored = [both for pair in pairs if (both := _quality(facts, pair))]
        if not scored:
            assert form not in shown
            continue
        seen += 1
        row, n = shown[form], len(scored)
        d = [ours - theirs for ours, theirs in scored]
        assert row["pairs"] == n >= it.scene.n_min
        assert row["leniency"] == _close(mean(d))
        half = float(t.ppf(0.975, n - 1)) * stdev(d) / n**0.5
        scores_of = [pair for pair in pairs if _quality(facts, pair)]
        low, high = narrower(facts, scores_of, n, mean(d), (mean(d) - half, mean(d) + half))
        assert (row["leniency_low"], row["leniency_high"]) == (_close(low), _close(high))
        assert high - low < 1.9 * half, "much of the evaluations was audited"
        assert row["rmse"] == _close(mean(one * one for one in d) ** 0.5)
        assert (row["limit_strict"], row["limit_lenient"]) == (
            _close(mean(d) - 1.96 * stdev(d)),
            _close(mean(d) + 1.96 * stdev(d)),
        )
        quantiles = [float(np.quantile(d, share)) for share in (0.025, 0.25, 0.5, 0.75, 0.975)]
        names = ("quantile_025", "quartile_1", "median", "quartile_3", "quantile_975")
        assert [row[name] for name in names] == [_close(one) for one in quantiles]
        ours, theirs = ([both[side] for both in scored] for side in (0, 1))
        middle = mean(ours + theirs)
        msr = 2 * sum((mean(both) - middle) ** 2 for both in scored) / (n - 1)
        msc = n * sum((mean(side) - middle) ** 2 for side in (ours, theirs))
        every = sum((one - middle) ** 2 for one in ours + theirs)
        mse = (every - (n - 1) * msr - msc) / (n - 1)
        assert row["icc"] == _close((msr - mse) / (msr + mse + 2 * (msc - mse) / n))
        cov = mean((x - mean(ours)) * (y - mean(theirs)) for x, y in scored)
        spread = sum(mean((one - mean(side)) ** 2 for one in side) for side in (ours, theirs))
        assert row["concordance"] == _close(2 * cov / (spread + (mean(ours) - mean(theirs)) ** 2))
        assert row["icc_low"] < row["icc"] < row["icc_high"]
    assert seen > 1


def test_alignment_is_that_of_the_library(it: Opened) -> None:
    facts, shown = Facts(it), _rows(it, "auditee")
    answers = it.engine.fetch("SELECT * FROM comparisons").to_pylist()
    of_pairs = grouped(answers, lambda answer: answer["pair_id"])
    for person, pairs in grouped(facts.pairs, lambda pair: pair["auditee_id"]).items():
        pairs = [pair for pair in pairs if _quality(facts, pair)]
        if len(pairs) < it.scene.n_min:
            continue
        table = [(at, pair, answer) for at, pair in enumerate(pairs) for answer in of_pairs[pair["pair_id"]]]
        table = [one for one in table if one[2]["treatment"] in ("value", "applicability_disagreement")]
        sides = []
        for side in ("auditee", "auditor"):
            field = {True: f"{side}_points", False: f"{side}_level"}
            sides.append([np.nan if (v := a[field[bool(a["max_points"])]]) is None else float(v) for _, _, a in table])
        tops = [
            float(a["max_points"] or facts.tops[(p["form_id"], p["form_version"], a["criterion_key"])])
            for _, p, a in table
        ]
        weights = [1.0 if a["weight"] is None else a["weight"] for _, _, a in table]
        for name, strict in (("alignment", False), ("alignment_strict", True)):
            each = alignment([at for at, *_ in table], *sides, tops, weights, n_evaluations=len(pairs), strict=strict)
            assert shown[person][name] == _close(float(np.nanmean(each))), (person, name)


def test_a_missed_fatal_does_not_own_the_limits_and_heaped_scores_warn() -> None:
    made = World()
    made.form(criteria={"Q1": {"max": 10, "weight": 1}, "C1": {"max": 0, "weight": 0, "crit": True}})
    for at in range(8):
        work = {"interaction_id": f"t{at}"}
        made.evaluation(f"e{at}", {"Q1": 10, "C1": "pass"}, **work)
        found = {"Q1": 9 if at == 7 else 10, "C1": "fail" if at == 0 else "pass"}
        audit = {"kind": "ata", "evaluator_id": "v1", "audited_evaluation_id": f"e{at}", "submitted_at": day(1)}
        made.evaluation(f"a{at}", found, **work, **audit)
    with opened_world(made) as it:
        (row,) = build("scores", it.scene).rows.to_pylist()
        deltas = it.engine.fetch("SELECT delta FROM pairs ORDER BY pair_id")["delta"].to_pylist()
    assert deltas == [100, 0, 0, 0, 0, 0, 0, 10], "one fatal was missed"
    assert (row["pairs"], row["leniency"], row["quantile_975"]) == (8, _close(10 / 8), _close(8.25))
    assert "read the quantiles" in row["caution"]

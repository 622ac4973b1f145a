"""Weighted agreement: what all evaluations would show, whoever was audited most."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from reports.by_hand import Facts, grouped
from reports.scenes import generated, opened

from qa_sync.agreement import stratified_proportion, stratified_ratio
from qa_sync.reports import Ask, build
from qa_sync.runner.opened import Opened


@pytest.fixture(scope="module")
def it() -> Iterator[Opened]:
    with opened(generated()) as made:
        yield made


def test_weighted_accuracy_by_hand(it: Opened) -> None:
    facts = Facts(it)
    rows = {row["site"]: row for row in build("weighted", it.scene).rows.to_pylist()}
    frame = grouped(facts.buckets, lambda row: (row["site"], row["evaluator_id"], row["queue"]))
    drawn = grouped(facts.pairs, lambda pair: (pair["site"], pair["auditee_id"], pair["queue"]))
    assert set(rows) == {site for site, *_ in frame}
    for site, row in rows.items():
        mine = {stratum: len(found) for stratum, found in frame.items() if stratum[0] == site}
        known = {stratum: size for stratum, size in mine.items() if stratum in drawn}
        top = sum(size / len(drawn[s]) * sum(p["items_agree"] for p in drawn[s]) for s, size in known.items())
        bottom = sum(size / len(drawn[s]) * sum(p["items_compared"] for p in drawn[s]) for s, size in known.items())
        assert (row["strata"], row["unaudited"]) == (len(mine), len(mine) - len(known))
        assert row["covered"] == pytest.approx(sum(known.values()) / sum(mine.values()))
        assert row["line_accuracy"] == pytest.approx(top / bottom, abs=1e-9)
        assert row["line_accuracy_low"] < row["line_accuracy"] < row["line_accuracy_high"]
        free = [sum(p["items_agree"] == p["items_compared"] for p in drawn[s]) for s in known]
        whole = stratified_proportion(free, [len(drawn[s]) for s in known], list(known.values()))
        assert row["defect_free"] == pytest.approx(whole.value, abs=1e-9)


def test_a_week_of_one_site_is_a_part_of_it(it: Opened) -> None:
    rows = build("weighted", it.scene, Ask(by=("site", "week"))).rows.to_pylist()
    whole = build("weighted", it.scene).rows.to_pylist()
    assert sum(row["pairs"] for row in rows) == sum(row["pairs"] for row in whole)
    assert sum(row["evaluations"] for row in rows) == sum(row["evaluations"] for row in whole)


def test_intervals_of_a_stratified_ratio_hold_the_truth_as_often_as_they_say() -> None:
    chance = np.random.default_rng(5)
    sizes, rates, take = np.array([400, 100, 60, 40]), np.array([0.95, 0.8, 0.6, 0.9]), np.array([12, 20, 20, 2])
    frame = np.repeat(np.arange(4), sizes)
    m = chance.integers(3, 9, len(frame))
    x = chance.binomial(m, np.clip(chance.normal(rates[frame], 0.1), 0, 1))
    truth = x.sum() / m.sum()
    held, plain = 0, []
    for _ in range(600):
        picked = np.concatenate([chance.choice(np.flatnonzero(frame == h), take[h], replace=False) for h in range(4)])
        found = stratified_ratio(x[picked], m[picked], frame[picked], sizes, np.zeros(4, dtype=int), 1)
        held += found.lower[0] <= truth <= found.upper[0]
        plain.append(x[picked].sum() / m[picked].sum())
    assert 0.90 <= held / 600 <= 0.98
    assert np.mean(plain) < truth - 0.05, "the plain share leans towards the strata that were audited most"


def test_strata_with_one_audit_are_collapsed_and_one_alone_is_held_against_the_group() -> None:
    pair = stratified_ratio([1.0, 0.0], [1.0, 1.0], [0, 1], [10, 10], [0, 0], 1)
    # e = +-.5; totals +-5; the collapsed variance is 2 / 1 (25 + 25) = 100 of a denominator of 20.
    assert pair.se[0] == pytest.approx(0.5)
    alone = stratified_ratio([1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0, 1, 1], [10, 10], [0, 0], 1)
    # Alone, e = .25 of 10: 6.25; the other, e = .25 and -.75: 100 * .8 * .5 / 2 = 20; a denominator of 20.
    assert (alone.value[0], alone.se[0]) == (0.75, pytest.approx(26.25**0.5 / 20))
    same = stratified_ratio([1.0, 1.0], [1.0, 1.0], [0, 0], [9], [0], 1)
    assert (same.value[0], str(same.reason[0])) == (1.0, "no interval: no variation within strata")
    assert np.isnan(same.lower[0])
    with pytest.raises(ValueError, match="more audits than evaluations"):
        stratified_ratio([1.0, 1.0], [1.0, 1.0], [0, 0], [1], [0], 1)

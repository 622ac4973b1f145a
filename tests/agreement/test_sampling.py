from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom
from statsmodels.stats.proportion import proportion_confint

import qa_sync.agreement as ag


def test_the_worked_example_of_one_evaluator():
    assert [ag.proportion_sample_size(margin, 0.9, 120) for margin in (0.05, 0.10)] == [65, 28]
    assert ag.proportion_sample_size(0.05) == 385
    assert ag.proportion_sample_size(0.01, 0.5, 20) == 20


@given(st.integers(1, 400), st.sampled_from([0.5, 0.8, 0.95]), st.sampled_from([0.03, 0.05, 0.1]))
def test_planned_audits_achieve_their_margin(population, p, margin):
    n = ag.proportion_sample_size(margin, p, population)
    assert n <= population
    # The plan's formula and the factor differ by N against N - 1 only.
    assert float(ag.achievable_margin(n, p, population)) <= margin * 1.01
    if n > 1:
        assert float(ag.achievable_margin(n - 1, p, population)) > margin * 0.97


def test_exact_size_is_the_first_that_is_narrow_enough():
    n = ag.exact_sample_size(0.05, 0.5)

    def half(size):
        lower, upper = proportion_confint(0.5 * size, size, method="beta")
        return (upper - lower) / 2

    assert half(n) <= 0.05 < half(n - 1)


def test_a_small_population_needs_fewer():
    needed = [ag.exact_sample_size(0.05, 0.9, population) for population in (120, 1000, None)]
    assert needed == sorted(set(needed))


@settings(max_examples=40)
@given(st.integers(1, 60).flatmap(lambda size: st.tuples(st.just(size), st.integers(1, size))), st.data())
def test_hypergeometric_interval_inverts_the_test(sizes, data):
    population, n = sizes
    x = data.draw(st.integers(0, n))
    lower, upper = ag.hypergeometric_interval(x, n, population)
    k, tail = np.arange(x, population - n + x + 1), 0.025 + 1e-10
    assert lower * population == pytest.approx(k[hypergeom.sf(x - 1, population, k, n) > tail][0])
    assert upper * population == pytest.approx(k[hypergeom.cdf(x, population, k, n) > tail][-1])


def test_a_count_whose_probability_is_the_tail_itself_is_outside():
    lower, _ = ag.hypergeometric_interval(2, 2, 16)  # with 3 of 16, two draws are both such in 3 of 120 ways: 0.025
    assert lower == 4 / 16


@given(st.integers(2, 200), st.sampled_from([0.01, 0.05, 0.2]))
def test_zero_failures_of_a_population_is_the_first_count_that_is_convincing(population, rate):
    n = ag.zero_failures(rate, population)
    bad = int(np.ceil(rate * population - 1e-9))
    assert hypergeom.pmf(0, population, bad, n) <= 0.05 + 1e-12
    assert hypergeom.pmf(0, population, bad, n - 1) > 0.05


def test_kappa_size_gives_the_planned_width():
    n = ag.kappa_sample_size(0.1, 0.6, [0.9, 0.1])
    table = n * (0.6 * np.diag([0.9, 0.1]) + 0.4 * np.outer([0.9, 0.1], [0.9, 0.1]))
    assert 1.96 * ag.cohen_kappa(table).se[0] == pytest.approx(0.1, rel=0.01)
    assert ag.kappa_sample_size(0.1, 0.6, [0.5, 0.5]) < n


def test_telling_two_kappas_apart_is_cantors():
    # Q at balanced margins: 1 - kappa^2
    expected = ((1.959964 * np.sqrt(1 - 0.16) + 0.841621 * np.sqrt(1 - 0.49)) / 0.3) ** 2
    assert ag.kappa_test_sample_size(0.4, 0.7, [0.5, 0.5]) == int(np.ceil(expected))


def test_percent_for_a_share_is_refused():
    with pytest.raises(ValueError, match="share"):
        ag.proportion_sample_size(5)
    with pytest.raises(ValueError, match="share"):
        ag.kappa_sample_size(0.1, 0.5, [0.9, 0.2])


@given(st.lists(st.integers(0, 300), min_size=1, max_size=12), st.integers(0, 400), st.integers(0, 3))
def test_allocation_loses_no_review_and_overfills_no_stratum(sizes, total, minimum):
    if np.minimum(sizes, minimum).sum() > total:
        with pytest.raises(ValueError, match="minimum"):
            ag.allocate(sizes, total, minimum=minimum)
        return
    found = ag.allocate(sizes, total, minimum=minimum)
    assert found.sum() == min(total, sum(sizes))
    assert (found <= sizes).all()
    assert (found >= np.minimum(sizes, minimum)).all()


def test_six_and_a_half_is_not_rounded_down_everywhere():
    assert ag.allocate([65, 65], 13).tolist() == [7, 6]


def test_neyman_gives_more_where_scores_spread_and_nothing_is_lost_without_spread():
    assert ag.allocate([100, 100], 30, spread=[2.0, 1.0]).tolist() == [20, 10]
    assert ag.allocate([10, 100], 60, spread=[5.0, 0.0]).tolist() == [10, 50]


def test_selection_is_reproducible_and_growth_reshuffles_nothing():
    ids = [f"ticket-{k}" for k in range(500)]
    first = ag.select_by_hash(ids, 50, "2026-W03")
    assert first == ag.select_by_hash(ids[::-1] + ids, 50, "2026-W03")
    assert first != ag.select_by_hash(ids, 50, "2026-W04")
    grown = ag.select_by_hash([*ids, *(f"new-{k}" for k in range(50))], 50, "2026-W03")
    kept = [one for one in grown if not one.startswith("new")]
    assert kept == first[: len(kept)]


def test_selection_is_even_over_the_ids():
    counts = np.zeros(40)
    for seed in range(400):
        for one in ag.select_by_hash([str(k) for k in range(40)], 10, seed):
            counts[int(one)] += 1
    assert 60 < counts.min() <= counts.max() < 140


def test_strata_are_weighted_back():
    found = ag.stratified_proportion([9, 1], [10, 10], [900, 100])
    assert found.value == pytest.approx(0.9 * 0.9 + 0.1 * 0.1)
    assert found.lower < found.value < found.upper
    blind = ag.stratified_proportion([9, 0], [10, 0], [900, 100])
    assert (blind.value, blind.reason) == (None, "undefined: 1 strata without an audit")
    census = ag.stratified_proportion([9, 40], [10, 50], [10, 50])
    assert census.se == 0

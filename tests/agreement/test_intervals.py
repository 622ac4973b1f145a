from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

import qa_sync.agreement as ag
from qa_sync.agreement.sobol import MOST_DIMENSIONS, sobol_ranks
from qa_sync.agreement.two_raters import point_values

KAPPAS = [("cohen_kappa", "identity"), ("cohen_kappa", "quadratic"), ("gwet_ac", "identity")]


def _tables(seed, groups=6, q=3, n=40):
    generator = np.random.default_rng(seed)
    rows = [generator.multinomial(n, generator.dirichlet(np.ones(q * q))) for _ in range(groups)]
    return np.array(rows).reshape(-1, q, q)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_interval_of_a_table_does_not_depend_on_the_other_groups(seed, q):
    tables = _tables(seed, q=q)
    lower, upper = ag.dirichlet_intervals(tables, KAPPAS, draws=128)
    for group, table in enumerate(tables):
        alone = ag.dirichlet_intervals(table, KAPPAS, draws=128)
        np.testing.assert_array_equal(alone[0][:, 0], lower[:, group])
        np.testing.assert_array_equal(alone[1][:, 0], upper[:, group])


def test_same_seed_gives_the_same_digits_and_it_is_recorded():
    first, again, other = (ag.with_dirichlet_interval(_tables(1), seed=seed) for seed in (5, 5, 6))
    assert (first.lower == again.lower).all()
    assert (first.lower != other.lower).any()
    assert first[0].seed == 5
    np.testing.assert_allclose(first.lower, other.lower, atol=0.02)


@pytest.mark.parametrize("q", [2, 3, 4])
def test_interval_equals_plain_dirichlet_sampling(q):
    table = _tables(3, groups=1, q=q, n=60)[0]
    lower, upper = ag.dirichlet_intervals(table, KAPPAS)
    prior = ag.default_prior(q)
    draws = np.random.default_rng(0).dirichlet(table.ravel() + prior, 60_000)
    matrices = [(name, ag.weight_matrix(w, q)) for name, w in KAPPAS]
    expected = np.quantile(point_values(draws.T, matrices)[0], [0.025, 0.975], axis=1)
    np.testing.assert_allclose([lower[:, 0], upper[:, 0]], expected, atol=0.012)


def test_prior_is_half_a_pair_per_cell_for_two_levels_and_two_pairs_in_all_for_any_scale():
    assert ag.default_prior(2) == 0.5
    assert all(ag.default_prior(q) * q * q == pytest.approx(2) for q in (2, 3, 5, 101))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, MOST_DIMENSIONS), st.integers(1, 12))
def test_sobol_ranks_are_those_of_scipy_number_for_number(seed, dimensions, power):
    points = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed)).random(2**power)
    np.testing.assert_array_equal(sobol_ranks(dimensions, 2**power, seed), (points.T * 2**power).astype(int))


def test_intervals_of_small_scales_do_without_importing_scipy_stats():
    code = """
import sys, qa_sync.agreement as ag
for q in (2, 5, 6):
    ag.dirichlet_intervals([[[1] * q] * q], [("gwet_ac", "identity")])
    print("scipy.stats" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False", "True"]


def test_sobol_order_is_steadier_between_seeds_than_a_bootstrap_of_twice_the_size():
    table = np.array([[14, 1], [2, 3]])
    n = table.sum()
    identity = [("cohen_kappa", np.eye(2))]
    ours, theirs = [], []
    for seed in range(25):
        ours.append([float(end[0, 0]) for end in ag.dirichlet_intervals(table, KAPPAS[:1], draws=512, seed=seed)])
        counts = np.random.default_rng(seed).multinomial(n, table.ravel() / n, 1000).astype(float)
        theirs.append(np.nanquantile(point_values(counts.T, identity)[0][0], [0.025, 0.975]))
    assert np.std(ours, axis=0)[0] < np.std(theirs, axis=0)[0]


@pytest.mark.parametrize(("q", "skew"), [(2, 0.9), (4, 0.8), (5, 0.85)])
def test_default_interval_covers_where_half_a_pair_per_cell_does_not(q, skew):
    margins = np.r_[skew, np.full(q - 1, (1 - skew) / (q - 1))]
    truth = 0.7
    share = truth * np.diag(margins) + (1 - truth) * np.outer(margins, margins)
    tables = np.random.default_rng(2).multinomial(50, share.ravel(), 400).reshape(-1, q, q)

    def coverage(prior):
        lower, upper = ag.dirichlet_intervals(tables, KAPPAS[:1], draws=256, prior=prior)
        return ((lower <= truth) & (truth <= upper)).mean()

    assert coverage(None) > 0.9
    if q > 2:
        assert coverage(0.5) < 0.85


def test_interval_holds_the_point_value_and_exists_where_kappa_does_not():
    tables = np.array([[[9, 0], [0, 6]], [[20, 0], [0, 0]], [[0, 5], [5, 0]], [[0, 0], [0, 0]]])
    found = ag.with_dirichlet_interval(tables)
    assert found[0].value == found[0].upper == 1
    assert (found[1].value, found[1].reason) == (None, "undefined: no variation")
    assert -1 < found[1].lower < found[1].upper < 1
    assert found[2].value == pytest.approx(-1)
    assert found[2].lower == pytest.approx(-1)
    assert (found[3].lower, found[3].reason) == (None, "undefined: no pairs")


@pytest.mark.parametrize("wrong", [{"draws": 1000}, {"prior": 0.0}, {"draws": 1}])
def test_wrong_settings_of_the_posterior_are_refused(wrong):
    with pytest.raises(ValueError, match="dirichlet"):
        ag.dirichlet_intervals([[1, 2], [3, 4]], KAPPAS, **wrong)


def test_very_wide_scales_still_get_an_interval():
    codes = np.random.default_rng(0).integers(0, 150, 400)
    table = ag.confusion(codes, np.minimum(codes + 1, 149), None, 150)
    lower, upper = ag.dirichlet_intervals(table, [("cohen_kappa", "quadratic")], draws=32)
    assert 0.9 < lower[0, 0] < upper[0, 0] <= 1


@given(
    st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.95, 0.99])
)
def test_wilson_and_clopper_pearson_equal_statsmodels(counts, level):
    x, n = counts
    for ours, method in ((ag.wilson, "wilson"), (ag.clopper_pearson, "beta")):
        found = [float(end) for end in ours(x, n, level)]
        np.testing.assert_allclose(found, proportion_confint(x, n, 1 - level, method=method), atol=1e-9)


def test_proportion_of_nothing_is_undefined_and_ends_are_exact():
    found = ag.proportion([0, 5, 0], [0, 5, 7])
    assert (found[0].value, found[0].lower, found[0].reason) == (None, None, "undefined: no pairs")
    assert (found[1].upper, found[2].lower) == (1.0, 0.0)


def test_difference_of_proportions_is_newcombes():
    found = ag.proportion_difference(56, 70, 48, 80)[0]
    assert [round(x, 4) for x in (found.value, found.lower, found.upper)] == [0.2, 0.0524, 0.3339]
    oracle = confint_proportions_2indep(56, 70, 48, 80, method="newcomb")
    np.testing.assert_allclose([found.lower, found.upper], oracle, atol=1e-9)


def test_finite_population_factor_applies_above_five_percent_and_a_census_has_no_width():
    assert float(ag.finite_population_factor(5, 100)) == 1
    assert float(ag.finite_population_factor(60, 120)) == pytest.approx(np.sqrt(60 / 119))
    census = ag.proportion([9], [12], population=[12])[0]
    assert census.lower == census.upper == 0.75
    half = ag.proportion([30], [60], population=[120])[0]
    free = ag.proportion([30], [60])[0]
    assert (half.upper - half.lower) == pytest.approx((free.upper - free.lower) * np.sqrt(60 / 119))


def test_bootstrap_says_when_replicates_were_undefined():
    parts = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])

    def ratio(sums):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(sums[..., 1] > 0, sums[..., 0] / sums[..., 1], np.nan)

    found = ag.resampled_interval(parts, ratio)
    assert found.reason.startswith("interval too narrow: undefined in 9%")
    assert ag.resampled_interval(parts[:1], ratio).reason == "no interval: fewer than two units"
    assert ag.resampled_interval(parts[2:], ratio, undefined="nothing").reason == "nothing"


def test_words_need_the_interval_behind_them():
    assert ag.benchmark_word(0.77544, 0.14295).word == "moderate"
    assert ag.benchmark_word(0.77544, 0.01).word == "substantial"
    assert ag.benchmark_word(None, None).word == ""
    assert ag.benchmark_word(0.775, 0.14, "altman").word == "moderate"
    assert sum(1 for value in ag.benchmark_word(0.3, 0.1).cumulative.values() if value > 0.999999) >= 1

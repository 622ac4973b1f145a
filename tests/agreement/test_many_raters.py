from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.inter_rater import fleiss_kappa

import qa_sync.agreement as ag

matrices = arrays(np.int64, st.tuples(st.integers(2, 25), st.integers(2, 5)), elements=st.integers(-1, 3))
complete = arrays(np.int64, st.tuples(st.integers(2, 25), st.integers(2, 5)), elements=st.integers(0, 3))


@given(matrices, st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
def test_alpha_equals_the_krippendorff_package(codes, metric):
    values = np.array([1.0, 2.0, 4.0, 9.0])
    found = ag.krippendorff_alpha(codes, 4, metric, values=values)
    pairable = codes[(codes >= 0).sum(axis=1) >= 2]
    seen = np.unique(pairable[pairable >= 0])
    if len(seen) < 2:
        assert found.value is None
        assert found.reason == ("undefined: no variation" if len(seen) else "undefined: no pairs")
        return
    data = np.where(codes < 0, np.nan, values[np.maximum(codes, 0)]).T
    oracle = krippendorff.alpha(reliability_data=data, level_of_measurement=metric, value_domain=values)
    assert found.value == pytest.approx(oracle, abs=1e-9)
    from_counts = ag.krippendorff_alpha(ag.ItemRatings.of_codes(codes, 4), metric=metric, values=values)
    assert (from_counts.value, from_counts.n) == (pytest.approx(oracle, abs=1e-9), found.n)


def test_ordinal_alpha_is_not_alpha_with_ordinal_weights():
    codes = [[0, 0, -1, 0], [1, 1, 2, 1], [2, 2, 2, 2], [2, 2, 2, 2], [1, 1, 1, 1], [0, 1, 2, 3], [3, 3, 3, 3]]
    codes += [[0, 0, 1, 0], [1, 1, 1, 1], [-1, 4, 4, 4], [-1, -1, 0, 0], [-1, -1, 2, -1]]
    own = ag.krippendorff_alpha(codes, 5, "ordinal").value
    gwet = ag.weighted_alpha(ag.ItemRatings.of_codes(codes, 5), "ordinal").value
    assert (round(own, 3), round(gwet, 3)) == (0.815, 0.834)


@given(complete)
def test_fleiss_kappa_and_free_marginals_equal_statsmodels(codes):
    counts = ag.rater_counts(codes, 4)
    for ours, method in (("fleiss_kappa", "fleiss"), ("brennan_prediger", "randolph")):
        found = ag.many_rater_agreement(ag.ItemRatings.of_counts(counts), ours)
        if found.value is None:
            assert len(np.unique(codes)) == 1
        else:
            assert found.value == pytest.approx(fleiss_kappa(counts, method=method), abs=1e-10)


@given(
    arrays(np.int64, st.tuples(st.integers(2, 30), st.just(2)), elements=st.integers(0, 3)),
    st.sampled_from(["identity", "quadratic"]),
)
def test_two_raters_are_the_special_case_of_many(codes, weights):
    table = ag.confusion(codes[:, 0], codes[:, 1], None, 4)
    ratings = ag.ItemRatings.of_codes(codes, 4)
    pairs = {"percent_agreement": "percent_agreement", "scott_pi": "fleiss_kappa", "gwet_ac": "gwet_ac"}
    pairs |= {"brennan_prediger": "brennan_prediger", "cohen_kappa": "conger_kappa"}
    n = len(codes)
    for two, many in pairs.items():
        one, other = ag.two_rater_agreement(table, two, weights)[0], ag.many_rater_agreement(ratings, many, weights)
        if one.value is None:
            assert other.value is None
            continue
        assert one.value == pytest.approx(other.value, abs=1e-10)
        assert one.se * np.sqrt(n / (n - 1)) == pytest.approx(other.se, abs=1e-9)  # n against n - 1


@given(matrices)
def test_neither_order_of_items_nor_of_raters_matters(codes):
    turned = codes[::-1, ::-1]
    for name in ag.MANY_RATER_COEFFICIENTS:
        one = ag.many_rater_agreement(ag.ItemRatings.of_codes(codes, 4), name)
        other = ag.many_rater_agreement(ag.ItemRatings.of_codes(turned, 4), name)
        assert one.value == pytest.approx(other.value, abs=1e-12)
        assert one.se == pytest.approx(other.se, abs=1e-12)


def _noisy(seed=4, items=80, raters=4):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 3, items)
    codes = np.where(generator.random((items, raters)) < 0.7, truth[:, None], generator.integers(0, 3, (items, raters)))
    codes[generator.random((items, raters)) < 0.15] = -1
    return ag.ItemRatings.of_codes(codes, 3)


@pytest.mark.parametrize("name", ag.MANY_RATER_COEFFICIENTS)
def test_linearised_jackknife_and_bootstrap_errors_agree(name):
    ratings = _noisy()
    linear = ag.many_rater_agreement(ratings, name)
    jack = ag.many_rater_interval(ratings, name, method="jackknife")
    boot = ag.many_rater_interval(ratings, name, seed=3)
    assert jack.value == pytest.approx(linear.value, abs=1e-12)
    assert jack.se == pytest.approx(linear.se, rel=0.1)
    assert boot.se == pytest.approx(linear.se, rel=0.12)
    assert (boot.seed, boot.method, jack.seed) == (3, "bootstrap", None)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval"])
def test_alpha_interval_resamples_the_same_alpha(metric):
    ratings = _noisy()
    point = ag.krippendorff_alpha(ratings, metric=metric).value
    jack = ag.alpha_interval(ratings, metric, method="jackknife")
    boot = ag.alpha_interval(ratings, metric, replicates=400)
    assert jack.value == pytest.approx(point, abs=1e-12)
    assert boot.value == pytest.approx(point, abs=1e-12)
    assert jack.lower < point < jack.upper
    assert boot.se == pytest.approx(jack.se, rel=0.2)


def test_jackknife_of_alpha_is_leave_one_unit_out():
    codes = np.random.default_rng(1).integers(0, 3, (12, 3))
    whole = ag.alpha_interval(ag.ItemRatings.of_codes(codes, 3), "ordinal", method="jackknife")
    left = [ag.krippendorff_alpha(np.delete(codes, k, axis=0), 3, "ordinal").value for k in range(12)]
    assert whole.se == pytest.approx(np.sqrt(11 / 12 * ((left - np.mean(left)) ** 2).sum()), abs=1e-12)


def test_the_cluster_is_resampled_and_repeating_rows_gives_no_precision():
    ratings = _noisy(items=40)
    doubled = ag.ItemRatings.of_counts(np.repeat(ratings.counts, 2, axis=0))
    cluster = np.repeat(np.arange(40), 2)
    plain = ag.many_rater_interval(ratings, method="jackknife")
    naive = ag.many_rater_interval(doubled, method="jackknife")
    honest = ag.many_rater_interval(doubled, method="jackknife", clusters=cluster)
    assert honest.se == pytest.approx(plain.se, abs=1e-12)
    assert naive.se < 0.8 * plain.se
    assert honest.n == 40


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_cross_reliability_of_a_pool_with_itself_is_below_one_and_symmetric(seed):
    generator = np.random.default_rng(seed)
    x, y = generator.integers(0, 4, (15, 3)), generator.integers(0, 4, (15, 3))
    one, other = ag.cross_reliability(x, y), ag.cross_reliability(y, x)
    assert one.value == pytest.approx(other.value, abs=1e-12)
    assert one.value <= 1


def test_pools_that_always_agree_have_cross_reliability_one():
    x = np.array([[3, 0], [0, 2], [1, 0]])
    assert ag.cross_reliability(x, 2 * x).value == pytest.approx(1)
    assert ag.cross_reliability([[3, 0]], [[2, 0]]).reason == "undefined: no variation"
    assert ag.cross_reliability([[3, 0]], [[0, 0]]).reason == "undefined: no pairs"
    assert ag.normalised_cross_reliability(0.4, 0.64, 0.25) == pytest.approx(1.0)
    assert ag.normalised_cross_reliability(0.4, 0.64, 0.0) is None

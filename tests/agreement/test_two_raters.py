from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

import qa_sync.agreement as ag

sizes = st.integers(2, 6)


@st.composite
def pairs(draw):
    q = draw(sizes)
    n = draw(st.integers(1, 60))
    codes = arrays(np.int64, n, elements=st.integers(0, q - 1))
    return q, draw(codes), draw(codes)


@st.composite
def tables(draw, largest=30):
    q = draw(sizes)
    return draw(arrays(np.int64, (draw(st.integers(1, 4)), q, q), elements=st.integers(0, largest)))


@given(pairs(), st.sampled_from([("identity", None), ("linear", "linear"), ("quadratic", "quadratic")]))
def test_kappa_equals_scikit_learn(data, weights):
    q, a, b = data
    found = ag.cohen_kappa(ag.confusion(a, b, None, q), weights[0])[0]
    if len(set(a.tolist() + b.tolist())) < 2:
        assert (found.value, found.reason) == (None, "undefined: no variation")
    else:
        expected = cohen_kappa_score(a, b, labels=list(range(q)), weights=weights[1])
        assert found.value == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), sizes, st.sampled_from(["identity", "linear", "quadratic"]))
def test_kappa_standard_errors_equal_statsmodels(seed, q, weights):
    table = np.random.default_rng(seed).integers(1, 30, (q, q))
    oracle = cohens_kappa(table, wt=None if weights == "identity" else weights)
    found = ag.cohen_kappa(table, weights)[0]
    assert found.value == pytest.approx(oracle.kappa, abs=1e-10)
    assert found.se == pytest.approx(oracle.std_kappa, rel=1e-8)
    test = ag.kappa_test(table, weights)
    assert test.se_null[0] == pytest.approx(oracle.std_kappa0, rel=1e-8)
    assert test.p[0] == pytest.approx(oracle.pvalue_two_sided, rel=1e-6, abs=1e-12)


@given(tables(), st.sampled_from(ag.TWO_RATER_COEFFICIENTS), st.sampled_from(["identity", "linear", "ordinal"]))
def test_batch_equals_each_table_alone(batch, coefficient, weights):
    together = ag.two_rater_agreement(batch, coefficient, weights)
    for table, one in zip(batch, together, strict=True):
        alone = ag.two_rater_agreement(table, coefficient, weights)[0]
        assert (alone.n, alone.reason) == (one.n, one.reason)
        for name in ("value", "se", "observed", "expected"):
            assert getattr(alone, name) == pytest.approx(getattr(one, name), abs=1e-12)


@given(tables(), st.sampled_from(ag.TWO_RATER_COEFFICIENTS))
def test_swapping_the_sides_changes_no_coefficient_and_flips_the_sign_of_delta(batch, coefficient):
    turned = batch.transpose(0, 2, 1)
    one, other = ag.two_rater_agreement(batch, coefficient), ag.two_rater_agreement(turned, coefficient)
    np.testing.assert_allclose(one.value, other.value, atol=1e-12)
    np.testing.assert_allclose(one.se, other.se, atol=1e-9)
    np.testing.assert_allclose(ag.mean_delta(batch).value, -ag.mean_delta(turned).value, atol=1e-12)


@given(pairs(), st.randoms(use_true_random=False))
def test_order_of_pairs_never_matters(data, random):
    q, a, b = data
    order = list(range(len(a)))
    random.shuffle(order)
    assert (ag.confusion(a, b, None, q) == ag.confusion(a[order], b[order], None, q)).all()


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), sizes, st.sampled_from(ag.TWO_RATER_COEFFICIENTS))
def test_standard_error_is_the_derivative_of_the_coefficient(seed, q, coefficient):
    table = np.random.default_rng(seed).integers(2, 40, (q, q)).astype(float)
    n, p = table.sum(), table / table.sum()
    name = "scott_pi" if coefficient == "krippendorff_alpha" else coefficient

    def value(share):
        return float(ag.two_rater_agreement(share, name, "quadratic").value[0])

    h = np.zeros((q, q))
    for cell in np.ndindex(q, q):
        step = np.zeros((q, q))
        step[cell] = 1e-6
        h[cell] = (value(p + step) - value(p - step)) / 2e-6
    expected = np.sqrt(((p * h**2).sum() - (p * h).sum() ** 2) / n)
    assert ag.two_rater_agreement(table, coefficient, "quadratic").se[0] == pytest.approx(expected, rel=1e-4, abs=1e-7)


@given(tables())
def test_values_stay_within_their_range(batch):
    for coefficient in ("percent_agreement", "cohen_kappa", "gwet_ac", "brennan_prediger"):
        value = ag.two_rater_agreement(batch, coefficient).value
        seen = value[np.isfinite(value)]
        assert ((seen >= -1 - 1e-12) & (seen <= 1 + 1e-12)).all()


def test_empty_table_is_undefined_with_its_reason():
    for coefficient in ag.TWO_RATER_COEFFICIENTS:
        found = ag.two_rater_agreement(np.zeros((3, 3)), coefficient)[0]
        assert (found.value, found.se, found.n, found.reason) == (None, None, 0, "undefined: no pairs")


def test_finite_population_shrinks_the_standard_error_and_a_census_has_none():
    table = [[20, 3], [4, 13]]
    free, half, census = (ag.two_rater_agreement(table, population=size).se[0] for size in (None, 80, 40))
    assert half == pytest.approx(free * np.sqrt(0.5))
    assert census == 0


def test_wald_interval_is_left_out_where_nothing_varies():
    found = ag.with_wald_interval(ag.cohen_kappa([[9, 0], [0, 4]]))[0]
    assert (found.value, found.lower, found.reason) == (1.0, None, "no interval: no variation between pairs")


def test_prevalence_and_bias_indices_of_two_options_are_byrts():
    table = np.array([[40, 9], [6, 45]])
    found = ag.paradox_indices(table)
    assert found.prevalence[0] == pytest.approx(abs(40 - 45) / 100)
    assert found.bias[0] == pytest.approx(abs(9 - 6) / 100)
    assert not found.note[0]


def test_wrong_tables_are_refused():
    with pytest.raises(ValueError, match="give"):
        ag.cohen_kappa([[1, 2, 3], [4, 5, 6]])
    with pytest.raises(ValueError, match="negative"):
        ag.cohen_kappa([[1, -2], [4, 5]])
    with pytest.raises(ValueError, match="not known"):
        ag.two_rater_agreement([[1, 2], [4, 5]], "magic")

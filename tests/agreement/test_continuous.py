from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import qa_sync.agreement as ag

scores = arrays(np.float64, st.tuples(st.integers(3, 12), st.integers(2, 5)), elements=st.integers(0, 100).map(float))


def _long(table):
    n, k = table.shape
    target, rater = np.divmod(np.arange(n * k), k)
    return target, rater, table.ravel()


@given(scores)
def test_balanced_variance_components_give_the_same_iccs(table):
    forms = ag.icc(table)
    cases = (("1A", False, "ICC1"), ("2", False, "ICC2"), ("2", True, "ICC2"), ("3", False, "ICC3"))
    for model, crossed, form in cases:
        found = ag.replicated_icc(*_long(table), model, interaction=crossed).inter
        value = forms[form].estimate.value
        if value is None or value <= 0 or found.value is None:
            continue  # components are cut at 0, mean squares are not
        if form == "ICC2" and ag.replicated_icc(*_long(table), model, interaction=crossed).raters == 0:
            continue
        assert found.value == pytest.approx(value, abs=1e-6)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_intervals_of_balanced_models_are_the_classical_ones(seed):
    generator = np.random.default_rng(seed)
    table = generator.normal(0, 3, (8, 1)) + generator.normal(0, 1, (1, 4)) + generator.normal(0, 1, (8, 4))
    forms = ag.icc(table)
    for model, form in (("1A", "ICC1"), ("3", "ICC3")):
        found, classic = ag.replicated_icc(*_long(table), model, interaction=False).inter, forms[form].estimate
        assert found.lower == pytest.approx(max(0, classic.lower), abs=1e-9)
        assert found.upper == pytest.approx(classic.upper, abs=1e-9)


def test_absolute_agreement_falls_with_a_constant_shift_and_consistency_does_not():
    first = np.array([70.0, 80, 90, 60, 85])
    forms = ag.icc(np.column_stack([first, first + 10]))
    assert forms["ICC3"].estimate.value == pytest.approx(1)
    assert (
        forms["ICC3"].estimate.reason == "no interval: the raters differ by a constant or not at all" or forms["ICC3"].f
    )
    assert forms["ICC2"].estimate.value < 0.8


def test_scores_that_do_not_vary_have_no_icc():
    found = ag.icc(np.full((5, 3), 100.0))["ICC2"]
    assert (found.estimate.value, found.estimate.reason, found.f) == (None, "undefined: the scores do not vary", None)
    assert ag.icc([[1.0, 2.0]])["ICC1"].estimate.reason == "undefined: fewer than two observations"


def test_gaps_are_refused_by_icc_and_taken_by_variance_components():
    table = np.array([[1.0, 2, np.nan], [4, 5, 5], [7, 7, 9], [2, 2, 3]])
    with pytest.raises(ValueError, match="1 of 4 items have gaps"):
        ag.icc(table)
    assert 0 < ag.replicated_icc(*_long(table), "2", interaction=False).inter.value < 1


def test_order_of_rows_does_not_matter_to_variance_components():
    generator = np.random.default_rng(0)
    target, rater = generator.integers(0, 6, 60), generator.integers(0, 4, 60)
    y = target + rater + generator.normal(size=60)
    order = generator.permutation(60)
    for model in ("1A", "1B", "2", "3"):
        one = ag.replicated_icc(target, rater, y, model)
        other = ag.replicated_icc(target[order], rater[order], y[order], model)
        assert one.inter.value == pytest.approx(other.inter.value)
        assert one.error == pytest.approx(other.error)


def test_interaction_components_are_recovered_on_average():
    generator = np.random.default_rng(7)
    target, rater = np.divmod(np.arange(240), 8)
    target, rater = np.repeat(target, 3), np.repeat(rater, 3)
    effects = generator.normal(0, 2, 30)[target] + generator.normal(0, 1.5, 8)[rater]
    y = effects + generator.normal(0, 1, (30, 8))[target, rater] + generator.normal(0, 0.5, len(target))
    found = ag.replicated_icc(target, rater, y, "2")
    np.testing.assert_allclose([found.crossed, found.error], [1.0, 0.25], rtol=0.2)
    mixed = ag.replicated_icc(target, rater, y, "3")
    assert mixed.error == pytest.approx(found.error)


@given(arrays(np.int64, st.tuples(st.integers(2, 40), st.just(2)), elements=st.integers(0, 5)))
def test_quadratic_kappa_is_lins_concordance_on_whole_numbers(codes):
    kappa = ag.cohen_kappa(ag.confusion(codes[:, 0], codes[:, 1], None, 6), "quadratic")[0]
    found = ag.concordance(codes[:, 0], codes[:, 1]).estimate
    assert found.value == (None if kappa.value is None else pytest.approx(kappa.value, abs=1e-10))


@given(arrays(np.float64, st.tuples(st.integers(4, 30), st.just(2)), elements=st.integers(0, 100).map(float)))
def test_swapping_the_sides_keeps_concordance_and_turns_the_limits(pairs):
    x, y = pairs.T
    one, other = ag.concordance(x, y), ag.concordance(y, x)
    assert one.estimate.value == pytest.approx(other.estimate.value, abs=1e-12)
    there, back = ag.limits_of_agreement(x, y), ag.limits_of_agreement(y, x)
    assert there.bias.value == pytest.approx(-back.bias.value, abs=1e-9)
    assert there.lower.value == pytest.approx(-back.upper.value, abs=1e-9)
    np.testing.assert_allclose(there.quantiles, -np.array(back.quantiles)[::-1], atol=1e-9)


def test_concordance_is_correlation_times_accuracy():
    found = ag.concordance([1.0, 2, 3, 4], [2.0, 3, 5, 5])
    assert found.estimate.value == pytest.approx(found.correlation * found.accuracy)
    assert ag.concordance([5.0, 5], [5.0, 5]).estimate.reason == "undefined: the scores do not vary"
    assert ag.concordance([], []).estimate.reason == "undefined: no pairs"
    assert ag.concordance([1.0, 2, 3], [1.0, 2, 3]).estimate.reason == "no interval: the pairs lie on the line"


def test_heaping_at_one_hundred_warns_and_quantiles_stand_beside():
    x = np.r_[np.full(15, 100.0), 80, 90, 70]
    y = np.r_[np.full(14, 100.0), 85, 85, 95, 60]
    found = ag.limits_of_agreement(x, y)
    assert "not normal" in found.warning
    assert found.heaped == pytest.approx(29 / 36)
    assert found.quantiles[0] <= found.bias.value <= found.quantiles[1]


def test_proportional_bias_is_found():
    x = np.linspace(50, 100, 30)
    y = x - 0.2 * (x - 50) + np.tile([1.0, -1.0], 15)
    found = ag.limits_of_agreement(x, y)
    assert found.slope.lower > 0
    assert found.slope_p < 0.001
    assert "changes with the score" in found.warning


def test_limits_of_one_pair_or_none_say_why():
    assert ag.limits_of_agreement([], []).bias.reason == "undefined: no pairs"
    one = ag.limits_of_agreement([5.0], [3.0])
    assert (one.bias.value, one.bias.reason, one.sd) == (2.0, "no interval: one pair", None)


def test_items_that_do_not_differ_at_all_leave_the_mean_of_k_without_a_lower_end():
    found = ag.icc(np.array([[0.0, 1.0]] * 3))
    assert (found["ICC1"].estimate.value, found["ICC1"].estimate.lower) == (-1.0, -1.0)
    assert (found["ICC1k"].estimate.value, found["ICC1k"].estimate.lower) == (None, None)
    assert {found[form].estimate.reason for form in ("ICC1k", "ICC3", "ICC3k")} == {
        "undefined: the items do not differ"
    }

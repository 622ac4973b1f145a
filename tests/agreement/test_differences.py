from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

import qa_sync.agreement as ag


@given(st.integers(0, 2**32 - 1))
def test_every_group_equals_numpy_on_that_group(seed):
    generator = np.random.default_rng(seed)
    delta = np.round(generator.normal(0, 6, 60), 1)
    delta[generator.random(60) < 0.1] = np.nan
    group = generator.integers(0, 5, 60)
    found = ag.differences(delta, group, 6, tau=5.0)
    for g in range(6):
        own = delta[(group == g) & np.isfinite(delta)]
        assert found.n[g] == len(own)
        assert found.undefined[g] == ((group == g) & ~np.isfinite(delta)).sum()
        if not len(own):
            assert found.bias[g].reason == "undefined: no pairs"
            continue
        values = (found.bias.value[g], found.mae[g], found.rmse[g], found.median[g], found.q1[g], found.q3[g])
        expected = (own.mean(), np.abs(own).mean(), np.sqrt((own**2).mean()), *np.quantile(own, [0.5, 0.25, 0.75]))
        np.testing.assert_allclose(values, expected, atol=1e-9)
        assert found.tolerance.value[g] == pytest.approx((np.abs(own) <= 5 + 1e-9).mean())
        if len(own) > 1 and own.std() > 0:
            oracle = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own))
            np.testing.assert_allclose([found.bias.lower[g], found.bias.upper[g]], oracle, rtol=1e-7)


def test_tolerance_is_inclusive_and_forgives_rounding_only():
    found = ag.within_tolerance([5.0, 5.0000000001, -5.0, 5.000001, np.nan], 5.0)
    assert found.tolist() == [True, True, True, False, False]


@pytest.mark.parametrize(("higher_is", "expected"), [("better", 3.0), ("more_severe", -3.0)])
def test_leniency_follows_the_form(higher_is, expected):
    assert ag.leniency([3.0], higher_is).tolist() == [expected]


def test_leniency_of_a_neutral_form_is_undefined_and_other_words_are_refused():
    assert np.isnan(ag.leniency([3.0], "neutral")).all()
    with pytest.raises(ValueError, match="higher_is"):
        ag.leniency([3.0], "worse")


@given(arrays(np.float64, st.integers(2, 30), elements=st.floats(-50, 50)))
def test_swapping_the_sides_flips_the_sign_of_bias(delta):
    one, other = ag.differences(delta), ag.differences(-delta)
    assert one.bias.value[0] == pytest.approx(-other.bias.value[0], abs=1e-9)
    assert one.mae[0] == pytest.approx(other.mae[0])
    assert one.bias.lower[0] == pytest.approx(-other.bias.upper[0], abs=1e-7, nan_ok=True)


def test_small_spread_on_large_scores_keeps_its_digits():
    delta = 1e6 + np.array([0.001, 0.002, 0.003])
    assert ag.differences(delta).bias.se[0] == pytest.approx(0.001 / np.sqrt(3), rel=1e-4)


def test_bootstrap_of_bias_records_its_seed_and_holds_the_mean():
    found = ag.bootstrap_bias([0.0, 0, 0, 0, 30], seed=9)[0]
    assert found.lower <= found.value == 6 <= found.upper
    assert found.seed == 9
    assert ag.bootstrap_bias([4.0], seed=1)[0].reason == "no interval: one pair"


def test_line_items_of_one_evaluation_hang_together():
    agreeing, compared = np.tile([10, 2], 10), np.full(20, 10)
    found = ag.line_item_accuracy(agreeing, compared)[0]
    assert (found.value, found.n) == (0.6, 20)
    low, high = (float(end) for end in ag.wilson(120, 200))
    assert (found.upper - found.lower) > 2 * (high - low)


def test_line_item_variance_is_the_ratio_estimators():
    x, m = np.array([3, 5, 2, 8]), np.array([4, 5, 6, 9])
    p = x.sum() / m.sum()
    se = np.sqrt(4 / (3 * m.sum() ** 2) * ((x - p * m) ** 2).sum())
    found = ag.line_item_accuracy(x, m)[0]
    assert (found.value, found.se) == (pytest.approx(p), pytest.approx(se))


def test_line_items_all_agreeing_have_the_width_that_few_evaluations_allow():
    found = ag.line_item_accuracy([10, 10], [10, 10])[0]
    assert (found.value, found.upper) == (1.0, 1.0)
    assert found.lower == pytest.approx(float(ag.wilson(2, 2)[0]))
    assert found.reason.startswith("interval over evaluations")
    assert ag.line_item_accuracy([0], [0])[0].reason == "undefined: no pairs"


def test_defect_free_counts_pairs_without_a_disagreement():
    found = ag.defect_free([0, 1, 0, 3], [0, 0, 1, 1], 3)
    assert [one.value for one in found] == [0.5, 0.5, None]


def test_alignment_ignores_sign_and_strict_counts_one_sided_na_as_nothing():
    nan = np.nan
    pair = [0, 0, 0, 1, 1, 2]
    x, y = [10, 5, nan, 0, nan, nan], [5, 10, 4, 0, nan, 2]
    most, weight = [10, 10, 10, 10, 10, 10], [1, 1, 2, 1, 1, 1]
    loose = ag.alignment(pair, x, y, most, weight, n_evaluations=3)
    strict = ag.alignment(pair, x, y, most, weight, n_evaluations=3, strict=True)
    np.testing.assert_array_equal(loose, [0.5, 1.0, nan])
    np.testing.assert_array_equal(strict, [0.25, 1.0, 0.0])


def test_missed_and_false_critical_errors_are_told_apart():
    ours = np.array([1, 0, 0, 1, 0, 0, 1], dtype=bool)
    theirs = np.array([1, 1, 0, 0, 0, 0, 1], dtype=bool)
    agreed = np.array([1, 0, 1, 0, 1, 1, 0], dtype=bool)  # the last: two different fatals
    found = ag.critical_errors(ours, theirs, agreed)
    assert (found.accuracy[0].value, found.missed[0], found.falsely[0]) == (4 / 7, 1, 1)
    assert (found.sensitivity[0].value, found.sensitivity[0].n) == (2 / 3, 3)
    assert found.precision[0].value == 2 / 3
    assert found.miss[0].value == found.false[0].value == 1 / 7
    assert ag.critical_errors(ours, theirs).accuracy[0].value == 5 / 7


def test_no_critical_error_leaves_sensitivity_undefined_with_its_reason():
    found = ag.critical_errors([True, False], [False, False], groups=[0, 1], n_groups=2, method="clopper_pearson")
    assert found.sensitivity[0].reason == "undefined: no critical error found by the auditor"
    assert found.precision[0].value == 0
    assert found.precision[1].reason == "undefined: no critical error found by the auditee"
    assert found.accuracy.method == "clopper_pearson"


def test_non_critical_accuracy():
    assert ag.non_critical_accuracy([3, 0], [60, 0])[0].value == 0.95
    assert ag.non_critical_accuracy([3, 0], [60, 0])[1].value is None


def test_actions_over_under_and_wrong():
    # rows: what the auditee did (none, warn, ban); columns: what the auditor would do
    found = ag.action_errors([[50, 4, 1], [6, 20, 2], [0, 3, 14]])
    assert [f[0].value for f in (found.over, found.under, found.wrong_selection)] == [6 / 100, 5 / 100, 5 / 100]
    with pytest.raises(ValueError, match="no_action"):
        ag.action_errors([[1, 2], [3, 4]], no_action=2)


def test_open_disputes_are_in_no_denominator():
    resolved = {"upheld": [6, 0], "overturned_full": [2, 0], "overturned_partial": [2, 0]}
    found = ag.dispute_rates(**resolved, disputed=[15, 3], disputable=[60, 0])
    assert found.overturn[0].value == 0.4
    assert found.overturn[1].reason == "undefined: no dispute was resolved"
    assert found.dispute[0].value == 0.25
    assert found.dispute[1].reason == "undefined: nothing could be disputed yet"

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import false_discovery_control, kstest

import qa_sync.agreement as ag


def test_limits_need_twelve_points_and_say_so():
    found = ag.p_chart([3] * 11, [50] * 11)
    assert np.isnan(found.upper).all()
    assert set(found.reason) == {"no limits: fewer than 12 points in the baseline"}
    assert np.isfinite(ag.p_chart([3] * 12, [50] * 12).upper).all()


def test_baseline_is_frozen_and_a_late_jump_does_not_move_it():
    x, n = np.r_[np.tile([4, 6], 8), [20, 22]], np.full(18, 50)
    base = np.arange(18) < 16
    found = ag.p_chart(x, n, baseline=base)
    assert found.centre[0] == pytest.approx(0.1)
    assert np.flatnonzero(found.outside).tolist() == [16, 17]


def test_a_new_form_version_starts_new_limits():
    x = np.r_[np.tile([4, 6], 7), np.tile([24, 26], 7)]
    found = ag.p_chart(x, np.full(28, 50), phases=["v1"] * 14 + ["v2"] * 14)
    assert (found.centre[0], found.centre[-1]) == (pytest.approx(0.1), pytest.approx(0.5))
    assert not found.outside.any()
    together = ag.p_chart(x, np.full(28, 50))
    assert together.outside.any()


def test_huge_counts_signal_everywhere_on_a_p_chart_and_not_on_laneys():
    generator = np.random.default_rng(0)
    n = np.full(20, 280_000)
    x = np.rint(n * (0.95 + generator.normal(0, 0.005, 20)))
    plain, laney = ag.p_chart(x, n), ag.p_chart(x, n, laney=True)
    assert plain.outside.sum() > 10
    assert laney.outside.sum() == 0
    assert laney.sigma_z[0] > 5


def test_weeks_without_audits_have_no_value_and_take_no_part():
    x, n = np.r_[np.tile([4, 6], 7), 0], np.r_[np.full(14, 50), 0]
    found = ag.p_chart(x, n, laney=True)
    assert np.isnan(found.value[-1])
    assert not found.outside[-1]
    assert found.centre[0] == pytest.approx(0.1)


def test_individuals_and_moving_ranges():
    x = np.array([10.0, 12, 11, 13, 10, 12, 11, 13, 10, 12, 11, 30])
    values, ranges = ag.xmr_chart(x, baseline=np.arange(12) < 12)
    mean_range = np.abs(np.diff(x)).mean()
    assert values.upper[0] == pytest.approx(x.mean() + 2.66 * mean_range)
    assert ranges.upper[0] == pytest.approx(3.267 * mean_range)
    assert np.isnan(ranges.value[0])
    assert ranges.outside[-1]
    screened = ag.xmr_chart(x, screened=True)[1]
    assert screened.upper[0] < ranges.upper[0]


def test_moving_range_does_not_cross_a_phase():
    _, ranges = ag.xmr_chart(np.r_[np.ones(3), 9 * np.ones(3)], phases=[1, 1, 1, 2, 2, 2], min_points=2)
    assert np.isnan(ranges.value[[0, 3]]).all()
    assert ranges.centre[1] == 0


def test_cusum_finds_a_small_lasting_shift_and_waits_through_empty_weeks():
    z = np.zeros((3, 30))
    z[1, 10:] = 1.0
    z[2, 10:] = -1.0
    z[1, 12] = np.nan
    found = ag.cusum(z)
    assert not found.signal[0].any()
    assert found.signal[1].argmax() == 10 + 10 + 1  # .5 a week, above 5 after the 11th, one week empty
    assert found.signal[2].argmax() == 10 + 10
    assert found.high[1, 12] == found.high[1, 11]
    assert found.low[2, -1] == pytest.approx(10)


def test_ewma_limits_widen_to_their_asymptote():
    found = ag.ewma(np.r_[np.zeros(10), np.full(20, 1.5)])
    assert found.half_width[0, 0] == pytest.approx(3 * 0.2)
    assert found.half_width[0, -1] == pytest.approx(3 * np.sqrt(0.2 / 1.8), rel=1e-3)
    assert found.signal[0].any()
    assert not found.signal[0, :10].any()
    with pytest.raises(ValueError, match="lam"):
        ag.ewma([0.0], lam=0)


def test_standardised_bias_is_in_standard_errors():
    found = ag.standardise(np.array([[2.0, 1.0]]), np.array([[16, 0]]), 4.0)
    assert found[0, 0] == 2.0
    assert np.isnan(found[0, 1])


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1)))
def test_false_discovery_control_equals_scipy(p):
    adjusted, found = ag.benjamini_hochberg(p, 0.1)
    np.testing.assert_allclose(adjusted, false_discovery_control(p), atol=1e-12)
    assert (found == (adjusted <= 0.1)).all()


def test_auditors_without_a_p_value_are_no_discovery():
    adjusted, found = ag.benjamini_hochberg([np.nan, 0.001])
    assert np.isnan(adjusted[0])
    assert found.tolist() == [False, True]


def weekly(auditors: int = 60, weeks: int = 30, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Weekly mean deltas and sizes of auditors who differ and do not drift; one delta has a deviation of 10."""
    generator = np.random.default_rng(seed)
    n = generator.integers(1, 8, (auditors, weeks))
    return generator.normal(0, 10, n.shape) / np.sqrt(n) + generator.normal(0, 5, (auditors, 1)), n


def test_auditors_who_do_not_drift_are_seldom_said_to():
    wrong = [(ag.drift_states(*weekly(seed=seed), 10.0).state == "drift").any() for seed in range(150)]
    assert np.mean(wrong) <= 0.09  # 5 % of programmes, give or take three standard errors


def test_a_lasting_shift_is_drift_with_its_direction_and_harsh_auditors_are_steady():
    mean, n = weekly()
    mean[3, 20:] += 12
    mean[7, 20:] -= 12
    mean[9] += 30  # always so
    found = ag.drift_states(mean, n, 10.0)
    assert np.flatnonzero(found.state == "drift").tolist() == [3, 7]
    assert found.direction[[3, 7, 9]].tolist() == [1, -1, 0]
    assert found.p[3] < found.adjusted[3] <= 0.05
    assert found.cusum.signal[3, -1]
    assert found.ewma.signal[7, -1]


def test_p_value_of_the_ewma_is_uniform_without_drift():
    p = np.concatenate([ag.drift_states(*weekly(seed=seed), 10.0).p for seed in range(20)])
    assert kstest(p, "uniform").pvalue > 0.01


def test_a_new_form_version_starts_the_baseline_again():
    mean, n = weekly(weeks=40)
    mean[:, 20:] += 25  # everybody scores the new version otherwise
    versions = np.repeat([1, 2], 20)
    assert not (ag.drift_states(mean, n, 10.0, phases=versions).state == "drift").any()
    assert (ag.drift_states(mean, n, 10.0).state == "drift").mean() > 0.9
    early = ag.drift_states(mean[:, :30], n[:, :30], 10.0, phases=versions[:30])
    assert set(early.state) == {"no baseline"}
    assert early.reason[0].startswith("no baseline: it needs 12 weeks")


def test_weeks_without_audits_and_the_order_of_auditors_change_nothing():
    mean, n = weekly()
    gaps = np.insert(n, [5, 18], 0, axis=1), np.insert(mean, [5, 18], np.nan, axis=1)
    plain, gapped = ag.drift_states(mean, n, 10.0), ag.drift_states(gaps[1], gaps[0], 10.0)
    assert plain.p.tolist() == gapped.p.tolist()
    turned = ag.drift_states(mean[::-1], n[::-1], 10.0)
    assert turned.p[::-1].tolist() == plain.p.tolist()
    assert turned.state[::-1].tolist() == plain.state.tolist()


def test_phases_of_single_auditors_equal_each_auditor_alone():
    mean, n = weekly(auditors=2, weeks=40)
    phases = np.stack([np.repeat([1, 2], 20), np.repeat([1, 2], [10, 30])])
    both = ag.drift_states(mean, n, 10.0, phases=phases)
    for row in (0, 1):
        alone = ag.drift_states(mean[row], n[row], 10.0, phases=phases[row])
        assert both.p[row] == alone.p[0]
        assert both.cusum.high[row].tolist() == alone.cusum.high[0].tolist()


def test_rolling_windows_pool_counts_and_step_over_missing_weeks():
    weeks = ag.week_numbers(["2026-W51", "2026-W52", "2026-W53", "2027-W01", "2027-W04"])
    assert np.diff(weeks).tolist() == [1, 1, 1, 3]
    tables = np.arange(2 * 5 * 4).reshape(2, 5, 2, 2)
    found = ag.rolling_sums(tables, weeks, window=4)
    assert found[:, 3].tolist() == tables[:, :4].sum(axis=1).tolist()
    assert found[:, 4].tolist() == tables[:, 3:].sum(axis=1).tolist()  # W01 to W04
    assert found[:, 0].tolist() == tables[:, 0].tolist()
    with pytest.raises(ValueError, match="2027-W53"):
        ag.week_numbers(["2027-W53"])
    with pytest.raises(ValueError, match="rising"):
        ag.rolling_sums([[1, 2]], [3, 3])


def test_western_electric_rules_signal_where_they_say():
    value = np.tile([1.0, -1.0], 20)  # centre 0, sigma about 1.77
    value[25], value[30], value[32] = 9.0, 4.5, 4.5
    chart, _ = ag.xmr_chart(value, baseline=np.arange(40) < 20)
    rules = ag.western_electric(chart)
    assert np.flatnonzero(rules[0]).tolist() == [25]
    assert 32 in np.flatnonzero(rules[1])
    assert not rules[3].any()
    run = ag.xmr_chart(np.r_[np.tile([1.0, -1.0], 10), np.full(8, 0.5)], baseline=np.arange(28) < 20)[0]
    assert np.flatnonzero(ag.western_electric(run)[3]).tolist() == [27]
    assert not ag.western_electric(ag.xmr_chart([1.0, 2.0])[0]).any()

"""Where samples are smallest or most alike nothing may claim to be certain: a width of 0 is not knowledge.

Expected values are computed by hand, or as R's survival package and a least-squares solver give them.
"""

from __future__ import annotations

import numpy as np
import pytest

from qa_sync import agreement as ag

BASELINE = [True] * 12 + [False]
NOTHING = (None, None)


def ends(batch: ag.Batch) -> list[tuple[float | None, float | None]]:
    return [(one.lower, one.upper) for one in (batch[at] for at in range(len(batch.value)))]


def test_means_of_people_whose_own_never_vary_are_their_own_and_not_pooled() -> None:
    found = ag.shrink_means([1.0, 5.0, 9.0], [10, 10, 10], 0.0)
    assert found.estimates.value.tolist() == [1.0, 5.0, 9.0]
    assert ends(found.estimates) == [NOTHING] * 3
    assert (found.mean, found.between, found.strength) == (5.0, 16.0, 0.0)
    assert found.note == "no shrinkage: nothing varies within groups"
    equal = ag.shrink_means([3.0, 3.0, np.nan], [10, 2, 0], 0.0).estimates
    assert equal.value[:2].tolist() == [3.0, 3.0]
    assert equal.reason.tolist() == ["no interval: nothing varies within groups"] * 2 + ["undefined: no pairs"]


def test_rates_that_nothing_is_borrowed_for_have_wilsons_interval_of_their_own() -> None:
    found = ag.shrink_proportions([0, 50], [50, 50])
    assert found.strength == 0
    assert found.estimates.value.tolist() == [0.0, 1.0]
    z2 = 1.959963984540054**2
    assert found.estimates.upper[0] == pytest.approx(z2 / (50 + z2))  # Wilson's end of 0 in 50
    assert found.estimates.lower[1] == pytest.approx(50 / (50 + z2))


def test_one_observation_each_cannot_tell_whether_people_differ() -> None:
    assert ag.shrink_proportions([1, 0, 1], [1, 1, 1]).note.startswith("full pooling: with one observation a group")
    assert ag.shrink_proportions([5, 5], [10, 10]).note.startswith("full pooling: the groups do not differ")


def test_severities_of_a_saturated_design_have_no_standard_error() -> None:
    """Two raters on one item: three effects less one for two scores, and nothing left over to measure doubt by."""
    found = ag.crossed_severity([0, 0], [0, 1], [80.0, 90.0], n_items=1, n_raters=2)
    assert found.rater.tolist() == [-5.0, 5.0]
    assert np.isnan(found.se).all()
    assert np.isnan(found.residual_sd)
    exact = ag.crossed_severity([0, 0, 1, 1, 2, 2], [0, 1] * 3, [80.0, 90.0] * 3, n_items=3, n_raters=2)
    assert exact.rater == pytest.approx([-5.0, 5.0])  # three items say the same, and leave nothing over
    assert np.isnan(exact.se).all()


@pytest.mark.parametrize("seed", range(4))
def test_items_and_raters_add_up_to_the_least_squares_fit_in_every_component(seed: int) -> None:
    generator = np.random.default_rng(seed)
    item = np.concatenate([generator.integers(0, 6, 30), generator.integers(6, 12, 30)])
    rater = np.concatenate([generator.integers(0, 4, 30), generator.integers(4, 9, 30)])  # two designs, one table
    score = 80 + 5.0 * rater + 3.0 * item + generator.normal(0, 2, 60)
    found = ag.crossed_severity(item, rater, score, n_items=12, n_raters=9, tolerance=1e-12, max_iterations=5000)
    design = np.hstack([np.eye(12)[item], np.eye(9)[rater]])
    fit = design @ np.linalg.lstsq(design, score, rcond=None)[0]
    np.testing.assert_allclose(found.mean + found.item[item] + found.rater[rater], fit, atol=1e-6)
    for component in (0, 1):
        assert found.rater[found.component == component].mean() == pytest.approx(0.0, abs=1e-9)
    free = 60 - np.linalg.matrix_rank(design)
    assert found.residual_sd == pytest.approx(np.sqrt(((score - fit) ** 2).sum() / free), rel=1e-6)
    np.testing.assert_allclose(found.se, found.residual_sd / np.sqrt(np.bincount(rater, minlength=9)))


@pytest.mark.parametrize(
    ("durations", "resolved", "lower", "upper"),
    [
        ([5.0], [True], None, None),  # survfit: median 5, NA, NA
        ([1.0, 2.0], [True, True], 1.0, None),
        ([1.0, 1.0, 1.0], [True] * 3, None, None),
        ([1.0, 2.0], [True, False], 1.0, None),
        # Six, all resolved: the band at 1 in 6 left open reaches .516, so it never crosses one half.
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [True] * 6, 1.0, None),
        ([float(day) for day in range(1, 21)], [True] * 20, 5.0, 15.0),
    ],
)
def test_the_last_case_to_be_resolved_bounds_no_median(
    durations: list[float], resolved: list[bool], lower: float | None, upper: float | None
) -> None:
    found = ag.kaplan_meier(durations, resolved).median
    assert (found.lower, found.upper) == (lower, upper)


def test_a_population_smaller_than_its_sample_is_refused_and_not_taken_for_a_census() -> None:
    for ask in (
        lambda: ag.finite_population_factor([10], [5]),
        lambda: ag.proportion([3], [10], population=[5]),
        lambda: ag.differences([1.0, 2.0, 3.0], population=[2]),
        lambda: ag.line_item_accuracy([4, 5], [5, 5], population=[1]),
        lambda: ag.two_rater_agreement([[5, 1], [1, 5]], population=[5]),
        lambda: ag.stratified_proportion([5, 5], [5, 5], [3, 50]),
    ):
        with pytest.raises(ValueError, match="is less than what was drawn from it"):
            ask()
    assert ag.finite_population_factor([0, 1, 5], [0, 1, 5]).tolist() == [1.0, 0.0, 0.0]


def test_a_chart_without_scatter_has_no_limits_and_says_so() -> None:
    """Otherwise any next point at all would be a signal."""
    why = "no limits: the baseline does not vary"
    charts = [
        ag.p_chart([50] * 12 + [49], [50] * 13, baseline=BASELINE),
        ag.p_chart([50] * 12 + [49], [50] * 13, laney=True, baseline=BASELINE),
        ag.p_chart([25, 50] * 6 + [26], [50, 100] * 6 + [50], laney=True, baseline=BASELINE),
        ag.xmr_chart([3.0] * 12 + [3.1], baseline=BASELINE)[0],
    ]
    for chart in charts:
        assert (set(chart.reason.tolist()), chart.outside.any()) == ({why}, False)
        assert np.isnan([chart.lower, chart.upper]).all()
    apart = ag.xmr_chart(np.arange(24.0), phases=[0, 1] * 12)[0]
    assert set(apart.reason.tolist()) == {"no limits: no two neighbours in the baseline"}
    # A p chart needs no scatter between weeks: the sizes alone give it a width.
    plain = ag.p_chart([25] * 13, [50] * 13, baseline=BASELINE)
    assert plain.upper[-1] == pytest.approx(0.5 + 3 * np.sqrt(0.25 / 50))


def test_equal_differences_have_a_mean_and_no_interval() -> None:
    bias = ag.differences([2.0, 2.0, 2.0, 1.0, 3.0], [0, 0, 0, 1, 1], 2).bias
    assert (bias.value.tolist(), bias.reason[0]) == ([2.0, 2.0], "no interval: the differences do not vary")
    assert ends(bias)[0] == NOTHING
    assert bias.upper[1] == pytest.approx(2 + 12.706204736432095)  # t with 1 df, se 1
    limits = ag.limits_of_agreement([1, 2, 3], [1, 2, 3])
    assert (limits.bias.value, limits.bias.upper, limits.lower.lower) == (0.0, None, None)
    assert ends(ag.mean_difference([1], [0], [5], [2], [0], [5])) == [NOTHING]
    # One sample varies: its doubt alone, with its own df.
    one = ag.mean_difference([1], [0], [5], [2], [1], [4])
    assert one.lower[0] == pytest.approx(-1 - 3.182446305284263 * 0.5)


def test_replicates_that_all_say_the_same_are_no_interval() -> None:
    perfect = ag.ItemRatings.of_codes([[0, 0, 0], [1, 1, 1], [0, 0, 0], [1, 1, 1]], 2)
    for coefficient in ("gwet_ac", "fleiss_kappa", "percent_agreement"):
        found = ag.many_rater_interval(perfect, coefficient)
        assert (found.value, found.lower, found.upper) == (1.0, None, None)
        assert found.reason == "no interval: no variation between items"
    assert ag.alpha_interval(perfect).lower is None
    everything = ag.stratified_proportion([5, 5], [5, 5], [50, 50])
    assert (everything.value, everything.lower) == (1.0, None)
    census = ag.stratified_proportion([3, 4], [5, 5], [5, 5])
    assert (census.value, census.lower, census.upper) == (0.7, 0.7, 0.7)


def test_plans_for_nobody_and_for_no_width() -> None:
    assert ag.exact_sample_size(0.05, 0.5, 0) == 0
    with pytest.raises(ValueError, match="half_width is 0"):
        ag.kappa_sample_size(0, 0.5, [0.5, 0.5])

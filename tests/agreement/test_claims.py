"""Claims about groups: ranks, differences of pools, selection, and what a finite population allows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import qa_sync.agreement as ag


def test_three_audits_carry_no_rank_and_sixty_do():
    shrunken = ag.shrink_proportions([1, 40, 9, 28, 30, 55, 20], [3, 60, 10, 30, 60, 60, 60])
    ranks = ag.rank_claims(shrunken)
    assert ranks.reason[0] == "not ranked: n=3, fewer than 5"
    assert np.isnan(ranks.lower[0])
    assert ranks.claim[0] == ""
    assert (ranks.upper[5], ranks.claim[5], ranks.claim[6]) == (3, "above the population", "below the population")
    assert ranks.of[1:].tolist() == [6] * 6


def test_rank_intervals_hold_the_rank_of_the_shrunken_value():
    shrunken = ag.shrink_proportions([30, 40, 50, 55, 20], [60] * 5)
    ranks = ag.rank_claims(shrunken)
    own = (-shrunken.estimates.value).argsort().argsort() + 1
    assert (ranks.lower <= own).all()
    assert (own <= ranks.upper).all()
    assert (ranks.upper - ranks.lower).max() >= 1


def test_no_rank_where_nobody_differs_more_than_chance():
    ranks = ag.rank_claims(ag.shrink_proportions([9, 9, 9], [10, 10, 10]))
    assert ranks.reason.tolist() == ["no rank: the groups do not differ more than chance"] * 3
    assert set(ranks.claim) == {""}


def test_nobody_is_ranked_across_disconnected_components():
    shrunken = ag.shrink_means([-9.0, 5, -4, 6, 1], [40] * 5, 25.0)
    ranks = ag.rank_claims(shrunken, components=[0, 0, 1, 1, 2])
    assert ranks.upper[:4].tolist() == [2, 1, 2, 1]
    assert (ranks.reason[4], ranks.of.tolist()) == ("not ranked: nobody comparable", [2, 2, 2, 2, 1])


def test_order_of_groups_never_matters_to_ranks():
    x, n = np.array([30, 41, 50, 55, 20, 3]), np.array([60, 61, 62, 63, 64, 4])
    order = np.array([3, 0, 5, 1, 4, 2])
    one, two = ag.rank_claims(ag.shrink_proportions(x, n)), ag.rank_claims(ag.shrink_proportions(x[order], n[order]))
    for name in ("lower", "upper", "above", "claim"):
        assert np.array_equal(getattr(one, name)[order], getattr(two, name), equal_nan=name != "claim"), name


def test_claims_of_equal_evaluators_are_rare():
    generator = np.random.default_rng(3)
    wrong = [
        (ag.rank_claims(ag.shrink_proportions(generator.binomial(20, 0.9, 40), np.full(40, 20)), draws=512).claim != "")
        for _ in range(40)
    ]
    assert np.mean(wrong) < 0.025


def test_difference_of_means_is_welchs():
    generator = np.random.default_rng(1)
    a, b = generator.normal(3, 9, 30), generator.normal(1, 4, 12)
    found = ag.mean_difference(a.mean(), a.std(ddof=1), 30, b.mean(), b.std(ddof=1), 12)[0]
    test = stats.ttest_ind(a, b, equal_var=False)
    wanted = test.confidence_interval()
    assert (found.value, found.lower, found.upper) == pytest.approx((a.mean() - b.mean(), wanted.low, wanted.high))
    assert ag.welch_p(a.mean(), a.std(ddof=1), 30, b.mean(), b.std(ddof=1), 12) == pytest.approx(test.pvalue)


def test_difference_with_a_sample_of_one_has_no_interval_and_with_none_no_value():
    found = ag.mean_difference([1.0, 1.0], [2.0, 2.0], [5, 5], [0.0, np.nan], [np.nan, np.nan], [1, 0])
    assert (found[0].value, found[0].lower, found[0].reason) == (1.0, None, "no interval: a sample of one")
    assert (found[1].value, found[1].reason) == (None, "undefined: no pairs")
    assert np.isnan(ag.welch_p([1.0, 1.0], [2.0, 2.0], [5, 5], [0.0, np.nan], [np.nan, np.nan], [1, 0])).all()


def test_a_difference_of_mix_alone_is_none_of_judging():
    found = ag.contrast([90, 5], [100, 10], [9, 50], [10, 100])
    assert found.judged.value == pytest.approx(0)
    assert found.raw.value == pytest.approx(found.mix)
    assert found.mix > 0.3


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.tuples(*[st.integers(1, 30)] * 2, *[st.floats(0, 1)] * 2), min_size=1, max_size=6))
def test_judging_and_mix_add_up_to_the_raw_difference(strata: list[tuple[int, int, float, float]]):
    n1, n2, p1, p2 = (np.array(column) for column in zip(*strata, strict=True))
    found = ag.contrast(np.round(p1 * n1), n1, np.round(p2 * n2), n2)
    assert found.judged.value + found.mix == pytest.approx(found.raw.value, abs=1e-12)
    back = ag.contrast(np.round(p2 * n2), n2, np.round(p1 * n1), n1)
    assert back.judged.value == pytest.approx(-found.judged.value, abs=1e-12)


def test_strata_of_one_pool_only_are_left_out_and_said():
    found = ag.contrast([8, 5], [10, 10], [9, 0], [10, 0])
    assert (found.shared, found.judged.value) == (0.5, pytest.approx(-0.1))
    nothing = ag.contrast([8, 0], [10, 0], [0, 5], [0, 10])
    assert nothing.judged.reason == "undefined: no stratum that both pools have"


def test_interval_at_equal_mix_covers():
    generator = np.random.default_rng(5)
    n1, n2, p1, p2 = (
        np.array([40, 15, 8]),
        np.array([12, 30, 25]),
        np.array([0.95, 0.8, 0.6]),
        np.array([0.9, 0.8, 0.7]),
    )
    share = (n1 / n1.sum() + n2 / n2.sum()) / 2
    truth = (share * (p1 - p2)).sum()
    held = []
    for _ in range(600):
        one = ag.contrast(generator.binomial(n1, p1), n1, generator.binomial(n2, p2), n2).judged
        held.append(one.lower <= truth <= one.upper)
    assert 0.92 <= np.mean(held) <= 0.98


def test_selection_test_is_pearsons_with_the_population_corrected():
    population, drawn = np.array([300, 500, 200]), np.array([40, 90, 20])
    found = ag.selection_bias(population, drawn)
    plain = stats.chisquare(drawn, drawn.sum() * population / population.sum()).statistic
    assert found.statistic == pytest.approx(plain * 999 / 850)
    assert found.p == pytest.approx(stats.chi2.sf(found.statistic, 2))
    assert (found.method, found.seed) == ("chi-square", None)
    assert (found.excess > 0).tolist() == [False, True, False]


def test_chance_selection_is_seldom_called_biased_and_convenience_is():
    generator = np.random.default_rng(2)
    small = np.array([12, 9, 30, 4])
    p = [ag.selection_bias(small, generator.multivariate_hypergeometric(small, 15)).p for _ in range(120)]
    assert np.mean(np.array(p) <= 0.05) <= 0.10
    assert ag.selection_bias(small, [12, 0, 0, 3]).p < 0.001
    assert ag.selection_bias(small, [12, 0, 0, 3]).method == "monte-carlo"


@pytest.mark.parametrize(
    ("population", "drawn", "reason"),
    [([5, 5], [0, 0], "nothing was drawn"), ([5, 5], [5, 5], "everything was drawn"), ([5, 0], [2, 0], "one stratum")],
)
def test_selection_without_a_choice_has_no_test(population: list[int], drawn: list[int], reason: str):
    found = ag.selection_bias(population, drawn)
    assert (found.p, found.reason) == (None, f"no test: {reason}")


def test_finite_population_narrows_every_interval_towards_its_point_and_a_census_has_none():
    table = np.array([[20, 3], [4, 13]])
    whole = ag.with_dirichlet_interval(table)[0]
    part = ag.with_dirichlet_interval(table, population=[80])[0]
    factor = np.sqrt(40 / 79)
    assert (part.value - part.lower, part.upper - part.value) == pytest.approx(
        ((whole.value - whole.lower) * factor, (whole.upper - whole.value) * factor)
    )
    census = ag.with_dirichlet_interval(table, population=[40])[0]
    assert census.lower == pytest.approx(census.value) == pytest.approx(census.upper)
    delta = np.array([5.0, -5, 10, 0])
    ends = [ag.differences(delta, population=size).bias[0].upper for size in (None, [8], [4])]
    assert (ends[1] - 2.5, ends[2]) == (pytest.approx((ends[0] - 2.5) * np.sqrt(4 / 7)), pytest.approx(2.5))
    items = [ag.line_item_accuracy([4, 3, 4], [4, 4, 4], population=size)[0].lower for size in (None, [6], [3])]
    assert items[0] < items[1] < items[2] == pytest.approx(11 / 12)


def test_population_of_groups_is_looked_up_by_their_value():
    import pandas as pd

    pairs = pd.DataFrame({"ours": list("ppfp") * 3, "theirs": list("ppff") * 3, "site": list("aaabbb") * 2})
    plain = ag.agreement("ours", "theirs", levels=["p", "f"], frame=pairs, by="site")
    sized = ag.agreement("ours", "theirs", levels=["p", "f"], frame=pairs, by="site", population={"a": 6, "b": 1000})
    for name in ("kappa", "ac1", "percent_agreement", "mean_delta"):
        assert sized[f"{name}_upper"][0] == pytest.approx(sized[name][0])
        assert sized[f"{name}_upper"][1] == pytest.approx(plain[f"{name}_upper"][1])
    with pytest.raises(ValueError, match="no population of 1 groups"):
        ag.agreement("ours", "theirs", levels=["p", "f"], frame=pairs, by="site", population={"a": 6})
    with pytest.raises(ValueError, match="before any filter"):
        ag.agreement("ours", "theirs", levels=["p", "f"], frame=pairs, population=11)


def test_pools_without_shared_raters_have_an_interval_over_items():
    generator = np.random.default_rng(4)
    truth = generator.integers(0, 3, 200)

    def pool(raters: int) -> np.ndarray:
        noise = np.where(generator.random((200, raters)) < 0.7, truth[:, None], generator.integers(0, 3, (200, raters)))
        return ag.rater_counts(noise, 3)

    x, y = pool(3), pool(4)
    point = ag.cross_reliability(x, y)
    for method in ("bootstrap", "jackknife"):
        found = ag.cross_reliability_interval(x, y, method=method)
        assert found.value == pytest.approx(point.value)
        assert found.lower < point.value < found.upper
        assert found.upper - found.lower < 0.25

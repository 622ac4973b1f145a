"""Definitions of the numbers of the report scores."""

from __future__ import annotations

from functools import partial

from qa_sync.agreement.metrics.definition import FINITE, metric

_HIDDEN = "no scored pairs; hidden below n_min of them"
_LIMIT = "t 95 %, n - 1 degrees of freedom, SE sd sqrt(1 / n + 1.96² / (2 (n - 1)))"
_POINTS = "points of 100 before auto-fail, more is better on every form"

_score = partial(metric, undefined=_HIDDEN)

OF_SCORES = (
    _score(
        "scores.pairs",
        "Pairs",
        "count",
        "pairs with a score on both sides, neutral forms left out (n)",
        undefined="never",
    ),
    _score(
        "scores.leniency",
        "Leniency",
        "points",
        f"mean of d = auditee score - auditor score, {_POINTS}",
        interval="t 95 %, n - 1 degrees of freedom" + FINITE,
        version=2,
    ),
    _score("scores.rmse", "RMSE", "points", "root of the mean of d²"),
    _score("scores.quartile_1", "First quartile", "points", "first quartile of d"),
    _score("scores.median", "Median", "points", "median of d"),
    _score("scores.quartile_3", "Third quartile", "points", "third quartile of d"),
    _score(
        "scores.limit_strict",
        "Lower limit",
        "points",
        "mean of d - 1.96 sd: lower limit of agreement",
        interval=_LIMIT,
        undefined="fewer than two pairs; hidden below n_min",
        source="Bland and Altman 1986, 1999",
    ),
    _score(
        "scores.limit_lenient",
        "Upper limit",
        "points",
        "mean of d + 1.96 sd: upper limit of agreement",
        interval=_LIMIT,
        undefined="fewer than two pairs; hidden below n_min",
        source="Bland and Altman 1986, 1999",
    ),
    _score(
        "scores.quantile_025",
        "2.5 % of Δ below",
        "points",
        "2.5 % quantile of d as observed: holds where scores heap at 100",
    ),
    _score("scores.quantile_975", "2.5 % of Δ above", "points", "97.5 % quantile of d as observed"),
    _score(
        "scores.slope",
        "Slope",
        "coefficient",
        "change of d per point of the pair's mean score: proportional bias",
        interval="t 95 %, n - 2 degrees of freedom",
        undefined="fewer than three pairs, or scores that do not vary; hidden below n_min",
        source="Bland and Altman 1999",
    ),
    _score(
        "scores.icc",
        "ICC(A,1)",
        "coefficient",
        "(MSR - MSE) / (MSR + MSE + 2 (MSC - MSE) / n): absolute agreement of one score of either side",
        interval="McGraw and Wong 95 %",
        undefined="fewer than two pairs, or scores that do not vary; hidden below n_min",
        source="Shrout and Fleiss 1979; McGraw and Wong 1996",
        higher_is="better",
    ),
    _score(
        "scores.concordance",
        "Lin's concordance",
        "coefficient",
        "2 s_xy / (s_x² + s_y² + (mean x - mean y)²), 1/n moments",
        interval="Fisher z 95 %, Lin's variance",
        undefined="as ICC(A,1)",
        source="Lin 1989, 2000",
        higher_is="better",
    ),
    _score(
        "scores.alignment",
        "Alignment",
        "share",
        "mean over pairs of sum w (1 - |x - y| / max) / sum w, criteria with two values, weights of the form",
        interval="t 95 % over pairs, within 0 and 1" + FINITE,
        version=2,
        undefined="no criterion with a value on both sides and a weight; hidden below n_min pairs",
        source="MaestroQA's alignment",
        higher_is="better",
    ),
    _score(
        "scores.alignment_strict",
        "Alignment, strict",
        "share",
        "as alignment, and a criterion with a value on one side only counts 0",
        interval="t 95 % over pairs, within 0 and 1" + FINITE,
        version=2,
        undefined="as alignment",
        higher_is="better",
    ),
)

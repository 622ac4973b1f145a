"""Definitions of the numbers that reports publish: one row a measure, with its version, printed in the Definitions tab.

A measure of a report is not always the coefficient of the same name: in groups of several forms AC1 and kappa are of
"defect found or not". Whenever a number would come out differently for the same data, its version is raised.
"""

from __future__ import annotations

from qa_sync.agreement.metrics.definition import Metric

_WILSON = "Wilson 95 %"
_CLUSTER = "Wilson 95 % for as many independent items as the ratio estimator's variance says (evaluations as clusters)"
_DIRICHLET = "Dirichlet 95 %, 2/q² per cell, recorded seed"
_OWN = "qa-sync"

#: In the order in which columns show them. ``id`` names report and column.
PUBLISHED: tuple[Metric, ...] = (
    Metric(
        id="summary.pairs",
        version=1,
        name="Pairs",
        unit="count",
        interval="",
        undefined="never",
        source=_OWN,
        formula="audited evaluations that could be compared, one reference each; targeted audits apart",
        higher_is="neutral",
    ),
    Metric(
        id="summary.evaluations",
        version=1,
        name="Evaluations",
        unit="count",
        interval="",
        undefined="never",
        source=_OWN,
        formula="evaluations that could be audited, audited or not, in the group (N)",
        higher_is="neutral",
    ),
    Metric(
        id="summary.coverage",
        version=1,
        name="Coverage",
        unit="share",
        interval="",
        undefined="no evaluations",
        source=_OWN,
        formula="pairs / evaluations",
        higher_is="neutral",
    ),
    Metric(
        id="summary.line_accuracy",
        version=1,
        name="Line accuracy",
        unit="share",
        interval=_CLUSTER,
        undefined="no items; hidden below n_min pairs",
        source=_OWN,
        formula="criteria answered alike / criteria compared; one-sided N/A is a disagreement",
    ),
    Metric(
        id="summary.defect_free",
        version=1,
        name="Defect-free",
        unit="share",
        interval=_WILSON,
        undefined="no pairs; hidden below n_min pairs",
        source=_OWN,
        formula="pairs without any disagreement / pairs",
    ),
    Metric(
        id="summary.within_tolerance",
        version=1,
        name="In tolerance",
        unit="share",
        interval=_WILSON,
        undefined="no scored pairs; hidden below n_min of them",
        source=_OWN,
        formula="pairs with |delta| <= tolerance, auto-fail included / scored pairs",
    ),
    Metric(
        id="summary.answers",
        version=1,
        name="Answers",
        unit="count",
        interval="",
        undefined="never",
        source=_OWN,
        formula="answers with a value on both sides on forms that know a better and a worse",
        higher_is="neutral",
    ),
    Metric(
        id="summary.ac1",
        version=1,
        name="AC1 of defects",
        unit="coefficient",
        interval=_DIRICHLET + ", evaluations as clusters",
        undefined="no answers; hidden below n_min pairs",
        source="Gwet 2008",
        formula="Gwet's AC1 of defect found or not, per answer, criteria pooled. Defect: a failed critical criterion; "
        "less than the best answer where higher is better; any level above the lowest on severity forms",
    ),
    Metric(
        id="summary.kappa",
        version=1,
        name="Kappa of defects",
        unit="coefficient",
        interval="not shown",
        undefined="no answers, or one side never varies; hidden below n_min pairs",
        source="Cohen 1960",
        formula="Cohen's kappa of defect found or not, as for AC1; pooling criteria of different prevalence raises it",
    ),
    Metric(
        id="summary.bias",
        version=1,
        name="Leniency",
        unit="points",
        interval="t 95 %, n - 1 degrees of freedom",
        undefined="no scored pairs, neutral forms; hidden below n_min",
        source=_OWN,
        higher_is="neutral",
        formula="mean(auditee - auditor) before auto-fail, turned so that + is lenient; a level of an ordinal form is "
        "100 / (levels - 1) points",
    ),
    Metric(
        id="summary.mae",
        version=1,
        name="Mean |Δ|",
        unit="points",
        interval="",
        source=_OWN,
        higher_is="worse",
        undefined="no scored pairs, neutral forms; hidden below n_min",
        formula="mean |auditee - auditor| before auto-fail, in points",
    ),
    Metric(
        id="summary.critical_miss",
        version=1,
        name="Critical missed",
        unit="count",
        interval="",
        undefined="never",
        source=_OWN,
        formula="pairs of class CRITICAL_MISS",
        higher_is="worse",
    ),
    Metric(
        id="summary.critical_false",
        version=1,
        name="Critical false",
        unit="count",
        interval="",
        undefined="never",
        source=_OWN,
        formula="pairs of class CRITICAL_FALSE",
        higher_is="worse",
    ),
    Metric(
        id="summary.critical_wrong_reason",
        version=1,
        name="Critical otherwise",
        unit="count",
        interval="",
        undefined="never",
        source=_OWN,
        formula="pairs of class CRITICAL_WRONG_REASON",
        higher_is="worse",
    ),
    Metric(
        id="agreement.percent_agreement",
        version=1,
        name="Agreement",
        unit="share",
        interval=_WILSON,
        undefined="no pairs; hidden below n_min",
        source=_OWN,
        formula="equal answers / pairs with a value on both sides",
    ),
    Metric(
        id="agreement.kappa",
        version=1,
        name="Kappa",
        unit="coefficient",
        interval=_DIRICHLET,
        undefined="one side never varies, said so; hidden below n_min",
        source="Cohen 1960",
        formula="(p_a - p_e) / (1 - p_e), p_e = sum a_k b_k, on the form's scale",
    ),
    Metric(
        id="agreement.kappa_linear",
        version=1,
        name="Kappa linear",
        unit="coefficient",
        interval=_DIRICHLET,
        undefined="as kappa; nominal scales",
        source="Cohen 1968",
        formula="as kappa, weights 1 - |k - l| / (q - 1)",
    ),
    Metric(
        id="agreement.kappa_quadratic",
        version=1,
        name="Kappa quadratic",
        unit="coefficient",
        interval=_DIRICHLET,
        undefined="as kappa; nominal scales",
        source="Cohen 1968",
        formula="as kappa, weights 1 - (k - l)² / (q - 1)²",
    ),
    Metric(
        id="agreement.ac1",
        version=1,
        name="AC1",
        unit="coefficient",
        interval=_DIRICHLET,
        undefined="no pairs; hidden below n_min",
        source="Gwet 2008",
        formula="(p_a - p_e) / (1 - p_e), p_e = sum pi_k (1 - pi_k) / (q - 1), on the form's scale",
    ),
    Metric(
        id="agreement.mean_delta",
        version=1,
        name="Mean Δ (levels)",
        unit="levels",
        interval="",
        higher_is="neutral",
        undefined="no pairs; nominal scales",
        source=_OWN,
        formula="mean(auditee level - auditor level)",
    ),
)


_BY_ID = {metric.id: metric for metric in PUBLISHED}
#: Reports that show the measures of ``summary`` for other groups.
_SAME_AS_SUMMARY = ("evaluators", "trend")


def metric_of(report: str, field: str) -> Metric | None:
    """Return the definition of a report's column, that of the number for the ends of its interval; None for facts."""
    plain = field.removesuffix("_low").removesuffix("_high")
    if report == "trend":
        plain = "pairs" if field.endswith("_n") else "line_accuracy"
    return _BY_ID.get(f"{'summary' if report in _SAME_AS_SUMMARY else report}.{plain}")

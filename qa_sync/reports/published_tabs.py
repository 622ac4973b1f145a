"""Definitions of the numbers of reports about critical errors, charts, disputes, calibration, people and sampling."""

from __future__ import annotations

from typing import Literal

from qa_sync.agreement.metrics.definition import Metric, Unit
from qa_sync.reports.published_scores import OF_SCORES

_WILSON = "Wilson 95 %"
_CLUSTER = "ratio estimator 95 %, evaluations as clusters"
_MOVER = "95 %, from the intervals of the two (Newcombe; Zou and Donner)"
_HIDDEN = "hidden below n_min pairs"
_Reading = Literal["better", "worse", "neutral"]


def _m(
    id_: str,
    name: str,
    unit: Unit,
    formula: str,
    *,
    interval: str = "",
    undefined: str = "never",
    source: str = "qa-sync",
    higher_is: _Reading = "neutral",
    assumed: bool = False,
) -> Metric:
    return Metric(
        id=id_,
        version=1,
        name=name,
        unit=unit,
        formula=formula,
        interval=interval,
        undefined=undefined,
        source=source,
        higher_is=higher_is,
        assumed=assumed,
    )


_CRITICAL = (
    _m("critical.pairs", "Pairs", "count", "pairs whose form has critical criteria of the class (n)"),
    _m(
        "critical.accuracy",
        "Critical accuracy",
        "share",
        "pairs in which both judged every critical criterion of the class alike / pairs",
        interval=_WILSON,
        undefined=f"no pairs; {_HIDDEN}",
        source="after COPC; the standard's text was not available",
        higher_is="better",
        assumed=True,
    ),
    _m(
        "critical.auditor_found", "Found by auditors", "count", "pairs in which the auditor found an error of the class"
    ),
    _m(
        "critical.sensitivity",
        "Errors found",
        "share",
        "pairs in which both found an error of the class / pairs in which the auditor did",
        interval=_WILSON,
        undefined="the auditor found none",
        higher_is="better",
    ),
    _m(
        "critical.auditee_found", "Found by auditees", "count", "pairs in which the auditee found an error of the class"
    ),
    _m(
        "critical.precision",
        "Errors confirmed",
        "share",
        "pairs in which both found an error of the class / pairs in which the auditee did",
        interval=_WILSON,
        undefined="the auditee found none",
        higher_is="better",
    ),
    _m("critical.missed", "Missed", "count", "pairs in which only the auditor found an error of the class"),
    _m("critical.falsely", "False", "count", "pairs in which only the auditee found an error of the class"),
)

_CONFUSION = (
    _m("confusion.answers", "Answers", "count", "pairs with this auditee's and this auditor's answer"),
    _m("confusion.of_auditor", "Of the auditor's", "share", "answers / pairs in which the auditor gave this answer"),
    _m("confusion.pairs", "Pairs", "count", "pairs with a value on both sides, of the criterion (n)"),
)

_CONTROL = (
    _m("control.pairs", "Pairs", "count", "pairs of the week (n)"),
    _m("control.items", "Items", "count", "criteria compared in the week"),
    _m(
        "control.line_accuracy",
        "Line accuracy",
        "share",
        "criteria answered alike / criteria compared, in the week",
        undefined="no items",
        higher_is="better",
    ),
    _m(
        "control.centre",
        "Centre",
        "share",
        "line accuracy of the baseline: the first 12 weeks of the form's version, frozen",
        undefined="fewer than 12 weeks in the baseline",
    ),
    _m(
        "control.lower",
        "Lower limit",
        "share",
        "Laney p': centre - 3 sigma_z sqrt(p (1 - p) / n), sigma_z = mean moving range of z / 1.128",
        undefined="fewer than 12 weeks in the baseline",
        source="Laney 2002",
    ),
    _m(
        "control.upper",
        "Upper limit",
        "share",
        "Laney p': centre + 3 sigma_z sqrt(p (1 - p) / n)",
        undefined="fewer than 12 weeks in the baseline",
        source="Laney 2002",
    ),
    _m(
        "control.sigma_z",
        "Sigma z",
        "score",
        "mean moving range of z in the baseline / 1.128; 1 is sampling noise only",
        undefined="fewer than 12 weeks in the baseline",
        source="Laney 2002",
    ),
    _m(
        "control.leniency",
        "Leniency",
        "points",
        "mean leniency before auto-fail, of the week",
        undefined="no scored pairs",
    ),
    _m(
        "control.leniency_lower",
        "Leniency, lower limit",
        "points",
        "XmR: mean of the baseline - 2.66 mean moving range",
        undefined="fewer than 12 weeks in the baseline",
        source="Shewhart; Wheeler",
    ),
    _m(
        "control.leniency_upper",
        "Leniency, upper limit",
        "points",
        "XmR: mean of the baseline + 2.66 mean moving range",
        undefined="fewer than 12 weeks in the baseline",
        source="Shewhart; Wheeler",
    ),
    _m(
        "control.defects",
        "Case mix: defects",
        "share",
        "answers in which the auditor found a defect / answers that can be one, in the week: a change of it can look "
        "like a change of people",
        undefined="no answers",
    ),
)

_DRIFT = (
    _m("drift.weeks", "Weeks", "count", "weeks with scored pairs on the form versions now in use"),
    _m("drift.pairs", "Pairs", "count", "scored pairs of these weeks (n)"),
    _m("drift.before", "Leniency before", "points", "mean leniency in the first six of these weeks (the baseline)"),
    _m("drift.after", "Leniency after", "points", "mean leniency in the weeks after the baseline"),
    _m(
        "drift.change",
        "Change",
        "points",
        "leniency after - leniency before",
        interval="t 95 %, scatter pooled over people",
        undefined="no pairs after the baseline",
    ),
    _m(
        "drift.cusum_high",
        "CUSUM lenient",
        "score",
        "last S+ = max(0, S+ + z - .5) over the weeks after the baseline; above 5 signals",
        undefined="fewer than n_min pairs before or after",
        source="Page 1954",
    ),
    _m(
        "drift.cusum_low",
        "CUSUM strict",
        "score",
        "last S- = max(0, S- - z - .5); above 5 signals",
        undefined="fewer than n_min pairs before or after",
        source="Page 1954",
    ),
    _m(
        "drift.ewma",
        "EWMA",
        "score",
        "last of .8 E + .2 z over the weeks after the baseline, z a week's mean in standard errors from it",
        undefined="fewer than n_min pairs before or after",
        source="Roberts 1959",
    ),
    _m(
        "drift.ewma_limit",
        "EWMA limit",
        "score",
        "3 standard errors of the EWMA, those of the baseline's mean included; beyond it, on either side, signals",
        undefined="fewer than n_min pairs before or after",
        source="Roberts 1959",
    ),
    _m(
        "drift.adjusted_p",
        "Adjusted p",
        "score",
        "two-sided p of the EWMA (Student's t), adjusted over all people here: false discovery rate 5 %",
        undefined="fewer than n_min pairs before or after",
        source="Benjamini and Hochberg 1995",
    ),
    _m(
        "drift.defects_before",
        "Case mix before",
        "share",
        "share of answers in which the auditor found a defect, baseline",
    ),
    _m("drift.defects_after", "Case mix after", "share", "share of answers in which the auditor found a defect, after"),
)

_STANDING = (
    _m("standing.pairs", "Pairs", "count", "pairs of the last four weeks (n)"),
    _m("standing.evaluations", "Evaluations", "count", "evaluations of these weeks that could be audited (N)"),
    _m(
        "standing.line_accuracy",
        "Line accuracy",
        "share",
        "criteria answered alike / criteria compared",
        interval="as in the summary; narrowed by sqrt((N - n) / (N - 1)) from n_min pairs on, n / N above 5 %",
        undefined=_HIDDEN,
        higher_is="better",
    ),
    _m(
        "standing.shrunken",
        "Accuracy, shrunken",
        "share",
        "(x + M m) / (n + M), of the independent items that the pairs are worth; m and M from all people of the report",
        interval="Beta posterior 95 %",
        undefined="no pairs",
        source="beta-binomial empirical Bayes",
        higher_is="better",
    ),
    _m("standing.bias", "Leniency", "points", "mean leniency before auto-fail", interval="t 95 %", undefined=_HIDDEN),
    _m(
        "standing.shrunken_bias",
        "Leniency, shrunken",
        "points",
        "weight t^2 / (s^2 / n + t^2) on the own mean, the rest on the mean of all people of the report",
        interval="normal posterior 95 %",
        undefined="no scored pairs, or nobody has two",
        source="normal-normal empirical Bayes",
    ),
    _m(
        "standing.severity",
        "Leniency, adjusted",
        "points",
        "rater effect of leniency = pair or session + rater, all weeks, mean 0 within a connected component: "
        "comparable within a component only",
        interval="normal 95 %, residual sd / sqrt(n) (rough)",
        undefined="no item shared with anybody",
    ),
    _m("standing.component", "Component", "count", "connected component of people who share items, 0 the largest"),
    _m("standing.exact", "Exact", "count", "pairs of class EXACT"),
    _m("standing.lenient", "Lenient", "count", "pairs of class LENIENT"),
    _m("standing.strict", "Strict", "count", "pairs of class STRICT"),
    _m("standing.critical_miss", "Critical missed", "count", "pairs of class CRITICAL_MISS"),
    _m("standing.critical_false", "Critical false", "count", "pairs of class CRITICAL_FALSE"),
)

_DISPUTES = (
    _m("disputes.disputes", "Disputes", "count", "disputes opened"),
    _m("disputes.waiting", "Open", "count", "disputes, or appeals, that wait; in no rate"),
    _m("disputes.withdrawn", "Withdrawn", "count", "disputes withdrawn; in no rate"),
    _m("disputes.expired", "Expired", "count", "disputes expired; in no rate"),
    _m("disputes.upheld", "Upheld", "count", "disputes decided without a change"),
    _m("disputes.overturned", "Overturned", "count", "disputes decided with a change, in full or in part"),
    _m(
        "disputes.overturn_rate",
        "Overturn rate",
        "share",
        "overturned / (upheld + overturned)",
        interval=_WILSON,
        undefined="none was resolved",
        higher_is="worse",
    ),
    _m(
        "disputes.median_days",
        "Median days",
        "days",
        "Kaplan-Meier median of the time to a decision; open, withdrawn and expired ones count as long as they lasted",
        interval="Brookmeyer-Crowley 95 %, log-log; empty where the data do not reach it",
        undefined="more than half are undecided",
        source="Kaplan and Meier 1958",
        higher_is="worse",
    ),
    _m(
        "disputes.disputable",
        "Disputable",
        "count",
        "evaluations disputed, or released with the time to dispute elapsed",
        undefined="no source says what was released",
    ),
    _m(
        "disputes.dispute_rate",
        "Dispute rate",
        "share",
        "evaluations disputed / disputable",
        interval=_WILSON,
        undefined="nothing could be disputed yet, or no source says what was released",
    ),
    _m("open_disputes.days", "Age", "days", "time since it was opened"),
    _m("open_disputes.items", "Criteria", "count", "criteria it names; 0: the whole evaluation"),
)

_CALIBRATION = (
    _m("calibration.sessions", "Sessions", "count", "sessions in which the criterion was answered (units)"),
    _m("calibration.ratings", "Ratings", "count", "answers with a value, late ones included, what was agreed left out"),
    _m(
        "calibration.alpha",
        "Alpha",
        "coefficient",
        "Krippendorff's alpha over sessions; ordinal where the form's scale has an order, else nominal",
        interval="jackknife 95 % over sessions",
        undefined="no session with two answers, or one value only",
        source="Krippendorff 2011",
        higher_is="better",
    ),
    _m(
        "calibration.ac1",
        "AC1",
        "coefficient",
        "Gwet's AC1 over sessions, on the form's scale",
        interval="t 95 %, linearised",
        undefined="no session with two answers",
        source="Gwet 2014",
        higher_is="better",
    ),
    _m("calibration.compared", "Compared", "count", "answers compared with what the session agreed"),
    _m(
        "calibration.agreed",
        "As agreed",
        "share",
        "answers equal to what the session agreed / answers compared",
        interval="ratio estimator 95 %, sessions as clusters",
        undefined="no session agreed on an answer",
        higher_is="better",
    ),
    _m("sessions.invited", "Invited", "count", "people invited or taking part, who agreed the answer left out"),
    _m("sessions.done", "In time", "count", "people who scored in time"),
    _m("sessions.late", "Late", "count", "people who scored late; they count"),
    _m("sessions.missing", "Missing", "count", "people invited who have not scored"),
    _m("sessions.completion", "Completion", "share", "(in time + late) / invited", undefined="nobody invited"),
    _m("sessions.compared", "Compared", "count", "criteria compared with what was agreed"),
    _m(
        "sessions.agreed",
        "As agreed",
        "share",
        "criteria answered as agreed / criteria compared",
        interval=_CLUSTER,
        undefined="nothing was agreed",
        higher_is="better",
    ),
    _m(
        "sessions.deviation",
        "Mean |Δ|",
        "points",
        "mean |score - agreed score| before auto-fail, in points, late ones included",
        undefined="nothing was agreed, or no scores",
        higher_is="worse",
    ),
)

_PEOPLE = (
    _m("auditors.audits", "Audits", "count", "audits that could be compared"),
    _m("auditors.auditees", "Auditees", "count", "different people audited"),
    _m("auditors.weeks", "Weeks", "count", "weeks with an audit"),
    _m("auditors.pace", "Audits a week", "score", "audits / weeks with an audit"),
    _m("auditors.shared", "Shared", "count", "evaluations that another auditor audited, too"),
    _m("auditors.shared_items", "Shared items", "count", "criteria that both auditors answered"),
    _m(
        "auditors.agreement",
        "With other auditors",
        "share",
        "criteria answered as the other auditor did / criteria both answered",
        interval=_CLUSTER,
        undefined="no evaluation audited by another, too",
        higher_is="better",
    ),
    _m("auditors.decided", "Disputes decided", "count", "disputes of own audits that were decided"),
    _m(
        "auditors.overturn_rate",
        "Overturned",
        "share",
        "disputes of own audits overturned / decided",
        interval=_WILSON,
        undefined="none was decided",
        higher_is="worse",
    ),
    _m(
        "auditors.gap",
        "Anchoring gap",
        "share",
        "defect-free share of audits that are not blind - of blind ones",
        interval="Newcombe 95 %",
        undefined="one of the two kinds has fewer than n_min pairs",
    ),
    _m("blind.blind_pairs", "Blind", "count", "pairs whose audit is proven to be blind"),
    _m("blind.open_pairs", "Not blind", "count", "pairs whose audit is proven not to be blind"),
    _m("blind.unknown_pairs", "Unknown", "count", "pairs of which nothing proves either; in no gap"),
    _m(
        "blind.blind_free",
        "Defect-free, blind",
        "share",
        "blind pairs without any disagreement / blind pairs",
        interval=_WILSON,
        undefined=_HIDDEN,
        higher_is="better",
    ),
    _m(
        "blind.open_free",
        "Defect-free, not blind",
        "share",
        "pairs that are not blind without any disagreement / such pairs",
        interval=_WILSON,
        undefined=_HIDDEN,
        higher_is="better",
    ),
    _m(
        "blind.gap",
        "Anchoring gap",
        "share",
        "defect-free not blind - defect-free blind: above 0, who sees the answer agrees with it",
        interval="Newcombe 95 %",
        undefined="one of the two kinds has fewer than n_min pairs",
    ),
    _m("repeats.pairs", "Repeats", "count", "pairs of two scorings of one item by one person (n)"),
    _m("repeats.items", "Items", "count", "criteria answered both times"),
    _m(
        "repeats.agreement",
        "With oneself",
        "share",
        "criteria answered as the first time / criteria answered both times",
        interval=_CLUSTER,
        undefined="no criteria answered both times",
        higher_is="better",
    ),
    _m("repeats.gap", "Days between", "days", "mean time between the two scorings"),
)

_POOLS = (
    _m("pools.pairs_a", "Pairs, first", "count", "pairs of the first site"),
    _m("pools.pairs_b", "Pairs, second", "count", "pairs of the second site"),
    _m(
        "pools.accuracy",
        "Δ line accuracy",
        "share",
        "line accuracy of the first site - of the second",
        interval=_MOVER,
        undefined="fewer than n_min pairs on a side",
    ),
    _m(
        "pools.leniency",
        "Δ leniency",
        "points",
        "mean leniency of the first site - of the second",
        interval=_MOVER,
        undefined="fewer than n_min scored pairs on a side",
    ),
    _m("pools.defects_a", "Case mix, first", "share", "answers with a defect by the auditor / answers, first site"),
    _m("pools.defects_b", "Case mix, second", "share", "answers with a defect by the auditor / answers, second site"),
    _m("pools.shared", "Shared items", "count", "criteria of calibration sessions that people of both sites answered"),
    _m(
        "pools.shared_agreement",
        "Agreement on shared",
        "share",
        "pairs of answers, one of each site, that agree on defect or not / such pairs, over shared items",
        undefined="no shared items",
        higher_is="better",
    ),
    _m(
        "pools.xrr",
        "xRR (assumed)",
        "coefficient",
        "1 - d_o(X, Y) / d_e(X, Y) of defect or not over shared items",
        undefined="no shared items, or no variation",
        source="after Wong, Paritosh and Aroyo 2021, not yet checked",
        higher_is="better",
        assumed=True,
    ),
)

_SAMPLING = (
    _m("sampling.evaluations", "Evaluations", "count", "evaluations that could be audited (N), before any filter"),
    _m("sampling.audits", "Audited", "count", "of these, audited (n)"),
    _m(
        "sampling.targeted",
        "Targeted",
        "count",
        "of the audits, those picked on purpose; they speak for themselves only",
    ),
    _m("sampling.coverage", "Coverage", "share", "audited / evaluations"),
    _m(
        "sampling.margin",
        "Precision ±",
        "share",
        "z sqrt(p (1 - p) / n) sqrt((N - n) / (N - 1)), n without targeted audits, p the report's defect-free share",
        undefined="no audits",
    ),
    _m(
        "sampling.needed",
        "For ± 10 points",
        "reviews",
        "n0 = z^2 p (1 - p) / .1^2, n0 / (1 + (n0 - 1) / N) rounded up, p the report's defect-free share",
    ),
    _m(
        "sampling.planned",
        "Plan of a week",
        "reviews",
        "the report's audits of a mean week, shared in proportion to evaluations by largest remainders, one each first "
        "where there are enough",
    ),
    _m("next_sample.place", "Place", "count", "order of selection in the stratum, by hash of seed and interaction"),
)

_DISAGREEMENTS = (
    _m(
        "disagreements.delta",
        "Δ",
        "points",
        "auditee's points - auditor's points; levels where the form has no points",
        undefined="an answer has no value",
    ),
)

OF_TABS: tuple[Metric, ...] = (
    *_CRITICAL,
    *OF_SCORES,
    *_CONFUSION,
    *_CONTROL,
    *_DRIFT,
    *_STANDING,
    *_DISPUTES,
    *_CALIBRATION,
    *_PEOPLE,
    *_POOLS,
    *_SAMPLING,
    *_DISAGREEMENTS,
)

"""Definitions of the numbers of reports about critical errors, charts, disputes, calibration, people and sampling."""

from __future__ import annotations

from qa_sync.agreement.metrics.definition import FINITE, Metric, metric
from qa_sync.reports.published_scores import OF_SCORES

_WILSON = "Wilson 95 %"
_CLUSTERED = "Wilson 95 % for as many independent answers as the ratio estimator's variance says"
_CLUSTER = "ratio estimator 95 %, evaluations as clusters"
_MOVER = "95 %, from the intervals of the two (Newcombe; Zou and Donner)"
_HIDDEN = "hidden below n_min pairs"


_CRITICAL = (
    metric("critical.pairs", "Pairs", "count", "pairs whose form has critical criteria of the class (n)"),
    metric(
        "critical.accuracy",
        "Critical accuracy",
        "share",
        "pairs in which both judged every critical criterion of the class alike / pairs",
        interval=_WILSON + FINITE,
        version=3,
        undefined=f"no pairs; {_HIDDEN}",
        source="after COPC; the standard's text was not available",
        higher_is="better",
        assumed=True,
    ),
    metric(
        "critical.auditor_found", "Found by auditors", "count", "pairs in which the auditor found an error of the class"
    ),
    metric(
        "critical.sensitivity",
        "Errors found",
        "share",
        "pairs in which both found an error of the class / pairs in which the auditor did",
        interval=_WILSON + FINITE,
        version=4,
        undefined="the auditor found none; hidden below n_min of them",
        higher_is="better",
    ),
    metric(
        "critical.auditee_found",
        "Found by auditees",
        "count",
        "pairs in which the auditee found an error of the class",
        version=2,
    ),
    metric(
        "critical.precision",
        "Errors confirmed",
        "share",
        "pairs in which both found an error of the class / pairs in which the auditee did",
        interval=_WILSON + FINITE,
        version=4,
        undefined="the auditee found none; hidden below n_min of them",
        higher_is="better",
    ),
    metric(
        "critical.missed", "Missed", "count", "pairs in which only the auditor found an error of the class", version=2
    ),
    metric(
        "critical.falsely", "False", "count", "pairs in which only the auditee found an error of the class", version=2
    ),
)

_AS_PUBLISHED = tuple(
    metric(
        f"{report}.as_published",
        "As published",
        "share",
        f"{number} as it stood at the first publish after the week had ended, where the row now says something else",
        undefined="the row still says the same, was not published when its week ended, or was hidden then",
    )
    for report, number in (
        ("summary", "line accuracy"),
        ("control", "line accuracy"),
        ("agreement", "percent agreement"),
        ("critical", "the share of errors found"),
    )
)

_CONFUSION = (
    metric("confusion.answers", "Answers", "count", "pairs with this auditee's and this auditor's answer"),
    metric(
        "confusion.of_auditor", "Of the auditor's", "share", "answers / pairs in which the auditor gave this answer"
    ),
    metric("confusion.pairs", "Pairs", "count", "pairs with a value on both sides, of the criterion (n)"),
)

_CONTROL = (
    metric("control.pairs", "Pairs", "count", "pairs of the week (n)"),
    metric("control.items", "Items", "count", "criteria compared in the week"),
    metric(
        "control.line_accuracy",
        "Line accuracy",
        "share",
        "criteria answered alike / criteria compared, in the week",
        undefined="no items",
        higher_is="better",
    ),
    metric(
        "control.centre",
        "Centre",
        "share",
        "line accuracy of the baseline: the first 12 weeks of the form's version, frozen",
        undefined="fewer than 12 weeks in the baseline",
    ),
    metric(
        "control.lower",
        "Lower limit",
        "share",
        "Laney p': centre - 3 sigma_z sqrt(p (1 - p) / n), sigma_z = mean moving range of z / 1.128",
        version=2,
        undefined="fewer than 12 weeks in the baseline, or one that does not vary",
        source="Laney 2002",
    ),
    metric(
        "control.upper",
        "Upper limit",
        "share",
        "Laney p': centre + 3 sigma_z sqrt(p (1 - p) / n)",
        version=2,
        undefined="fewer than 12 weeks in the baseline, or one that does not vary",
        source="Laney 2002",
    ),
    metric(
        "control.sigma_z",
        "Sigma z",
        "score",
        "mean moving range of z in the baseline / 1.128; 1 is sampling noise only",
        undefined="fewer than 12 weeks in the baseline",
        source="Laney 2002",
    ),
    metric(
        "control.leniency",
        "Leniency",
        "points",
        "mean leniency before auto-fail, of the week",
        undefined="no scored pairs",
    ),
    metric(
        "control.leniency_lower",
        "Leniency, lower limit",
        "points",
        "XmR: mean of the baseline - 2.66 mean moving range",
        version=2,
        undefined="fewer than 12 weeks in the baseline, or one that does not vary",
        source="Shewhart; Wheeler",
    ),
    metric(
        "control.leniency_upper",
        "Leniency, upper limit",
        "points",
        "XmR: mean of the baseline + 2.66 mean moving range",
        version=2,
        undefined="fewer than 12 weeks in the baseline, or one that does not vary",
        source="Shewhart; Wheeler",
    ),
    metric(
        "control.defects",
        "Case mix: defects",
        "share",
        "answers in which the auditor found a defect / answers that can be one, in the week: a change of it can look "
        "like a change of people",
        undefined="no answers",
    ),
)

_DRIFT = (
    metric("drift.weeks", "Weeks", "count", "weeks with scored pairs on the form versions now in use"),
    metric("drift.pairs", "Pairs", "count", "scored pairs of these weeks (n)"),
    metric("drift.before", "Leniency before", "points", "mean leniency in the first six of these weeks (the baseline)"),
    metric("drift.after", "Leniency after", "points", "mean leniency in the weeks after the baseline"),
    metric(
        "drift.change",
        "Change",
        "points",
        "leniency after - leniency before",
        interval="t 95 %, scatter pooled over people; none without scatter",
        version=2,
        undefined="no pairs after the baseline",
    ),
    metric(
        "drift.cusum_high",
        "CUSUM lenient",
        "score",
        "last S+ = max(0, S+ + z - .5) over the weeks after the baseline; above 5 signals",
        undefined="fewer than n_min pairs before or after",
        source="Page 1954",
    ),
    metric(
        "drift.cusum_low",
        "CUSUM strict",
        "score",
        "last S- = max(0, S- - z - .5); above 5 signals",
        undefined="fewer than n_min pairs before or after",
        source="Page 1954",
    ),
    metric(
        "drift.ewma",
        "EWMA",
        "score",
        "last of .8 E + .2 z over the weeks after the baseline, z a week's mean in standard errors from it",
        undefined="fewer than n_min pairs before or after",
        source="Roberts 1959",
    ),
    metric(
        "drift.ewma_limit",
        "EWMA limit",
        "score",
        "3 standard errors of the EWMA, those of the baseline's mean included; beyond it, on either side, signals",
        undefined="fewer than n_min pairs before or after",
        source="Roberts 1959",
    ),
    metric(
        "drift.adjusted_p",
        "Adjusted p",
        "score",
        "two-sided p of the EWMA (Student's t), adjusted over all people here: false discovery rate 5 %",
        undefined="fewer than n_min pairs before or after",
        source="Benjamini and Hochberg 1995",
    ),
    metric(
        "drift.defects_before",
        "Case mix before",
        "share",
        "share of answers in which the auditor found a defect, baseline",
    ),
    metric(
        "drift.defects_after", "Case mix after", "share", "share of answers in which the auditor found a defect, after"
    ),
)

_STANDING = (
    metric("standing.pairs", "Pairs", "count", "pairs of the last four weeks (n)"),
    metric("standing.evaluations", "Evaluations", "count", "evaluations of these weeks that could be audited (N)"),
    metric(
        "standing.line_accuracy",
        "Line accuracy",
        "share",
        "criteria answered alike / criteria compared",
        interval=f"as in the summary{FINITE}",
        undefined=_HIDDEN,
        higher_is="better",
    ),
    metric(
        "standing.shrunken",
        "Accuracy, shrunken",
        "share",
        "(x + M m) / (n + M), of the independent items that the pairs are worth; m and M from all people of the report",
        interval="Beta posterior 95 %",
        undefined="no pairs",
        source="beta-binomial empirical Bayes",
        higher_is="better",
    ),
    metric(
        "standing.bias",
        "Leniency",
        "points",
        "mean leniency before auto-fail",
        interval=f"t 95 %{FINITE}",
        undefined=_HIDDEN,
        version=2,
    ),
    metric(
        "standing.shrunken_bias",
        "Leniency, shrunken",
        "points",
        "weight t^2 / (s^2 / n + t^2) on the own mean, the rest on the mean of all people of the report",
        interval="normal posterior 95 %; none where no person's own leniency varies",
        version=2,
        undefined="no scored pairs, or nobody has two",
        source="normal-normal empirical Bayes",
    ),
    metric(
        "standing.severity",
        "Leniency, adjusted",
        "points",
        "rater effect of leniency = pair or session + rater, all weeks, mean 0 within a connected component: "
        "comparable within a component only",
        interval="normal 95 %, residual sd / sqrt(n) (rough); none where the effects leave nothing over",
        version=2,
        undefined="no item shared with anybody",
    ),
    metric("standing.component", "Component", "count", "connected component of people who share items, 0 the largest"),
    metric("standing.exact", "Exact", "count", "pairs of class EXACT"),
    metric("standing.lenient", "Lenient", "count", "pairs of class LENIENT"),
    metric("standing.strict", "Strict", "count", "pairs of class STRICT"),
    metric("standing.critical_miss", "Critical missed", "count", "pairs of class CRITICAL_MISS", version=2),
    metric("standing.critical_false", "Critical false", "count", "pairs of class CRITICAL_FALSE", version=2),
    metric(
        "standing.critical_wrong_reason",
        "Critical otherwise",
        "count",
        "pairs of class CRITICAL_WRONG_REASON",
        version=2,
    ),
    metric("standing.same_score", "Same score", "count", "pairs of class SAME_SCORE_DIFFERENT_ITEMS"),
    metric("standing.small", "In tolerance", "count", "pairs of class WITHIN_TOLERANCE"),
    metric("standing.unclassed", "Neither", "count", "pairs of class UNSCORED_DIFFERENCE or DIFFERENT"),
)

_DISPUTES = (
    metric("disputes.disputes", "Disputes", "count", "disputes opened"),
    metric("disputes.waiting", "Open", "count", "disputes, or appeals, that wait; in no rate"),
    metric("disputes.withdrawn", "Withdrawn", "count", "disputes withdrawn; in no rate"),
    metric("disputes.expired", "Expired", "count", "disputes expired; in no rate"),
    metric("disputes.upheld", "Upheld", "count", "disputes decided without a change"),
    metric("disputes.overturned", "Overturned", "count", "disputes decided with a change, in full or in part"),
    metric(
        "disputes.overturn_rate",
        "Overturn rate",
        "share",
        "overturned / (upheld + overturned)",
        interval=_WILSON,
        undefined="none was resolved",
        higher_is="worse",
    ),
    metric(
        "disputes.median_days",
        "Median days",
        "days",
        "Kaplan-Meier median of the time to a decision; open, withdrawn and expired ones count as long as they lasted",
        interval="Brookmeyer-Crowley 95 %, log-log; an end is empty where the band does not cross one half",
        version=2,
        undefined="more than half are undecided",
        source="Kaplan and Meier 1958",
        higher_is="worse",
    ),
    metric(
        "disputes.items",
        "Criteria decided",
        "count",
        "disputed criteria with a decision, of their own or of the dispute",
    ),
    metric(
        "disputes.item_overturn_rate",
        "Criteria overturned",
        "share",
        "disputed criteria overturned, in full or in part / criteria decided",
        interval="ratio estimator 95 %, disputes as clusters",
        undefined="no disputed criterion is decided",
        higher_is="worse",
    ),
    metric(
        "disputes.disputable",
        "Disputable",
        "count",
        "evaluations (of challenged audits: audits) disputed, or released with the time to dispute elapsed",
        undefined="no source says what was released",
        version=2,
    ),
    metric(
        "disputes.dispute_rate",
        "Dispute rate",
        "share",
        "evaluations, or audits, disputed / disputable",
        interval=_WILSON,
        undefined="nothing could be disputed yet, or no source says what was released",
        version=2,
    ),
    metric("open_disputes.days", "Age", "days", "time since it was opened"),
    metric("open_disputes.items", "Criteria", "count", "criteria it names; 0: the whole evaluation"),
)

_CALIBRATION = (
    metric("calibration.sessions", "Sessions", "count", "sessions in which the criterion was answered (units)"),
    metric(
        "calibration.ratings", "Ratings", "count", "answers with a value, late ones included, what was agreed left out"
    ),
    metric(
        "calibration.alpha",
        "Alpha",
        "coefficient",
        "Krippendorff's alpha over sessions; ordinal where the form's scale has an order, else nominal",
        interval="jackknife 95 % over sessions",
        undefined="no session with two answers, or one value only",
        source="Krippendorff 2011",
        higher_is="better",
    ),
    metric(
        "calibration.ac2",
        "AC2",
        "coefficient",
        "Gwet's AC2 over sessions, on the form's scale: ordinal weights where it has an order, else AC1",
        interval="t 95 %, linearised",
        undefined="no session with two answers",
        source="Gwet 2014",
        higher_is="better",
    ),
    metric("calibration.compared", "Compared", "count", "answers compared with what the session agreed"),
    metric(
        "calibration.agreed",
        "As agreed",
        "share",
        "answers equal to what the session agreed / answers compared",
        interval="ratio estimator 95 %, sessions as clusters",
        undefined="no session agreed on an answer",
        higher_is="better",
    ),
    metric("sessions.invited", "Invited", "count", "people invited or taking part, who agreed the answer left out"),
    metric("sessions.done", "In time", "count", "people who scored in time"),
    metric("sessions.late", "Late", "count", "people who scored late; they count"),
    metric("sessions.missing", "Missing", "count", "people invited who have not scored"),
    metric("sessions.completion", "Completion", "share", "(in time + late) / invited", undefined="nobody invited"),
    metric("sessions.compared", "Compared", "count", "criteria compared with what was agreed"),
    metric(
        "sessions.agreed",
        "As agreed",
        "share",
        "criteria answered as agreed / criteria compared",
        interval=_CLUSTER,
        undefined="nothing was agreed",
        higher_is="better",
    ),
    metric(
        "sessions.deviation",
        "Mean |Δ|",
        "points",
        "mean |score - agreed score| before auto-fail, in points, late ones included",
        undefined="nothing was agreed, or no scores",
        higher_is="worse",
    ),
)

_PEOPLE = (
    metric("auditors.audits", "Audits", "count", "audits that could be compared"),
    metric("auditors.auditees", "Auditees", "count", "different people audited"),
    metric("auditors.weeks", "Weeks", "count", "weeks with an audit"),
    metric("auditors.pace", "Audits a week", "score", "audits / weeks with an audit"),
    metric("auditors.shared", "Shared", "count", "evaluations that another auditor audited, too"),
    metric("auditors.shared_items", "Shared items", "count", "criteria that both auditors answered"),
    metric(
        "auditors.agreement",
        "With other auditors",
        "share",
        "criteria answered as the other auditor did / criteria both answered",
        interval=_CLUSTER,
        version=2,
        undefined="no evaluation audited by another, too; hidden below n_min shared pairs",
        higher_is="better",
    ),
    metric("auditors.decided", "Disputes decided", "count", "disputes of own audits that were decided"),
    metric(
        "auditors.overturn_rate",
        "Overturned",
        "share",
        "disputes of own audits overturned / decided",
        interval=_WILSON,
        undefined="none was decided",
        higher_is="worse",
    ),
    metric(
        "auditors.gap",
        "Anchoring gap",
        "share",
        "defect-free share of audits that are not blind - of blind ones",
        interval="Newcombe 95 %",
        undefined="one of the two kinds has fewer than n_min pairs",
    ),
    metric("blind.blind_pairs", "Blind", "count", "pairs whose audit is proven to be blind"),
    metric("blind.open_pairs", "Not blind", "count", "pairs whose audit is proven not to be blind"),
    metric("blind.unknown_pairs", "Unknown", "count", "pairs of which nothing proves either; in no gap"),
    metric(
        "blind.blind_free",
        "Defect-free, blind",
        "share",
        "blind pairs without any disagreement / blind pairs",
        interval=_WILSON + FINITE,
        version=2,
        undefined=_HIDDEN,
        higher_is="better",
    ),
    metric(
        "blind.open_free",
        "Defect-free, not blind",
        "share",
        "pairs that are not blind without any disagreement / such pairs",
        interval=_WILSON + FINITE,
        version=2,
        undefined=_HIDDEN,
        higher_is="better",
    ),
    metric(
        "blind.gap",
        "Anchoring gap",
        "share",
        "defect-free not blind - defect-free blind: above 0, who sees the answer agrees with it",
        interval="Newcombe 95 %",
        undefined="one of the two kinds has fewer than n_min pairs",
    ),
    metric("repeats.pairs", "Repeats", "count", "pairs of two scorings of one item by one person (n)"),
    metric("repeats.items", "Items", "count", "criteria answered both times"),
    metric(
        "repeats.agreement",
        "With oneself",
        "share",
        "criteria answered as the first time / criteria answered both times",
        interval=_CLUSTER,
        undefined="no criteria answered both times",
        higher_is="better",
    ),
    metric("repeats.gap", "Days between", "days", "mean time between the two scorings"),
)

_POOLS = (
    metric("pools.pairs_a", "Pairs, first", "count", "pairs of the first site"),
    metric("pools.pairs_b", "Pairs, second", "count", "pairs of the second site"),
    metric(
        "pools.accuracy",
        "Δ line accuracy",
        "share",
        "line accuracy of the first site - of the second",
        interval=_MOVER,
        undefined="fewer than n_min pairs on a side",
    ),
    metric(
        "pools.leniency",
        "Δ leniency",
        "points",
        "mean leniency of the first site - of the second",
        interval=_MOVER,
        undefined="fewer than n_min scored pairs on a side",
    ),
    metric("pools.defects_a", "Case mix, first", "share", "answers with a defect by the auditor / answers, first site"),
    metric(
        "pools.defects_b", "Case mix, second", "share", "answers with a defect by the auditor / answers, second site"
    ),
    metric(
        "pools.shared", "Shared items", "count", "criteria of calibration sessions that people of both sites answered"
    ),
    metric(
        "pools.shared_agreement",
        "Agreement on shared",
        "share",
        "pairs of answers, one of each site, that agree on defect or not / such pairs, over shared items",
        undefined="no shared items",
        higher_is="better",
    ),
    metric(
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
    metric("sampling.evaluations", "Evaluations", "count", "evaluations that could be audited (N), before any filter"),
    metric("sampling.audits", "Audited", "count", "of these, audited (n)"),
    metric(
        "sampling.targeted",
        "Targeted",
        "count",
        "of the audits, those picked on purpose; they speak for themselves only",
    ),
    metric("sampling.coverage", "Coverage", "share", "audited / evaluations"),
    metric(
        "sampling.margin",
        "Precision ±",
        "share",
        "z sqrt(p (1 - p) / n) sqrt((N - n) / (N - 1)), n without targeted audits, p the report's defect-free share",
        undefined="no audits",
    ),
    metric(
        "sampling.needed",
        "For ± 10 points",
        "reviews",
        "n0 = z^2 p (1 - p) / .1^2, n0 / (1 + (n0 - 1) / N) rounded up, p the report's defect-free share",
    ),
    metric(
        "sampling.planned",
        "Plan of a week",
        "reviews",
        "the report's audits of a mean week, shared in proportion to evaluations by largest remainders, one each first "
        "where there are enough",
    ),
    metric("quotas.target", "Target", "count", "units wanted, once a week, stratum, assignee and way of picking"),
    metric(
        "quotas.frame",
        "Frame",
        "count",
        "units that the sample was drawn from (N), before any filter, once a week, stratum and way of picking",
        version=2,
    ),
    metric("quotas.drawn", "Drawn", "count", "units that were picked, replacements included"),
    metric(
        "quotas.done", "Done", "count", "picked evaluations that were audited, picked interactions that were evaluated"
    ),
    metric("quotas.replaced", "Replaced", "count", "picked, not done, and another unit took the place"),
    metric("quotas.skipped", "Skipped", "count", "picked, not done, with a reason and nothing in its place"),
    metric("quotas.waiting", "Waiting", "count", "picked, not done, not yet due or without a day"),
    metric("quotas.overdue", "Overdue", "count", "picked, not done, due by now"),
    metric("quotas.fulfilled", "Of target", "share", "done / target", undefined="no target"),
    metric(
        "quotas.margin",
        "Precision ±",
        "share",
        "z sqrt(p (1 - p) / n) sqrt((N - n) / (N - 1)), n done of the frame N, p the programme's defect-free share",
        undefined="nothing done",
    ),
    metric("next_sample.place", "Place", "count", "order of selection in the stratum, by hash of seed and interaction"),
)

_STRATIFIED = "Wilson 95 % for what the stratified ratio's variance is worth; strata with one audit collapsed"
_WEIGHTED = (
    metric("weighted.evaluations", "Evaluations", "count", "evaluations that could be audited (N)"),
    metric("weighted.pairs", "Pairs", "count", "pairs with criteria compared, targeted audits apart (n)"),
    metric("weighted.strata", "Strata", "count", "evaluators and queues with evaluations"),
    metric("weighted.unaudited", "Without audit", "count", "strata without an audit: nothing is known of them"),
    metric("weighted.covered", "Covered", "share", "evaluations in strata with an audit / evaluations"),
    metric(
        "weighted.plain", "Plain accuracy", "share", "criteria answered alike / criteria compared", undefined=_HIDDEN
    ),
    metric(
        "weighted.line_accuracy",
        "Weighted accuracy",
        "share",
        "sum w x / sum w m, w = N_h / n_h, x criteria answered alike, m criteria compared, strata with an audit",
        interval=_STRATIFIED,
        undefined=_HIDDEN,
        source="Cochran 1977, §6.11",
        higher_is="better",
    ),
    metric(
        "weighted.defect_free",
        "Weighted defect-free",
        "share",
        "share of pairs without any disagreement, each weighted by N_h / n_h, strata with an audit",
        interval=_STRATIFIED,
        undefined=_HIDDEN,
        source="Cochran 1977, §5A",
        higher_is="better",
    ),
    metric(
        "weighted.effect",
        "Effect of weights",
        "score",
        "n sum w² / (sum w)²: 1 where audits are in proportion to evaluations; so many times fewer they are worth",
        undefined="no pairs",
        source="Kish 1965",
    ),
)

_ACTIONS = (
    metric("actions.pairs", "Pairs", "count", "pairs with such answers (n)"),
    metric("actions.answers", "Answers", "count", "answers with a level on both sides, forms of growing severity"),
    metric(
        "actions.over",
        "Over-enforced",
        "share",
        "the auditee acted and the auditor would not / answers; the lowest option is no action",
        interval=f"{_CLUSTERED}{FINITE}",
        version=2,
        undefined=_HIDDEN,
        higher_is="worse",
    ),
    metric(
        "actions.under",
        "Under-enforced",
        "share",
        "the auditee did not act and the auditor would / answers",
        interval=f"{_CLUSTERED}{FINITE}",
        version=2,
        undefined=_HIDDEN,
        higher_is="worse",
    ),
    metric(
        "actions.wrong_selection",
        "Wrong action",
        "share",
        "both act, differently / answers",
        interval=f"{_CLUSTERED}{FINITE}",
        version=2,
        undefined=_HIDDEN,
        higher_is="worse",
    ),
)

_DISAGREEMENTS = (
    metric(
        "disagreements.delta",
        "Δ",
        "points",
        "auditee's points - auditor's points; levels where the form has no points",
        undefined="an answer has no value",
    ),
)

OF_TABS: tuple[Metric, ...] = (
    *_AS_PUBLISHED,
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
    *_WEIGHTED,
    *_ACTIONS,
    *_DISAGREEMENTS,
)

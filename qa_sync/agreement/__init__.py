"""Agreement between people who judged the same things: coefficients, intervals and what small samples allow.

Everything is computed from counts (one bincount for all evaluators at once), takes the scale from the form and
never from the data, and says why when a number is undefined. It imports nothing of the store, the settings or the
network, and pandas only where frames come in::

    import qa_sync.agreement as agreement

    agreement.agreement("ours", "theirs", levels=["pass", "minor", "fail"], frame=pairs, by="evaluator")
    agreement.cohen_kappa([[118, 5], [2, 0]])[0]

``agreement.agreement`` is also what ``qa_sync.agreement(...)`` calls.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from qa_sync.agreement.allocation import allocate, hash_key, select_by_hash, stratified_proportion
from qa_sync.agreement.benchmark_words import BENCHMARK_SCALES, BenchmarkWord, benchmark_word
from qa_sync.agreement.charts import Chart, p_chart, western_electric, xmr_chart
from qa_sync.agreement.contrasts import Contrast, contrast, mean_difference, welch_p
from qa_sync.agreement.counts import (
    MISSING,
    coincidences,
    coincidences_from_counts,
    confusion,
    rater_counts,
    rater_counts_long,
)
from qa_sync.agreement.critical import (
    ActionErrors,
    CriticalErrors,
    action_errors,
    critical_errors,
    non_critical_accuracy,
)
from qa_sync.agreement.deltas import Differences, bootstrap_bias, differences, leniency, within_tolerance
from qa_sync.agreement.dirichlet import (
    DEFAULT_DRAWS,
    DEFAULT_SEED,
    default_prior,
    dirichlet_intervals,
    with_dirichlet_interval,
)
from qa_sync.agreement.disputes import DisputeRates, dispute_rates
from qa_sync.agreement.drift import Cusum, Ewma, benjamini_hochberg, cusum, ewma, standardise
from qa_sync.agreement.drift_states import DriftStates, drift_states
from qa_sync.agreement.estimate import Batch, Estimate
from qa_sync.agreement.frames import agreement, mean_delta
from qa_sync.agreement.intraclass import ICC_FORMS, Icc, icc
from qa_sync.agreement.items import alignment, defect_free, line_item_accuracy
from qa_sync.agreement.kappa_tests import KappaTest, ParadoxIndices, kappa_test, paradox_indices
from qa_sync.agreement.krippendorff import alpha_from_coincidences, krippendorff_alpha, weighted_alpha
from qa_sync.agreement.latent_class import DawidSkene, dawid_skene
from qa_sync.agreement.limits import Limits, limits_of_agreement
from qa_sync.agreement.lin import Concordance, concordance
from qa_sync.agreement.many_raters import (
    MANY_RATER_COEFFICIENTS,
    ItemRatings,
    fleiss_null_z,
    many_rater_agreement,
)
from qa_sync.agreement.metrics import METRIC_DEFINITIONS, Metric, metric
from qa_sync.agreement.pools import cross_reliability, cross_reliability_interval, normalised_cross_reliability
from qa_sync.agreement.proportions import (
    clopper_pearson,
    finite_population_factor,
    proportion,
    proportion_difference,
    wilson,
)
from qa_sync.agreement.ranking import Ranks, rank_claims
from qa_sync.agreement.resampling import alpha_interval, many_rater_interval, resampled_interval
from qa_sync.agreement.sample_size import (
    achievable_margin,
    exact_sample_size,
    hypergeometric_interval,
    kappa_sample_size,
    kappa_test_sample_size,
    krejcie_morgan,
    proportion_sample_size,
    zero_failures,
)
from qa_sync.agreement.selection import SelectionBias, selection_bias
from qa_sync.agreement.severity import Severity, connected_components, crossed_severity
from qa_sync.agreement.shrinkage import (
    JamesStein,
    Shrunken,
    james_stein,
    rankable,
    shrink_means,
    shrink_proportions,
    within_variance,
)
from qa_sync.agreement.stratified import stratified_ratio
from qa_sync.agreement.survival import Survival, kaplan_meier
from qa_sync.agreement.two_raters import (
    TWO_RATER_COEFFICIENTS,
    bangdiwala_b,
    brennan_prediger,
    cohen_kappa,
    gwet_ac,
    percent_agreement,
    scott_pi,
    two_rater_agreement,
)
from qa_sync.agreement.variance_components import ReplicatedIcc, replicated_icc
from qa_sync.agreement.wald import with_wald_interval
from qa_sync.agreement.weights import WEIGHT_FAMILIES, cost_weights, weight_matrix
from qa_sync.agreement.windows import rolling_sums, week_numbers

__all__ = [
    "BENCHMARK_SCALES",
    "DEFAULT_DRAWS",
    "DEFAULT_SEED",
    "ICC_FORMS",
    "MANY_RATER_COEFFICIENTS",
    "METRIC_DEFINITIONS",
    "MISSING",
    "TWO_RATER_COEFFICIENTS",
    "WEIGHT_FAMILIES",
    "ActionErrors",
    "Batch",
    "BenchmarkWord",
    "Chart",
    "Concordance",
    "Contrast",
    "CriticalErrors",
    "Cusum",
    "DawidSkene",
    "Differences",
    "DisputeRates",
    "DriftStates",
    "Estimate",
    "Ewma",
    "Icc",
    "ItemRatings",
    "JamesStein",
    "KappaTest",
    "Limits",
    "Metric",
    "ParadoxIndices",
    "Ranks",
    "ReplicatedIcc",
    "SelectionBias",
    "Severity",
    "Shrunken",
    "Survival",
    "achievable_margin",
    "action_errors",
    "agreement",
    "alignment",
    "allocate",
    "alpha_from_coincidences",
    "alpha_interval",
    "bangdiwala_b",
    "benchmark_word",
    "benjamini_hochberg",
    "bootstrap_bias",
    "brennan_prediger",
    "clopper_pearson",
    "cohen_kappa",
    "coincidences",
    "coincidences_from_counts",
    "concordance",
    "confusion",
    "connected_components",
    "contrast",
    "cost_weights",
    "critical_errors",
    "cross_reliability",
    "cross_reliability_interval",
    "crossed_severity",
    "cusum",
    "dawid_skene",
    "default_prior",
    "defect_free",
    "differences",
    "dirichlet_intervals",
    "dispute_rates",
    "drift_states",
    "ewma",
    "exact_sample_size",
    "finite_population_factor",
    "fleiss_null_z",
    "gwet_ac",
    "hash_key",
    "hypergeometric_interval",
    "icc",
    "james_stein",
    "kaplan_meier",
    "kappa_sample_size",
    "kappa_test",
    "kappa_test_sample_size",
    "krejcie_morgan",
    "krippendorff_alpha",
    "leniency",
    "limits_of_agreement",
    "line_item_accuracy",
    "many_rater_agreement",
    "many_rater_interval",
    "mean_delta",
    "mean_difference",
    "metric",
    "non_critical_accuracy",
    "normalised_cross_reliability",
    "p_chart",
    "paradox_indices",
    "percent_agreement",
    "proportion",
    "proportion_difference",
    "proportion_sample_size",
    "rank_claims",
    "rankable",
    "rater_counts",
    "rater_counts_long",
    "replicated_icc",
    "resampled_interval",
    "rolling_sums",
    "scott_pi",
    "select_by_hash",
    "selection_bias",
    "shrink_means",
    "shrink_proportions",
    "standardise",
    "stratified_proportion",
    "stratified_ratio",
    "two_rater_agreement",
    "week_numbers",
    "weight_matrix",
    "weighted_alpha",
    "welch_p",
    "western_electric",
    "wilson",
    "with_dirichlet_interval",
    "with_wald_interval",
    "within_tolerance",
    "within_variance",
    "xmr_chart",
    "zero_failures",
]


class _CallableModule(ModuleType):
    """Lets ``qa_sync.agreement(...)`` be the library call and ``qa_sync.agreement.cohen_kappa`` stay importable."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call :func:`qa_sync.agreement.frames.agreement`."""
        return agreement(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule

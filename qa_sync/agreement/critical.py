"""Critical errors: did the auditee find what the auditor found? And what was done: actions over and under.

A missed auto-fail is not a false auto-fail: accuracy alone hides which, so sensitivity and precision stand
beside it. The COPC-style definition is assumed (the standard's text was not available) and labelled so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.estimate import Batch, Ints
from qa_sync.agreement.proportions import ProportionMethod, proportion


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CriticalErrors:
    """Audit of one class of critical errors per group, Batches (G,).

    Attributes:
        accuracy: pairs in which both sides agree on every critical item of the class / pairs.
        sensitivity: critical pairs of the auditor in which the auditee found one too; undefined without any.
        precision: critical pairs of the auditee that the auditor confirms; undefined without any.
        miss: CRITICAL_MISS / pairs: the auditor failed the interaction, the auditee did not.
        false: CRITICAL_FALSE / pairs: the reverse.
        missed: number of misses (G,).
        falsely: number of false ones (G,).
    """

    accuracy: Batch
    sensitivity: Batch
    precision: Batch
    miss: Batch
    false: Batch
    missed: Ints
    falsely: Ints


def critical_errors(
    auditee_found: ArrayLike,
    auditor_found: ArrayLike,
    agreed: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    n_groups: int = 1,
    *,
    method: ProportionMethod = "wilson",
    level: float = 0.95,
) -> CriticalErrors:
    """Return the audit of one error class from whether each side found an error of it in each pair.

    Args:
        auditee_found: bool (n,).
        auditor_found: bool (n,).
        agreed: bool (n,), whether both agree on *every* critical item of the class; default: both found one or
            neither did. Two different fatals are found by both and still not agreed.
        groups: group codes (n,) in 0..n_groups-1.
        n_groups: number of groups.
        method: "wilson", or "clopper_pearson" for contracts.
        level: confidence level.
    """
    ours, theirs = np.asarray(auditee_found, dtype=bool), np.asarray(auditor_found, dtype=bool)
    same = ours == theirs if agreed is None else np.asarray(agreed, dtype=bool)
    group = np.zeros(len(ours), dtype=np.intp) if groups is None else np.asarray(groups).astype(np.intp)
    if not len(ours) == len(theirs) == len(same) == len(group):
        msg = f"critical errors: {len(ours)}, {len(theirs)}, {len(same)} and {len(group)} values; give one per pair"
        raise ValueError(msg)

    def count(of: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Ints:
        return np.bincount(group[of], minlength=n_groups)

    n, both = np.bincount(group, minlength=n_groups), count(ours & theirs)
    missed, falsely = count(theirs & ~ours), count(ours & ~theirs)
    none_found = "undefined: no critical error found by the {}"
    return CriticalErrors(
        accuracy=proportion(count(same), n, method=method, level=level),
        sensitivity=proportion(both, count(theirs), method=method, level=level, empty=none_found.format("auditor")),
        precision=proportion(both, count(ours), method=method, level=level, empty=none_found.format("auditee")),
        miss=proportion(missed, n, method=method, level=level),
        false=proportion(falsely, n, method=method, level=level),
        missed=missed,
        falsely=falsely,
    )


def non_critical_accuracy(defects: ArrayLike, opportunities: ArrayLike, level: float = 0.95) -> Batch:
    """Return 1 - defects / opportunities per group (G,), Wilson interval (assumed COPC-style definition)."""
    asked = np.atleast_1d(np.asarray(opportunities, dtype=np.float64))
    return proportion(asked - np.atleast_1d(np.asarray(defects, dtype=np.float64)), asked, level=level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActionErrors:
    """Enforcement against the auditor's answer, shares of all pairs per table (G,), Wilson intervals."""

    over: Batch
    under: Batch
    wrong_selection: Batch


def action_errors(tables: ArrayLike, no_action: int = 0, level: float = 0.95) -> ActionErrors:
    """Return over-enforcement, under-enforcement and wrong-selection rates of tables (G, q, q) or (q, q).

    Over: the auditee acted, the auditor would not. Under: the reverse. Wrong selection: both act, differently.

    Args:
        tables: counts, auditee in rows.
        no_action: position of the label that means "no action".
        level: confidence level.
    """
    counts = np.asarray(tables)
    counts = counts[None] if counts.ndim == 2 else counts
    if not 0 <= no_action < counts.shape[1]:
        msg = f"action errors: no_action {no_action} is not a label of 0..{counts.shape[1] - 1}"
        raise ValueError(msg)
    n = counts.sum(axis=(1, 2))
    agreed = np.trace(counts, axis1=1, axis2=2)
    over = counts[:, :, no_action].sum(axis=1) - counts[:, no_action, no_action]
    under = counts[:, no_action, :].sum(axis=1) - counts[:, no_action, no_action]
    return ActionErrors(
        over=proportion(over, n, level=level),
        under=proportion(under, n, level=level),
        wrong_selection=proportion(n - agreed - over - under, n, level=level),
    )

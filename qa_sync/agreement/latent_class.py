"""Dawid and Skene (1979): the likely true level of every item and the confusion of every rater, without gold.

For calibrations with many raters and no agreed answer. It believes in the majority: where most raters share an
error, so does it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.estimate import Floats

_FLOOR = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DawidSkene:
    """The fit by EM.

    Attributes:
        prevalence: share of items truly at each level (q,).
        confusion: per rater, P(answer l | true level k), (raters, q, q) with true levels in rows; a level that a
            rater never met has a uniform row.
        posterior: P(true level) of every item (items, q).
        log_likelihood: of the ratings at the end.
        iterations: rounds of EM used.
        converged: whether they were enough.
    """

    prevalence: Floats
    confusion: Floats
    posterior: Floats
    log_likelihood: float
    iterations: int
    converged: bool


def dawid_skene(
    items: ArrayLike,
    raters: ArrayLike,
    levels: ArrayLike,
    *,
    n_items: int,
    n_raters: int,
    n_levels: int,
    tolerance: float = 1e-8,
    max_iterations: int = 1000,
) -> DawidSkene:
    """Fit the latent class model to one row per rating; a rater may rate an item several times.

    Args:
        items: item codes (m,), 0..n_items-1; items without ratings get the prevalence as posterior.
        raters: rater codes (m,), 0..n_raters-1.
        levels: level codes (m,), 0..n_levels-1.
        n_items: number of items.
        n_raters: number of raters.
        n_levels: levels of the form's scale.
        tolerance: relative change of the log likelihood at which to stop.
        max_iterations: rounds at most.
    """
    item, rater, level = (np.asarray(codes).astype(np.intp) for codes in (items, raters, levels))
    if not len(item) == len(rater) == len(level) or not len(item):
        msg = f"dawid_skene: {len(item)} items, {len(rater)} raters, {len(level)} levels; give one of each per rating"
        raise ValueError(msg)
    votes = np.bincount(item * n_levels + level, minlength=n_items * n_levels).reshape(n_items, n_levels)
    rated = votes.sum(axis=1) > 0
    posterior = np.where(rated[:, None], votes / np.maximum(votes.sum(axis=1, keepdims=True), 1), 1 / n_levels)
    # The same (rater, answer) column is used by many ratings: add posteriors per column, one true level at a time.
    column = rater * n_levels + level
    before, likelihood, iterations, converged = -np.inf, -np.inf, 0, False
    prevalence = posterior[rated].mean(axis=0)
    confusion = np.empty((n_raters, n_levels, n_levels))
    while not converged and iterations < max_iterations:
        iterations += 1
        prevalence = posterior[rated].mean(axis=0)
        for truth in range(n_levels):
            sums = np.bincount(column, weights=posterior[item, truth], minlength=n_raters * n_levels)
            confusion[:, truth, :] = sums.reshape(n_raters, n_levels)
        met = confusion.sum(axis=2, keepdims=True)
        confusion = np.where(met > _FLOOR, confusion / np.maximum(met, _FLOOR), 1 / n_levels)
        log_answer = np.log(np.maximum(confusion, _FLOOR))
        log_joint = np.tile(np.log(np.maximum(prevalence, _FLOOR)), (n_items, 1))
        for truth in range(n_levels):
            log_joint[:, truth] += np.bincount(item, weights=log_answer[rater, truth, level], minlength=n_items)
        top = log_joint.max(axis=1, keepdims=True)
        joint = np.exp(log_joint - top)
        posterior = joint / joint.sum(axis=1, keepdims=True)
        likelihood = float((top[:, 0] + np.log(joint.sum(axis=1)))[rated].sum())
        converged = abs(likelihood - before) <= tolerance * max(1.0, abs(likelihood))
        before = likelihood
    return DawidSkene(
        prevalence=prevalence,
        confusion=confusion,
        posterior=posterior,
        log_likelihood=likelihood,
        iterations=iterations,
        converged=converged,
    )

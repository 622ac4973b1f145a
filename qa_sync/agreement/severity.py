"""Severity of raters apart from the difficulty of what they rated: the crossed additive model.

score = mean + item + rater (+ criterion), fitted by back-fitting with bincounts over all overlapping ratings
(calibrations and audits of auditors). Severities are comparable only inside a connected component of the graph
of raters and items: two raters that share no chain of items cannot be compared, whatever the numbers say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qa_sync.agreement.estimate import NO_DATA, Floats, Ints, Texts, divide, reasons


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Severity:
    """The fit. Rater arrays are (raters,), item arrays (items,).

    Attributes:
        rater: effect of each rater on the score, mean 0 over the raters of a component; NaN without ratings. On a
            form where higher is better a positive effect is lenient.
        se: rough standard error of it, residual sd / sqrt(n): it takes the items' effects as known. NaN where the
            scores are no more than the effects that explain them, or the effects explain everything.
        n: ratings of each rater.
        component: which connected component a rater belongs to (0, 1, ... by size, the largest first), -1 without.
        reason: why a rater has no effect: no ratings, or alone (shares no item with anybody).
        item: effect of each item, NaN without ratings.
        criterion: effect of each criterion, mean 0, or empty.
        mean: mean of all scores.
        residual_sd: of the fit, NaN where nothing is left over.
        iterations: rounds of back-fitting used.
        converged: whether they were enough.
    """

    rater: Floats
    se: Floats
    n: Ints
    component: Ints
    reason: Texts
    item: Floats
    criterion: Floats
    mean: float
    residual_sd: float
    iterations: int
    converged: bool


def crossed_severity(
    items: ArrayLike,
    raters: ArrayLike,
    scores: ArrayLike,
    criteria: ArrayLike | None = None,
    *,
    n_items: int,
    n_raters: int,
    n_criteria: int = 0,
    tolerance: float = 1e-7,
    max_iterations: int = 500,
) -> Severity:
    """Fit the additive model to one row per rating.

    Args:
        items: item codes (m,), 0..n_items-1.
        raters: rater codes (m,), 0..n_raters-1.
        scores: scores (m,); rows with a gap are left out.
        criteria: criterion codes (m,), or None.
        n_items: number of items.
        n_raters: number of raters.
        n_criteria: number of criteria.
        tolerance: largest change of a rater's effect, in standard deviations of the scores, at which to stop.
        max_iterations: rounds at most; chains of raters that hardly overlap need many.
    """
    y = np.asarray(scores, dtype=np.float64)
    keep = np.isfinite(y)
    y = y[keep]
    item, rater = np.asarray(items)[keep].astype(np.intp), np.asarray(raters)[keep].astype(np.intp)
    third = None if criteria is None else np.asarray(criteria)[keep].astype(np.intp)
    n = np.bincount(rater, minlength=n_raters)
    in_item = np.bincount(item, minlength=n_items)
    component = connected_components(item, rater, n_items, n_raters)
    mean = float(y.mean()) if len(y) else float("nan")
    rest = y - mean if len(y) else y
    scale = float(rest.std()) if len(y) else 0.0
    a, b = np.zeros(n_items), np.zeros(n_raters)
    c = np.zeros(n_criteria if third is not None else 0)
    n_third = np.bincount(third, minlength=n_criteria) if third is not None else None
    divisor_item, divisor_rater = np.maximum(in_item, 1), np.maximum(n, 1)
    iterations, converged = 0, not len(y) or scale == 0
    while not converged and iterations < max_iterations:
        iterations += 1
        other = rest if third is None else rest - c[third]
        a = np.bincount(item, weights=other - b[rater], minlength=n_items) / divisor_item
        new = np.bincount(rater, weights=other - a[item], minlength=n_raters) / divisor_rater
        if third is not None and n_third is not None:
            c = np.bincount(third, weights=rest - a[item] - new[rater], minlength=n_criteria) / np.maximum(n_third, 1)
            c -= c[n_third > 0].mean()
        converged = float(np.abs(new - b).max()) <= tolerance * scale
        b = new
    residual = rest - a[item] - b[rater] - (0.0 if third is None else c[third])
    # Free effects: every component of the graph, and the criteria, each leave one to the others.
    used = int((in_item > 0).sum() + (n > 0).sum() - (component.max(initial=-1) + 1))
    used += 0 if n_third is None else max(0, int((n_third > 0).sum()) - 1)
    # As many effects as scores fit anything: what is left over is then no measure of doubt.
    sd = float(np.sqrt(residual @ residual / (len(y) - used))) if len(y) > used else float("nan")
    level = _levels(b, component, n > 0)
    b = np.where(n > 0, b - level[component], b)
    a += _of_items(level, component, item, rater, n_items)
    alone = (n > 0) & (np.bincount(component[n > 0], minlength=n_raters + 1)[component] == 1)
    b[alone] = np.nan
    return Severity(
        rater=np.where(n > 0, b, np.nan),
        # A fit without any rest does not make its effects certain: a width of 0 is not knowledge.
        se=np.where(alone | np.full(n_raters, not sd > 1e-6 * scale), np.nan, divide(sd, np.sqrt(n))),
        n=n,
        component=component,
        reason=reasons(
            n_raters, (n == 0, NO_DATA), (alone, "undefined: shares no item with another rater, even by a chain")
        ),
        item=np.where(in_item > 0, a, np.nan),
        criterion=c,
        mean=mean,
        residual_sd=sd,
        iterations=iterations,
        converged=converged,
    )


def connected_components(items: ArrayLike, raters: ArrayLike, n_items: int, n_raters: int) -> Ints:
    """Return the component of every rater (raters,) in the graph of raters and items; -1 without ratings.

    Components are numbered by the number of their raters, the largest 0, ties by the first rater: the numbers
    do not depend on the order of the rows.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components as label

    item, rater = np.asarray(items).astype(np.intp), np.asarray(raters).astype(np.intp)
    size = n_raters + n_items
    graph = coo_array((np.ones(len(item), dtype=np.int8), (rater, n_raters + item)), shape=(size, size))
    _, labels = label(graph, directed=False)
    own = labels[:n_raters].astype(np.int64)
    present = np.bincount(rater, minlength=n_raters) > 0
    out = np.full(n_raters, -1, dtype=np.int64)
    names, first, place, count = np.unique(own[present], return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -count))
    number = np.empty(len(names), dtype=np.int64)
    number[order] = np.arange(len(names))
    out[present] = number[place]
    return out


def _levels(effects: Floats, component: Ints, present: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Floats:
    """Return the mean effect of the raters of every component, and a 0 for raters without one (component -1)."""
    place = component[present]
    means = divide(np.bincount(place, weights=effects[present]), np.bincount(place)) if len(place) else np.zeros(0)
    return np.append(means, 0.0)


def _of_items(level: Floats, component: Ints, item: NDArray[np.intp], rater: NDArray[np.intp], n_items: int) -> Floats:
    """Return what the items of every component take over from its raters, so that the sum of both stays the fit."""
    taken = np.zeros(n_items)
    taken[item] = level[component[rater]]
    return taken

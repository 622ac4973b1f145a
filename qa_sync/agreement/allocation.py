"""Who is audited: a budget over strata with no review lost to rounding, drawn by hash, weighted back afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from qa_sync.agreement.estimate import NO_DATA, Estimate, Ints
from qa_sync.agreement.proportions import require_room


def allocate(population: ArrayLike, total: int, *, minimum: int = 0, spread: ArrayLike | None = None) -> Ints:
    """Return how many of ``total`` audits each stratum gets, (strata,): a minimum each, then proportional or Neyman.

    The rest after the minimum is shared in proportion to N_h, or N_h s_h when ``spread`` s_h is given, by largest
    remainders (ties: the larger stratum, then the earlier). No stratum gets more than it holds; what it cannot take
    goes to the others. The sum is ``total``, or the whole population if that is less.

    Args:
        population: sizes N_h (strata,).
        total: audits to give.
        minimum: audits every stratum gets first, where it holds so many.
        spread: standard deviations s_h (strata,), for Neyman's allocation.

    Raises:
        ValueError: the minimum alone exceeds the total.

    >>> allocate([70, 20, 10], 15, minimum=2).tolist()
    [8, 4, 3]
    """
    sizes = np.asarray(population, dtype=np.int64)
    weight = sizes.astype(np.float64) if spread is None else sizes * np.asarray(spread, dtype=np.float64)
    given = np.minimum(sizes, minimum)
    if given.sum() > total:
        needed = int(given.sum())
        msg = f"allocate: a minimum of {minimum} in {len(sizes)} strata needs {needed} audits, there are {total}"
        raise ValueError(msg)
    target = min(total, int(sizes.sum()))
    while given.sum() < target:
        room = sizes - given
        share = np.where(room > 0, weight, 0.0)
        if share.sum() <= 0:  # only strata without spread have room left: share by size
            share = room.astype(np.float64)
        given = given + _largest_remainders(share, target - int(given.sum()), room)
    return np.asarray(given)


def _largest_remainders(share: NDArray[np.float64], total: int, room: Ints) -> Ints:
    """Split ``total`` in proportion to ``share``; parts beyond ``room`` are cut and stay for the next round."""
    exact = share / share.sum() * total
    part = np.floor(exact).astype(np.int64)
    order = np.lexsort((np.arange(len(share)), -share, -(exact - part)))
    part[order[: total - int(part.sum())]] += 1
    return np.asarray(np.minimum(part, room))


def select_by_hash(ids: Sequence[str], count: int, seed: str | int) -> list[str]:
    """Return ``count`` of the ids, chosen by the smallest hash of (seed, id): reproducible, auditable, order-free.

    Adding interactions never reshuffles the others. Ids are interaction ids; every id counts once.

    >>> select_by_hash(["a", "b", "c"], 2, seed=7) == select_by_hash(["c", "b", "a"], 2, seed=7)
    True
    """
    return sorted(set(ids), key=lambda one: hash_key(one, seed))[: max(count, 0)]


def hash_key(interaction_id: str, seed: str | int) -> str:
    """Return the hexadecimal digest that orders the selection; publish it, and anybody can check a sample."""
    return hashlib.sha256(f"{seed}\x1f{interaction_id}".encode()).hexdigest()


def stratified_proportion(x: ArrayLike, n: ArrayLike, population: ArrayLike, level: float = 0.95) -> Estimate:
    """Return the rate of the whole population from a stratified sample: weights N_h / n_h, never the plain mean.

    Args:
        x: successes per stratum.
        n: audits per stratum.
        population: sizes N_h.
        level: confidence level.

    Returns:
        Undefined when a stratum that holds interactions has no audit: the sample then says nothing about it. No
        interval where nothing varies within strata and not everything was audited: a width of 0 is not knowledge.

    Raises:
        ValueError: a stratum has more audits than interactions.
    """
    x, n = np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64)
    size = np.asarray(population, dtype=np.float64)
    require_room(n, size)
    blind = int(((n == 0) & (size > 0)).sum())
    if not n.sum() or blind:
        reason = f"undefined: {blind} strata without an audit" if n.sum() else NO_DATA
        return Estimate(value=None, n=int(n.sum()), reason=reason, level=level)
    use = size > 0
    x, n, size = x[use], n[use], size[use]
    share, p = size / size.sum(), x / n
    value = float((share * p).sum())
    if (n < 2).any() and (n < size).any():
        return Estimate(value=value, n=int(n.sum()), reason="no interval: a stratum has one audit", level=level)
    variance = share**2 * np.maximum(1 - n / size, 0.0) * p * (1 - p) / np.maximum(n - 1, 1)
    se = float(np.sqrt(variance.sum()))
    if se <= 1e-12 and (n < size).any():
        return Estimate(
            value=value, n=int(n.sum()), reason="no interval: no variation within strata", se=se, level=level
        )
    half = float(ndtri(0.5 + level / 2)) * se
    return Estimate(
        value=value,
        lower=max(0.0, value - half),
        upper=min(1.0, value + half),
        se=se,
        n=int(n.sum()),
        method="stratified",
        level=level,
    )

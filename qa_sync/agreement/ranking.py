"""What may be said of who is better: intervals of ranks, and only those claims that the data carry.

A list sorted by a rate is a claim about every neighbour in it. Here a rank is an interval, drawn from the posteriors
of the shrunken values; "above" and "below" are said only where the posterior makes them nearly certain; nobody with
fewer than n_min observations is ranked, and nobody against people with whom no chain of shared items connects them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qa_sync.agreement.dirichlet import DEFAULT_SEED
from qa_sync.agreement.estimate import Floats, Ints, Texts, reasons
from qa_sync.agreement.shrinkage import Shrunken

ABOVE, BELOW, NO_CLAIM = "above the population", "below the population", ""
_TOO_FEW = "not ranked: n={n}, fewer than {least}"
_ALONE = "not ranked: nobody comparable"
_POOLED = "no rank: the groups do not differ more than chance"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranks:
    """Ranks of J groups, arrays (J,); 1 is the highest value among those ranked together.

    Attributes:
        lower: best rank that is credible; NaN where ``reason`` says why there is none.
        upper: worst rank that is credible.
        of: how many groups are ranked together.
        above: posterior probability that the group lies above the population's mean.
        claim: "above the population", "below the population", or empty: the data carry no claim.
        reason: empty, or why a group is not ranked.
        level: of the rank intervals; a claim needs a probability beyond (1 + level) / 2.
        seed: of the posterior draws.
    """

    lower: Floats
    upper: Floats
    of: Ints
    above: Floats
    claim: Texts
    reason: Texts
    level: float
    seed: int


def rank_claims(
    shrunken: Shrunken,
    *,
    n_min: int = 5,
    components: ArrayLike | None = None,
    level: float = 0.95,
    draws: int = 4096,
    seed: int = DEFAULT_SEED,
) -> Ranks:
    """Return rank intervals and claims from shrunken rates or means, (J,).

    Args:
        shrunken: of :func:`shrink_proportions` or :func:`shrink_means`.
        n_min: below so many observations a group is not ranked.
        components: connected component of each group (J,), as :func:`crossed_severity` gives it; groups are ranked
            inside their component only. None: all are comparable.
        level: of the intervals of ranks.
        draws: of the posteriors.
        seed: of the draws, recorded.
    """
    batch = shrunken.estimates
    size = len(batch.value)
    place = np.zeros(size, dtype=np.intp) if components is None else np.asarray(components).astype(np.intp)
    if len(place) != size:
        msg = f"ranks: {len(place)} components for {size} groups; give one each"
        raise ValueError(msg)
    usable = np.isfinite(batch.value) & (batch.n >= n_min) & (place >= 0)
    lower, upper = np.full(size, np.nan), np.full(size, np.nan)
    above, of = np.full(size, np.nan), np.zeros(size, dtype=np.int64)
    pooled = not np.isfinite(shrunken.strength)
    for component in np.unique(place[usable]) if not pooled else ():
        members = np.flatnonzero(usable & (place == component))
        of[members] = len(members)
        if len(members) < 2:
            continue
        drawn = _posterior(shrunken, members, draws, seed)
        # Rank 1 is the highest; draws are continuous, so there are no ties.
        ranks = (-drawn).argsort(axis=0).argsort(axis=0) + 1
        tail = (1 - level) / 2
        lower[members] = np.quantile(ranks, tail, axis=1, method="inverted_cdf")
        upper[members] = np.quantile(ranks, 1 - tail, axis=1, method="inverted_cdf")
        above[members] = (drawn > shrunken.mean).mean(axis=1)
    sure = (1 + level) / 2
    with np.errstate(invalid="ignore"):
        claim = np.select([above >= sure, above <= 1 - sure], [ABOVE, BELOW], default=NO_CLAIM)
    few = np.isfinite(batch.value) & (batch.n < n_min)
    reason = reasons(
        size,
        (batch.reason != "", "not ranked: no data"),
        (few, "few"),
        (np.full(size, pooled), _POOLED),
        (usable & (of < 2), _ALONE),
        (~usable, _ALONE),
    ).astype(object)
    reason[few] = [_TOO_FEW.format(n=int(n), least=n_min) for n in batch.n[few]]
    return Ranks(
        lower=lower,
        upper=upper,
        of=of,
        above=above,
        claim=claim.astype(np.str_),
        reason=reason.astype(np.str_),
        level=level,
        seed=seed,
    )


def _posterior(shrunken: Shrunken, members: NDArray[np.intp], draws: int, seed: int) -> Floats:
    """Return draws (members, draws), in an order that depends on the values and never on the rows."""
    value, n = shrunken.estimates.value[members], shrunken.estimates.n[members].astype(np.float64)
    order = np.lexsort((n, value))
    generator = np.random.default_rng(seed)
    out = np.empty((len(members), draws))
    if shrunken.estimates.method == "beta-binomial":
        weight = n + shrunken.strength
        a, b = np.maximum(value * weight, 1e-9), np.maximum((1 - value) * weight, 1e-9)
        for row in order:
            out[row] = generator.beta(a[row], b[row], draws)
    else:
        for row in order:
            out[row] = generator.normal(value[row], shrunken.estimates.se[members[row]], draws)
    return out

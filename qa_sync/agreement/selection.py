"""Was the sample picked as if by chance? Picks of convenience show in which strata were audited."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from qa_sync.agreement.dirichlet import DEFAULT_SEED
from qa_sync.agreement.estimate import Floats, divide

_EXPECTED = 5.0
_REPLICATES = 9999


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SelectionBias:
    """Test that every case of the population was equally likely to be drawn.

    Attributes:
        statistic: sum (drawn - expected)^2 / expected, corrected for drawing without replacement; None undefined.
        df: strata less one.
        p: probability of so large a statistic under chance; None undefined.
        excess: (drawn - expected) in standard deviations per stratum, (H,): beyond +2 over-, below -2 under-sampled.
        expected: audits that each stratum would get in proportion, (H,).
        method: "chi-square", or "monte-carlo" where a stratum expects fewer than five.
        reason: empty, or why there is no test.
        seed: of the Monte Carlo draws, else None.
    """

    statistic: float | None
    df: int
    p: float | None
    excess: Floats
    expected: Floats
    method: str
    reason: str
    seed: int | None


def selection_bias(population: ArrayLike, drawn: ArrayLike, seed: int = DEFAULT_SEED) -> SelectionBias:
    """Test the audits drawn per stratum against its size, both (H,): queues, weekdays, score bands, agents.

    Under chance the counts are multivariate hypergeometric; (N - 1) / (N - n) corrects Pearson's statistic for that.
    Designs that favour strata on purpose (minimum per stratum, targeted audits) fail it by design: test inside
    strata, or the random part only.

    Raises:
        ValueError: more drawn than a stratum holds, or counts that do not fit each other.
    """
    size, got = np.asarray(population, dtype=np.float64), np.asarray(drawn, dtype=np.float64)
    if size.shape != got.shape or size.ndim != 1 or (got > size).any() or (got < 0).any():
        msg = f"selection: {size.shape} sizes and {got.shape} draws; give one of each a stratum, drawn at most its size"
        raise ValueError(msg)
    total, n = float(size.sum()), float(got.sum())
    held = size > 0
    df = max(0, int(held.sum()) - 1)
    expected = n * divide(size, total)
    correction = (total - 1) / (total - n) if total > n else float("inf")
    spread = np.sqrt(expected * (1 - divide(size, total)) / correction)
    excess = np.where(spread > 0, divide(got - expected, spread), np.nan)
    reason = (
        "no test: nothing was drawn"
        if n == 0
        else "no test: everything was drawn"
        if n >= total
        else "no test: one stratum"
        if df == 0
        else ""
    )
    if reason:
        return SelectionBias(
            statistic=None, df=df, p=None, excess=excess, expected=expected, method="", reason=reason, seed=None
        )
    statistic = _pearson(got[held], expected[held]) * correction
    if expected[held].min() >= _EXPECTED:
        p, method, used = float(chdtrc(df, statistic)), "chi-square", None
    else:
        generator = np.random.default_rng(seed)
        chance = generator.multivariate_hypergeometric(
            size[held].astype(np.int64), int(n), size=_REPLICATES, method="marginals"
        )
        beaten = (_pearson(chance.astype(np.float64), expected[held]) * correction >= statistic - 1e-9).sum()
        p, method, used = float((beaten + 1) / (_REPLICATES + 1)), "monte-carlo", seed
    return SelectionBias(
        statistic=float(statistic),
        df=df,
        p=p,
        excess=excess,
        expected=expected,
        method=method,
        reason="",
        seed=used,
    )


def _pearson(got: Floats, expected: Floats) -> Floats:
    return np.asarray(((got - expected) ** 2 / expected).sum(axis=-1))

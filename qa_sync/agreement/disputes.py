"""Rates of disputes. Open, withdrawn and expired disputes are counted, and are in no denominator they would bend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qa_sync.agreement.estimate import Batch
from qa_sync.agreement.proportions import proportion


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DisputeRates:
    """Batches (G,) with Wilson intervals: overturned / resolved, and disputed / disputable."""

    overturn: Batch
    dispute: Batch


def dispute_rates(
    upheld: ArrayLike,
    overturned_full: ArrayLike,
    overturned_partial: ArrayLike,
    disputed: ArrayLike,
    disputable: ArrayLike,
    level: float = 0.95,
) -> DisputeRates:
    """Return overturn and dispute rates of counts per group (G,).

    Args:
        upheld: disputes resolved without a change.
        overturned_full: resolved in the disputer's favour.
        overturned_partial: resolved so in part; it counts as overturned.
        disputed: evaluations disputed.
        disputable: evaluations released whose window has elapsed, or that were disputed.
        level: confidence level.
    """
    counts = (upheld, overturned_full, overturned_partial)
    kept, full, part = (np.atleast_1d(np.asarray(count, dtype=np.float64)) for count in counts)
    return DisputeRates(
        overturn=proportion(full + part, kept + full + part, level=level, empty="undefined: no dispute was resolved"),
        dispute=proportion(disputed, disputable, level=level, empty="undefined: nothing could be disputed yet"),
    )

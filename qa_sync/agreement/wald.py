"""Value ± quantile x SE for a batch. Only for samples of a hundred and more: see qa-domain §2.6 and dirichlet."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.special import ndtri, stdtrit

from qa_sync.agreement.estimate import Batch


def with_wald_interval(batch: Batch, *, distribution: Literal["t", "z"] = "t", level: float = 0.95) -> Batch:
    """Return the batch with value ± t (n - 1 df) or z times its SE, clipped to [-1, 1].

    Where the SE is 0 or there is one pair there is no interval, with the reason: no width is not knowledge.
    """
    quantile = stdtrit(np.maximum(batch.n - 1, 1), 0.5 + level / 2) if distribution == "t" else ndtri(0.5 + level / 2)
    usable = (batch.n > 1) & (batch.se > 1e-12)
    half = np.where(usable, quantile * batch.se, np.nan)
    bare = np.isfinite(batch.value) & ~usable
    return replace(
        batch,
        lower=np.maximum(batch.value - half, -1.0),
        upper=np.minimum(batch.value + half, 1.0),
        reason=np.where(bare, "no interval: no variation between pairs", batch.reason),
        method=distribution,
        level=level,
    )

"""Who drifts: charts of all auditors at once, against their own frozen baseline, false alarms controlled.

Two charts see what one does not: the CUSUM a small shift that lasts, the EWMA a recent one. Among hundreds of
auditors some always signal by chance; "drift" is said only where the EWMA's exact p-value survives
Benjamini and Hochberg's false-discovery control over all of them, "watch" where a chart alone signals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtr

from qa_sync.agreement.drift import Cusum, Ewma, benjamini_hochberg
from qa_sync.agreement.estimate import Floats, Texts, divide

DRIFT, WATCH, STEADY, NO_BASELINE = "drift", "watch", "steady", "no baseline"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DriftStates:
    """Drift of A auditors over W weeks.

    Attributes:
        state: (A,) drift, watch, steady, or no baseline (``reason`` says why).
        direction: (A,) +1 the bias rose, -1 it fell, 0 neither; the sign of the EWMA at the end.
        p: (A,) two-sided p-value of the EWMA at the last week with audits, exact for normal means: the baseline's own
            uncertainty is in it, and with ``df`` that of the deviation. NaN without a baseline.
        adjusted: (A,) the same, adjusted for the number of auditors (Benjamini and Hochberg).
        z: (A, W) weekly means in standard errors from the baseline; NaN in baseline weeks and weeks without audits.
        centre: (A, W) the baseline's mean that each week is held against.
        cusum: of z, started again in every phase.
        ewma: of z, started again in every phase.
        reason: (A,) empty, or why there is no state.
    """

    state: Texts
    direction: NDArray[np.int64]
    p: Floats
    adjusted: Floats
    z: Floats
    centre: Floats
    cusum: Cusum
    ewma: Ewma
    reason: Texts


def drift_states(
    mean: ArrayLike,
    n: ArrayLike,
    sd: float,
    *,
    phases: ArrayLike | None = None,
    baseline: int = 12,
    k: float = 0.5,
    h: float = 5.0,
    lam: float = 0.2,
    q: float = 0.05,
    df: float = np.inf,
) -> DriftStates:
    """Return the drift of every auditor from its weekly mean deltas.

    The first ``baseline`` weeks with audits of a phase are frozen: their weighted mean is the centre, and only later
    weeks are charted. Where the form's version changes, the phase does, and everything starts again. Only the last
    phase of an auditor decides the state.

    Args:
        mean: weekly mean delta (A, W), in time order; NaN or n = 0 for weeks without audits.
        n: audits of these weeks (A, W).
        sd: standard deviation of one delta within auditors, see :func:`within_variance`.
        phases: form version, or any value, per week (W,) or (A, W).
        baseline: weeks with audits that make the baseline.
        k: allowance of the CUSUM, in standard errors.
        h: decision interval of the CUSUM.
        lam: weight of the newest week in the EWMA.
        q: false discovery rate.
        df: degrees of freedom that ``sd`` was estimated with; infinite where it is known. With few, p is Student's.
    """
    x, size = np.atleast_2d(np.asarray(mean, dtype=np.float64)), np.atleast_2d(np.asarray(n, dtype=np.float64))
    if x.shape != size.shape or not sd > 0:
        msg = f"drift: means {x.shape}, sizes {size.shape}, sd {sd}; give one size a mean and a deviation above 0"
        raise ValueError(msg)
    marks = _marks(phases, x.shape)
    seen = (size > 0) & np.isfinite(x)
    size = np.where(seen, size, 0.0)
    fresh = np.ones(x.shape, dtype=bool)
    fresh[:, 1:] = marks[:, 1:] != marks[:, :-1]
    z, centre, based = _against_baseline(np.where(seen, x, 0.0), size, fresh, baseline, sd)
    sums, means, p, last = _charted(z, size, based, fresh, k=k, h=h, lam=lam, df=df)
    adjusted, found = benjamini_hochberg(p, q)
    known = np.isfinite(p)
    at = np.maximum(last, 0)
    rows = np.arange(len(x))
    signals = sums.signal[rows, at] | means.signal[rows, at]
    state = np.select([~known, found, signals], [NO_BASELINE, DRIFT, WATCH], default=STEADY)
    reason = np.where(
        known, "", f"no baseline: it needs {baseline} weeks with audits on one form version, and one more"
    )
    direction = np.where(known & (state != STEADY), np.sign(means.value[rows, at]), 0).astype(np.int64)
    return DriftStates(
        state=state.astype(np.str_),
        direction=direction,
        p=p,
        adjusted=adjusted,
        z=z,
        centre=centre,
        cusum=sums,
        ewma=means,
        reason=reason.astype(np.str_),
    )


def _marks(phases: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.intp]:
    if phases is None:
        return np.zeros(shape, dtype=np.intp)
    given = np.asarray(phases)
    codes = np.unique(given, return_inverse=True)[1].reshape(given.shape).astype(np.intp)
    if given.shape not in (shape, shape[1:]):
        msg = f"drift: phases {given.shape}; give one a week, {shape[1:]}, or one an auditor and week, {shape}"
        raise ValueError(msg)
    return np.broadcast_to(codes, shape)


def _against_baseline(
    x: Floats, size: Floats, fresh: NDArray[np.bool_], baseline: int, sd: float
) -> tuple[Floats, Floats, Floats]:
    """Return z, the centre, and the audits in the baseline, (A, W) each; z is NaN where nothing is charted."""
    z, centre, based = (np.full(x.shape, np.nan) for _ in range(3))
    total, weight, weeks = (np.zeros(len(x)) for _ in range(3))
    for week in range(x.shape[1]):
        for gathered in (total, weight, weeks):
            gathered[fresh[:, week]] = 0.0
        here, now = size[:, week], size[:, week] > 0
        charted = now & (weeks >= baseline)
        mean = divide(total, weight)
        centre[:, week] = np.where(weeks >= baseline, mean, np.nan)
        based[:, week] = np.where(charted, weight, np.nan)
        z[:, week] = np.where(charted, (x[:, week] - mean) * np.sqrt(here) / sd, np.nan)
        growing = now & (weeks < baseline)
        total += np.where(growing, here * x[:, week], 0.0)
        weight += np.where(growing, here, 0.0)
        weeks += growing
    return z, centre, based


def _charted(
    z: Floats, size: Floats, based: Floats, fresh: NDArray[np.bool_], *, k: float, h: float, lam: float, df: float
) -> tuple[Cusum, Ewma, Floats, NDArray[np.intp]]:
    """Chart z phase by phase; return both charts, the EWMA's p-value at the last charted week, and that week.

    With weights w of the EWMA, its variance is sum w^2 (the weeks' own) plus (sum w sqrt(n))^2 / N of the baseline's
    N audits: all weeks are held against one and the same estimated mean.
    """
    high, low, value, half = (np.zeros(z.shape) for _ in range(4))
    own, common = np.zeros(len(z)), np.zeros(len(z))
    p, last = np.full(len(z), np.nan), np.full(len(z), -1, dtype=np.intp)
    for week in range(z.shape[1]):
        now = z[:, week]
        seen = np.isfinite(now)
        begins = fresh[:, week]  # phases differ between auditors: each starts again on its own
        before = [np.where(begins | (week == 0), 0.0, part[:, week - 1]) for part in (high, low, value)]
        step = np.where(seen, now, 0.0)
        high[:, week] = np.where(seen, np.maximum(0.0, before[0] + step - k), before[0])
        low[:, week] = np.where(seen, np.maximum(0.0, before[1] - step - k), before[1])
        value[:, week] = np.where(seen, (1 - lam) * before[2] + lam * step, before[2])
        own, common = np.where(begins, 0.0, own), np.where(begins, 0.0, common)
        own = np.where(seen, (1 - lam) ** 2 * own + lam**2, own)
        common = np.where(seen, (1 - lam) * common + lam * np.sqrt(size[:, week]), common)
        variance = own + divide(common**2, based[:, week])
        half[:, week] = np.where(seen, 3 * np.sqrt(variance), np.where(begins, 0.0, half[:, week - 1]))
        p = np.where(begins, np.nan, p)
        last = np.where(begins, -1, last)
        far = -np.abs(divide(value[:, week], np.sqrt(variance)))
        p = np.where(seen, 2 * (stdtr(df, far) if np.isfinite(df) else ndtr(far)), p)
        last = np.where(seen, week, last)
    with np.errstate(invalid="ignore"):
        signal = (np.abs(value) > half) & (half > 0)
    return (
        Cusum(high=high, low=low, signal=(high > h) | (low > h)),
        Ewma(value=value, half_width=half, signal=signal),
        p,
        last,
    )

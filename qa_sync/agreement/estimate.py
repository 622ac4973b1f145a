"""What a statistic says about itself: its value and interval, or why it has none.

A number that cannot be computed is never 0, 1 or NaN in a report: it is nothing, with a reason. One estimate
is an :class:`Estimate` (``None`` inside); many at once are a :class:`Batch` of numpy arrays (NaN inside, and
an array of reasons), because a programme has hundreds of evaluators and no Python loop over them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Texts = NDArray[np.str_]

NO_DATA = "undefined: no pairs"
NO_VARIATION = "undefined: no variation"
ONE_CATEGORY = "undefined: the scale has one category"
CERTAIN_CHANCE = "undefined: chance agreement is complete"
TOO_FEW = "undefined: fewer than two observations"
NO_SPREAD = "undefined: the scores do not vary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One number with what is needed to defend it.

    Attributes:
        value: the point value, or None where it is undefined; ``reason`` then says why.
        lower: lower end of the interval of the given ``level``, or None.
        upper: upper end, or None.
        se: standard error, or None where the method has none.
        n: observations behind the value (pairs, items, evaluations: ``method`` or the caller names them).
        observed: observed agreement, for chance-corrected coefficients.
        expected: agreement expected by chance, for chance-corrected coefficients.
        df: degrees of freedom of the interval, where it has them.
        reason: empty, or why the value or its interval is missing.
        method: how the interval was made ("dirichlet", "wilson", "t", "jackknife", ...).
        level: confidence level of the interval.
        seed: seed of the random numbers that the interval used, or None when it used none.
    """

    value: float | None
    lower: float | None = None
    upper: float | None = None
    se: float | None = None
    n: int = 0
    observed: float | None = None
    expected: float | None = None
    df: float | None = None
    reason: str = ""
    method: str = ""
    level: float = 0.95
    seed: int | None = None

    @property
    def defined(self) -> bool:
        """Whether there is a value to print."""
        return self.value is not None


def none_if_nan(number: float) -> float | None:
    """Turn NaN and infinities, which are how arrays say "nothing", into None.

    >>> none_if_nan(float("nan")) is None, none_if_nan(0.5)
    (True, 0.5)
    """
    return float(number) if np.isfinite(number) else None


def _empty(n: Ints) -> Floats:
    return np.full(n.shape, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """The same statistic for many groups: arrays of shape (G,), NaN where undefined.

    ``batch[g]`` is the :class:`Estimate` of group g. ``reason`` holds one text a group, empty where defined.
    """

    value: Floats
    n: Ints
    reason: Texts
    lower: Floats = field(default_factory=lambda: np.empty(0))
    upper: Floats = field(default_factory=lambda: np.empty(0))
    se: Floats = field(default_factory=lambda: np.empty(0))
    observed: Floats = field(default_factory=lambda: np.empty(0))
    expected: Floats = field(default_factory=lambda: np.empty(0))
    method: str = ""
    level: float = 0.95
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("lower", "upper", "se", "observed", "expected"):
            if getattr(self, name).shape != self.value.shape:
                object.__setattr__(self, name, _empty(self.n))

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, group: int) -> Estimate:
        return Estimate(
            value=none_if_nan(self.value[group]),
            lower=none_if_nan(self.lower[group]),
            upper=none_if_nan(self.upper[group]),
            se=none_if_nan(self.se[group]),
            n=int(self.n[group]),
            observed=none_if_nan(self.observed[group]),
            expected=none_if_nan(self.expected[group]),
            reason=str(self.reason[group]),
            method=self.method,
            level=self.level,
            seed=self.seed,
        )

    def __iter__(self) -> Iterator[Estimate]:
        return (self[group] for group in range(len(self)))


def reasons(size: int, *cases: tuple[NDArray[np.bool_], str]) -> Texts:
    """Return one text a group: that of the first case whose mask (size,) is true there, else empty."""
    if not cases:
        return np.full(size, "", dtype=np.str_)
    masks = [mask for mask, _ in cases]
    return np.select(masks, [np.full(size, text) for _, text in cases], default="").astype(np.str_)


def divide(top: ArrayLike, bottom: ArrayLike) -> Floats:
    """Divide element by element; where the denominator is 0 or not finite, the result is NaN, silently."""
    top, bottom = np.broadcast_arrays(np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64))
    out = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=out, where=np.isfinite(bottom) & (bottom != 0))
    return out


def ratio(top: float, bottom: float) -> float:
    """Divide one number by another; by 0 it is NaN, silently."""
    return float(top / bottom) if bottom != 0 else float("nan")

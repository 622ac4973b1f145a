"""Words for coefficients ("substantial"), only where the interval carries them (Gwet 2014, chapter 6).

A level is claimed when the probability that the true coefficient lies in it *or above* exceeds .95, not when the
point value falls into it: .775 ± .143 is "moderate", although .775 alone reads "substantial".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scipy.special import ndtr

BenchmarkScale = Literal["landis_koch", "altman", "fleiss"]

#: Scales from the best level down: (lower end, upper end, word).
BENCHMARK_SCALES: dict[BenchmarkScale, tuple[tuple[float, float, str], ...]] = {
    "landis_koch": (
        (0.8, 1.0, "almost perfect"),
        (0.6, 0.8, "substantial"),
        (0.4, 0.6, "moderate"),
        (0.2, 0.4, "fair"),
        (0.0, 0.2, "slight"),
        (-1.0, 0.0, "poor"),
    ),
    "altman": (
        (0.8, 1.0, "very good"),
        (0.6, 0.8, "good"),
        (0.4, 0.6, "moderate"),
        (0.2, 0.4, "fair"),
        (-1.0, 0.2, "poor"),
    ),
    "fleiss": ((0.75, 1.0, "excellent"), (0.4, 0.75, "intermediate to good"), (-1.0, 0.4, "poor")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkWord:
    """The word that may be printed, and the cumulative probability of every level from the best down.

    Keys of ``cumulative`` are the ranges, as "0.6-0.8". ``word`` is empty without a value or a standard error.
    """

    word: str
    cumulative: dict[str, float]


def benchmark_word(
    value: float | None, se: float | None, scale: BenchmarkScale = "landis_koch", threshold: float = 0.95
) -> BenchmarkWord:
    """Return the best level whose cumulative probability exceeds ``threshold``.

    >>> benchmark_word(0.77544, 0.14295).word
    'moderate'
    """
    if scale not in BENCHMARK_SCALES:
        msg = f"benchmark: scale {scale!r} is not known; use one of {', '.join(BENCHMARK_SCALES)}"
        raise ValueError(msg)
    if value is None or se is None or not se > 0:
        return BenchmarkWord(word="", cumulative={})
    below_top = float(ndtr((value - 1.0) / se))
    whole = float(ndtr((value + 1.0) / se)) - below_top  # coefficients end at -1 and 1
    cumulative, word = {}, ""
    for lower, upper, name in BENCHMARK_SCALES[scale]:
        share = (float(ndtr((value - lower) / se)) - below_top) / whole
        cumulative[f"{lower:g}-{upper:g}"] = share
        if not word and share > threshold:
            word = name
    return BenchmarkWord(word=word or BENCHMARK_SCALES[scale][-1][2], cumulative=cumulative)

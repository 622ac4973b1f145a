"""What a metric's definition holds, and the phrases that many definitions share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "coefficient", "points", "levels", "count", "score", "days", "reviews"]
Reading = Literal["better", "worse", "neutral"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The definition of one metric.

    Attributes:
        id: what cells, lineage and configuration call it; never changes.
        version: raised when the same data would give another number.
        name: what people read.
        formula: in words and symbols, complete enough to recompute.
        source: who defined it.
        unit: "share" is 0..1 (shown as percent), "coefficient" at most 1, "points" and "levels" carry a sign.
        interval: how its interval is made, empty for none.
        undefined: when it has no value.
        higher_is: what a higher value means for the auditee: "better", "worse" or "neutral".
        assumed: whether the definition could not be checked against its source; printed with it.
    """

    id: str
    version: int
    name: str
    formula: str
    source: str
    unit: Unit
    interval: str
    undefined: str
    higher_is: Reading = "better"
    assumed: bool = False


def metric(
    id_: str,
    name: str,
    unit: Unit,
    formula: str,
    *,
    interval: str = "",
    undefined: str = "never",
    source: str = "qa-sync",
    version: int = 1,
    higher_is: Reading = "neutral",
    assumed: bool = False,
) -> Metric:
    """Return the definition of a figure that most often is a count: always defined, without interval, our own."""
    return Metric(
        id=id_,
        version=version,
        name=name,
        unit=unit,
        formula=formula,
        interval=interval,
        undefined=undefined,
        source=source,
        higher_is=higher_is,
        assumed=assumed,
    )


NO_PAIRS = "no pairs"
NO_VARIATION = "no pairs, or both sides used one and the same option only (no variation)"
POSTERIOR = "95 % quantiles of the Dirichlet posterior of the table, prior 2 / q^2 a cell, recorded seed"
WILSON = "Wilson"
FINITE = "; narrowed by sqrt((N - n) / (N - 1)) from n_min pairs on where n / N is above 5 %"
OVER_ITEMS = "t with n - 1 df, linearised SE; jackknife or bootstrap over interactions on request"
GWET = "Gwet 2014, Handbook of Inter-Rater Reliability"
OWN = "qa-sync"
KAPPA = "(p_a - p_e) / (1 - p_e), p_e = sum w_kl a_k b_l; a, b the sides' shares of the form's options; "

"""The figures of reports once more, in plain Python over the rows of pairs and comparisons."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from statistics import NormalDist, mean, stdev
from typing import Any

from scipy.stats import t

from qa_sync.runner.opened import Opened

Row = dict[str, Any]
UNCOUNTED = {"EXCLUDED", "VOIDED", "AMBIGUOUS", "NOT_COMPARABLE"}
Z = NormalDist().inv_cdf(0.975)


class Facts:
    """The rows that reports are made from."""

    def __init__(self, opened: Opened) -> None:
        def rows(sql: str) -> list[Row]:
            return opened.engine.fetch(sql).to_pylist()

        self.pairs = [
            row for row in rows("SELECT * FROM pairs") if row["is_headline"] and row["outcome"] not in UNCOUNTED
        ]
        self.overturned = {row["evaluation_id"] for row in rows("SELECT * FROM dispute_cases") if row["is_overturned"]}
        self.buckets = [
            row for row in rows("SELECT * FROM buckets") if row["bucket"] in ("PAIRED_AUDITEE", "AUDITEE_ONLY")
        ]
        self.values: dict[str, list[Row]] = {}
        for row in rows("SELECT * FROM comparisons WHERE treatment = 'value'"):
            self.values.setdefault(row["pair_id"], []).append(row)
        # What was asked of both: with a value, or said not to apply.
        self.asked: dict[str, list[Row]] = {}
        for row in rows("SELECT * FROM comparisons WHERE treatment <> 'missing'"):
            self.asked.setdefault(row["pair_id"], []).append(row)
        self.options = {
            tuple(row[name] for name in ("form_id", "form_version", "criterion_key", "option")): row
            for row in rows("SELECT * FROM options")
        }
        self.critical = {
            (row["form_id"], row["form_version"], row["criterion_key"]): bool(row["is_critical"])
            for row in rows("SELECT * FROM criteria")
        }
        self.scales = {(row["form_id"], row["form_version"]): row["scale"] for row in rows("SELECT * FROM forms")}
        self.tops: dict[tuple[str, str, str], int] = {}
        for (form, version, criterion, _), row in self.options.items():
            at = (form, version, criterion)
            self.tops[at] = max(self.tops.get(at, 0), row["level"])

    def unit(self, pair: Row) -> float:
        """What one step of the pair's form is worth in points of 100."""
        form = pair["form_id"], pair["form_version"]
        if self.scales[form] == "points":
            return 1.0
        return 100.0 / max(top for (*of, _), top in self.tops.items() if tuple(of) == form)

    def is_defect(self, pair: Row, value: Row, side: str) -> bool | None:
        """Whether an answer is worse than the best the form knows; None where it knows no better or worse."""
        criterion = pair["form_id"], pair["form_version"], value["criterion_key"]
        if self.critical.get(criterion) and value[f"{side}_failed"] is not None:
            return bool(value[f"{side}_failed"])
        level = value[f"{side}_level"]
        if pair["higher_is"] == "more_severe":
            return None if level is None else bool(level > 0)
        if pair["higher_is"] != "better":
            return None
        if value[f"{side}_points"] is not None and (value["max_points"] or 0) > 0:
            return bool(value[f"{side}_points"] < value["max_points"])
        return None if level is None else bool(level < self.tops[criterion])


def grouped(rows: Iterable[Row], of: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Return rows by what ``of`` says of them."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(of(row), []).append(row)
    return found


def wilson(x: float, n: float) -> tuple[float, float]:
    """The score interval of a share."""
    p = x / n
    middle, half = p + Z * Z / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return (middle - half) / (1 + Z * Z / n), (middle + half) / (1 + Z * Z / n)


def narrower(
    facts: Facts, pairs: list[Row], n: int, value: float, ends: tuple[float, float], **same: str
) -> tuple[float, float]:
    """The ends of an interval of n audits, nearer where more than 5 % were audited of the evaluations on their forms."""
    forms = {(pair["form_id"], pair["form_version"]) for pair in pairs}
    size = sum(
        (row["form_id"], row["form_version"]) in forms and all(row[name] == wanted for name, wanted in same.items())
        for row in facts.buckets
    )
    factor = math.sqrt((size - n) / (size - 1)) if n >= 5 and n / size > 0.05 else 1.0
    return value + (ends[0] - value) * factor, value + (ends[1] - value) * factor


def kappa_and_ac1(table: list[list[float]]) -> tuple[float | None, float]:
    """Cohen's kappa (None where undefined) and Gwet's AC1 of a square table."""
    q, n = len(table), sum(map(sum, table))
    observed = sum(table[k][k] for k in range(q)) / n
    mine, theirs = [sum(row) / n for row in table], [sum(row[k] for row in table) / n for k in range(q)]
    by_chance = sum(a * b for a, b in zip(mine, theirs, strict=True))
    spread = sum((a + b) / 2 * (1 - (a + b) / 2) for a, b in zip(mine, theirs, strict=True)) / (q - 1)
    kappa = None if by_chance > 1 - 1e-12 else (observed - by_chance) / (1 - by_chance)
    return kappa, (observed - spread) / (1 - spread)


def beside_kappa(table: list[list[float]]) -> dict[str, float]:
    """What must stand beside every kappa of a table of two levels (none, defect)."""
    (neither, theirs), (ours, both) = table
    n = neither + theirs + ours + both
    mine, other = (ours + both) / n, (theirs + both) / n
    return {
        "alike": (neither + both) / n,
        "chance": mine * other + (1 - mine) * (1 - other),
        "prevalence_index": abs(both - neither) / n,
        "bias_index": abs(mine - other),
    }


def measures(facts: Facts, pairs: list[Row]) -> Row:
    """Everything that the summary says of a group, intervals of coefficients left out."""
    n, scored = len(pairs), [pair for pair in pairs if pair["delta"] is not None]
    agree, items = sum(pair["items_agree"] for pair in pairs), sum(pair["items_compared"] for pair in pairs)
    table = [[0.0, 0.0], [0.0, 0.0]]
    for pair in pairs:
        for value in facts.values.get(pair["pair_id"], []):
            mine, theirs = facts.is_defect(pair, value, "auditee"), facts.is_defect(pair, value, "auditor")
            if mine is not None and theirs is not None:
                table[mine][theirs] += 1
    kappa, ac1 = kappa_and_ac1(table)
    free = sum(pair["items_agree"] == pair["items_compared"] for pair in pairs)
    near = sum(abs(pair["delta"]) <= pair["tolerance"] + 1e-9 for pair in scored)
    turned = {"better": 1, "more_severe": -1}
    before = [
        (pair["higher_is"], (pair["delta"] if pair["delta_raw"] is None else pair["delta_raw"]), facts.unit(pair))
        for pair in pairs
        if pair["higher_is"] in turned
    ]
    lenient = [turned[way] * delta * unit for way, delta, unit in before if delta is not None]
    half = (
        float(t.ppf(0.975, len(lenient) - 1)) * stdev(lenient) / math.sqrt(len(lenient)) if len(lenient) > 1 else None
    )
    made: Row = {
        "pairs": n,
        "line_accuracy": agree / items,
        "defect_free": free / n,
        "within_tolerance": near / len(scored),
        "ac1": ac1,
        "kappa": kappa,
        "bias": mean(lenient),
        **beside_kappa(table),
        "mae": mean(abs(delta) * unit for _, delta, unit in before if delta is not None),
    }
    made |= {
        outcome.lower(): sum(pair["outcome"] == outcome for pair in pairs)
        for outcome in ("CRITICAL_MISS", "CRITICAL_FALSE", "CRITICAL_WRONG_REASON", "LENIENT", "STRICT", "EXACT")
    }
    made["disputed"] = sum("DISPUTED" in pair["flags"] for pair in pairs)
    made["late"] = sum("LATE" in pair["flags"] for pair in pairs)
    made["overturned"] = sum(
        bool({pair["auditee_evaluation_id"], pair["auditor_evaluation_id"]} & facts.overturned) for pair in pairs
    )
    made["intervals"] = {
        "defect_free": wilson(free, n),
        "within_tolerance": wilson(near, len(scored)),
        "bias": (None, None) if half is None else (mean(lenient) - half, mean(lenient) + half),
    }
    return made

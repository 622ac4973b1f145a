"""How the slow reconciler compares two revisions, criterion by criterion."""

from __future__ import annotations

import json
from typing import Any

from reconcile.brute_records import Revision, Row

from qa_sync.reconcile.programme import Programme


class Comparison:
    """Compares revisions by the forms of a world."""

    def __init__(self, rows: dict[str, list[Row]], programme: Programme) -> None:
        self.rows = rows
        self.programme = programme
        self.forms = {(row["form_id"], row["form_version"]): row for row in rows["forms"]}

    def compare(self, left: Revision | None, right: Revision) -> Row:
        if left is None:
            return _not_comparable("NO_ORIGINAL_REVISION")
        if self.family(left.row) != self.family(right.row):
            return _not_comparable("FORM_MISMATCH")
        criteria = [self.criteria(side.row["form_id"], side.row["form_version"]) for side in (left, right)]
        if not all(criteria):
            return _not_comparable("FORM_UNKNOWN")
        same = all(left.row[name] == right.row[name] for name in ("form_id", "form_version"))
        common = [
            k
            for k in criteria[1]
            if k in criteria[0]
            and (
                same
                or (criteria[0][k]["max_points"], criteria[0][k]["scale"])
                == (criteria[1][k]["max_points"], criteria[1][k]["scale"])
            )
        ]
        if not same and (
            not common or min(_share(c, common) for c in criteria) < self.programme.min_common_weight - 1e-9
        ):
            return _not_comparable("COMMON_WEIGHT_BELOW_MIN")
        rows = {k: (_reading(left, criteria[0][k], k), _reading(right, criteria[1][k], k)) for k in common}
        if not same:
            for k, (ours, _) in rows.items():
                ours["failed"] = _fails(ours["level"], criteria[1][k])
        for side, word in ((0, "AUDITEE_INCOMPLETE"), (1, "AUDITOR_INCOMPLETE")):
            if any(row[side]["state"] == "missing" for row in rows.values()):
                return _not_comparable(word)
        if any(reading["off_scale"] for row in rows.values() for reading in row):
            return _not_comparable("OFF_SCALE")
        return self._judge(self.forms[right.row["form_id"], right.row["form_version"]], criteria[1], rows)

    def _judge(self, form: Row, criteria: dict[str, Row], rows: dict[str, tuple[Row, Row]]) -> Row:
        agree = sum(_agrees(*row) for row in rows.values())
        failed = [{k for k, row in rows.items() if row[side]["failed"]} for side in (0, 1)]
        raw = [self._score(form, criteria, {k: row[side] for k, row in rows.items()}) for side in (0, 1)]
        scores = [
            0.0 if failed[side] and form["scale"] == "points" and form["auto_fail"] == "zero" else raw[side]
            for side in (0, 1)
        ]
        delta = None if None in scores else scores[0] - scores[1]
        sign = {"better": 1, "more_severe": -1, "neutral": None}[form["higher_is"]]
        leniency = None if delta is None or sign is None else sign * delta
        tau = form.get("tolerance")
        tau = tau if tau is not None else self.programme.tolerance if form["scale"] == "points" else 0.0
        if failed[1] and not failed[0]:
            outcome = "CRITICAL_MISS"
        elif failed[0] and not failed[1]:
            outcome = "CRITICAL_FALSE"
        elif failed[0] != failed[1]:
            outcome = "CRITICAL_WRONG_REASON"
        elif agree == len(rows):
            outcome = "EXACT"
        elif delta is None:
            outcome = "UNSCORED_DIFFERENCE"
        elif abs(delta) <= 1e-9:
            outcome = "SAME_SCORE_DIFFERENT_ITEMS"
        elif abs(delta) <= tau + 1e-9:
            outcome = "WITHIN_TOLERANCE"
        else:
            outcome = "DIFFERENT" if leniency is None else "LENIENT" if leniency > 0 else "STRICT"
        return {
            "outcome": outcome,
            "reason": None,
            "delta": delta,
            "leniency": leniency,
            "items_agree": agree,
            "delta_raw": None if None in raw else raw[0] - raw[1],
        }

    def has_rule(self, row: Row) -> bool:
        """Whether the catalogue makes points of the answers to the form version."""
        form = self.forms.get((row["form_id"], row["form_version"]))
        return form is not None and form["scale"] == "points"

    def score(self, revision: Revision) -> float | None:
        """The score of one revision on its own form version."""
        if not self.has_rule(revision.row):
            return None
        form = self.forms[revision.row["form_id"], revision.row["form_version"]]
        criteria = self.criteria(form["form_id"], form["form_version"])
        readings = {key: _reading(revision, criterion, key) for key, criterion in criteria.items()}
        if any(reading["failed"] for reading in readings.values()):
            return 0.0
        return self._score(form, criteria, readings)

    def _score(self, form: Row, criteria: dict[str, Row], readings: dict[str, Row]) -> float | None:
        if form["scale"] != "points":
            levels = [reading["level"] for reading in readings.values()]
            return float(levels[0]) if len(levels) == 1 and levels[0] is not None else None
        counted = {
            k: r
            for k, r in readings.items()
            if r["state"] == "valued" and criteria[k]["max_points"] and criteria[k]["weight"]
        }
        top = sum(criteria[k]["weight"] * criteria[k]["max_points"] for k in counted)
        return 100 * sum(criteria[k]["weight"] * r["points"] for k, r in counted.items()) / top if top else None

    def family(self, row: Row) -> str:
        form = self.forms.get((row["form_id"], row["form_version"]), {})
        return str(form.get("counts_as") or row["form_id"])

    def criteria(self, form_id: str, version: str) -> dict[str, Row]:
        made = {}
        for row in self.rows["criteria"]:
            if (row["form_id"], row["form_version"]) == (form_id, version):
                options = {
                    o["option"]: o
                    for o in self.rows["options"]
                    if (o["form_id"], o["form_version"], o["criterion_key"]) == (form_id, version, row["criterion_key"])
                }
                scale = tuple((o.get("counts_as") or name, o["level"], o["points"]) for name, o in options.items())
                made[row.get("counts_as") or row["criterion_key"]] = {**row, "options": options, "scale": scale}
        return made


def _not_comparable(reason: str) -> Row:
    return {"outcome": "NOT_COMPARABLE", "reason": reason, "delta": None, "delta_raw": None, "leniency": None}


def _share(criteria: dict[str, Row], common: list[str]) -> float:
    def weight(keys: Any) -> float:
        return float(sum((criteria[k]["weight"] or 0) * (criteria[k]["max_points"] or 0) for k in keys))

    return weight(common) / weight(criteria) if weight(criteria) else len(common) / len(criteria)


def _is_asked(test: Row, answers: dict[str, Row]) -> bool:
    """Whether a test does not rule the criterion out; tests of random worlds are of options, points or N/A."""
    row = answers.get(test["criterion"], {"state": "missing"})
    if row["state"] == "missing":
        return True
    if row["state"] != "valued":
        return row["state"] == "na" and bool(test.get("is_na"))
    if test.get("is_na"):
        return False
    return row["option"] in test["options"] if "options" in test else row["points"] >= test["at_least"]


def _reading(revision: Revision, criterion: Row, key: str) -> Row:
    row = revision.answers.get(criterion["criterion_key"], {"state": "missing"})
    clauses = json.loads(criterion.get("asked_when") or "[]")
    if clauses and not any(all(_is_asked(test, revision.answers) for test in clause) for clause in clauses):
        row = {"state": "not_asked"}
    option, points = row.get("option"), row.get("points")
    state = "missing" if row["state"] == "valued" and option is None and points is None else row["state"]
    known = criterion["options"].get(option)
    if known and known["points"] is not None:
        points = known["points"]
    is_valued = state == "valued"
    return {
        "state": state,
        "option": (known or {}).get("counts_as") or option,
        "points": points,
        "level": known["level"] if known and is_valued else None,
        "off_scale": is_valued and option is not None and bool(criterion["options"]) and known is None,
        "failed": is_valued and bool(criterion["is_critical"]) and bool(known and known["is_fail"]),
    }


def _fails(level: int | None, criterion: Row) -> bool:
    """Whether an answer of this level fails a criterion of another version."""
    fatal = [o["level"] for o in criterion["options"].values() if o["is_fail"]]
    return bool(criterion["is_critical"]) and level in fatal


def _agrees(left: Row, right: Row) -> bool:
    if left["state"] != "valued" or right["state"] != "valued":
        return left["state"] != "valued" and right["state"] != "valued"
    if left["option"] is not None and right["option"] is not None:
        return bool(left["option"] == right["option"])
    return left["points"] is not None and right["points"] is not None and abs(left["points"] - right["points"]) <= 1e-9

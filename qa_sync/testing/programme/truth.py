"""What a correct pipeline must find in a programme, worked out another way: row by row, in plain Python.

The pairs follow from what the generator meant, not from any pairing rule, so that a pipeline's pairing is tested
too. The classes follow the project's rules (EXACT, LENIENT, CRITICAL_MISS and so on; first match wins).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from qa_sync.testing.programme.record import Programme

Row = dict[str, Any]
#: Answers by criterion, by evaluation and revision.
Answers = dict[tuple[int, int], dict[str, Row]]
#: Where an audit ends that is paired with nothing, by situation: (bucket, reason).
UNPAIRED = {
    "no_evaluation": ("UNMATCHED_AUDITOR", "NO_AUDITEE_EVAL"),
    "form_mismatch": ("UNMATCHED_AUDITOR", "FORM_MISMATCH"),
    "agent_mismatch": ("UNMATCHED_AUDITOR", "AGENT_MISMATCH"),
    "draft": ("UNMATCHED_AUDITOR", "DRAFT"),
    "out_of_window": ("UNMATCHED_AUDITOR", "OUT_OF_WINDOW"),
    "ambiguous": ("AMBIGUOUS", "SEVERAL_EVALUATORS"),
    "self_audit": ("EXCLUDED", "SELF_AUDIT"),
}
NOT_COMPARABLE = {"incomplete": "AUDITEE_INCOMPLETE", "cross_version": "COMMON_WEIGHT_BELOW_MIN"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One comparison of an evaluator's own work with an audit; ``delta`` is auditee - auditor on the form's scale.

    ``items`` counts criteria that both saw, ``agreed`` those with the same answer, both N/A included. ``headline``
    marks the one audit per evaluation that counts where there are several (senior first, then the latest). Where
    ``outcome`` is NOT_COMPARABLE, ``reason`` says why, ``delta`` is None and no item counts.
    """

    audit_no: int
    evaluation_no: int
    revision: int
    form_id: str
    evaluator_no: int
    auditor_no: int
    site: str
    queue: str
    week: str
    is_blind: bool | None
    outcome: str
    reason: str
    delta: float | None
    items: int
    agreed: int
    edited_after: bool
    headline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Counts of what exists, and where every audit ends.

    ``audits`` maps (bucket, reason) to a count of audits, ``buckets`` does so for every evaluation; the reason is
    empty where there is none. ``misreported`` are living evaluations whose reported score is not what their answers
    give. Deleted records are counted apart, never among the living.
    """

    tickets: int
    tickets_deleted: int
    ticket_versions: int
    evaluations: int
    evaluations_deleted: int
    evaluation_revisions: int
    current_answers: int
    by_kind: dict[str, int]
    audits: dict[tuple[str, str], int]
    buckets: dict[tuple[str, str], int]
    misreported: tuple[int, ...]
    pairs: tuple[Pair, ...]

    @property
    def headline(self) -> tuple[Pair, ...]:
        """The pairs that count in the headline figures: one for each audited evaluation."""
        return tuple(pair for pair in self.pairs if pair.headline)

    @property
    def outcomes(self) -> dict[str, int]:
        """Outcome class of headline pairs to count."""
        return dict(Counter(pair.outcome for pair in self.headline))


def find_truth(programme: Programme) -> Truth:
    """Return what is true of ``programme``; of its state at a moment, give it ``programme.until(moment)``."""
    tickets = {
        row["ticket_no"]: row
        for row in programme.tickets.select(["ticket_no", "version", "queue", "deleted"]).to_pylist()
    }
    revisions: dict[int, list[Row]] = {}
    for row in programme.evaluations.to_pylist():
        revisions.setdefault(row["evaluation_no"], []).append(row)
    answers: Answers = {}
    for row in programme.answers.to_pylist():
        answers.setdefault((row["evaluation_no"], row["revision"]), {})[row["criterion_key"]] = row
    current = {number: rows[-1] for number, rows in revisions.items()}
    alive = {number: row for number, row in current.items() if row["status"] != "deleted"}
    ends: Counter[tuple[str, str]] = Counter()
    found: list[Row] = []
    for intended in programme.intentions.to_pylist():
        audit, of = intended["audit_no"], intended["evaluation_no"]
        if audit not in alive:
            ends["VOIDED", "DELETED"] += 1
        elif intended["situation"] in UNPAIRED:
            ends[UNPAIRED[intended["situation"]]] += 1
        elif of not in alive:
            ends["UNMATCHED_AUDITOR", "VOIDED"] += 1
        else:
            ends["PAIRED_AUDITOR", ""] += 1
            reason = NOT_COMPARABLE.get(intended["situation"], "")
            found.append(_compare(programme, revisions[of], alive[audit], answers, reason))
    return Truth(
        tickets=sum(not row["deleted"] for row in tickets.values()),
        tickets_deleted=sum(row["deleted"] for row in tickets.values()),
        ticket_versions=programme.tickets.num_rows,
        evaluations=len(alive),
        evaluations_deleted=len(current) - len(alive),
        evaluation_revisions=programme.evaluations.num_rows,
        current_answers=sum(len(answers[number, row["revision"]]) for number, row in alive.items()),
        by_kind=dict(Counter(row["kind"] for row in alive.values())),
        audits=dict(ends),
        buckets=dict(ends + _other_buckets(current, {row["auditee"]["evaluation_no"] for row in found})),
        misreported=_misreported(programme, alive, answers),
        pairs=_with_headline(programme, found, tickets),
    )


def _other_buckets(current: dict[int, Row], audited: set[int]) -> Counter[tuple[str, str]]:
    """Where the evaluations end that are no audits."""
    ends: Counter[tuple[str, str]] = Counter()
    for number, row in current.items():
        if row["kind"] == "ata":
            continue
        if row["status"] == "deleted":
            ends["VOIDED", "DELETED"] += 1
        elif row["status"] == "draft":
            ends["DRAFT", ""] += 1
        elif row["kind"] == "calibration":
            ends["EXCLUDED", "CALIBRATION"] += 1
        else:
            ends["PAIRED_AUDITEE" if number in audited else "AUDITEE_ONLY", ""] += 1
    return ends


def _compare(programme: Programme, auditee: list[Row], audit: Row, answers: Answers, reason: str) -> Row:
    own = [row for row in auditee if row["saved_at"] <= audit["submitted_at"] and row["cause"] != "dispute"]
    late = [
        row
        for row in auditee
        if row["saved_at"] > audit["submitted_at"] and row["cause"] == "edit" and row["status"] != "deleted"
    ]
    made: Row = {"auditee": own[-1], "audit": audit, "edited_after": bool(late), "reason": reason}
    if reason:
        return {**made, "items": 0, "agreed": 0, "outcome": "NOT_COMPARABLE", "delta": None}
    mine = answers[own[-1]["evaluation_no"], own[-1]["revision"]]
    theirs = answers[audit["evaluation_no"], audit["revision"]]
    form = _form_of(programme, audit)
    agreed = sum(
        (mine[key]["state"], mine[key]["option"]) == (theirs[key]["state"], theirs[key]["option"]) for key in theirs
    )
    outcome, delta = _outcome(form, mine, theirs, agreed)
    return {**made, "items": len(theirs), "agreed": agreed, "outcome": outcome, "delta": delta}


def _outcome(form: Row, mine: dict[str, Row], theirs: dict[str, Row], agreed: int) -> tuple[str, float]:
    delta = score_of(form, mine) - score_of(form, theirs)
    fatal = [{key for key, row in side.items() if row["is_fail"]} for side in (mine, theirs)]
    if form["auto_fail"] != "none" and fatal[0] != fatal[1]:
        if not fatal[0]:
            return "CRITICAL_MISS", delta
        return ("CRITICAL_WRONG_REASON" if fatal[1] else "CRITICAL_FALSE"), delta
    if agreed == len(theirs):
        return "EXACT", delta
    if abs(delta) <= 1e-9:
        return "SAME_SCORE_DIFFERENT_ITEMS", delta
    if abs(delta) <= form["tolerance"] + 1e-9:
        return "WITHIN_TOLERANCE", delta
    leniency = -delta if form["higher_is"] == "more_severe" else delta
    return ("LENIENT" if leniency > 0 else "STRICT"), delta


def _form_of(programme: Programme, evaluation: Row) -> Row:
    wanted = evaluation["form_id"], evaluation["form_version"]
    return next(form for form in programme.forms if (form["form_id"], form["version"]) == wanted)


def _misreported(programme: Programme, alive: dict[int, Row], answers: Answers) -> tuple[int, ...]:
    return tuple(
        sorted(
            number
            for number, row in alive.items()
            if row["reported_score"] is not None
            and abs(row["reported_score"] - score_of(_form_of(programme, row), answers[number, row["revision"]])) > 0.01
        )
    )


def score_of(form: Row, answers: dict[str, Row]) -> float:
    """Return the score of one set of answers: 0-100 after auto-fail, or the level on an ordinal form."""
    criteria = {criterion["key"]: criterion for criterion in form["criteria"]}
    valued = {key: row for key, row in answers.items() if row["state"] == "valued"}
    if form["scale"] == "ordinal":
        return float(sum(row["points"] for row in valued.values()))
    if form["auto_fail"] == "zero" and any(row["is_fail"] for row in valued.values()):
        return 0.0
    earned = sum(criteria[key]["weight"] * row["points"] for key, row in valued.items())
    possible = sum(criteria[key]["weight"] * criteria[key]["max_points"] for key in valued)
    return float(100 * earned / possible)


def _with_headline(programme: Programme, found: list[Row], tickets: dict[int, Row]) -> tuple[Pair, ...]:
    zone = ZoneInfo(programme.zone)
    senior = {row["person_no"] for row in programme.people.to_pylist() if row["role"] == "senior_auditor"}
    rosters: dict[int, list[Row]] = {}
    for row in programme.rosters.to_pylist():
        rosters.setdefault(row["person_no"], []).append(row)

    def rank(row: Row) -> tuple[bool, datetime, int]:
        audit = row["audit"]
        return audit["evaluator_no"] in senior, audit["submitted_at"], -audit["evaluation_no"]

    best: dict[int, Row] = {}
    for row in found:
        of = row["auditee"]["evaluation_no"]
        if of not in best or rank(row) > rank(best[of]):
            best[of] = row
    return tuple(_pair(row, row is best[row["auditee"]["evaluation_no"]], rosters, tickets, zone) for row in found)


def _pair(row: Row, headline: bool, rosters: dict[int, list[Row]], tickets: dict[int, Row], zone: ZoneInfo) -> Pair:
    auditee, audit = row["auditee"], row["audit"]
    day: date = auditee["submitted_at"].astimezone(zone).date()
    place = [
        spell
        for spell in rosters[auditee["evaluator_no"]]
        if spell["valid_from"] <= day and (spell["valid_to"] is None or day <= spell["valid_to"])
    ]
    year, week, _ = day.isocalendar()
    return Pair(
        audit_no=audit["evaluation_no"],
        evaluation_no=auditee["evaluation_no"],
        revision=auditee["revision"],
        form_id=audit["form_id"],
        evaluator_no=auditee["evaluator_no"],
        auditor_no=audit["evaluator_no"],
        site=place[0]["site"],
        queue=tickets[auditee["ticket_no"]]["queue"],
        week=f"{year}-W{week:02d}",
        is_blind=audit["is_blind"],
        outcome=row["outcome"],
        reason=row["reason"],
        delta=row["delta"],
        items=row["items"],
        agreed=row["agreed"],
        edited_after=row["edited_after"],
        headline=headline,
    )

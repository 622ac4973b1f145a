"""Disputes, calibrations and repeats once more, slowly: plain Python over the records of a small programme in UTC."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

from reconcile.brute_force import BruteForce
from reconcile.brute_records import OLDEST, Evaluation, Row


def week(at: datetime | date | None) -> str | None:
    """ISO week of a moment in UTC."""
    if at is None:
        return None
    year, number, _ = at.isocalendar()
    return f"{year}-W{number:02}"


class Cases:
    """What became of disputes, sessions and repeats."""

    def __init__(self, slow: BruteForce, as_of: datetime) -> None:
        self.slow = slow
        self.as_of = as_of
        self.rows = slow.rows
        self.events: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(self.rows["disputes"], key=lambda r: (r["event_no"], r["event_at"])):
            if row["ingested_at"] <= as_of and row["event_at"] <= as_of:
                self.events[row["dispute_id"]].append(row)

    # Disputes

    def _decision(self, events: list[Row]) -> tuple[str | None, datetime | None]:
        resolved = [e for e in events if e["event"] == "resolved" and e.get("outcome")]
        if not resolved:
            return None, None
        last = max(e.get("round") or 1 for e in resolved)
        resolved = [e for e in resolved if (e.get("round") or 1) == last]
        at = max(e["event_at"] for e in resolved)
        whole = [e["outcome"] for e in resolved if not e.get("criterion_key")]
        outcomes = {e["outcome"] for e in resolved}
        if whole:
            return whole[-1], at
        if len(outcomes) == 1:
            return outcomes.pop(), at
        return ("overturned_partial" if any(o.startswith("over") for o in outcomes) else "upheld"), at

    def disputes(self) -> list[Row]:
        made = []
        for dispute_id, events in self.events.items():
            outcome, at = self._decision(events)
            last = events[-1]
            is_open = last["event"] in ("opened", "in_review")
            closed = at if outcome else None if is_open else last["event_at"]
            e = self.slow.evaluations.get(last["evaluation_id"])
            is_audit = e is not None and self.slow.role(e)[0] in ("auditor", "reference", "evaluator_work")
            openings = [x["event_at"] for x in events if x["event"] == "opened"]
            opened = min(openings or [x["event_at"] for x in events])
            raised = [x["raised_by"] for x in events if x.get("raised_by")]
            made.append(
                {
                    "dispute_id": dispute_id,
                    "is_known": e is not None,
                    "challenges": None if e is None else "audit" if is_audit else "work",
                    "state": "resolved" if outcome else "open" if last["event"] == "opened" else last["event"],
                    "outcome": outcome,
                    "is_open": is_open,
                    "rounds": max(x.get("round") or 1 for x in events),
                    "items": len({x["criterion_key"] for x in events if x.get("criterion_key")}),
                    "raised_by": self.slow.person(raised[0]) if raised else None,
                    "opened_at": opened,
                    "closed_at": closed,
                    "days": ((closed or self.as_of) - opened) / timedelta(days=1),
                    "closed_week": week(closed),
                }
            )
        return made

    def items(self) -> list[Row]:
        made = []
        for dispute_id, events in self.events.items():
            whole, _ = self._decision(events)
            for key in {e["criterion_key"] for e in events if e.get("criterion_key")}:
                own = [e["outcome"] for e in events if e.get("criterion_key") == key and e["event"] == "resolved"]
                made.append({"dispute_id": dispute_id, "criterion_key": key, "outcome": own[-1] if own else whole})
        return made

    def disputable(self) -> dict[str, tuple[bool, bool]]:
        window = timedelta(days=self.slow.programme.dispute_window_days)
        disputed = {events[-1]["evaluation_id"] for events in self.events.values()}
        made = {}
        for e in self.slow.evaluations.values():
            shown = e.is_released or e.status in ("released", "in_review", "final")
            released = e.released_at or (e.submitted_at if shown else None)
            elapsed = released is not None and released + window <= self.as_of and self.slow.state(e) == "live"
            made[e.id] = (e.id in disputed, e.id in disputed or elapsed)
        return made

    # Calibrations

    def _gathered(self) -> dict[str, dict[str, int | None]]:
        """For every session its live evaluations, with their rank as what was agreed."""
        named: dict[str, dict[str, int | None]] = defaultdict(dict)

        def name(session: str, evaluation: str, rank: int | None) -> None:
            e = self.slow.evaluations.get(evaluation)
            if e is not None and self.slow.state(e) == "live":
                known = named[session].get(evaluation)
                named[session][evaluation] = min((r for r in (known, rank) if r is not None), default=None)

        for row in self.rows["calibrations"]:
            if row.get("baseline_evaluation_id"):
                name(row["session_id"], row["baseline_evaluation_id"], 0)
        for row in self.rows["calibration_participants"]:
            if row.get("evaluation_id"):
                name(row["session_id"], row["evaluation_id"], None)
        for e in self.slow.evaluations.values():
            kind = self.slow.kind(e)
            if e.session_id and kind in ("calibration", "consensus", "gold"):
                name(e.session_id, e.id, {"consensus": 1, "gold": 2}.get(kind))
        return named

    def _agreed(self, members: dict[str, int | None]) -> dict[Any, Evaluation]:
        """What was agreed in a session, by interaction, segment and form."""
        best: dict[Any, tuple[Any, Evaluation]] = {}
        for evaluation_id, rank in members.items():
            e = self.slow.evaluations[evaluation_id]
            if rank is None:
                continue
            key = (rank, -(e.submitted_at or OLDEST).timestamp(), e.id)
            if e.submitted_at is None:
                key = (rank, float("inf"), e.id)
            place = self._subject(e)
            if place not in best or key < best[place][0]:
                best[place] = (key, e)
        return {place: e for place, (_, e) in best.items()}

    def _subject(self, e: Evaluation) -> Any:
        return e.interaction_id, e.segment_id or "", self.slow.family(e)

    def sessions(self) -> list[Row]:
        made = []
        people: dict[tuple[str, str | None], Row] = {}
        for row in self.rows["calibration_participants"]:
            key = (row["session_id"], self.slow.person(row["person_id"]))
            if key not in people or row["status"] > people[key]["status"]:
                people[key] = row
        infos = {row["session_id"]: row for row in self.rows["calibrations"]}
        came = set()
        for session, members in self._gathered().items():
            agreed = self._agreed(members)
            info = infos.get(session, {})
            due = info.get("due_at") or info.get("closed_at")
            for evaluation_id, rank in members.items():
                e = self.slow.evaluations[evaluation_id]
                person = self.slow.person(e.evaluator_id)
                came.add((session, person))
                row = people.get((session, person), {})
                is_late = row.get("status") == "late" or bool(due and e.submitted_at and e.submitted_at > due)
                baseline = agreed.get(self._subject(e)) if rank is None else None
                compared = self.slow.comparison.compare(e.now, baseline.now) if baseline else {}
                made.append(
                    {
                        "session_id": session,
                        "person_id": person,
                        "evaluation_id": e.id,
                        "status": "late" if is_late else "done",
                        "was_invited": bool(row),
                        "is_baseline": agreed.get(self._subject(e)) is e and rank is not None,
                        "outcome": compared.get("outcome"),
                        "delta": compared.get("delta"),
                        "delta_raw": compared.get("delta_raw"),
                        "pair_id": f"{e.id}|{baseline.id}" if baseline else None,
                    }
                )
        for (session, person), row in people.items():
            if (session, person) in came:
                continue
            info = infos.get(session, {})
            due = info.get("due_at") or info.get("closed_at")
            status = row["status"]
            if status not in ("done", "late", "absent"):
                status = "absent" if due and due <= self.as_of else "invited"
            nothing = dict.fromkeys(("outcome", "delta", "delta_raw", "pair_id"))
            made.append(
                {
                    "session_id": session,
                    "person_id": person,
                    "evaluation_id": None,
                    "status": status,
                    "was_invited": True,
                    "is_baseline": False,
                    **nothing,
                }
            )
        return made

    # Pairs beside the pairs

    def other_pairs(self) -> list[Row]:
        """Self-audits, repeats, auditors among each other and calibrations, as relation, id and gap."""
        found: set[tuple[str, str, str]] = {("self_audit", left, right) for left, right in self.slow.self_audits}
        live = [e for e in self.slow.evaluations.values() if self.slow.state(e) == "live"]
        for later in live:
            if self.slow.role(later)[1] != "REPEAT":
                continue
            found |= {
                ("repeat", later.id, first.id)
                for first in live
                if (first.repeat_no or 1) == 1
                and later.interaction_id
                and self._subject(first) == self._subject(later)
                and self.slow.person(first.evaluator_id) == self.slow.person(later.evaluator_id)
                and self.slow.kind(first) == self.slow.kind(later)
            }
        by_work: dict[str, list[Evaluation]] = defaultdict(list)
        for pair in self.slow.pairs.values():
            if pair["link"] != "reference":
                by_work[pair["auditee"].id].append(pair["auditor"])
        for audits in by_work.values():
            for one, two in combinations(sorted(audits, key=lambda a: a.id), 2):
                if self.slow.person(one.evaluator_id) != self.slow.person(two.evaluator_id):
                    found.add(("inter_auditor", one.id, two.id))
        for members in self._gathered().values():
            agreed = self._agreed(members)
            for evaluation_id, rank in members.items():
                e = self.slow.evaluations[evaluation_id]
                baseline = agreed.get(self._subject(e))
                if rank is None and baseline is not None:
                    found.add(("calibration", e.id, baseline.id))
        return [self._beside(*one) for one in found]

    def _beside(self, relation: str, left: str, right: str) -> Row:
        one, two = self.slow.evaluations[left], self.slow.evaluations[right]
        gap = None
        if one.submitted_at and two.submitted_at:
            gap = abs(one.submitted_at - two.submitted_at) / timedelta(days=1)
        blind = one.is_blind if relation == "repeat" else two.is_blind
        enough = gap is not None and gap >= self.slow.programme.self_audit_gap_days
        return {
            "relation": relation,
            "pair_id": f"{left}|{right}",
            "gap_days": gap,
            "is_intra_rater": relation in ("self_audit", "repeat") and enough and bool(blind),
        }

    def critical(self, comparisons: list[Row]) -> list[Row]:
        """From comparisons, which are held against the records elsewhere."""
        groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in comparisons:
            if row["is_compared"] and row["critical_class"]:
                groups[row["pair_id"], row["critical_class"]].append(row)
        return [
            {
                "pair_id": pair_id,
                "critical_class": of_class,
                "items": len(rows),
                "auditee_found": any(row["auditee_failed"] for row in rows),
                "auditor_found": any(row["auditor_failed"] for row in rows),
                "agrees": all(row["auditee_failed"] == row["auditor_failed"] for row in rows),
            }
            for (pair_id, of_class), rows in groups.items()
        ]

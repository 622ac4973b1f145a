"""A slow and obvious reconciler over Python records: the specification read aloud, to hold against the SQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from reconcile.brute_comparison import Comparison
from reconcile.brute_records import OLDEST, Evaluation, Revision, Row, content
from reconcile.world import World

from qa_sync.reconcile.programme import Programme


class BruteForce:
    """Everything the SQL decides, decided once more."""

    def __init__(self, world: World, programme: Programme, as_of: datetime) -> None:
        self.rows = world.rows
        self.programme = programme
        self.people = {row["account_id"]: row["person_id"] for row in world.rows["identities"]}
        self.comparison = Comparison(world.rows, programme)
        self.evaluations = self._known(as_of)
        self.pairs: dict[str, Row] = {}
        self.buckets: dict[str, tuple[str, str | None]] = {}
        self.candidates: dict[str, list[str]] = {}
        self.self_audits: list[tuple[str, str]] = []
        self._pair()
        self._headlines()
        for pair in self.pairs.values():
            self._compare(pair)

    def _known(self, as_of: datetime) -> dict[str, Evaluation]:
        def known(row: Row) -> bool:
            return row["ingested_at"] <= as_of and (row.get("effective_at") is None or row["effective_at"] <= as_of)

        overturned: dict[str, datetime] = {}
        for row in self.rows["disputes"]:
            if (
                row["event"] == "resolved"
                and str(row.get("outcome")).startswith("overturned")
                and (row["ingested_at"] <= as_of and row["event_at"] <= as_of)
            ):
                overturned[row["evaluation_id"]] = min(
                    row["event_at"], overturned.get(row["evaluation_id"], row["event_at"])
                )
        records: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows["evaluations"]:
            if known(row):
                records[row["record_id"]].append(row)
        made = {}
        for rows in records.values():
            rows.sort(key=lambda r: (r["source_stamp"] or OLDEST, r["source_seq"], r["payload_hash"]))
            live = [Revision(row, self._answers(row)) for row in rows if not row["deleted"]]
            if live:
                evaluation = Evaluation(live, rows[-1]["deleted"], overturned.get(live[0].row["evaluation_id"]))
                made[evaluation.id] = evaluation
        return made

    def _answers(self, version: Row) -> dict[str, Row]:
        return {
            row["criterion_key"]: row
            for row in self.rows["answers"]
            if (row["record_id"], row["payload_hash"], row["source_seq"], row["source_stamp"])
            == (version["record_id"], version["payload_hash"], version["source_seq"], version["source_stamp"])
        }

    # Who is what

    def person(self, account: str | None) -> str | None:
        return self.people.get(account, account) if account else None

    def on_roster(self, e: Evaluation, roles: tuple[str, ...]) -> bool:
        if e.submitted_at is None:
            return False
        day = e.submitted_at.date()  # random programmes live in UTC
        return any(
            self.person(r["person_id"]) == self.person(e.evaluator_id)
            and r["role"] in roles
            and r["valid_from"] <= day
            and (r.get("valid_to") is None or day <= r["valid_to"])
            for r in self.rows["rosters"]
        )

    def family(self, e: Evaluation) -> str:
        return self.comparison.family(e.now.row)

    def kind(self, e: Evaluation) -> str:
        kind = e.kind or "standard"
        return "calibration" if kind == "standard" and e.session_id else str(kind)

    def role(self, e: Evaluation) -> tuple[str, str | None]:
        kind = self.kind(e)
        is_reference = kind in self.programme.references
        consensus = kind == "consensus" and bool(e.audited_evaluation_id or e.reference_rank)
        if not is_reference and not consensus and kind not in ("standard", "ata", "blind"):
            return "excluded", kind.upper()
        if (e.repeat_no or 1) > 1:
            return "excluded", "REPEAT"
        if is_reference:
            return "reference", None
        if consensus:
            return "auditor", None
        if e.about == "evaluator_work":
            return "evaluator_work", None
        if kind in ("ata", "blind") or e.audited_evaluation_id or self.on_roster(e, self.programme.auditor_roles):
            return "auditor", None
        return "standard", None

    def state(self, e: Evaluation) -> str:
        if e.is_gone or e.status in ("retracted", "deleted"):
            return "voided"
        return "draft" if e.status == "draft" else "live"

    # Pairs and buckets

    def _pair(self) -> None:
        roles = {e.id: self.role(e) for e in self.evaluations.values()}
        for e in self.evaluations.values():
            state, (role, reason) = self.state(e), roles[e.id]
            if state == "voided":
                self.buckets[e.id] = ("VOIDED", "DELETED" if e.is_gone else e.status.upper())
            elif state == "draft":
                self.buckets[e.id] = ("DRAFT", None)
            elif role == "excluded":
                self.buckets[e.id] = ("EXCLUDED", reason)
            elif role == "evaluator_work":
                self.buckets[e.id] = ("EVALUATOR_WORK", None)
            elif role == "auditor":
                self._audit(e, roles)
            elif role == "reference":
                self._reference(e, roles)
        audited = {pair["auditee"].id for pair in self.pairs.values()}
        for e in self.evaluations.values():
            if e.id not in self.buckets:
                self.buckets[e.id] = ("PAIRED_AUDITEE" if e.id in audited else "AUDITEE_ONLY", None)

    def _keep(self, audit: Evaluation, e: Evaluation, link: str) -> bool:
        if self.person(audit.evaluator_id) and self.person(audit.evaluator_id) == self.person(e.evaluator_id):
            self.self_audits.append((e.id, audit.id))
            return False
        self.pairs[f"{e.id}|{audit.id}"] = {"auditee": e, "auditor": audit, "link": link}
        return True

    def _reference(self, audit: Evaluation, roles: dict[str, Any]) -> None:
        work = [
            e
            for e in self.evaluations.values()
            if self.state(e) == "live"
            and roles[e.id][0] in ("standard", "auditor")
            and self.kind(e) == "standard"
            and self._place(e) == self._place(audit)
            and e.interaction_id
            and self.family(e) == self.family(audit)
        ]
        kept = [self._keep(audit, e, "reference") for e in work]
        self.buckets[audit.id] = (
            ("PAIRED_AUDITOR", None)
            if any(kept)
            else ("EXCLUDED", "SELF_AUDIT")
            if kept
            else ("REFERENCE_UNUSED", "NO_AUDITEE_EVAL")
        )

    def _audit(self, audit: Evaluation, roles: dict[str, Any]) -> None:
        grades: list[tuple[str, Evaluation, str]] = []  # ("" fits, else why not), which, link
        if audit.audited_evaluation_id == audit.id:
            self.buckets[audit.id] = ("EXCLUDED", "SELF_AUDIT")
            return
        if audit.audited_evaluation_id:
            e = self.evaluations.get(audit.audited_evaluation_id)
            if e is not None:
                state = self.state(e)
                why = (
                    state.upper()
                    if state != "live"
                    else ("" if roles[e.id][0] in ("standard", "auditor") else "AUDITEE_EXCLUDED")
                )
                grades.append((why, e, "explicit"))
        else:
            work = [e for e in self.evaluations.values() if roles[e.id][0] == "standard"]
            grades += [
                ("" if self.state(e) == "live" else self.state(e).upper(), e, "blind_task")
                for e in work
                if audit.blind_task_id and e.blind_task_id == audit.blind_task_id
            ]
            if not grades:
                grades += [(why, e, "key") for e in work if (why := self._key_grade(audit, e)) is not None]
        fits = [(e, link) for why, e, link in grades if why == ""]
        people = {self.person(e.evaluator_id) or e.id for e, _ in fits}
        if len(people) > 1:
            self.buckets[audit.id] = ("AMBIGUOUS", "SEVERAL_EVALUATORS")
            self.candidates[audit.id] = sorted(e.id for e, _ in fits)
            return
        if not fits:
            order = ["VOIDED", "DRAFT", "OUT_OF_WINDOW", "AGENT_MISMATCH", "FORM_MISMATCH", "AUDITEE_EXCLUDED"]
            reasons = sorted((why for why, _, _ in grades), key=order.index)
            self.buckets[audit.id] = ("UNMATCHED_AUDITOR", reasons[0] if reasons else "NO_AUDITEE_EVAL")
            return
        began = audit.started_at or audit.submitted_at
        before = [(e, link) for e, link in fits if began and e.submitted_at and e.submitted_at < began]
        if before:
            last = max(e.submitted_at for e, _ in before)
            e, link = min((x for x in before if x[0].submitted_at == last), key=lambda x: str(x[0].id))
        else:
            e, link = min(fits, key=lambda x: (x[0].submitted_at is None, x[0].submitted_at or OLDEST, x[0].id))
        kept = self._keep(audit, e, link)
        self.buckets[audit.id] = ("PAIRED_AUDITOR", None) if kept else ("EXCLUDED", "SELF_AUDIT")

    def _place(self, e: Evaluation) -> tuple[str | None, str]:
        return e.interaction_id, e.segment_id or ""

    def _key_grade(self, audit: Evaluation, e: Evaluation) -> str | None:
        if not audit.interaction_id or self._place(e) != self._place(audit):
            return None
        days = timedelta(days=self.programme.audit_window_days)
        in_window = True
        if audit.submitted_at and e.submitted_at:
            is_blind = self.kind(audit) == "blind" or audit.is_blind
            in_window = (-days if is_blind else timedelta(0)) <= audit.submitted_at - e.submitted_at <= days
        same_form, same_agent = (
            self.family(e) == self.family(audit),
            self.person(e.agent_id) == self.person(audit.agent_id),
        )
        if self.state(e) != "live":
            return self.state(e).upper() if same_form and same_agent and in_window else None
        return (
            "FORM_MISMATCH"
            if not same_form
            else "AGENT_MISMATCH"
            if not same_agent
            else ("" if in_window else "OUT_OF_WINDOW")
        )

    def _headlines(self) -> None:
        def rank(audit: Evaluation) -> tuple[int, float, str]:
            if audit.reference_rank:
                word = audit.reference_rank
            elif self.kind(audit) in ("consensus", "gold"):
                word = "consensus"
            elif audit.now.is_adjudicated:
                word = "dispute"
            else:
                word = "senior" if self.on_roster(audit, self.programme.senior_roles) else "auditor"
            at = audit.submitted_at.timestamp() if audit.submitted_at else float("-inf")
            return ["consensus", "dispute", "senior", "auditor"].index(word), -at, audit.id

        groups: dict[str, list[Row]] = defaultdict(list)
        for pair in self.pairs.values():
            groups[pair["auditee"].id].append(pair)
        for pairs in groups.values():
            best = min(rank(pair["auditor"]) for pair in pairs)
            for pair in pairs:
                pair["is_headline"] = rank(pair["auditor"]) == best

    # Comparison

    def _compare(self, pair: Row) -> None:
        auditee, auditor = pair["auditee"], pair["auditor"]
        original = auditee.original_for(auditor)
        pair["original"] = self.comparison.compare(original, auditor.now)
        pair["current"] = self.comparison.compare(auditee.now, auditor.now)
        pair["before"] = (
            self.comparison.compare(original, auditor.own[-1]) if auditor.now.is_adjudicated and auditor.own else None
        )
        pair["edited"] = bool(original and auditee.own) and content(auditee.own[-1]) != content(original)

"""Turn one worked fixture (a situation and what is expected of it) into a small programme, by rule over its fields.

Understood of a case: form, form_default's shape; auditee / auditor with answers and any of eval, evaluator, agent,
submitted, started, kind, rank, audited_eval_id, blind, blind_task, session, deleted; auditee_candidates, auditors,
auditee_revisions, auditor_revisions (rev, at, cause, answers); auditee_version, auditor_version, crosswalk; kinds;
auditee_submitted, auditor_submitted; window_days; tz; evaluators, agents; deliveries; as_of.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from reconcile.world import World, day

from qa_sync.reconcile.programme import Programme

_ABOUT = {
    "eval": "evaluation_id",
    "evaluator": "evaluator_id",
    "agent": "agent_id",
    "kind": "kind",
    "rank": "reference_rank",
    "audited_eval_id": "audited_evaluation_id",
    "blind": "is_blind",
    "blind_task": "blind_task_id",
    "session": "session_id",
    "interaction": "interaction_id",
    "form_id": "form_id",
}
_TIMES = {"submitted": "submitted_at", "started": "started_at"}
_CAUSES = {"dispute_overturned": "dispute", "dispute": "dispute", "edit": "edit", "work": "work"}


def moment(text: str) -> datetime:
    """Read an ISO time of a fixture."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class Case:
    """One fixture as a world; ``programme`` holds its settings."""

    def __init__(self, case: Mapping[str, Any], default: Mapping[str, Any]) -> None:
        self.case = case
        self.form = {**default, **case.get("form", {})}
        self.world = World()
        settings: dict[str, Any] = {"time_zone": case.get("tz", "UTC")}
        if "window_days" in case:
            settings["audit_window_days"] = case["window_days"]
        if "tolerance" in case:
            settings["tolerance"] = float(case["tolerance"])
        self.programme = Programme(**settings)
        self.as_of = moment(case["as_of"]) if "as_of" in case else datetime(2030, 1, 1, tzinfo=UTC)
        self._forms()
        self.submitted = self._auditees()
        self.auditors = self._auditors()

    def _forms(self) -> None:
        criteria = self.form["criteria"]
        self.version = str(self.form.get("version", 3))
        rule = {"auto_fail": self.form.get("autofail", "zero"), "higher_is": self.form.get("higher_is", "better")}
        for side in ("auditee", "auditor"):
            version = str(self.case.get(f"{side}_version", self.version))
            if any(row["form_version"] == version for row in self.world.rows["forms"]):
                continue
            known = self._crosswalk(side)
            if known is not None:  # an earlier version: what the cross-walk and the answers speak of
                keys = [*known, *(key for key in self.case.get(side, {}) if key in criteria)]
                self.world.form(
                    "F1", version, {known.get(k, k): criteria[known.get(k, k)] for k in dict.fromkeys(keys)}, **rule
                )
            else:
                self.world.form("F1", version, criteria, **rule)

    def _crosswalk(self, side: str) -> Mapping[str, str] | None:
        crosswalk = self.case.get("crosswalk")
        return crosswalk if crosswalk is not None and side == "auditee" else None

    def _auditees(self) -> datetime | None:
        at = moment(self.case["auditee_submitted"]) if "auditee_submitted" in self.case else day(0)
        if "auditee_revisions" in self.case:
            return self._revisions(
                "auditee", self.case["auditee_revisions"], {"evaluation_id": "e1", "evaluator_id": "u1"}
            )
        for n, given in enumerate(self.case.get("auditee_candidates", [self.case.get("auditee", {})]), start=1):
            self._evaluation("auditee", given, {"evaluation_id": f"e{n}", "evaluator_id": f"u{n}", "submitted_at": at})
        return at

    def _auditors(self) -> list[str]:
        sides = ("auditor", "auditors", "auditor_revisions", "auditor_submitted", "kinds", "evaluators", "agents")
        if not any(name in self.case for name in sides) and "expect" in self.case and "iso_week" in self.case["expect"]:
            return []
        after = timedelta(days=1)
        at = (
            moment(self.case["auditor_submitted"])
            if "auditor_submitted" in self.case
            else (self.submitted or day(0)) + after
        )
        base = {"kind": "ata", "submitted_at": at}
        if "auditor_revisions" in self.case:
            self._revisions(
                "auditor", self.case["auditor_revisions"], {**base, "evaluation_id": "a1", "evaluator_id": "v1"}
            )
            return ["a1"]
        made = []
        for n, given in enumerate(self.case.get("auditors", [self.case.get("auditor", {})]), start=1):
            made.append(self._evaluation("auditor", given, {**base, "evaluation_id": f"a{n}", "evaluator_id": f"v{n}"}))
        return made

    def _evaluation(self, side: str, given: Mapping[str, Any], values: dict[str, Any], **version: Any) -> str:
        values = {**values, "form_version": str(self.case.get(f"{side}_version", self.version))}
        for group, column in (
            ("kinds", "kind"),
            ("evaluators", "evaluator_id"),
            ("agents", "agent_id"),
            ("sessions", "session_id"),
        ):
            if side in self.case.get(group, {}):
                values[column] = self.case[group][side]
        values |= {column: given[name] for name, column in _ABOUT.items() if name in given}
        values |= {column: moment(given[name]) for name, column in _TIMES.items() if name in given}
        walk = self._crosswalk(side) or {}
        keys = [
            row["criterion_key"] for row in self.world.rows["criteria"] if row["form_version"] == values["form_version"]
        ]
        known = {
            walk.get(name, name): value for name, value in given.items() if walk.get(name, name) in self._all_keys()
        }
        # A case that is not about answers says nothing of them: everybody gave full marks.
        answers = known or {
            key: "pass" if self.form["criteria"][key].get("crit") else self.form["criteria"][key]["max"] for key in keys
        }
        for delivery in range(self.case.get("deliveries", 2 if "delivered twice" in self.case.get("note", "") else 1)):
            ingested = values["submitted_at"] + timedelta(minutes=delivery)
            self.world.evaluation(
                values.pop("evaluation_id") if delivery < 0 else values["evaluation_id"],
                answers,
                **{k: v for k, v in values.items() if k != "evaluation_id"},
                ingested=ingested,
                **version,
            )
        deleted = given.get("deleted") or self.case.get(f"{side}_deleted")
        if deleted:
            self.world.delete(values["evaluation_id"], moment(deleted))
        return str(values["evaluation_id"])

    def _all_keys(self) -> set[str]:
        return set(self.form["criteria"])

    def _revisions(self, side: str, revisions: Any, values: dict[str, Any]) -> datetime:
        first = moment(revisions[0]["at"])
        for seq, revision in enumerate(revisions):
            at = moment(revision["at"])
            cause = _CAUSES[revision["cause"]] if revision.get("cause") else None
            self._evaluation(
                side, revision, {**values, "submitted_at": first, "effective_at": at, "cause": cause}, stamp=at, seq=seq
            )
            if str(revision.get("cause", "")).startswith("dispute_overturned"):
                self.world.add(
                    "disputes",
                    dispute_id=f"d-{side}",
                    event_no=1,
                    event="resolved",
                    event_at=at,
                    evaluation_id=values["evaluation_id"],
                    outcome="overturned_full",
                )
        return first

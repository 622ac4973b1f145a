"""Records as the slow reconciler reads them: an evaluation is its revisions, oldest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
OLDEST = datetime.min.replace(tzinfo=UTC)


class Revision:
    """One version of an evaluation with its answers."""

    def __init__(self, row: Row, answers: dict[str, Row]) -> None:
        self.row = row
        self.answers = answers
        self.order = (row["source_stamp"] or OLDEST, row["source_seq"], row["payload_hash"])
        self.in_force_at = row.get("effective_at") or row["source_stamp"] or row["ingested_at"]
        self.is_adjudicated = False
        self.is_finished = row["status"] not in ("draft", "retracted", "deleted")


class Evaluation:
    """An evaluation with its revisions, oldest first; fields are those of the newest."""

    def __init__(self, revisions: list[Revision], is_gone: bool, overturned_at: datetime | None) -> None:
        self.revisions = sorted(revisions, key=lambda r: r.order)
        adjudicated = False
        for revision in self.revisions:
            cause = revision.row.get("cause")
            if cause == "dispute":
                adjudicated = revision.is_adjudicated = True
            elif cause is None and (
                adjudicated or (overturned_at is not None and revision.in_force_at >= overturned_at)
            ):
                revision.is_adjudicated = True
        self.now = self.revisions[-1]
        self.is_gone = is_gone
        self.id = self.now.row["evaluation_id"]

    def __getattr__(self, name: str) -> Any:
        return self.now.row.get(name)

    @property
    def submitted_at(self) -> datetime | None:
        """When it was first submitted, however often it was saved since."""
        times = [r.row["submitted_at"] for r in self.revisions if r.row["status"] != "draft" and r.row["submitted_at"]]
        return min(times, default=self.now.row["submitted_at"])

    @property
    def own(self) -> list[Revision]:
        return [r for r in self.revisions if r.is_finished and not r.is_adjudicated]

    def original_for(self, audit: Evaluation) -> Revision | None:
        if not self.own:
            return None
        before = [r for r in self.own if audit.submitted_at and r.in_force_at <= audit.submitted_at]
        first = min(r.in_force_at for r in self.own)
        return (before or [r for r in self.own if r.in_force_at == first])[-1]


def content(revision: Revision) -> dict[str, Any]:
    """What a revision answers."""
    return {key: (row["state"], row.get("option"), row.get("points")) for key, row in revision.answers.items()}

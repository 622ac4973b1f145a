"""Carries out a plan: asks what tickets hold, sends updates in jobs, waits for each and counts what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa_sync.errors import SourceError, TransientError
from qa_sync.http import HttpClient
from qa_sync_zendesk.clock import Clock
from qa_sync_zendesk.writing.plan import Wanted, batches, plan

#: Tickets that one request can show or change.
MOST = 100
#: Seconds between two looks at a job, and how long one may take.
GLANCE, PATIENCE = 2.0, 900.0
_STRANGE = "Zendesk answered a request to show or change tickets with something that is not known"


@dataclass(slots=True)
class Written:
    """What became of the tickets: written, done before, closed for good, not there, refused."""

    written: int = 0
    unchanged: int = 0
    shut: int = 0
    missing: int = 0
    failed: int = 0

    def __str__(self) -> str:
        """Return one line for people."""
        return (
            f"{self.written} written, {self.unchanged} unchanged, {self.shut} closed, {self.missing} not there, "
            f"{self.failed} refused"
        )


class Writer:
    """Writes into the tickets of one account.

    Args:
        client: signed requests against the account.
        clock: for the waits between looks at a job.
        notify: told one line a job.
    """

    def __init__(self, client: HttpClient, clock: Clock, notify: Callable[[str], None]) -> None:
        self._client = client
        self._clock = clock
        self._notify = notify

    def write(self, asked: Sequence[Wanted], *, dry_run: bool) -> Written:
        """Bring tickets to what is wanted; a dry run only asks what they hold.

        Raises:
            AuthError, TransientError, SourceError: it cannot go on; what was written stands, and the same call
                goes on from there.
        """
        counts = Written()
        for batch in batches(asked, MOST):
            made = plan(batch, self._present([one.ticket for one in batch]))
            counts.unchanged += len(made.done)
            counts.shut += len(made.shut)
            counts.missing += len(made.missing)
            if dry_run:
                counts.written += len(made.updates)
            elif made.updates:
                self._send(list(made.updates), counts)
        return counts

    def _present(self, tickets: Sequence[int]) -> dict[int, dict[str, object]]:
        params = {"ids": ",".join(map(str, tickets))}
        try:
            found = self._client.get("api/v2/tickets/show_many.json", params=params).json()["tickets"]
            return {
                int(one["id"]): {
                    "status": str(one.get("status", "")),
                    "tags": list(one.get("tags") or ()),
                    "updated_at": str(one["updated_at"]),
                }
                for one in found
            }
        except (ValueError, KeyError, TypeError):
            raise SourceError(_STRANGE) from None

    def _send(self, updates: list[object], counts: Written) -> None:
        # Not repeatable: whether an answer that was lost had been carried out, the tags tell the next run.
        answer = self._client.request("PUT", "api/v2/tickets/update_many.json", json={"tickets": updates})
        begun = self._clock.now()
        while True:
            try:
                job = answer.json()["job_status"]
                identity, status, results = str(job["id"]), str(job["status"]), job.get("results")
            except (ValueError, KeyError, TypeError):
                raise SourceError(_STRANGE) from None
            if status in {"completed", "failed", "killed"}:
                break
            if self._clock.now() - begun > PATIENCE:
                msg = "a job of Zendesk has not ended in time; run again later, nothing is written twice"
                raise TransientError(msg)
            self._clock.sleep(GLANCE)
            answer = self._client.get(f"api/v2/job_statuses/{identity}.json")
        done = (
            [one for one in results if isinstance(one, dict) and one.get("success")]
            if isinstance(results, list)
            else []
        )
        counts.written += len(done)
        counts.failed += len(updates) - len(done)
        self._notify(f"{len(done)} of {len(updates)} tickets written")

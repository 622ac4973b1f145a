"""Carries out a plan: asks what tickets hold, sends updates in jobs, waits for each and counts what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qa_sync.errors import TransientError
from qa_sync.http import HttpClient
from qa_sync_zendesk.clock import Clock
from qa_sync_zendesk.writing.plan import Wanted, batches, plan
from qa_sync_zendesk.zenpy_adapter import TicketWriting

#: Tickets that one request can show or change.
MOST = 100
#: Seconds between two looks at a job, and how long one may take.
GLANCE, PATIENCE = 2.0, 900.0


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
        self._tickets = TicketWriting(client)
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
            made = plan(batch, self._tickets.shown([one.ticket for one in batch]))
            counts.unchanged += len(made.done)
            counts.shut += len(made.shut)
            counts.missing += len(made.missing)
            if dry_run:
                counts.written += len(made.updates)
            elif made.updates:
                self._send(made.updates, counts)
        return counts

    def _send(self, updates: Sequence[Mapping[str, object]], counts: Written) -> None:
        job = self._tickets.update(updates)
        begun = self._clock.now()
        while not job.is_over:
            if self._clock.now() - begun > PATIENCE:
                msg = "a job of Zendesk has not ended in time; run again later, nothing is written twice"
                raise TransientError(msg)
            self._clock.sleep(GLANCE)
            job = self._tickets.job(job.identity)
        counts.written += job.done
        counts.failed += len(updates) - job.done
        self._notify(f"{job.done} of {len(updates)} tickets written")

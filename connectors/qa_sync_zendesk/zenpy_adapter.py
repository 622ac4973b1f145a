"""The only file that knows zenpy: its endpoint catalogue, its objects for what there is little of, its write paths.

Bulk pages never go through zenpy's objects (13 times the cost of a plain decode, and an empty page ends its loop in
silence). The private names used here are pinned by a contract test and by ``zenpy>=2.0.57,<2.1``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from qa_sync.errors import SourceError
from qa_sync.http import HttpClient
from qa_sync_zendesk.streams import Endpoint

#: zenpy insists on a subdomain; nothing is ever sent to this host, see ``OurSession``.
_SUBDOMAIN, _DOMAIN = "account", "invalid"
#: States in which a job stays.
_OVER = frozenset({"completed", "failed", "killed"})
#: Streams that zenpy's catalogue does not have as we ask for them.
_UNKNOWN = frozenset({"ticket_events", "ticket_metric_events"})
_PLACEHOLDER = f"{_SUBDOMAIN}.{_DOMAIN}"


def first_request(endpoint: Endpoint, *, start_time: int = 0) -> tuple[str, dict[str, str]]:
    """Return path and parameters of a stream's first request, from zenpy's catalogue and without any network.

    ``start_time`` (epoch seconds) is used by the incremental exports only.

    >>> from qa_sync_zendesk.streams import ENDPOINTS
    >>> first_request(ENDPOINTS["tickets"], start_time=60)
    ('/api/v2/incremental/tickets/cursor.json', {'start_time': '60'})
    """
    if endpoint.path or endpoint.name in _UNKNOWN:
        return endpoint.address, {"start_time": str(start_time)} if endpoint.paging == "time" else {}
    from zenpy.lib.endpoint import EndpointFactory

    entry = EndpointFactory(endpoint.name)
    if endpoint.paging == "cursor":
        url = entry.incremental.cursor_start(start_time=start_time)
    elif endpoint.paging == "time":
        url = entry.incremental(start_time=start_time)
    else:
        url = entry()
    url.netloc = _PLACEHOLDER
    url.prefix_path("api/v2")
    parts = urlsplit(url.build())
    return parts.path, dict(parse_qsl(parts.query))


class OurSession(requests.Session):
    """A session for zenpy whose requests all go through our client: its host, retries, limits and errors."""

    authorized = True  # zenpy then adds no credentials of its own

    def __init__(self, client: HttpClient) -> None:
        super().__init__()
        self._client = client

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """Send what zenpy asks for to our own host, and refuse any other that a body may have named.

        Raises:
            SourceError: the URL names another host.
        """
        if args:
            msg = "zenpy calls its session in a way that is not known; use zenpy>=2.0.57,<2.1"
            raise SourceError(msg)
        verb = method.decode() if isinstance(method, bytes) else method
        text = url.decode() if isinstance(url, bytes) else url
        parts = urlsplit(text)
        options.pop("allow_redirects", None)
        target = text
        if parts.netloc == _PLACEHOLDER:
            target = parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
        response = self._client.request(verb.upper(), target, **options)
        # zenpy looks for its own host in here to decide whether an answer is one of Zendesk's.
        response.request.url = f"https://{_PLACEHOLDER}{parts.path}"
        return response


def objects(client: HttpClient) -> Any:
    """Return a ``zenpy.Zenpy`` on our session: for metadata, write-back, and objects on demand.

    One per thread: zenpy keeps state while it works.
    """
    from zenpy import Zenpy

    # At debug level zenpy prints whole answers.
    logging.getLogger("zenpy").setLevel(logging.INFO)
    return Zenpy(
        subdomain=_SUBDOMAIN, domain=_DOMAIN, session=OurSession(client), timeout=(5.0, 60.0), disable_cache=True
    )


def ticket_fields(client: HttpClient) -> dict[int, str]:
    """Return id → title of the account's ticket fields."""
    return {int(field.id): str(field.title) for field in objects(client).ticket_fields()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job of the account: whether it has ended, and how many of its parts were done."""

    identity: str
    is_over: bool
    done: int


class TicketWriting:
    """The calls of zenpy that write-back is made of: tickets shown, changed in a job, and the job looked at.

    Not for use by two threads at once.

    Args:
        client: signed requests against the account.
    """

    def __init__(self, client: HttpClient) -> None:
        self._zenpy = objects(client)

    def shown(self, tickets: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return id → status, tags and updated_at of those that are there, at most 100 in a call.

        Raises:
            AuthError, TransientError, SourceError: they cannot be had.
        """
        with _understood():
            return {
                int(one.id): {
                    "status": str(one.status),
                    "tags": list(one.tags or ()),
                    "updated_at": _text(one.updated_at),
                }
                for one in self._zenpy.tickets(ids=list(tickets))
            }

    def update(self, updates: Sequence[Mapping[str, Any]]) -> Job:
        """Ask for changes of tickets, at most 100, and return the job that carries them out.

        Sent once only: whether an answer that was lost had been carried out, the tickets tell.

        Raises:
            AuthError, TransientError, SourceError: the account refused, or did not answer.
        """
        from zenpy.lib.api_objects import Ticket

        with _understood():
            return _job(self._zenpy.tickets.update([Ticket(**update) for update in updates]))

    def job(self, identity: str) -> Job:
        """Return how a job stands; raises as ``shown`` does."""
        with _understood():
            return _job(self._zenpy.job_status(id=identity))


def _present(status: object, tags: Iterable[object] | None, updated_at: object) -> dict[str, Any]:
    return {"status": str(status), "tags": [str(tag) for tag in tags or ()], "updated_at": _text(updated_at)}


def _job(status: Any) -> Job:
    done = [one for one in status.results or () if getattr(one, "success", None)]
    return Job(identity=_text(status.id), is_over=_text(status.status) in _OVER, done=len(done))


def _text(value: object) -> str:
    if value is None:
        raise TypeError
    return str(value)


@contextmanager
def _understood() -> Iterator[None]:
    """Raise SourceError for an answer that zenpy cannot make objects of; its message would quote the answer."""
    from zenpy.lib.exception import ZenpyException

    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, ZenpyException):
        msg = "Zendesk answered a request to show or change tickets with something that is not known"
        raise SourceError(msg) from None


def to_ticket(record: dict[str, Any], client_objects: Callable[[], Any]) -> Any:
    """Return one raw ticket as a zenpy object, for people who script with zenpy."""
    return client_objects().tickets._object_mapping.object_from_json("ticket", record)

"""One Zendesk account as a source: signs, limits and retries requests, and hands out pages."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import islice
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from qa_sync.errors import AuthError, ConfigError, Problem, QASyncError, SourceError, TransientError
from qa_sync.http import HttpClient, Retry
from qa_sync.ports import Context, Page, Stream
from qa_sync_zendesk import zenpy_adapter
from qa_sync_zendesk.auth import API_TOKENS_END, Fixed, auth_for
from qa_sync_zendesk.clock import Clock
from qa_sync_zendesk.diagnosis import diagnose
from qa_sync_zendesk.explain import explain
from qa_sync_zendesk.export import Fetch, read_by_cursor, read_by_time
from qa_sync_zendesk.length import PAGE_TRIES, SLOW_SECONDS, PageLength, may_be_too_long
from qa_sync_zendesk.limiter import Limiter
from qa_sync_zendesk.lists import Kind, read_listing, read_per_ticket, read_since
from qa_sync_zendesk.position import Position, time_in
from qa_sync_zendesk.privacy import Hasher, kept_key, policy, unknown_custom_fields
from qa_sync_zendesk.qa.source import QASource
from qa_sync_zendesk.qa.streams import QA_ENDPOINTS, Reading
from qa_sync_zendesk.settings import ApiToken, Settings, placed
from qa_sync_zendesk.streams import ENDPOINTS, Endpoint
from qa_sync_zendesk.wire import Slice, Slicer
from qa_sync_zendesk.writing.plan import wanted
from qa_sync_zendesk.writing.write import Writer, Written

_log = logging.getLogger(__name__)

#: Seconds to name for "come back later" when a refusal names none.
UNTOLD_WAIT = 60.0
_AGENT = "qa-sync-zendesk/0.1"


class ZendeskSource:
    """See ``qa_sync.ports.Source``. Nothing is sent before the first ``read`` or ``check``."""

    def __init__(self, settings: Settings, context: Context, *, clock: Clock | None = None) -> None:
        self._settings = settings
        self._context = context
        self._clock = clock or Clock(now=time.time, sleep=time.sleep)
        self._lengths: dict[str, PageLength] = {}
        secret = settings.hash_key.get_secret_value().encode() if settings.hash_key else kept_key(context.state)
        self._hasher = Hasher(secret)
        # All that read this account from the workspace share its buckets and tokens, whatever the source is called.
        common = context.common or context.state
        host = hashlib.sha256(urlsplit(settings.base_url).netloc.encode()).hexdigest()[:12]
        shared = common / f"zendesk-{host}-limits.json"
        self._limiter = Limiter(shared, context.notify, now=self._clock.now, sleep=self._clock.sleep)
        self._sessions: list[requests.Session] = []
        tokens = self._http(None)
        self._client = self._http(auth_for(settings, tokens, common, self._clock.now, earlier=context.state))
        qa_auth = Fixed(f"Bearer {settings.qa_auth.token.get_secret_value()}") if settings.qa_auth else None
        reading = Reading(
            start=int(settings.start.timestamp()),
            look_back=settings.qa_look_back_days * 86_400,
            full_every=settings.qa_full_days * 86_400,
            workspaces=settings.qa_workspaces,
        )
        self._qa = QASource(self._http(qa_auth), reading=reading, keep=settings.keep, clock=self._clock)
        if isinstance(settings.auth, ApiToken):
            warning = f"Zendesk API tokens stop working on {API_TOKENS_END}: change auth to kind client_credentials"
            context.notify(warning)
            _log.warning("%s: %s", context.name, warning)

    def _http(self, auth: AuthBase | None) -> HttpClient:
        session = requests.Session()
        session.headers["User-Agent"] = _AGENT
        self._sessions.append(session)
        return HttpClient(
            self._settings.base_url,
            retry=Retry(attempts=8, total=900.0, cap=60.0, sleep=self._clock.sleep),
            session=session,
            notify=self._context.notify,
            auth=auth,
            before=self._limiter.before,
            after=self._limiter.after,
            explain=explain,
        )

    def streams(self) -> Sequence[Stream]:
        """Return the streams of the settings."""
        return [(ENDPOINTS.get(name) or QA_ENDPOINTS[name]).stream() for name in self._settings.streams]

    def read(self, stream: str, cursor: str | None) -> Iterator[Page]:
        """Yield the pages after ``cursor``; see ``qa_sync.ports.Source.read``."""
        if stream in self._settings.streams and stream in QA_ENDPOINTS:
            yield from self._qa.read(stream, cursor)
            return
        endpoint = self._endpoint(stream)
        position, start = Position.from_text(cursor), int(self._settings.start.timestamp())
        if endpoint.paging == "cursor":
            fetch = self._fetch(endpoint)
            yield from read_by_cursor(stream, position, start=start, fetch=fetch, clock=self._clock)
        elif endpoint.paging == "time":
            fetch = self._fetch(endpoint)
            yield from read_by_time(stream, position, start=start, fetch=fetch, clock=self._clock)
        elif endpoint.paging == "since":
            kinds = [
                Kind(name=part.name, fetch=self._fetch(part, kept_as=stream), since=part.since)
                for part in endpoint.parts
            ]
            yield from read_since(stream, position, kinds, start=start, clock=self._clock)
        elif endpoint.paging == "per_ticket":
            tickets = [*self._settings.audit_tickets, *self._found(self._settings.audit_search)]
            yield from read_per_ticket(stream, position, tickets, partial(self._audits, endpoint), self._context.notify)
        else:
            yield from read_listing(stream, fetch=self._fetch(endpoint))

    def _audits(self, endpoint: Endpoint, ticket: int) -> Fetch:
        return self._fetch(replace(endpoint, path=f"/api/v2/tickets/{ticket}/audits.json"))

    def _found(self, query: str) -> Iterator[int]:
        """Yield the numbers of the tickets that a search finds; the search's own export has no limit of 1,000."""
        params = {"query": query, "filter[type]": "ticket", "page[size]": "1000"}
        while query:
            try:
                answer = self._client.get("api/v2/search/export.json", params=params).json()
                found, meta = [int(row["id"]) for row in answer["results"]], answer["meta"]
            except (ValueError, KeyError, TypeError):
                msg = "the search answered with something that is not a page of results"
                raise TransientError(msg) from None
            yield from found
            if not meta.get("has_more"):
                return
            params["page[after]"] = str(meta.get("after_cursor"))

    def check(self, *, probe: bool = False) -> Sequence[Problem]:  # noqa: ARG002
        """Ask each stream for one record, as the work itself will: an anonymous client is refused there.

        Also names mapped custom fields that the account does not have.
        """
        return [placed(problem, self._context.name) for problem in self._problems()]

    def write_back(self, select: Callable[[str], Iterable[Mapping[str, object]]], *, dry_run: bool) -> Written:
        """Write what the settings' ``write_back`` says into tickets; ``select`` runs its SQL.

        Raises:
            ConfigError: the workspace does not ask for it, or asks for what the select does not give.
            AuthError, TransientError, SourceError: the account refused; what was written stands.
        """
        asked = self._settings.write_back
        if asked is None:
            what = "nothing is written back into this account"
            hint = "to switch it on, add write_back: {select: ..., tags: [...], note: ...} to the source"
            raise ConfigError(placed(Problem(what=what, hint=hint), self._context.name))
        rows = wanted(select(asked.select), custom_fields=asked.custom_fields, tags=asked.tags, note=asked.note)
        return Writer(self._client, self._clock, self._context.notify).write(rows, dry_run=dry_run)

    def close(self) -> None:
        """Give back connections."""
        for session in self._sessions:
            session.close()

    def _problems(self) -> list[Problem]:
        problems: list[Problem] = []
        if isinstance(self._settings.auth, ApiToken) and self._today() >= date.fromisoformat(API_TOKENS_END):
            what = f"API tokens stopped working on {API_TOKENS_END}"
            problems.append(Problem(what=what, hint="use kind client_credentials", path=("auth", "kind")))
        silenced: set[bool] = set()  # the interface that fails as a whole has been told of once
        for at, name in enumerate(self._settings.streams):
            is_qa = name in QA_ENDPOINTS
            if is_qa in silenced:
                continue
            try:
                if is_qa:
                    self._qa.ask_one(name)
                else:
                    self._ask_one(ENDPOINTS[name])
            except QASyncError as error:
                granted = self._scopes() if isinstance(error, AuthError) and not is_qa else ()
                problem, others_fail_too = diagnose(name, at, error, granted)
                problems.append(problem)
                if others_fail_too:
                    silenced.add(is_qa)
        if False in silenced:
            return problems
        return [*problems, *self._check_fields()]

    def _endpoint(self, stream: str) -> Endpoint:
        if stream not in self._settings.streams:
            msg = f"no stream {stream} in the settings; there are {', '.join(self._settings.streams)}"
            raise SourceError(msg)
        return ENDPOINTS[stream]

    def _fetch(self, endpoint: Endpoint, *, kept_as: str = "") -> Fetch:
        keep = self._settings.keep.get(kept_as or endpoint.name, ())
        mapped = self._context.mapped_fields.get(endpoint.name, frozenset())
        slicer = Slicer(endpoint, policy(endpoint.name, keep=keep, mapped=mapped), self._hasher)
        length = self._lengths.setdefault(endpoint.name, PageLength(self._settings.per_page))

        def fetch(params: Mapping[str, str]) -> Slice:
            return self._page(endpoint, slicer, params, length)

        return fetch

    def _page(self, endpoint: Endpoint, slicer: Slicer, params: Mapping[str, str], length: PageLength) -> Slice:
        """Get one page; one that does not arrive whole is asked for again, shorter."""
        constant, has_length = self._constant(endpoint), endpoint.paging in {"cursor", "time"}
        self._limiter.behind(self._lag(endpoint, params))
        for attempt in range(1, PAGE_TRIES + 1):
            asked = {**constant, **({"per_page": str(length.now)} if has_length else {}), **params}
            patience = length.patience() if has_length else _endless
            try:
                answer = self._client.get(endpoint.address, params=asked, worth_repeating=patience)
                piece = slicer.slice(answer.content)
            except TransientError as error:
                if getattr(error, "status", None) == 429 and error.retry_after is None:
                    raise TransientError(str(error), retry_after=UNTOLD_WAIT) from None
                if attempt == PAGE_TRIES or not may_be_too_long(error):
                    raise
                self._shorten(endpoint, length, "longer ones did not arrive")
                self._clock.sleep(float(attempt))
            else:
                if answer.elapsed.total_seconds() > SLOW_SECONDS:
                    self._shorten(endpoint, length, "longer ones are slow")
                else:
                    length.good_page()
                return piece
        msg = f"{endpoint.name}: no whole page"  # not reached: the last attempt raises
        raise TransientError(msg)

    def _shorten(self, endpoint: Endpoint, length: PageLength, why: str) -> None:
        if length.shorten():
            self._context.notify(f"{endpoint.name}: pages of {length.now} from here, {why}")

    def _lag(self, endpoint: Endpoint, params: Mapping[str, str]) -> float | None:
        """Return how far behind the page is that is asked for, None where that cannot be told."""
        if endpoint.paging not in {"cursor", "time"}:
            return None
        at = time_in(params["cursor"]) if "cursor" in params else int(params.get("start_time", "0"))
        return None if at is None else max(0.0, self._clock.now() - at)

    def _constant(self, endpoint: Endpoint) -> dict[str, str]:
        if endpoint.name == "ticket_events":
            # Comments come along only when something of them may be stored.
            wanted = any(path.startswith("child_events[]") for path in self._settings.keep.get(endpoint.name, ()))
            return {"include": "comment_events"} if wanted else {}
        if endpoint.name != "tickets":
            return {}
        include = {"include": "metric_sets"} if self._settings.metric_sets else {}
        return {"support_type_scope": self._settings.support_type_scope, **include}

    def _ask_one(self, endpoint: Endpoint) -> None:
        recently = int(self._clock.now()) - 3600
        if endpoint.paging == "since":
            next(self.read(endpoint.name, Position(time=recently).to_text()))
            return
        if endpoint.paging == "per_ticket":
            list(islice(self._found(self._settings.audit_search), 1))
            return
        path, params = zenpy_adapter.first_request(endpoint, start_time=recently)
        size = {"page[size]": "1"} if endpoint.paging == "listing" else {"per_page": "1"}
        answer = self._client.get(path, params={**params, **size})
        Slicer(endpoint, policy(endpoint.name), self._hasher).slice(answer.content)

    def _scopes(self) -> tuple[str, ...]:
        """Return the scopes of the token, none where the account does not tell."""
        try:
            token = self._client.get("api/v2/oauth/tokens/current.json").json()["token"]
            return tuple(str(scope) for scope in token["scopes"])
        except (QASyncError, ValueError, KeyError, TypeError):
            return ()

    def _check_fields(self) -> list[Problem]:
        """Hold custom fields against the account, where its definitions are not held against the mapping anyway."""
        if "ticket_fields" in self._settings.streams or not self._context.mapped_fields.get("tickets"):
            return []
        try:
            known = zenpy_adapter.ticket_fields(self._client)
        except AuthError:
            return []  # the work does not need this endpoint, so that not being allowed to ask is no problem
        except QASyncError as error:
            return [Problem(what=f"the ticket fields could not be listed: {error}", path=("base_url",))]
        return [
            Problem(
                what=f"a mapping reads custom field {key}, which this account does not have",
                hint="compare the ids in the mapping with those under Objects and rules, Fields",
            )
            for key in unknown_custom_fields(self._context.mapped_fields, known)
        ]

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.now(), UTC).date()


def _endless(_error: TransientError) -> bool:
    return True

"""Interactions by the query interface, which has no pages: time is cut into windows, halved where one is too much."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from qa_sync.errors import SourceError, TransientError
from qa_sync.ports import Page
from qa_sync_verint.auth import SessionAuth
from qa_sync_verint.rest import make_page
from qa_sync_verint.settings import InteractionSettings
from qa_sync_verint.tenant import Tenant
from qa_sync_verint.wire import Found

#: A window is not halved below this.
SMALLEST = timedelta(minutes=1)
#: What may be stored of an interaction. Numbers of callers (ani) and custom data are the customer's.
KEPT = (
    "sid",
    "site_id",
    "audio_start_time",
    "local_audio_start_time",
    "audio_end_time",
    "duration_seconds",
    "call_id",
    "switch_call_id",
    "switch_id",
    "direction",
    "pbx_login_id",
    "personal_id",
    "number_of_holds",
    "total_hold_time_in_seconds",
    "wrapup_time_in_seconds",
    "interaction_type",
    "media_type_bit_mask",
    "exception_reason",
    "audio_module_num",
    "audio_ch_num",
)
_TIMES = ("audio_start_time", "audio_end_time")
_FORMAT = "%Y-%m-%dT%H:%M:%S"
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?Z?\Z")


class Interactions:
    """Reads interactions window by window, up to now; the last windows are read again, because calls end late."""

    def __init__(self, tenant: Tenant, settings: InteractionSettings, keep: frozenset[str] = frozenset()) -> None:
        self._tenant = tenant
        self._settings = settings
        self._zone = ZoneInfo(settings.time_zone)
        self._keep = (*KEPT, *sorted({name.lower() for name in settings.keep} | {name.lower() for name in keep}))

    def read(self, cursor: str | None) -> Iterator[Page]:
        """Yield one page a window.

        Raises:
            AuthError, TransientError, SourceError: the query failed, or even the smallest window takes too long.
        """
        now = self._tenant.clock().replace(microsecond=0)
        begin = self._begin(cursor, now)
        window = timedelta(minutes=self._settings.window_minutes)
        while begin < now:
            end = min(now, begin + window)
            try:
                found, raws = self._ask(begin, end)
            except _TooMuch as error:
                window = (end - begin) / 2
                if window < SMALLEST:
                    raise error.cause from None
                continue
            position = json.dumps({"until": end.strftime(f"{_FORMAT}Z")})
            yield make_page(found, raws, cursor=position, listing=False, last=end >= now)
            begin = end
            window = min(timedelta(minutes=self._settings.window_minutes), window * 2)

    def _begin(self, cursor: str | None, now: datetime) -> datetime:
        start = self._settings.start
        first = datetime(start.year, start.month, start.day, tzinfo=UTC) if start else now - timedelta(days=7)
        if cursor is None:
            return min(first, now - SMALLEST)
        try:
            until = datetime.strptime(json.loads(cursor)["until"], f"{_FORMAT}Z").replace(tzinfo=UTC)
        except (ValueError, KeyError, TypeError):
            msg = "the stored position of the interactions cannot be read; a sync from the beginning repairs it"
            raise SourceError(msg) from None
        return min(until - timedelta(minutes=self._settings.overlap_minutes), now - SMALLEST)

    def _ask(self, begin: datetime, end: datetime) -> tuple[list[Found], list[msgspec.Raw]]:
        try:
            body = self._tenant.query(self._settings.path, self._question(begin, end))
        except TransientError as error:
            # Asked to come back later, a smaller question would be refused as well.
            if error.retry_after is not None or "answered 429" in str(error):
                raise
            raise _TooMuch(error) from error
        try:
            answer = msgspec.json.decode(body)
            sessions = next(value for key, value in answer.items() if key.lower() == "sessions")
        except (msgspec.MsgspecError, UnicodeDecodeError, AttributeError, StopIteration):
            msg = "interactions: the answer holds no Sessions; is the path right?"
            raise SourceError(msg) from None
        limit = self._settings.max_records
        if limit is not None and len(sessions or ()) >= limit:
            raise _TooMuch(SourceError(f"interactions: {limit} or more in {SMALLEST}: some may be missing"))
        raws = [msgspec.Raw(msgspec.json.encode(session)) for session in sessions or ()]
        return [self._record(session) for session in sessions or ()], raws

    def _question(self, begin: datetime, end: datetime) -> dict[str, Any]:
        """The full body is sent by clients with a session, whose user it names; others send the period only."""
        auth = self._tenant.auth
        if not isinstance(auth, SessionAuth):
            span = {"beginPeriod": f"{begin:{_FORMAT}}.000Z", "endPeriod": f"{end:{_FORMAT}}.000Z"}
            return {"period": {**span, "type": "Absolute"}}
        begin_text, end_text = (moment.astimezone(self._zone).strftime(_FORMAT) for moment in (begin, end))
        period = {
            "BeginPeriod": begin_text,
            "EndPeriod": end_text,
            "TimeOfDateBegin": "00:00:00",
            "TimeOfDateEnd": "23:59:59",
            "Type": "Absolute",
            "Days": 0,
        }
        return {
            "UserID": auth.user_id,
            "ConditionsString": "",
            "period": period,
            "RequestedGroups": [],
            "RequestedColumns": None,
            "CommandTimoutSeconds": 30,
        }

    def _record(self, session: Any) -> Found:
        if not isinstance(session, dict):
            return "", "record", "is not of the expected type"
        values = {str(key).lower(): value for key, value in session.items()}
        site, number = values.get("site_id"), values.get("sid")
        if not isinstance(site, int | str) or not isinstance(number, int | str):
            return "", "sid", "is missing"
        identity = f"{site}:{number}"
        kept = {name: values[name] for name in self._keep if values.get(name) not in (None, "")}
        times: dict[str, str] = {}
        for name in _TIMES:
            if name in kept:
                moment = self._utc(kept[name])
                if moment is None:
                    return identity, name, "is not a time"
                times[name] = moment
        return identity, msgspec.json.encode({"columns": kept, "times": times})

    def _utc(self, value: Any) -> str | None:
        match = _STAMP.match(value) if isinstance(value, str) else None
        if match is None:
            return None
        try:
            local = datetime.strptime(f"{match[1]}T{match[2]}", _FORMAT).replace(tzinfo=self._zone)
            fraction = f".{match[3][:6]}" if match[3] and match[3].strip("0") else ""
            return f"{local.astimezone(UTC):{_FORMAT}}{fraction}Z"
        except (ValueError, OverflowError):
            return None


class _TooMuch(Exception):
    def __init__(self, cause: TransientError | SourceError) -> None:
        super().__init__()
        self.cause = cause

"""The shipped contract, kept by each way of paging."""

from __future__ import annotations

from pathlib import Path

import pytest
from zendesk.worlds import FakeTime, filled, source_on, ticket, user

from qa_sync.ports import Source
from qa_sync.testing.contract import SourceContract, SourceWorld
from qa_sync_zendesk.sandbox import start


class _World(SourceWorld):
    secret = "wrong-secret-4711"

    def __init__(self, tmp_path: Path) -> None:
        self.sandbox = start()
        self.state = tmp_path
        self.time = FakeTime()
        self.fill()
        self.expected_ids = {str(number) for number in range(1, 8)}

    def fill(self) -> None:
        raise NotImplementedError

    def connect(self) -> Source:
        return source_on(self.sandbox, self.state, time=self.time, per_page=3, streams=[self.stream])

    def connect_with_bad_credentials(self) -> Source:
        auth = {**filled(self.sandbox.settings(), self.sandbox.environment())["auth"], "client_secret": self.secret}
        return source_on(self.sandbox, self.state / "other", time=self.time, streams=[self.stream], auth=auth)

    def rate_limit(self, seconds: float) -> bool:
        path = "/groups" if self.stream == "groups" else "/incremental/"
        self.sandbox.faults.add("429", path=path, retry_after=str(seconds))
        return True

    def plant_bad_record(self) -> str:
        self.sandbox.put_raw(self.stream, 99, b'{"id": 99, "updated_at": "2026-13-99", "created_at": tomorrow}')
        return "99"

    def close(self) -> None:
        self.sandbox.stop()


class TicketWorld(_World):
    stream = "tickets"

    def fill(self) -> None:
        self.sandbox.put("tickets", [ticket(number) for number in range(1, 7)])
        self.sandbox.put("tickets", [ticket(7, status="deleted")])


class UserWorld(_World):
    stream = "users"

    def fill(self) -> None:
        self.sandbox.put("users", [user(number, role="agent" if number < 4 else "end-user") for number in range(1, 8)])


class OrganizationWorld(_World):
    stream = "organizations"
    may_repeat = True  # a page by time begins with the second that the one before it ended with

    def fill(self) -> None:
        stamp = "2026-02-01T00:00:00Z"
        names = [{"id": number, "name": f"Organization {number}"} for number in range(1, 4)]
        self.sandbox.put("organizations", names)
        self.sandbox.put("organizations", [{"id": number, "updated_at": stamp} for number in range(4, 8)])


class GroupWorld(_World):
    stream = "groups"
    pages = 1  # a listing is one page, however many requests it takes

    def fill(self) -> None:
        self.sandbox.put("groups", [{"id": number, "name": f"Group {number}"} for number in range(1, 8)])


@pytest.mark.filterwarnings("error")
class TestTickets(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return TicketWorld(tmp_path)


class TestUsers(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return UserWorld(tmp_path)


class TestOrganizations(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return OrganizationWorld(tmp_path)


class TestGroups(SourceContract):
    def world(self, tmp_path: Path) -> SourceWorld:
        return GroupWorld(tmp_path)

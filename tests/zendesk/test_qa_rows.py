"""Zeros that were left out come back, numbers written as text are numbers, and only what may be stored is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qa_sync.errors import TransientError
from qa_sync_zendesk.qa.rows import QAPage, slice_page
from qa_sync_zendesk.qa.streams import QA_ENDPOINTS, allowed


def sliced(stream: str, answer: Any, *, keep: tuple[str, ...] = (), people: dict[str, str] | None = None) -> QAPage:
    endpoint = QA_ENDPOINTS[stream]
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return slice_page(endpoint, allowed(endpoint, keep), body, workspace="11", people=people)


def payloads(page: QAPage) -> list[Any]:
    return [json.loads(text) for text in page.records["payload"].to_pylist()]


def review(**changes: Any) -> dict[str, Any]:
    return {
        "id": "901",
        "reviewer": {"email": "Ann@Acme.example", "name": "Ann", "avatar": "PLANTED-avatar"},
        "reviewee": {"email": "bo@acme.example", "name": "Bo"},
        "score": 87.5,
        "ratings": [{"categoryId": "5", "categoryName": "Tone", "score": 100, "weight": 10, "cause": "PLANTED-cause"}],
        "comment": "PLANTED-comment",
        "createdISO": "2026-01-05T09:30:00Z",
        "updatedISO": "2026-01-06T09:30:00Z",
        "scorecard": {"id": "7", "name": "Quality"},
        **changes,
    }


def conversation(*reviews: Any, **changes: Any) -> dict[str, Any]:
    return {
        "externalId": "55501",
        "workspaceId": "12",
        "workspaceName": "Chat",
        "reviews": list(reviews),
        "comments": [{"comment": "PLANTED-thread"}],
        "externalFields": [{"name": "PLANTED"}],
        **changes,
    }


def test_a_review_carries_its_conversation_and_no_words() -> None:
    page = sliced("qa_reviews", {"conversations": [conversation(review(), review(id="902"))]})
    assert page.records["id"].to_pylist() == ["12:901", "12:902"]
    assert "PLANTED" not in str(page.records.to_pylist())
    assert payloads(page)[0] == {
        "id": "901",
        "workspaceId": "12",
        "score": 87.5,
        "reviewTime": 0,
        "pauseTime": 0,
        "received": False,
        "createdISO": "2026-01-05T09:30:00Z",
        "updatedISO": "2026-01-06T09:30:00Z",
        "reviewer": {"name": "Ann", "email": "ann@acme.example"},
        "reviewee": {"name": "Bo", "email": "bo@acme.example"},
        "scorecard": {"id": "7", "name": "Quality"},
        "ratings": [
            {
                "categoryId": "5",
                "groupId": None,
                "categoryName": "Tone",
                "groupName": None,
                "score": 100,
                "weight": 10,
                "critical": False,
            }
        ],
        "conversation": {
            "externalId": "55501",
            "sourceType": None,
            "workspaceName": "Chat",
            "createdAtISO": None,
            "lastUpdatedISO": None,
        },
    }


def test_a_left_out_score_is_zero_and_a_null_one_is_none() -> None:
    ratings = [{"categoryId": "5"}, {"categoryId": "6", "score": None}, {"categoryId": "7", "score": "40"}]
    without = {name: value for name, value in review(ratings=ratings).items() if name != "score"}
    made = payloads(sliced("qa_reviews", {"conversations": [conversation(without)]}))[0]
    assert (made["score"], [rating["score"] for rating in made["ratings"]]) == (0, [0, None, 40])


def test_the_iso_moment_is_read_before_the_older_one_and_the_older_one_without_it() -> None:
    legacy = "2026-01-05 10:30:00.123456789 +0100 CET"
    both = review(created="2020-01-01 00:00:00 +0000 UTC")
    older = {**review(created=legacy), "createdISO": ""}
    made = payloads(sliced("qa_reviews", {"conversations": [conversation(both, older)]}))
    assert [one["createdISO"] for one in made] == ["2026-01-05T09:30:00Z", "2026-01-05T09:30:00.123456Z"]


def test_ids_are_unique_within_their_workspace_only() -> None:
    page = sliced("qa_reviews", {"conversations": [conversation(review()), conversation(review(), workspaceId="13")]})
    assert page.records["id"].to_pylist() == ["12:901", "13:901"]
    without = {name: value for name, value in conversation(review()).items() if name != "workspaceId"}
    assert sliced("qa_reviews", {"conversations": [without]}).records["id"].to_pylist() == ["11:901"]


def test_a_bad_record_is_set_aside_and_hides_no_other() -> None:
    bad = [review(id="1", createdISO="yesterday"), review(id="2", score=[1]), "PLANTED", review(id=None)]
    page = sliced("qa_reviews", {"conversations": [conversation(*bad, review(id="3"))]})
    assert page.records["id"].to_pylist() == ["12:3"]
    assert [(row["record_id"], row["field"], row["reason"]) for row in page.rejects.to_pylist()] == [
        ("12:1", "createdISO", "is not a time"),
        ("12:2", "score", "is not a number"),
        ("", "", "not an object"),
        ("12:", "id", "is missing"),
    ]
    assert (page.rows, len(page.ids)) == (1, 5)


def test_words_of_reviewers_are_stored_when_they_are_kept_on_purpose() -> None:
    rating = {"categoryId": "5", "causes": ["Late", "Rude"]}
    answer = {"conversations": [conversation(review(ratings=[rating]))]}
    made = payloads(sliced("qa_reviews", answer, keep=("ratings[].causes", "comment", "conversation.externalUrl")))[0]
    assert made["ratings"][0]["causes"] == ["Late", "Rude"]
    assert (made["comment"], made["conversation"]["externalUrl"]) == ("PLANTED-comment", None)


def test_a_dispute_lists_its_events_and_who_acted() -> None:
    dispute = {
        "disputeId": "d-1",
        "workspace": "11",
        "reviewId": "901",
        "status": "REJECTED",
        "createdAt": "2026-01-07T08:00:00Z",
        "createdBy": {"id": "21", "name": "Bo"},
        "assignee": {"id": "22", "name": "Cy"},
        "rejectedBy": {"id": "23", "name": "Di"},
        "resolvedAt": "2026-01-09T08:00:00Z",
        "resolutionTime": "172800",
        "categories": [{"id": "5", "comment": {"comment": "PLANTED"}}],
        "comment": {"comment": "PLANTED"},
    }
    page = sliced("qa_disputes", {"disputes": [dispute]}, people={"21": "bo@acme.example"})
    assert page.records["id"].to_pylist() == ["11:d-1"]
    made = payloads(page)[0]
    assert made["events"] == [
        {"event": "opened", "at": "2026-01-07T08:00:00Z", "by": "21", "email": "bo@acme.example"},
        {"event": "resolved", "at": "2026-01-09T08:00:00Z", "by": "23", "email": None},
    ]
    assert (made["resolutionTime"], made["categories"]) == (172800, [{"id": "5", "expectedRating": 0}])
    assert "PLANTED" not in str(page.records.to_pylist())


def test_a_session_is_one_record_a_conversation_and_its_reviews_are_records_of_their_own() -> None:
    session = {
        "id": "s1",
        "title": "PLANTED",
        "createdAt": "2026-01-05T08:00:00Z",
        "dueAt": "2026-01-12T08:00:00Z",
        "conversations": [
            {
                "externalId": "1",
                "reviews": [{"id": "r-a", "reviewer": {"email": "a@x"}, "createdAt": "2026-01-06T08:00:00Z"}],
            },
            {"externalId": "2"},
        ],
    }
    answer = {"calibrationSessions": [session, {"id": "s2"}]}
    sessions, reviews = sliced("qa_calibration_sessions", answer), sliced("qa_calibration_reviews", answer)
    assert sessions.records["id"].to_pylist() == ["11:s1:1", "11:s1:2", "11:s2:"]
    assert reviews.records["id"].to_pylist() == ["11:s1:1:r-a"]
    assert payloads(reviews)[0]["createdISO"] == "2026-01-06T08:00:00Z"
    assert "PLANTED" not in str(sessions.records.to_pylist())


@pytest.mark.parametrize(
    "answer",
    [b"<html>PLANTED</html>", b'{"conversations": [', [], {"conversations": "x"}, {"code": 13, "message": "PLANTED"}],
)
def test_what_is_not_a_page_is_no_empty_page(answer: Any) -> None:
    with pytest.raises(TransientError) as caught:
        sliced("qa_reviews", answer)
    assert "PLANTED" not in str(caught.value)


def test_an_answer_of_nothing_but_zeros_is_an_empty_page() -> None:
    page = sliced("qa_reviews", {})
    assert (page.rows, page.page, page.total, page.next_cursor) == (0, 0, 0, "")

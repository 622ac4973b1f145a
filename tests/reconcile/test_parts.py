"""A programme that is reconciled part by part gives what it gives as a whole."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from reconcile.random_worlds import PROGRAMME, build, happenings
from reconcile.test_brute_force_agrees import decided
from reconcile.world import LATER, World, day
from tiers import some

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConservationError, NoRoom
from qa_sync.reconcile import parts, revisions, steps

ORDERED = {
    "comparisons_current": "1, 4",
    "other_comparisons": "1, 4",
    "score_findings": "1",
    "pairs": "1",
    "buckets": "1",
}


def everything(world: World, in_parts: int | None) -> dict[str, Any]:
    result = world.run(PROGRAMME, LATER, in_parts=in_parts)
    held = {table: result.rows(table, order) for table, order in ORDERED.items()}
    released = result.engine.fetch("SELECT evaluation_id, role, is_released FROM rc_evaluations ORDER BY 1").to_pylist()
    return {"counts": result.counts, "released": released, **decided(result), **held}


@cache
def as_a_whole(seed: int) -> dict[str, Any]:
    return everything(build(happenings(seed)), 1)


@pytest.mark.parametrize(("seed", "in_parts"), some([(3, 2), (42, 5)], every=2, several=True))
def test_a_random_programme_is_the_same_in_parts(seed: int, in_parts: int) -> None:
    assert everything(build(happenings(seed)), in_parts) == as_a_whole(seed)


@pytest.mark.parametrize("seed", [3, 42])
def test_a_random_programme_is_the_same_where_many_evaluations_would_be(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build(happenings(seed))
    few = everything(world, None)
    monkeypatch.setattr(parts, "_FEW", 0)
    assert parts.wanted(world.engine()) == (1, False)
    assert everything(world, None) == few


def test_a_result_without_rows_has_the_columns_and_types_of_one_with_rows() -> None:
    bare = World()
    bare.form()
    bare.evaluation("e1", {"Q1": 10})
    engines = [world.run(PROGRAMME, LATER).engine for world in (build(happenings(3)), bare)]
    for table in ("evaluator_work", "dispute_cases", "dispute_items", "calibration_results"):
        full, empty = (engine.fetch(f"SELECT * FROM {table}") for engine in engines)
        assert (full.num_rows > 0, empty.num_rows) == (True, 0), table
        assert full.schema == empty.schema, table


def divided(world: World, number: int) -> dict[str, list[int]]:
    """The parts that each evaluation's versions are in."""
    engine = world.engine()
    engine.view("rc_all_versions", revisions.known_versions(LATER))
    found: dict[str, list[int]] = {}
    for part in parts.split(engine, number):
        for row in engine.fetch(parts.versions(part, number)).to_pylist():
            found.setdefault(row["evaluation_id"], []).append(part)
    return found


def test_an_audit_that_names_only_what_it_audits_lies_beside_it() -> None:
    world = World()
    world.form()
    for n in range(20):
        world.evaluation(f"e{n}", {"Q1": 10}, interaction_id=f"i{n}", form_id="F1", form_version="3")
        world.evaluation(f"a{n}", {"Q1": 5}, interaction_id=None, audited_evaluation_id=f"e{n}", kind="ata")
    found = divided(world, 4)
    assert {found[f"a{n}"] == found[f"e{n}"] for n in range(20)} == {True}
    assert {tuple(places) for places in found.values()} == {(0,), (1,), (2,), (3,)}  # and no part of torn ones


def test_what_is_tied_across_interactions_lies_in_one_part_with_all_that_hangs_on_it() -> None:
    world = World()
    world.form()
    for n in range(20):
        world.evaluation(f"e{n}", {"Q1": 10}, interaction_id=f"i{n}", form_id="F1", form_version="3")
    # Each ties the one before: e0 .. e5 hang together by an audit, a session, a dispute, a record and a blind task.
    world.evaluation("a1", interaction_id="i1", audited_evaluation_id="e0", kind="ata", form_id="F1")
    for n in (1, 2):
        world.add("calibration_participants", session_id="s", person_id=f"p{n}", evaluation_id=f"e{n}")
    for n in (2, 3):
        event = {"event": "opened", "event_at": day(n), "evaluation_id": f"e{n}"}
        world.add("disputes", dispute_id="d", event_no=n, **event)
    world.evaluation("x", interaction_id="i4", record="e3", form_id="F1", stamp=day(2))
    for n in (4, 5):
        world.evaluation(f"b{n}", interaction_id=f"i{n}", blind_task_id="t", kind="blind", form_id="F1")
    found = divided(world, 7)
    tied = [f"e{n}" for n in range(6)] + ["a1", "x", "b4", "b5"]
    assert {name: found[name] for name in tied} == {name: [7] for name in tied}
    others = [found[f"e{n}"] for n in range(6, 20)]
    assert all(len(places) == 1 and places[0] < 7 for places in others)


def test_a_programme_without_ties_across_interactions_has_no_further_part() -> None:
    world = World()
    for n in range(10):
        world.evaluation(f"e{n}", interaction_id=f"i{n % 5}", form_id="F1")
    engine = world.engine()
    engine.view("rc_all_versions", revisions.known_versions(LATER))
    assert parts.split(engine, 3) == [0, 1, 2]


class Small(DuckEngine):
    """An engine that says it has little memory."""

    def room(self) -> int | None:
        return 2_000


def test_memory_decides_whether_a_programme_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for n in range(10):
        world.evaluation(f"e{n}", interaction_id=f"i{n}", form_id="F1")
    assert parts.wanted(world.engine()) == (1, True)
    monkeypatch.setattr("reconcile.world.DuckEngine", Small)
    assert parts.wanted(world.engine()) == (2, True)
    used = []
    whole = steps.work_through
    monkeypatch.setattr(steps, "work_through", lambda *args, **named: (used.append(named), whole(*args, **named)))
    assert world.run().counts.buckets == {"AUDITEE_ONLY": 10}
    assert [sorted(named) for named in used] == [["keep", "sessions"], ["keep", "sessions"]]


def test_an_evaluation_that_is_lost_between_the_parts_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for n in range(10):
        world.evaluation(f"e{n}", interaction_id=f"i{n}", form_id="F1")
    monkeypatch.setattr(parts, "split", lambda engine, number: _split(engine, number)[:-1])
    with pytest.raises(ConservationError, match=r"evaluations but .* in buckets; nothing is published"):
        world.run(in_parts=2)


_split = parts.split


@pytest.mark.parametrize("at", some(["rc_versions", "rc_ranked", "rc_all_pairs"], every=3))
def test_where_memory_does_not_do_it_goes_on_in_smaller_parts_to_the_same_results(
    at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, whole = build(happenings(42)), as_a_whole(42)
    left = 1 if at == "rc_ranked" else 0  # the others are made in parts only
    tried: list[int] = []

    def full(make: Any) -> Any:
        def made(engine: DuckEngine, name: str, sql: str) -> None:
            if name == at and len(tried) <= left:
                tried.append(1)
                msg = "full"
                raise NoRoom(msg)
            make(engine, name, sql)

        return made

    for method in ("table", "append"):
        monkeypatch.setattr(DuckEngine, method, full(getattr(DuckEngine, method)))
    monkeypatch.setattr(parts, "wanted", lambda _engine: (1 if at == "rc_ranked" else 2, True))
    assert everything(world, None) == whole
    assert len(tried) == left + 1
    tried.clear()
    with pytest.raises(NoRoom):
        everything(world, 2)


def test_too_little_memory_is_said_with_how_to_give_more() -> None:
    engine = DuckEngine(memory_limit="30MB", lockable=True)
    engine.execute("SET temp_directory=''")
    with pytest.raises(NoRoom, match="QA_SYNC_MEMORY=8GB"):
        engine.table(
            "numbers", "SELECT i, i::VARCHAR || repeat('x', 100) AS text FROM range(2000000) r(i) ORDER BY text"
        )
    engine.close()

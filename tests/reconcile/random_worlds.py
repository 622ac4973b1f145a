"""Random small programmes: few people, few items, much that collides. A seed tells all of one."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from reconcile.world import F1, World, day

from qa_sync.reconcile.programme import Programme

PROGRAMME = Programme(references=("gold",))

_KINDS = ["standard"] * 12 + ["ata"] * 9 + ["blind"] * 2 + ["calibration", "consensus", "gold", "self"]
_STATUSES = ["submitted"] * 14 + ["released"] * 2 + ["draft", "retracted"]


def forms(world: World) -> None:
    """Version 4 of F1 adds little, 5 changes the scale of what counts most; F2 is ordinal, F3 neutral."""
    world.form()
    world.form("F1", "4", {**F1, "Q4": {"max": 2, "weight": 1}, "C2": {"max": 0, "weight": 0, "crit": True}})
    world.form("F1", "5", {**F1, "Q3": {"max": 20, "weight": 2}})
    world.form("F2", "1", {"L": {"options": ["G", "P", "R", "X"]}}, scale="ordinal", higher_is="more_severe")
    world.form("F3", "1", {"L": {"options": ["a", "b", "c"]}}, scale="nominal", higher_is="neutral")


def answers(random: Random, form_id: str, version: str) -> dict[str, Any]:
    """Answers to a form, now and then with a gap or an option that is not on the scale."""
    if form_id != "F1":
        options = ["G", "P", "R", "X"] if form_id == "F2" else ["a", "b", "c"]
        return {"L": random.choice(options * 6 + ["NA", "MISSING", "?"])}
    given: dict[str, Any] = {
        key: random.choice([0, 5, 10, 10, 10, 10, "NA", "NOT_ASKED"]) for key in ("Q1", "Q2", "Q3")
    }
    given["C1"] = random.choice(["pass"] * 6 + ["fail", "NA"])
    if version == "4":
        given |= {"Q4": random.choice([0, 2, 2, "NA"]), "C2": random.choice(["pass", "pass", "fail"])}
    if random.random() < 0.05:
        given["Q1"] = "MISSING"
    if random.random() < 0.05:
        del given["Q2"]
    return given


def similar(random: Random, form_id: str, version: str, like: dict[str, Any]) -> dict[str, Any]:
    """Answers that mostly agree with others."""
    return {
        key: like.get(key, value) if random.random() < 0.7 else value
        for key, value in answers(random, form_id, version).items()
    }


def _evaluation(random: Random, n: int, count: int, items: int) -> list[dict[str, Any]]:
    """The revisions of one evaluation, as arguments of World.evaluation or World.delete."""
    item = random.randrange(items)
    form_id = ["F1", "F1", "F2", "F1", "F3"][item % 5] if random.random() < 0.93 else "F2"
    version = random.choice(["3"] * 6 + ["4", "4", "5", "9"]) if form_id == "F1" else "1"
    at = day(random.randrange(0, 36) + random.choice([0.0, 0.25]))
    like = answers(Random(item), form_id, version)
    kind = random.choice(_KINDS)
    fixed = {
        "interaction_id": f"i{item}",
        "agent_id": "g1" if random.random() < 0.9 else "g2",
        "segment_id": None if random.random() < 0.93 else "s1",
        "form_id": form_id,
        "form_version": version,
        "evaluator_id": random.choice(
            ["u1", "u2", "u3", "u1b"] + (["v1", "v2"] * 4 if kind != "standard" else ["v1", "v2"])
        ),
        "submitted_at": at if random.random() < 0.95 else None,
        "kind": kind,
        "status": random.choice(_STATUSES),
        "audited_evaluation_id": f"e{random.randrange(count + 1)}"
        if kind != "standard" and random.random() < 0.35
        else None,
        "blind_task_id": f"t{item}" if random.random() < 0.15 else None,
        "session_id": "s" if random.random() < 0.05 else None,
        "is_blind": random.choice([None, None, True, False]),
        "repeat_no": random.choice([None, 1, 1, 1, 1, 1, 2]),
        "reference_rank": random.choice([None, None, None, "senior", "consensus"]) if kind != "standard" else None,
        "started_at": random.choice([None, at - timedelta(days=1)]),
        "about": "agent_work" if random.random() < 0.95 else "evaluator_work",
    }
    made: list[dict[str, Any]] = []
    effective = at
    for revision in range(random.choice([1, 1, 1, 2, 2, 3])):
        cause = random.choice([None, "edit", "edit", "dispute"]) if revision else None
        made.append(
            {
                "evaluation_id": f"e{n}",
                "answers": similar(random, form_id, version, like),
                **fixed,
                "cause": cause,
                "effective_at": effective,
                "seq": revision,
            }
        )
        effective += timedelta(days=random.randrange(0, 12))
    if random.random() < 0.05:
        made.append({"delete": f"e{n}", "at": effective + timedelta(days=1)})
    return made


def happenings(seed: int) -> list[dict[str, Any]]:
    """Everything that happens in a programme, as a list whose order must not matter."""
    random = Random(seed)
    count = random.randrange(20, 60)
    items = random.randrange(5, 20)
    made = [step for n in range(count) for step in _evaluation(random, n, count, items)]
    outcomes = ("overturned_full", "overturned_partial", "upheld")
    made += [
        {"dispute": f"e{n}", "at": day(random.randrange(1, 50)), "outcome": random.choice(outcomes)}
        for n in random.sample(range(count), k=4)
    ]
    return made


def build(steps: list[dict[str, Any]]) -> World:
    """A world in which the steps happened."""
    world = World()
    forms(world)
    world.add("identities", account_id="u1b", person_id="u1")
    world.add("rosters", person_id="v1", role="auditor", valid_from=date(2026, 1, 1), valid_to=date(2026, 1, 20))
    world.add("rosters", person_id="v2", role="senior_auditor", valid_from=date(2026, 1, 15))
    for step in steps:
        if "delete" in step:
            world.delete(step["delete"], step["at"])
        elif "dispute" in step:
            world.add(
                "disputes",
                dispute_id=f"d{step['dispute']}",
                event_no=1,
                event="resolved",
                event_at=step["at"],
                evaluation_id=step["dispute"],
                outcome=step["outcome"],
                ingested=step["at"],
            )
        else:
            world.evaluation(**step)
    return world

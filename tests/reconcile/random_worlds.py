"""Random small programmes: few people, few items, much that collides. A seed tells all of one."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from reconcile.world import F1, World, day

from qa_sync.reconcile.programme import Programme

PROGRAMME = Programme(references=("gold",))

_KINDS = ["standard"] * 12 + ["ata"] * 9 + ["blind"] * 2 + ["calibration"] * 3 + ["consensus", "gold", "self"]
_STATUSES = ["submitted"] * 14 + ["released"] * 2 + ["draft", "retracted"]


#: F1 as another system has it: other keys and words for most of it.
OTHER_SYSTEM = {
    "K1": {"max": 10, "weight": 1, "counts_as": "Q1"},
    "Q2": {"max": 10, "weight": 1},
    "K3": {"max": 10, "weight": 3, "counts_as": "Q3"},
    "K4": {
        "max": 0,
        "weight": 0,
        "crit": True,
        "counts_as": "C1",
        "options": {"ok": {"counts_as": "pass"}, "not ok": {"counts_as": "fail", "is_fail": True}},
    },
}
#: Q4 of version 4: where C2 passed, or Q1 earned 5 or more and C1 does not apply.
Q4_ASKED = (
    '[[{"criterion": "C2", "options": ["pass"], "points": [0.0], "is_na": false}],'
    ' [{"criterion": "Q1", "at_least": 5.0}, {"criterion": "C1", "is_na": true}]]'
)
_KEYS = {"Q1": "K1", "Q3": "K3", "C1": "K4"}
_WORDS = {"pass": "ok", "fail": "not ok"}


def elsewhere(given: dict[str, Any]) -> dict[str, Any]:
    """Answers to F1 as the other system writes them."""
    return {_KEYS.get(key, key): _WORDS.get(value, value) for key, value in given.items() if key != "Q4"}


def forms(world: World) -> None:
    """Version 4 of F1 adds little, asks some of it on a condition and makes C1 no fatal any more, 5 changes the scale of what counts most; F2 is ordinal, F3 neutral."""
    world.form()
    world.form(
        "F1",
        "4",
        {
            **F1,
            "Q1": {"max": 10, "weight": 2},
            "C1": {"max": 0, "weight": 0, "options": ["pass", "fail"]},
            "Q4": {"max": 2, "weight": 1, "asked_when": Q4_ASKED},
            "C2": {"max": 0, "weight": 0, "crit": True},
        },
    )
    world.form("F1", "5", {**F1, "Q3": {"max": 20, "weight": 2}})
    world.form("G1", "1", OTHER_SYSTEM, counts_as="F1")
    world.form("F2", "1", {"L": {"options": ["G", "P", "R", "X"]}}, scale="ordinal", higher_is="more_severe")
    world.form("F3", "1", {"L": {"options": ["a", "b", "c"]}}, scale="nominal", higher_is="neutral")


def answers(random: Random, form_id: str, version: str) -> dict[str, Any]:
    """Answers to a form, now and then with a gap or an option that is not on the scale."""
    if form_id == "G1":
        return elsewhere(answers(random, "F1", "3"))
    if form_id != "F1":
        options = ["G", "P", "R", "X"] if form_id == "F2" else ["a", "b", "c"]
        return {"L": random.choice(options * 6 + ["NA", "MISSING", "?"])}
    given: dict[str, Any] = {
        key: random.choice([0, 5, 10, 10, 10, 10, "NA", "NOT_ASKED"]) for key in ("Q1", "Q2", "Q3")
    }
    given["C1"] = random.choice(["pass"] * 6 + ["fail", "NA"])
    if version == "4":
        given |= {"Q4": random.choice([0, 2, 2, "NA"]), "C2": random.choice(["pass", "pass", "fail", "NA"])}
        if random.random() < 0.3:
            del given["Q4"]
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
    if form_id == "F1" and random.random() < 0.2:
        form_id = "G1"
    version = random.choice(["3"] * 6 + ["4", "4", "5", "9"]) if form_id == "F1" else "1"
    at = day(random.randrange(0, 36) + random.choice([0.0, 0.25]))
    like = answers(Random(item), "F1" if form_id == "G1" else form_id, version)
    if form_id == "G1":
        like = elsewhere(like)
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
        "session_id": f"s{item % 3}"
        if random.random() < (0.6 if kind in ("calibration", "consensus") else 0.03)
        else None,
        "is_blind": random.choice([None, None, True, False]),
        "repeat_no": random.choice([None, 1, 1, 1, 1, 1, 2]),
        "reference_rank": random.choice([None, None, None, "senior", "consensus"]) if kind != "standard" else None,
        "started_at": random.choice([None, at - timedelta(days=1)]),
        "about": "agent_work" if random.random() < 0.95 else "evaluator_work",
        "is_released": random.choice([None, None, None, True, False]),
        "released_at": random.choice([None, None, at + timedelta(days=9), at + timedelta(days=90)]),
    }
    made: list[dict[str, Any]] = []
    effective = at
    is_dated_anew = random.random() < 0.3
    for revision in range(random.choice([1, 1, 1, 2, 2, 3])):
        if revision and is_dated_anew:
            fixed["submitted_at"] = effective
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
    return made + _events(random, count) + _sessions(random, count)


def _events(random: Random, count: int) -> list[dict[str, Any]]:
    """Disputes with all their events: rounds, single criteria, withdrawals; one of an evaluation nobody knows."""
    made = []
    for number in range(6):
        at = day(random.randrange(1, 30))
        evaluation = f"e{random.randrange(count)}" if number else "nobody"
        event_no = 0
        for round_no in range(1, random.choice([1, 1, 2]) + 1):
            keys = random.choice([[None], [None], ["Q1"], ["Q1", "Q2"]])
            ending = random.choice(["resolved", "resolved", "resolved", "retracted", "expired", None])
            for event in ["opened", *([ending] if ending else [])]:
                for key in keys:
                    event_no += 1
                    made.append(
                        {
                            "event": {
                                "dispute_id": f"p{number}",
                                "event_no": event_no,
                                "event": event,
                                "event_at": at,
                                "evaluation_id": evaluation,
                                "criterion_key": key,
                                "round": random.choice([None, 1]) if round_no == 1 else round_no,
                                "raised_by": random.choice([None, "u1b", "g1"]),
                                "outcome": random.choice(["upheld", "overturned_full", "overturned_partial"])
                                if event == "resolved"
                                else None,
                            }
                        }
                    )
                at += timedelta(days=random.randrange(0, 9))
    return made


def _sessions(random: Random, count: int) -> list[dict[str, Any]]:
    """Sessions with people who came, came late, or did not."""
    made: list[dict[str, Any]] = []
    for number in range(3):
        made.append(
            {
                "table": "calibrations",
                "session_id": f"s{number}",
                "due_at": random.choice([None, day(random.randrange(0, 60))]),
                "closed_at": random.choice([None, day(40)]),
                "baseline_evaluation_id": f"e{random.randrange(count)}" if random.random() < 0.3 else None,
            }
        )
        made += [
            {
                "table": "calibration_participants",
                "session_id": f"s{number}",
                "person_id": person,
                "status": random.choice(["invited", "invited", "done", "late", "absent"]),
                "evaluation_id": f"e{random.randrange(count)}" if random.random() < 0.2 else None,
            }
            for person in random.sample(["u1", "u2", "u3", "v1", "v2", "u9"], k=4)
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
        elif "table" in step:
            world.add(**step)
        elif "event" in step:
            world.add("disputes", **step["event"], ingested=step["event"]["event_at"])
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

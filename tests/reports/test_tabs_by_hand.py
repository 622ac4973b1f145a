"""The tabs of a quality review say what plain Python finds in the rows that reconciling made."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from statistics import NormalDist, median
from typing import Any

import numpy as np
import pytest
from krippendorff import alpha as krippendorff_alpha
from reports.by_hand import Facts, Row, grouped, measures, narrower, wilson
from reports.scenes import SEED, changed, generated, opened

from qa_sync.errors import ConfigError
from qa_sync.reports import Ask, build
from qa_sync.runner.opened import Opened


@pytest.fixture(scope="module")
def it() -> Iterator[Opened]:
    with opened(generated()) as made:
        yield made


@pytest.fixture(scope="module")
def facts(it: Opened) -> Facts:
    return Facts(it)


def _rows(it: Opened, name: str, *by: str, **where: str) -> list[Row]:
    return build(name, it.scene, Ask(by=by, where=where)).rows.to_pylist()


def _all(it: Opened, sql: str) -> list[Row]:
    return it.engine.fetch(sql).to_pylist()


def _close(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, abs=1e-9)


def test_disputed_and_overturned_pairs_of_the_summary(it: Opened, facts: Facts) -> None:
    shown = {row["site"]: row for row in _rows(it, "summary", "site")}
    wanted = {site: measures(facts, pairs) for site, pairs in grouped(facts.pairs, lambda pair: pair["site"]).items()}
    for name in ("disputed", "overturned"):
        assert {site: row[name] for site, row in shown.items()} == {site: row[name] for site, row in wanted.items()}
        assert sum(row[name] for row in shown.values()) > 0


def test_classes_of_an_evaluators_pairs_add_up_to_the_pairs(it: Opened) -> None:
    from qa_sync.reconcile.outcomes import OUTCOMES, WITHOUT_PAIR
    from qa_sync.reports.measures import COUNTS
    from qa_sync.reports.standing import _CLASSES

    rows = _rows(it, "standing")
    assert [sum(row[name] for name in _CLASSES) for row in rows] == [row["pairs"] for row in rows]
    named = " ".join(COUNTS[name] for name in _CLASSES)
    assert all(f"'{word}'" in named for word in OUTCOMES if word not in (*WITHOUT_PAIR, "NOT_COMPARABLE"))


def test_late_audits_are_counted_in_the_week_they_changed(it: Opened, facts: Facts) -> None:
    shown = {row["week"]: row["late"] for row in _rows(it, "summary", "week")}
    late = Counter(pair["week"] for pair in facts.pairs if "LATE" in pair["flags"])
    assert shown == {week: late[week] for week in shown}
    assert 0 < sum(late.values()) < len(facts.pairs)


def test_pairs_show_the_outcome_before_a_dispute_changed_the_audit_and_the_one_of_today(it: Opened) -> None:
    names = ("current_outcome", "current_delta", "before_outcome", "before_delta", "agent_score")
    wanted = {row["pair_id"]: tuple(row[name] for name in names) for row in _all(it, "SELECT * FROM pairs")}
    shown = {row["key"]: row for row in _rows(it, "pairs")}
    assert {key: tuple(row[name] for name in names) for key, row in shown.items()} == wanted
    assert any(row["before_outcome"] not in (None, row["outcome"]) for row in shown.values())
    assert any(row["current_outcome"] != row["outcome"] for row in shown.values())


def test_every_exception_has_a_reason_and_a_word_that_definitions_explain(it: Opened) -> None:
    explained = {row["name"] for row in _rows(it, "definitions")}
    rows = _rows(it, "exceptions")
    assert {"SCORE_MISMATCH", "AMBIGUOUS", "UNMATCHED_AUDITOR"} <= {row["what"] for row in rows}
    assert [row["key"] for row in rows if not row["reason"]] == []
    assert {word for row in rows for word in (row["what"], *row["reason"].split(", "))} <= explained


def test_every_report_says_in_whose_zone_weeks_and_days_are(it: Opened) -> None:
    from qa_sync.reports import REPORTS

    silent = [name for name in REPORTS if it.scene.time_zone not in " ".join(build(name, it.scene).notes)]
    assert silent == ["definitions"]


def test_calibration_can_be_read_session_by_session(it: Opened) -> None:
    whole = {(row["form"], row["criterion"]): row for row in _rows(it, "calibration")}
    apart = grouped(_rows(it, "calibration", "session"), lambda row: (row["form"], row["criterion"]))
    for key, rows in apart.items():
        assert len({row["session"] for row in rows}) == len(rows) == whole[key]["sessions"]
        assert sum(row["ratings"] for row in rows) == whole[key]["ratings"]
        assert sum(row["compared"] for row in rows) == whole[key]["compared"]
    assert set(apart) == set(whole)


def test_critical_errors(it: Opened, facts: Facts) -> None:
    counted = {pair["pair_id"]: pair for pair in facts.pairs}
    found: dict[tuple[str, str], list[Row]] = {}
    for row in _all(it, "SELECT * FROM critical_comparisons"):
        if row["pair_id"] in counted:
            found.setdefault((counted[row["pair_id"]]["site"], row["critical_class"]), []).append(row)
    shown = {(row["site"], row["critical_class"]): row for row in _rows(it, "critical", "site")}
    assert {key for key in shown if key[1] != "all"} == set(found)
    narrow = 0
    for key, rows in found.items():
        row = shown[key]
        theirs = [one for one in rows if one["auditor_found"]]
        ours = [one for one in rows if one["auditee_found"]]
        both = [one for one in ours if one["auditor_found"]]
        assert (row["pairs"], row["auditor_found"], row["auditee_found"]) == (len(rows), len(theirs), len(ours))
        assert (row["missed"], row["falsely"]) == (len(theirs) - len(both), len(ours) - len(both))
        if len(rows) >= it.scene.n_min:
            assert row["accuracy"] == _close(sum(one["agrees"] for one in rows) / len(rows))
        for rate, of in (("sensitivity", theirs), ("precision", ours)):
            assert row[rate] == _close(len(both) / len(of) if len(of) >= it.scene.n_min else None)
        if theirs:
            pairs = [counted[one["pair_id"]] for one in rows]
            ends = wilson(len(both), len(theirs))
            low, high = narrower(facts, pairs, len(rows), len(both) / len(theirs), ends, site=key[0])
            assert (row["sensitivity_low"], row["sensitivity_high"]) == (_close(low), _close(high))
            narrow += low > ends[0] + 0.01
        assert bool(row["undefined"]) == (not theirs or not ours)
    assert narrow


def test_cells_of_confusion(it: Opened, facts: Facts) -> None:
    pairs = {pair["pair_id"]: pair for pair in facts.pairs}
    cells = Counter(
        (pairs[pair]["form_id"], value["criterion_key"], value["auditee_option"], value["auditor_option"])
        for pair, values in facts.values.items()
        if pair in pairs
        for value in values
        if value["auditee_option"] is not None and value["auditor_option"] is not None
    )
    shown = {
        (row["form"], row["criterion"], row["auditee_answer"], row["auditor_answer"]): row
        for row in _rows(it, "confusion")
    }
    assert {key: row["answers"] for key, row in shown.items()} == dict(cells)
    for (form, criterion, _, auditor), row in shown.items():
        column = sum(n for key, n in cells.items() if (key[0], key[1], key[3]) == (form, criterion, auditor))
        assert row["of_auditor"] == _close(row["answers"] / column)
        assert row["pairs"] == sum(n for key, n in cells.items() if key[:2] == (form, criterion))


def test_every_disagreement_is_listed_once(it: Opened) -> None:
    rows = _all(it, "SELECT c.*, p.basis FROM comparisons c JOIN pairs p USING (pair_id) WHERE c.agrees = false")
    wanted = {f"{row['pair_id']}|{row['criterion_key']}" for row in rows}
    assert wanted
    assert {row["key"] for row in _rows(it, "disagreements")} == wanted


def test_disagreements_tell_reasons_and_comments_of_the_revision_compared_but_no_comment_to_auditees() -> None:
    from reconcile.world import World, day
    from reports.scenes import opened_world

    made = World()
    made.form(criteria={"Q1": {"max": 10, "weight": 1}})
    made.evaluation("e1", {"Q1": 10})
    made.evaluation("a1", {"Q1": 0}, kind="ata", evaluator_id="v1", audited_evaluation_id="e1", submitted_at=day(1))
    for row in made.rows["answers"]:
        row.update(reasons=[f"R-{row['evaluation_id']}", "late"], comment=f"said of {row['evaluation_id']}")
    with opened_world(made) as it:
        (row,) = build("disagreements", it.scene).rows.to_pylist()
        (shown,) = build("disagreements", it.scene, Ask(audience="auditees")).rows.to_pylist()
    assert (row["auditee_reasons"], row["auditor_reasons"]) == ("R-e1, late", "R-a1, late")
    assert (row["auditee_comment"], row["auditor_comment"]) == ("said of e1", "said of a1")
    assert (shown["auditee_reasons"], shown["auditee_comment"], shown["auditor_comment"]) == ("R-e1, late", None, None)


def test_disputes(it: Opened, facts: Facts) -> None:
    work = grouped(facts.buckets, lambda row: row["site"])
    named = {row["evaluation_id"] for row in _all(it, "SELECT evaluation_id FROM disputes")}
    cases = grouped(_all(it, "SELECT * FROM dispute_cases"), lambda row: row["site"])
    shown = {row["site"]: row for row in _rows(it, "disputes", "site")}
    assert set(shown) == set(cases)
    assert sum(row["waiting"] for row in shown.values()) == len(_rows(it, "open_disputes")) > 0
    for site, rows in cases.items():
        row = shown[site]
        decided = [one for one in rows if one["state"] == "resolved" and one["outcome"]]
        overturned = [one for one in decided if one["outcome"] != "upheld"]
        assert (row["disputes"], row["overturned"]) == (len(rows), len(overturned))
        assert row["upheld"] == len(decided) - len(overturned)
        assert row["withdrawn"] == sum(one["state"] == "retracted" for one in rows)
        assert row["overturn_rate"] == _close(len(overturned) / len(decided) if decided else None)
        assert row["median_days"] == _close(_kaplan_meier_median(rows))
        # All of it was released long before, more than a window ago.
        assert row["disputable"] == len(work[site])
        assert row["dispute_rate"] == _close(sum(one["evaluation_id"] in named for one in work[site]) / len(work[site]))


def test_disputed_criteria_and_disputed_audits(it: Opened, facts: Facts) -> None:
    cases = {row["dispute_id"]: row for row in _all(it, "SELECT * FROM dispute_cases")}
    items = grouped(
        [row for row in _all(it, "SELECT * FROM dispute_items") if row["state"] == "resolved" and row["outcome"]],
        lambda row: (cases[row["dispute_id"]]["challenges"], cases[row["dispute_id"]]["site"]),
    )
    named = {row["evaluation_id"] for row in _all(it, "SELECT evaluation_id FROM disputes")}
    audits = _all(it, "SELECT p.auditor_evaluation_id, p.site FROM pairs p")
    shown = {(row["challenges"], row["site"]): row for row in _rows(it, "disputes")}
    assert {kind for kind, _ in shown} == {"work", "audit"}
    withheld = {row["evaluation_id"] for row in _all(it, "SELECT * FROM evaluations WHERE released_at IS NULL")}
    for (kind, site), row in shown.items():
        rows = items.get((kind, site), [])
        assert row["items"] == len(rows)
        assert row["item_overturn_rate"] == _close(
            sum(one["outcome"] != "upheld" for one in rows) / len(rows) if rows else None
        )
        if kind == "audit":
            frame = [one["auditor_evaluation_id"] for one in audits if one["site"] == site]
            frame = [one for one in frame if one not in withheld]
            assert (row["disputable"], row["dispute_rate"]) == (
                len(frame),
                _close(sum(one in named for one in frame) / len(frame)),
            )


def test_where_nothing_is_known_to_be_released_there_is_no_dispute_rate() -> None:
    nothing = [None] * generated()["evaluations"].num_rows
    with opened(changed(generated(), "evaluations", "released_at", nothing)) as made:
        rows = _rows(made, "disputes", "site")
    assert sum(row["disputes"] for row in rows) > 10
    assert {(row["disputable"], row["dispute_rate"]) for row in rows} == {(None, None)}


def _kaplan_meier_median(rows: list[Row]) -> float | None:
    share = 1.0
    for time in sorted({row["days"] for row in rows if row["outcome"]}):
        at_risk = sum(row["days"] >= time for row in rows)
        share *= 1 - sum(row["days"] == time and bool(row["outcome"]) for row in rows) / at_risk
        if share <= 0.5 + 1e-12:
            return float(time)
    return None


def test_calibration_of_each_criterion(it: Opened) -> None:
    answers = [row for row in _all(it, "SELECT * FROM calibration_answers") if not row["is_baseline"]]
    scales = {row["form_id"]: row["scale"] for row in _all(it, "SELECT * FROM forms")}
    compared = _all(
        it,
        """SELECT c.criterion_key, c.agrees, c.treatment, p.form_id FROM other_comparisons c
                           JOIN other_pairs p USING (pair_id) WHERE p.relation = 'calibration'""",
    )
    shown = {(row["form"], row["criterion"]): row for row in _rows(it, "calibration")}
    groups = grouped(answers, lambda row: (row["form_id"], row["criterion_key"]))
    assert set(shown) == set(groups)
    seen = 0
    for key, rows in groups.items():
        row, valued = shown[key], [one for one in rows if one["level"] is not None]
        assert (row["sessions"], row["ratings"]) == (len({one["session_id"] for one in rows}), len(valued))
        sessions = sorted({one["session_id"] for one in valued})
        people = sorted({one["person_id"] for one in valued})
        table = np.full((len(people), len(sessions)), np.nan)
        for one in valued:
            table[people.index(one["person_id"]), sessions.index(one["session_id"])] = one["level"]
        if np.unique(table[np.isfinite(table)]).size > 1:
            ordered = "ordinal" if scales[key[0]] != "nominal" else "nominal"
            wanted = krippendorff_alpha(reliability_data=table, level_of_measurement=ordered)
            assert row["alpha"] == pytest.approx(wanted, abs=1e-9), key
            seen += 1
        own = [c for c in compared if (c["form_id"], c["criterion_key"]) == key and c["treatment"] != "missing"]
        assert (row["compared"], row["agreed"]) == (len(own), _close(sum(c["agrees"] for c in own) / len(own)))
    assert seen > 5


def test_sessions_count_everybody_who_was_invited(it: Opened) -> None:
    results = [row for row in _all(it, "SELECT * FROM calibration_results") if not row["is_baseline"]]
    shown = {row["session"]: row for row in _rows(it, "sessions")}
    for session, rows in grouped(results, lambda row: row["session_id"]).items():
        status = Counter(row["status"] for row in rows)
        row = shown[session]
        assert (row["invited"], row["done"], row["late"]) == (len(rows), status["done"], status["late"])
        assert row["missing"] == status["absent"] + status["invited"]
        assert row["completion"] == _close((status["done"] + status["late"]) / len(rows))
        alike = [(one["items_agree"], one["items_compared"]) for one in rows if one["items_compared"]]
        assert row["agreed"] == _close(sum(a for a, _ in alike) / sum(n for _, n in alike) if alike else None)
    assert sum(row["late"] for row in shown.values()) > 0
    assert sum(row["missing"] for row in shown.values()) > 0


def test_the_anchoring_gap(it: Opened, facts: Facts) -> None:
    shown = {row["site"]: row for row in _rows(it, "blind", "site")}
    for site, pairs in grouped(facts.pairs, lambda pair: pair["site"]).items():
        sides = grouped(pairs, lambda pair: pair["is_blind"])
        free = {
            side: sum(pair["items_agree"] == pair["items_compared"] for pair in rows) / len(rows)
            for side, rows in sides.items()
        }
        row = shown[site]
        assert [row[name] for name in ("blind_pairs", "open_pairs", "unknown_pairs")] == [
            len(sides.get(side, [])) for side in (True, False, None)
        ]
        for name, side in (("blind_free", True), ("open_free", False)):
            n, rate = len(sides[side]), free[side]
            low, high = narrower(facts, pairs, n, rate, wilson(rate * n, n), site=site)
            assert [row[name], row[f"{name}_low"], row[f"{name}_high"]] == [_close(rate), _close(low), _close(high)]
        assert row["gap"] == _close(free[False] - free[True])
        (low1, high1), (low2, high2) = (
            wilson(free[side] * len(sides[side]), len(sides[side])) for side in (False, True)
        )
        below = math.sqrt((free[False] - low1) ** 2 + (high2 - free[True]) ** 2)
        above = math.sqrt((high1 - free[False]) ** 2 + (free[True] - low2) ** 2)
        assert (row["gap_low"], row["gap_high"]) == (_close(row["gap"] - below), _close(row["gap"] + above))


def test_a_difference_of_sites_is_that_of_the_summary(it: Opened, facts: Facts) -> None:
    sites = {site: measures(facts, pairs) for site, pairs in grouped(facts.pairs, lambda pair: pair["site"]).items()}
    rows = _rows(it, "pools")
    assert {(row["first"], row["second"]) for row in rows} == {(a, b) for a in sites for b in sites if a < b}
    for row in rows:
        a, b = sites[row["first"]], sites[row["second"]]
        assert row["accuracy"] == _close(a["line_accuracy"] - b["line_accuracy"])
        assert row["leniency"] == _close(a["bias"] - b["bias"])
        assert row["leniency_low"] < row["leniency"] < row["leniency_high"]
        assert row["shared"] > 0


def test_evaluators_of_the_last_four_weeks(it: Opened, facts: Facts) -> None:
    weeks = sorted({pair["week"] for pair in facts.pairs})[-4:]
    inside = [pair for pair in facts.pairs if pair["week"] in weeks]
    people = grouped(inside, lambda pair: pair["auditee_id"])
    shown = {row["auditee"]: row for row in _rows(it, "standing")}
    assert set(shown) == set(people)
    overall = sum(pair["items_agree"] for pair in inside) / sum(pair["items_compared"] for pair in inside)
    frame = Counter(row["evaluator_id"] for row in facts.buckets if row["week"] in weeks)
    for person, pairs in people.items():
        row, wanted = shown[person], measures(facts, pairs)
        assert (row["pairs"], row["evaluations"]) == (len(pairs), frame[person])
        assert row["line_accuracy"] == (_close(wanted["line_accuracy"]) if len(pairs) >= it.scene.n_min else None)
        raw = wanted["line_accuracy"]
        assert min(raw, overall) - 1e-9 <= row["shrunken"] <= max(raw, overall) + 1e-9
        assert row["shrunken_low"] < row["shrunken"] < row["shrunken_high"]
        assert [row[name.lower()] for name in ("EXACT", "LENIENT", "STRICT", "CRITICAL_MISS")] == [
            sum(pair["outcome"] == name for pair in pairs) for name in ("EXACT", "LENIENT", "STRICT", "CRITICAL_MISS")
        ]
        assert row["compared"].startswith("not compared") == (len(pairs) < it.scene.n_min)
        n, size, (low, _) = len(pairs), frame[person], wanted["intervals"]["bias"]
        if row["bias"] is not None and row["bias_low"] is not None:
            factor = math.sqrt((size - n) / (size - 1)) if n / size > 0.05 else 1.0
            bias = wanted["bias"]
            assert row["bias_low"] == _close(bias + (low - bias) * factor)


def test_adjusted_leniency_finds_who_is_lenient_by_nature() -> None:
    from reconcile.world import World, day
    from reports.scenes import opened_world

    made = World()
    made.form(criteria={"Q1": {"max": 100, "weight": 1}})
    number = 0
    # Two auditors who differ by 10 points, each auditing both evaluators: the adjusted difference of u1 and u2 is 20.
    for who, shift in (("u1", 20), ("u2", 0)):
        for auditor, hard in (("v1", 0), ("v2", -10)):
            for _ in range(6):
                number += 1
                own = {"interaction_id": f"i{number}"}
                made.evaluation(f"e{number}", {"Q1": 60 + shift}, evaluator_id=who, **own)
                audit = {"kind": "ata", "evaluator_id": auditor, "audited_evaluation_id": f"e{number}"}
                made.evaluation(f"a{number}", {"Q1": 60 + hard}, submitted_at=day(1), **audit, **own)
    with opened_world(made) as it:
        rows = {row["auditee"]: row for row in build("standing", it.scene).rows.to_pylist()}
    assert rows["u1"]["severity"] - rows["u2"]["severity"] == pytest.approx(20, abs=1e-3)
    assert rows["u1"]["component"] == rows["u2"]["component"] == 0
    assert rows["u1"]["bias"] == pytest.approx(25)


def _drifting(shift: float, weeks: int = 14, *, new_version: int = 99) -> Any:
    """Ten evaluators with the same noise; one becomes more lenient after seven weeks.

    From the week ``new_version`` on a form is in use by which everybody scores 20 points higher.
    """
    from datetime import timedelta

    from reconcile.world import T0, World

    made = World()
    for version in ("3", "4"):
        made.form(version=version, criteria={"Q1": {"max": 100, "weight": 1}})
    number = 0
    for person in range(10):
        for week in range(weeks):
            for noise in (-4, 0, 4):
                number += 1
                at = T0 + timedelta(weeks=week)
                more = shift if person == 3 and week >= 7 else 0
                own = {"interaction_id": f"i{number}", "form_version": "4" if week >= new_version else "3"}
                more += 20 if week >= new_version else 0
                made.evaluation(
                    f"e{number}", {"Q1": 50 + noise + more}, evaluator_id=f"u{person}", submitted_at=at, **own
                )
                audit = {"kind": "ata", "evaluator_id": "v1", "audited_evaluation_id": f"e{number}"}
                made.evaluation(f"a{number}", {"Q1": 50}, submitted_at=at + timedelta(days=1), **audit, **own)
    return made


def test_drift_names_the_one_who_changed_and_nobody_else() -> None:
    from reports.scenes import opened_world

    with opened_world(_drifting(8)) as it:
        rows = {row["auditee"]: row for row in build("drift", it.scene).rows.to_pylist()}
    states = {person: row["state"] for person, row in rows.items()}
    assert states == {f"u{n}": "changed: more lenient" if n == 3 else "steady" for n in range(10)}
    assert rows["u3"]["change"] == pytest.approx(7)  # the seventh of eight later weeks is the first of the shift
    assert rows["u3"]["cusum_high"] > 5
    assert rows["u0"]["change"] == pytest.approx(0)


def test_a_new_form_version_begins_a_new_baseline_and_the_ewma_is_that_of_its_weeks() -> None:
    from reports.scenes import opened_world

    with opened_world(_drifting(0, weeks=18, new_version=8)) as it:
        rows = {row["auditee"]: row for row in build("drift", it.scene).rows.to_pylist()}
    assert {(row["since"], row["weeks"], row["pairs"], row["state"]) for row in rows.values()} == {
        ("2026-W10", 10, 30, "steady")
    }
    with opened_world(_drifting(6, weeks=18)) as it:
        rows = {row["auditee"]: row for row in build("drift", it.scene).rows.to_pylist()}
    # Six weeks of baseline; of the twelve after it u3 has one without the shift. Noise of -4, 0, 4 everywhere.
    sd = math.sqrt((180 * 32 + 36 * 36 * (1 / 12) * (11 / 12)) / (540 - 20))
    ewma = 0.0
    for week in range(12):
        ewma = 0.8 * ewma + 0.2 * (6 if week >= 1 else 0) * math.sqrt(3) / sd
    own, shared = 0.2 / 1.8 * (1 - 0.8**24), 3 * (1 - 0.8**12) ** 2 / 18
    assert rows["u3"]["ewma"] == _close(ewma)
    assert rows["u3"]["ewma_limit"] == _close(3 * math.sqrt(own + shared))
    assert rows["u3"]["state"] == "changed: more lenient"


def test_control_limits_are_laney_s_of_the_first_twelve_weeks_frozen() -> None:
    from reports.scenes import opened_world

    with opened_world(_drifting(30)) as it:
        rows = sorted(build("control", it.scene, Ask(by=("form",))).rows.to_pylist(), key=lambda row: row["week"])
    n, p = [row["items"] for row in rows], [row["line_accuracy"] for row in rows]
    first = slice(0, 12)
    centre = sum(a * b for a, b in zip(n[first], p[first], strict=True)) / sum(n[first])
    z = [(b - centre) / math.sqrt(centre * (1 - centre) / a) for a, b in zip(n[first], p[first], strict=True)]
    sigma = sum(abs(b - a) for a, b in pairwise(z)) / 11 / 1.128
    for row in rows:
        half = 3 * sigma * math.sqrt(centre * (1 - centre) / row["items"])
        assert (row["centre"], row["sigma_z"]) == (_close(centre), _close(sigma))
        assert (row["lower"], row["upper"]) == (_close(max(0, centre - half)), _close(min(1, centre + half)))
    lenient = [row["leniency"] for row in rows]
    ranges = [abs(b - a) for a, b in pairwise(lenient[:12])]
    middle = sum(lenient[:12]) / 12
    assert rows[-1]["leniency_upper"] == _close(middle + 2.66 * sum(ranges) / 11)


def test_too_few_weeks_have_no_limits_and_say_so(it: Opened) -> None:
    rows = _rows(it, "control")
    assert {row["verdict"] for row in rows} == {"no limits: fewer than 12 points in the baseline"}
    assert {row["lower"] for row in rows} == {None}


def test_sampling_precision_and_plan(it: Opened, facts: Facts) -> None:
    report = build("sampling", it.scene)
    rows = report.rows.to_pylist()
    frame = Counter((row["evaluator_id"], row["queue"]) for row in facts.buckets)
    assert {(row["auditee"], row["queue"]): row["evaluations"] for row in rows} == dict(frame)
    audited = {pair["auditee_evaluation_id"] for pair in _all(it, "SELECT auditee_evaluation_id FROM pairs")}
    done = Counter((row["evaluator_id"], row["queue"]) for row in facts.buckets if row["evaluation_id"] in audited)
    free = sum(pair["items_agree"] == pair["items_compared"] for pair in facts.pairs)
    p = (free + 0.5) / (len(facts.pairs) + 1)
    z = NormalDist().inv_cdf(0.975)
    for row in rows:
        n, size = done[row["auditee"], row["queue"]], row["evaluations"]
        assert (row["audits"], row["coverage"]) == (n, _close(n / size))
        if n:
            margin = z * math.sqrt(p * (1 - p) / n) * math.sqrt((size - n) / max(size - 1, 1))
            assert row["margin"] == _close(margin)
        n0 = z * z * p * (1 - p) / 0.01
        assert row["needed"] == min(size, math.ceil(n0 / (1 + (n0 - 1) / size) - 1e-9))
    weeks = len({pair["week"] for pair in facts.pairs})
    assert sum(row["planned"] for row in rows) == round(len(facts.pairs) / weeks)


def test_the_next_sample_can_be_checked_by_anybody(it: Opened, facts: Facts) -> None:
    rows = _rows(it, "next_sample")
    open_ = [row for row in facts.buckets if row["bucket"] == "AUDITEE_ONLY"]
    newest = max(row["week"] for row in facts.buckets)
    strata = grouped([row for row in open_ if row["week"] == newest], lambda row: (row["evaluator_id"], row["queue"]))
    chosen = grouped(rows, lambda row: (row["auditee"], row["queue"]))
    for stratum, mine in chosen.items():
        digest = {
            row["evaluation_id"]: hashlib.sha256(f"{SEED}\x1f{row['interaction_id']}".encode()).hexdigest()
            for row in strata[stratum]
        }
        assert [row["key"] for row in sorted(mine, key=lambda row: row["place"])] == sorted(
            digest, key=lambda one: (digest[one], one)
        )[: len(mine)]


def test_auditors(it: Opened) -> None:
    pairs = [row for row in _all(it, "SELECT * FROM pairs") if row["outcome"] != "NOT_COMPARABLE"]
    shared = [row for row in _all(it, "SELECT * FROM other_pairs") if row["relation"] == "inter_auditor"]
    shown = {row["auditor"]: row for row in _rows(it, "auditors")}
    assert shared
    for auditor, rows in grouped(pairs, lambda row: row["auditor_id"]).items():
        row = shown[auditor]
        weeks = {"{}-{}".format(*one["auditor_submitted_at"].isocalendar()[:2]) for one in rows}
        assert (row["audits"], row["weeks"]) == (len(rows), len(weeks))
        own = [one for one in shared if auditor in (one["auditor_id"], one["auditee_id"])]
        agree, items = sum(one["items_agree"] for one in own), sum(one["items_compared"] for one in own)
        assert (row["shared"], row["agreement"]) == (
            len(own),
            _close(agree / items if len(own) >= it.scene.n_min else None),
        )


def test_repeats_of_one_person(it: Opened) -> None:
    twice = [row for row in _all(it, "SELECT * FROM other_pairs") if row["relation"] in ("repeat", "self_audit")]
    shown = _rows(it, "repeats")
    assert sum(row["pairs"] for row in shown) == len(twice) > 0
    assert median(row["gap"] for row in shown) == _close(median(abs(row["gap_days"]) for row in twice))


@pytest.mark.parametrize(
    ("name", "by"), [("disputes", "blind"), ("calibration", "auditor"), ("sampling", "outcome"), ("pools", "queue")]
)
def test_a_grouping_that_means_nothing_is_refused(it: Opened, name: str, by: str) -> None:
    with pytest.raises(ConfigError, match="group"):
        build(name, it.scene, Ask(by=(by,)))

"""Reports say what plain Python finds in the rows of pairs and comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from program.finished import Finished
from reports.by_hand import Facts, Row, grouped, kappa_and_ac1, measures, narrower, wilson
from sklearn.metrics import cohen_kappa_score

from qa_sync.reports import Ask, Report, build
from qa_sync.runner.opened import Opened

RATES = (
    "line_accuracy", "defect_free", "within_tolerance", "ac1", "kappa", "bias", "mae", "alike", "chance",
    "prevalence_index", "bias_index",
)  # fmt: skip
COUNTS = ("pairs", "critical_miss", "critical_false", "disputed", "overturned", "late")
COLUMNS = {"auditee": "auditee_id", "form": "form_id"}


@pytest.fixture(scope="module")
def opened(finished: Finished) -> Iterator[Opened]:
    with finished.world.workspace().open() as it:
        yield it


@pytest.fixture(scope="module")
def facts(opened: Opened) -> Facts:
    return Facts(opened)


SIDES = ("auditee", "auditor")


def _rows(report: Report) -> list[Row]:
    return report.rows.to_pylist()


def _close(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("summary", ("site", "week")),
        ("summary", ("form",)),
        ("summary", ("queue", "site")),
        ("summary", ("week",)),
        ("evaluators", ("auditee", "site", "team")),
        ("evaluators", ("auditee",)),
    ],
)
def test_grouped_reports(opened: Opened, facts: Facts, name: str, by: tuple[str, ...]) -> None:
    groups = grouped(facts.pairs, lambda pair: tuple(pair[COLUMNS.get(column, column)] for column in by))
    of_evaluations = {**COLUMNS, "auditee": "evaluator_id"}
    sizes = grouped(facts.buckets, lambda row: tuple(row[of_evaluations.get(column, column)] for column in by))
    rows = {tuple(row[column] for column in by): row for row in _rows(build(name, opened.scene, Ask(by=by)))}
    assert set(rows) == set(groups)
    small = 0
    for group, pairs in groups.items():
        wanted, row = measures(facts, pairs), rows[group]
        assert {column: row[column] for column in COUNTS} == {column: wanted[column] for column in COUNTS}
        assert (row["evaluations"], row["coverage"]) == (len(sizes[group]), _close(len(pairs) / len(sizes[group])))
        hidden = wanted["pairs"] < opened.scene.n_min
        small += hidden
        assert {rate: row[rate] for rate in RATES} == {rate: None if hidden else _close(wanted[rate]) for rate in RATES}
        # An interval stands whether or not the rate is shown, and holds it.
        assert None not in (row["line_accuracy_low"], row["line_accuracy_high"], row["ac1_low"], row["ac1_high"])
        assert 0 <= row["line_accuracy_low"] <= wanted["line_accuracy"] <= row["line_accuracy_high"] <= 1
        assert row["ac1_low"] - 1e-9 <= wanted["ac1"] <= row["ac1_high"] + 1e-9
    if by in (("site", "week"), ("auditee",)):
        assert 0 < small < len(groups), "the groups do not show both sides of n_min"


def test_intervals_that_have_a_formula(opened: Opened, facts: Facts) -> None:
    from qa_sync.reports.grouping import groupings
    from qa_sync.reports.measures import conclude, count_groups

    counts = count_groups(opened.scene, groupings(opened.engine, ("site",)), "true")
    made = conclude(counts, opened.scene)
    groups = grouped(facts.pairs, lambda pair: pair["site"])
    for at, site in enumerate(counts["site"].to_pylist()):
        for name, (low, high) in measures(facts, groups[site])["intervals"].items():
            assert (made[f"{name}_low"][at].as_py(), made[f"{name}_high"][at].as_py()) == (_close(low), _close(high)), (
                name
            )


def test_intervals_narrow_where_much_of_a_small_population_was_audited(opened: Opened, facts: Facts) -> None:
    """n audits of N evaluations: the ends come closer by sqrt((N - n) / (N - 1)) where n / N is above 5 %."""
    sizes = grouped(facts.buckets, lambda row: row["site"])
    for row in _rows(build("summary", opened.scene, Ask(by=("site",)))):
        pairs, size = [pair for pair in facts.pairs if pair["site"] == row["site"]], len(sizes[row["site"]])
        factor = math.sqrt((size - len(pairs)) / (size - 1))
        assert len(pairs) / size > 0.05
        made = measures(facts, pairs)
        (low, high), value = made["intervals"]["bias"], made["bias"]
        assert row["bias_low"] == _close(value + (low - value) * factor)
        assert row["bias_high"] == _close(value + (high - value) * factor)
    plain = {row["auditor"]: row for row in _rows(build("summary", opened.scene, Ask(by=("auditor",))))}
    for auditor, pairs in grouped(facts.pairs, lambda pair: pair["auditor_id"]).items():
        low, high = measures(facts, pairs)["intervals"]["bias"]
        assert (plain[auditor]["bias_low"], plain[auditor]["bias_high"]) == (_close(low), _close(high)), "N is unknown"


def test_the_trend_is_the_line_accuracy_of_each_site_and_week(opened: Opened, facts: Facts) -> None:
    report = build("trend", opened.scene)
    sites = {field.name: field.label for field in report.fields if field.kind == "percent"}
    assert sorted(sites.values()) == sorted({pair["site"] for pair in facts.pairs})
    groups = grouped(facts.pairs, lambda pair: (pair["site"], pair["week"]))
    for row in _rows(report):
        for column, site in sites.items():
            pairs = groups.get((site, row["week"]), [])
            shown = measures(facts, pairs)["line_accuracy"] if len(pairs) >= opened.scene.n_min else None
            assert row[column] == _close(shown), (site, row["week"])
            assert row[f"{column}_n"] == len(pairs)
    assert [row["week"] for row in _rows(report)] == sorted({pair["week"] for pair in facts.pairs})


@pytest.mark.parametrize("by", [(), ("site",)])
def test_agreement_of_each_criterion(opened: Opened, facts: Facts, by: tuple[str, ...]) -> None:
    judged = [
        {**pair, **value}
        for pair in facts.pairs
        for value in facts.values.get(pair["pair_id"], [])
        if value["auditee_level"] is not None and value["auditor_level"] is not None
    ]
    groups = grouped(judged, lambda row: (row["form_id"], row["criterion_key"], *(row[column] for column in by)))
    rows = {
        (row["form"], row["criterion"], *(row[column] for column in by)): row
        for row in _rows(build("agreement", opened.scene, Ask(by=by)))
    }
    assert set(rows) == set(groups)
    for group, values in groups.items():
        mine, theirs = [v["auditee_level"] for v in values], [v["auditor_level"] for v in values]
        q = 1 + max(top for (form, _, criterion), top in facts.tops.items() if (form, criterion) == group[:2])
        table = [
            [float(sum((a, b) == (i, j) for a, b in zip(mine, theirs, strict=True))) for j in range(q)]
            for i in range(q)
        ]
        kappa, ac1 = kappa_and_ac1(table)
        row, n = rows[group], len(values)
        assert (row["pairs"], row["auditees"]) == (n, len({v["auditee_id"] for v in values}))
        assert row["percent_agreement"] == _close(sum(a == b for a, b in zip(mine, theirs, strict=True)) / n)
        assert row["mean_delta"] == _close((sum(mine) - sum(theirs)) / n)
        assert (row["kappa"], row["ac1"]) == (_close(kappa), _close(ac1))
        asked = [
            {**pair, **value}
            for pair in facts.pairs
            for value in facts.asked.get(pair["pair_id"], [])
            if (pair["form_id"], value["criterion_key"], *(pair[column] for column in by)) == group
        ]
        assert (row["applicability"], row["mean_delta"]) == (
            sum((v["auditee_level"] is None) != (v["auditor_level"] is None) for v in asked),
            _close((sum(mine) - sum(theirs)) / n),
        )
        alike = sum(a == b for a, b in zip(mine, theirs, strict=True))
        same = dict(zip(by, group[2:], strict=True))
        low, high = narrower(facts, asked, len(asked), alike / n, wilson(alike, n), **same)
        assert (row["percent_agreement_low"], row["percent_agreement_high"]) == (_close(low), _close(high))
        both = [["N/A" if v[f"{side}_level"] is None else v[f"{side}_level"] for side in SIDES] for v in asked]
        names = [*range(q), "N/A"]
        with_na = [[float(both.count([i, j])) for j in names] for i in names]
        assert sum(map(sum, with_na)) >= n
        assert row["kappa_with_na"] == _close(kappa_and_ac1(with_na)[0])
        if kappa is None:
            assert row["undefined"]
        else:
            for weights in ("linear", "quadratic"):
                assert row[f"kappa_{weights}"] == _close(
                    cohen_kappa_score(mine, theirs, labels=list(range(q)), weights=weights)
                ), group


def test_exceptions_are_all_that_is_in_no_headline_number(opened: Opened) -> None:
    rows = _rows(build("exceptions", opened.scene))
    odd = opened.engine.fetch("SELECT * FROM buckets").to_pylist()
    wanted = {
        row["evaluation_id"]
        for row in odd
        if row["bucket"] in ("UNMATCHED_AUDITOR", "AMBIGUOUS", "EXCLUDED", "VOIDED", "REFERENCE_UNUSED")
    }
    pairs = opened.engine.fetch("SELECT * FROM pairs").to_pylist()
    wanted |= {pair["pair_id"] for pair in pairs if pair["outcome"] == "NOT_COMPARABLE"}
    wanted |= {f"{pair['pair_id']}|score" for pair in pairs if "SCORE_MISMATCH" in pair["flags"]}
    assert [row["key"] for row in rows if row["what"] == "SCORE_MISMATCH"]
    assert {row["key"] for row in rows} == wanted
    assert len(rows) == len(wanted)


def test_an_exception_is_listed_at_the_site_of_the_evaluations_that_it_concerns(opened: Opened) -> None:
    ended = {row["evaluation_id"]: row for row in opened.engine.fetch("SELECT * FROM ended").to_pylist()}
    sites = {row["site"] for row in ended.values()} - {None}
    moved = 0
    for site in sorted(sites):
        shown = {row["key"]: row for row in _rows(build("exceptions", opened.scene, Ask(where={"site": site})))}
        for row in shown.values():
            named = [*(row["candidates"] or "").split(", "), row["evaluation_id"] or ""]
            assert {ended[one]["site"] for one in named if one in ended} <= {site}, row["key"]
        for one in ended.values():
            concerned = [ended[name]["site"] for name in [*(one["candidates"] or ()), one["audited_evaluation_id"]]
                         if name in ended]  # fmt: skip
            if one["bucket"] in ("UNMATCHED_AUDITOR", "AMBIGUOUS", "EXCLUDED", "VOIDED", "REFERENCE_UNUSED"):
                assert (one["evaluation_id"] in shown) == (site in (concerned or [one["site"]])), one["evaluation_id"]
                moved += bool(concerned) and site in concerned and one["site"] != site
    assert moved

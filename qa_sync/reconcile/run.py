"""Reconcile: from views of the common schema to pairs, comparisons, buckets and evaluator work, in an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from qa_sync.engine import Engine
from qa_sync.errors import ConservationError
from qa_sync.reconcile import (
    answers,
    buckets,
    calendar,
    calibrations,
    candidates,
    comparison,
    disputes,
    evaluator_work,
    outcome,
    pairing,
    pairs,
    reported,
    revisions,
    roles,
    roster,
    schema,
    schema_cases,
    score_findings,
    states,
    unasked,
)
from qa_sync.reconcile.method_scores import method_scores
from qa_sync.reconcile.programme import Programme


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What became of the evaluations, in numbers; the rows are tables of the engine.

    Attributes:
        evaluations: evaluations that went in.
        buckets: how many ended in each bucket; they add up to ``evaluations``.
        pairs: kept pairs.
        headlines: pairs that speak for their auditee's evaluation.
        outcomes: pairs per outcome class.
        score_findings: live evaluations, paired or not, whose reported score is not the recomputed one, per reason.
    """

    evaluations: int
    buckets: Mapping[str, int]
    pairs: int
    headlines: int
    outcomes: Mapping[str, int]
    score_findings: Mapping[str, int]


def reconcile(engine: Engine, programme: Programme, *, as_of: datetime) -> Reconciled:
    """Pair audits with what they audit and compare them, as everything was known at ``as_of``.

    Reads the views ``evaluations_history``, ``answers_history`` (all row versions with the columns of
    ``model.system.VERSION``) and the current rows ``interactions, identities, rosters, lookups, forms, criteria,
    options, disputes, calibrations, calibration_participants``. Makes in the engine,
    with the columns of ``qa_sync.reconcile.tables.RESULTS``:

    - ``pairs`` and ``comparisons`` (the headline, basis original) and ``buckets``, ``evaluator_work``;
    - ``score_findings``: reported scores of live evaluations, paired or not, that the catalogue does not explain;
    - ``pairs_current`` and ``comparisons_current``: the same pairs as both sides are today;
    - ``other_pairs`` and ``other_comparisons``: self-audits, repeats, audits of one evaluation against each other,
      and calibrations against what was agreed, which are never part of ``pairs``;
    - ``critical_comparisons``: for each pair and class of critical errors, what each side found;
    - ``dispute_cases`` and ``dispute_items``: what became of every dispute and disputed criterion;
    - ``calibration_results`` and ``calibration_answers``: what everybody invited said in every session.

    Names that begin with ``rc_`` are its own. The result depends on the rows alone, never on their order.

    Args:
        engine: holds the views; keeps the results.
        programme: the rules.
        as_of: nothing stored or in effect later is seen; must have a zone.

    Raises:
        ConservationError: an evaluation ended in no bucket or in two, or a pair was lost or doubled.
        ValueError: ``as_of`` has no zone.
    """
    _know(engine, programme, as_of)
    _pair(engine, programme)
    _compare(engine, programme, as_of)
    _conclude(engine, programme, as_of)
    return _checked(engine, as_of)


def _know(engine: Engine, programme: Programme, as_of: datetime) -> None:
    """Who was what: every evaluation as known then, with its role."""
    engine.view("rc_versions", revisions.known_versions(as_of))
    engine.table("rc_superseded", revisions.superseded())
    engine.view("rc_live", revisions.live_versions())
    engine.view("rc_latest", revisions.latest_versions())
    engine.table("rc_dispute_events", revisions.dispute_events(as_of))
    engine.table("rc_decided", disputes.decided())
    engine.table("rc_cases", disputes.cases())
    engine.table("rc_overturned", revisions.overturned_since())
    engine.table("rc_form_versions", roles.form_versions())
    engine.table("rc_interactions", roles.interactions())
    engine.table("rc_rosters", roster.people_on_rosters())
    engine.table(
        "rc_role_days",
        roster.roles_on(
            f"({roles.person_days(programme)})",
            auditor_roles=programme.auditor_roles,
            senior_roles=programme.senior_roles,
        ),
    )
    engine.table("rc_shared_work", roles.shared_work(programme))
    engine.table("rc_evaluations", roles.evaluations(programme, as_of))
    engine.table("rc_session_evaluations", calibrations.session_evaluations())
    engine.table("rc_attendance", calibrations.attendance(programme, as_of))
    engine.table("rc_criteria", answers.criteria())
    engine.register("rc_tests", unasked.tests(engine))


def _pair(engine: Engine, programme: Programme) -> None:
    """Which evaluation each audit judges."""
    engine.table("rc_blind_candidates", candidates.of_blind_task())
    engine.table(
        "rc_candidates",
        f"{candidates.named()} UNION ALL SELECT * FROM rc_blind_candidates UNION ALL {candidates.of_key(programme)}",
    )
    engine.table("rc_reference_candidates", candidates.of_reference())
    engine.table("rc_verdicts", pairing.verdicts())
    engine.table("rc_chosen", pairing.chosen())
    engine.table("rc_links", pairing.links())


def _compare(engine: Engine, programme: Programme, as_of: datetime) -> None:
    """Which revisions of the two are compared, and how their answers and scores differ."""
    engine.table("rc_reported", reported.reported())
    engine.table("rc_unconfirmed", reported.unconfirmed(programme.score_mismatch, as_of))
    engine.table("rc_wanted", states.wanted())
    engine.table("rc_wanted_answers", revisions.wanted_answers(as_of))
    engine.table("rc_touched", revisions.touched(as_of))
    engine.table("rc_changes", revisions.changes())
    engine.table("rc_ends", states.ends())
    engine.table("rc_ranked", pairing.ranked(programme))
    engine.table("rc_originals", states.originals())
    engine.table("rc_variants", states.variants())
    engine.table("rc_states", states.states())
    engine.table("rc_delivered", answers.delivered())
    engine.view("rc_given", answers.given())
    engine.table("rc_unasked", unasked.unasked())
    engine.table("rc_items", answers.items())
    engine.register("rc_method_scores", method_scores(engine))
    engine.table("rc_scores", answers.scores(programme.score_mismatch))
    engine.table("rc_sides", comparison.sides())
    engine.table("rc_compared", comparison.compared())
    engine.table("rc_totals", comparison.totals())
    engine.view("rc_measured", outcome.measured(programme))
    engine.table("rc_outcomes", outcome.classed())


def _conclude(engine: Engine, programme: Programme, as_of: datetime) -> None:
    """The tables that reports read."""
    engine.table("rc_judged", evaluator_work.judged(programme))
    engine.table("rc_places", roster.places_on(f"({calendar.person_days(programme)})"))
    engine.table("rc_disputed", pairs.disputed())
    engine.table("rc_edited", pairs.edited())
    engine.table("rc_pairs_original", pairs.every_pair(programme, "original"))
    engine.view("rc_pairs_current", pairs.every_pair(programme, "current"))
    columns = schema.PAIRS.names
    engine.view("pairs", pairs.of_relation("rc_pairs_original", columns, is_audit=True))
    engine.view("other_pairs", pairs.of_relation("rc_pairs_original", columns, is_audit=False))
    engine.view("pairs_current", pairs.of_relation("rc_pairs_current", columns, is_audit=True))
    columns = schema.COMPARISONS.names
    engine.view("comparisons", pairs.comparisons("rc_pairs_original", columns, "original", is_audit=True))
    engine.view("other_comparisons", pairs.comparisons("rc_pairs_original", columns, "original", is_audit=False))
    engine.view("comparisons_current", pairs.comparisons("rc_pairs_current", columns, "current", is_audit=True))
    engine.table("buckets", buckets.buckets(programme, schema.BUCKET_ROWS.names, as_of))
    engine.table("score_findings", score_findings.score_findings(programme.score_mismatch))
    engine.table("evaluator_work", evaluator_work.evaluator_work(schema.EVALUATOR_WORK.names))
    engine.view("critical_comparisons", pairs.critical_comparisons(schema.CRITICAL_COMPARISONS.names))
    engine.table("dispute_cases", disputes.dispute_cases(programme, schema_cases.DISPUTE_CASES.names, as_of))
    engine.table("dispute_items", disputes.dispute_items(schema_cases.DISPUTE_ITEMS.names))
    engine.table("calibration_results", calibrations.results(schema_cases.CALIBRATION_RESULTS.names))
    engine.view("calibration_answers", calibrations.answers(schema_cases.CALIBRATION_ANSWERS.names))


def _checked(engine: Engine, as_of: datetime) -> Reconciled:
    """Count, and refuse results that do not add up."""
    n = engine.fetch(buckets.conservation(as_of)).to_pylist()[0]
    for left, right in (
        ("evaluations", "in_buckets"),
        ("in_buckets", "bucketed"),
        ("paired_auditors", "auditors_in_pairs"),
        ("links", "pairs"),
        ("pairs", "distinct_pairs"),
        ("headlines", "auditees_in_pairs"),
        ("disputes", "dispute_cases"),
        ("disputes", "distinct_cases"),
    ):
        if n[left] != n[right]:
            found = f"{n[left]} {left.replace('_', ' ')} but {n[right]} {right.replace('_', ' ')}"
            msg = f"reconcile: {found}; nothing is published"
            raise ConservationError(msg)
    return Reconciled(
        evaluations=n["evaluations"],
        pairs=n["pairs"],
        headlines=n["headlines"],
        buckets=_counts(engine, "buckets", "bucket"),
        outcomes=_counts(engine, "pairs", "outcome"),
        score_findings=_counts(engine, "score_findings", "reason"),
    )


def _counts(engine: Engine, table: str, column: str) -> dict[str, int]:
    rows = engine.fetch(f"SELECT {column} AS word, count(*) AS n FROM {table} GROUP BY {column} ORDER BY {column}")
    return dict(zip(rows["word"].to_pylist(), rows["n"].to_pylist(), strict=True))

"""The statements of reconciling, in their order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from qa_sync.engine import Engine
from qa_sync.engine.duck import no_rows
from qa_sync.model import TableSchema
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

#: What ``rules`` makes.
RULES = ("rc_form_versions", "rc_rosters", "rc_criteria", "rc_tests")


def rules(engine: Engine) -> None:
    """What evaluations are read by: forms and who was on which roster, whatever the evaluations are."""
    engine.table("rc_form_versions", roles.form_versions())
    engine.table("rc_rosters", roster.people_on_rosters())
    engine.table("rc_criteria", answers.criteria())
    engine.register("rc_tests", unasked.tests(engine))


def work_through(
    engine: Engine, programme: Programme, as_of: datetime, *, keep: Callable[[str, str], None], sessions: str = "true"
) -> None:
    """Make the tables that reports read, from ``rc_versions``, ``rc_answers`` and ``rc_dispute_events``.

    Args:
        engine: holds them, and keeps what is made.
        programme: the rules.
        as_of: the moment at which all of it is known.
        keep: makes what several statements read: the engine's ``view`` or ``table``.
        sessions: the condition on the calibration sessions that belong to these evaluations.
    """
    _know(engine, programme, as_of, keep, sessions)
    _pair(engine, programme)
    _compare(engine, programme)
    _conclude(engine, programme, as_of, keep)


def _know(
    engine: Engine, programme: Programme, as_of: datetime, keep: Callable[[str, str], None], sessions: str
) -> None:
    """Who was what: every evaluation as known then, with its role."""
    engine.table("rc_superseded", revisions.superseded())
    engine.view("rc_live", revisions.live_versions())
    keep("rc_latest", revisions.latest_versions())
    engine.table("rc_decided", disputes.decided())
    engine.table("rc_cases", disputes.cases())
    engine.table("rc_overturned", revisions.overturned_since())
    engine.table("rc_interactions", roles.interactions())
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
    engine.table("rc_attendance", calibrations.attendance(programme, as_of, sessions))


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


def _compare(engine: Engine, programme: Programme) -> None:
    """Which revisions of the two are compared, and how their answers and scores differ."""
    engine.table("rc_reported", reported.reported())
    engine.table("rc_unconfirmed", reported.unconfirmed(programme.score_mismatch))
    engine.table("rc_wanted", states.wanted())
    engine.table("rc_wanted_answers", revisions.wanted_answers())
    engine.table("rc_touched", revisions.touched())
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


def _conclude(engine: Engine, programme: Programme, as_of: datetime, keep: Callable[[str, str], None]) -> None:
    """The tables that reports read."""
    engine.table("rc_judged", evaluator_work.judged(programme))
    engine.table("rc_places", roster.places_on(f"({calendar.person_days(programme)})"))
    engine.table("rc_disputed", pairs.disputed())
    engine.table("rc_edited", pairs.edited())
    engine.table("rc_pairs_original", pairs.every_pair(programme, "original"))
    engine.view("rc_pairs_current", pairs.every_pair(programme, "current"))
    columns = schema.PAIRS.names
    keep("pairs", pairs.of_relation("rc_pairs_original", columns, is_audit=True))
    engine.view("other_pairs", pairs.of_relation("rc_pairs_original", columns, is_audit=False))
    engine.view("pairs_current", pairs.of_relation("rc_pairs_current", columns, is_audit=True))
    columns = schema.COMPARISONS.names
    engine.view("comparisons", pairs.comparisons("rc_pairs_original", columns, "original", is_audit=True))
    engine.view("other_comparisons", pairs.comparisons("rc_pairs_original", columns, "original", is_audit=False))
    engine.view("comparisons_current", pairs.comparisons("rc_pairs_current", columns, "current", is_audit=True))
    engine.table("buckets", buckets.buckets(programme, schema.BUCKET_ROWS.names, as_of))
    engine.table("score_findings", score_findings.score_findings(programme.score_mismatch))
    _rare(engine, schema.EVALUATOR_WORK, evaluator_work.evaluator_work, of="rc_judged")
    engine.view("critical_comparisons", pairs.critical_comparisons(schema.CRITICAL_COMPARISONS.names))
    dispute_cases = partial(disputes.dispute_cases, programme, as_of=as_of)
    _rare(engine, schema_cases.DISPUTE_CASES, dispute_cases, of="rc_cases")
    _rare(engine, schema_cases.DISPUTE_ITEMS, disputes.dispute_items, of="rc_cases")
    _rare(engine, schema_cases.CALIBRATION_RESULTS, calibrations.results, of="rc_attendance")
    engine.view("calibration_answers", calibrations.answers(schema_cases.CALIBRATION_ANSWERS.names))


def _rare(engine: Engine, table: TableSchema, select: Callable[[tuple[str, ...]], str], *, of: str) -> None:
    """Make a result that many programmes have none of: to look is a tenth of what it takes to plan its joins."""
    is_there = engine.fetch(f"SELECT 1 AS one FROM {of} LIMIT 1").num_rows
    engine.table(table.name, select(table.names) if is_there else no_rows(table.arrow))

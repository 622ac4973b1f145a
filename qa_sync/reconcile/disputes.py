"""What became of every dispute: one row a dispute, one a disputed criterion, from the events known by then.

An agent disputes an evaluation (``challenges`` work), an auditee an audit (``challenges`` audit). A dispute counts
once, however many rounds it took: the last round that was decided speaks; a withdrawn or expired appeal leaves the
decision before it in force.
"""

from __future__ import annotations

from datetime import datetime

from qa_sync.reconcile import dialect
from qa_sync.reconcile.programme import Programme

_OVERTURNED = "('overturned_full', 'overturned_partial')"
_LAST = "ORDER BY event_no DESC, event_at DESC NULLS LAST, event, coalesce(criterion_key, '')"


def decided() -> str:
    """Select the outcome and moment of each dispute's last decided round.

    A decision on the whole evaluation counts before those on single criteria; where only these were decided, the
    dispute is upheld or overturned in full when all of them are, else overturned in part.
    """
    return f"""
        SELECT r.dispute_id, max(r.event_at) AS decided_at,
               coalesce(max(CASE WHEN w.outcome IS NOT NULL THEN w.outcome END),
                        CASE WHEN min(r.outcome) = max(r.outcome) THEN min(r.outcome)
                             WHEN max(CASE WHEN r.outcome IN {_OVERTURNED} THEN 1 ELSE 0 END) = 1
                             THEN 'overturned_partial' ELSE 'upheld' END) AS outcome
        FROM (SELECT e.*, max(coalesce(round, 1)) OVER (PARTITION BY dispute_id) AS last_round
              FROM rc_dispute_events e WHERE event = 'resolved' AND outcome IS NOT NULL) r
        LEFT JOIN (SELECT dispute_id, coalesce(round, 1) AS round, outcome,
                          row_number() OVER (PARTITION BY dispute_id, coalesce(round, 1) {_LAST}) AS place
                   FROM rc_dispute_events
                   WHERE event = 'resolved' AND outcome IS NOT NULL AND criterion_key IS NULL) w
               ON w.dispute_id = r.dispute_id AND w.round = r.last_round AND w.place = 1
        WHERE coalesce(r.round, 1) = r.last_round
        GROUP BY r.dispute_id"""


def cases() -> str:
    """Select one row a dispute: its evaluation, state, times and words. Events decide, never their arrival."""

    def said(name: str, which: str) -> str:
        return f"{which}({name}, event_no) FILTER (WHERE {name} IS NOT NULL) AS {name}"

    return f"""
        SELECT g.*, d.decided_at, d.outcome, l.evaluation_id, l.event IN ('opened', 'in_review') AS is_open,
               CASE WHEN d.outcome IS NOT NULL THEN 'resolved' WHEN l.event = 'opened' THEN 'open' ELSE l.event
                    END AS state,
               CASE WHEN d.decided_at IS NOT NULL THEN d.decided_at
                    WHEN l.event NOT IN ('opened', 'in_review') THEN l.event_at END AS closed_at
        FROM (SELECT dispute_id, max(coalesce(round, 1)) AS rounds,
                     coalesce(min(CASE WHEN event = 'opened' THEN event_at END), min(event_at)) AS opened_at,
                     {said("raised_by", "min_by")}, {said("decided_by", "max_by")}, {said("category", "max_by")},
                     {said("reason", "max_by")}, {said("score_before", "min_by")}, {said("score_after", "max_by")},
                     count(DISTINCT criterion_key) AS items
              FROM rc_dispute_events GROUP BY dispute_id) g
        JOIN (SELECT dispute_id, evaluation_id, event, event_at,
                     row_number() OVER (PARTITION BY dispute_id {_LAST}) AS place FROM rc_dispute_events) l
          ON l.dispute_id = g.dispute_id AND l.place = 1
        LEFT JOIN rc_decided d ON d.dispute_id = g.dispute_id"""


def dispute_cases(programme: Programme, columns: tuple[str, ...], as_of: datetime) -> str:
    """Select the disputes with whose work is at stake, their weeks, and how long they took or have been open.

    ``week`` is that of the work (of the audited evaluation where an audit is challenged): the quality view.
    ``closed_week`` is that of the decision: the workload view.
    """
    end = dialect.moment(as_of)

    def week(time: str) -> str:
        return dialect.iso_week(dialect.local_date(time, programme.time_zone))

    return f"""
        SELECT {", ".join(columns)} FROM (
            SELECT c.dispute_id, c.evaluation_id, e.evaluation_id IS NOT NULL AS is_known,
                   CASE WHEN e.evaluation_id IS NULL THEN NULL
                        WHEN e.role IN ('auditor', 'reference', 'evaluator_work') THEN 'audit' ELSE 'work'
                        END AS challenges,
                   c.state, c.outcome, c.is_open, c.outcome IN {_OVERTURNED} AS is_overturned, c.rounds, c.items,
                   c.category, c.reason, coalesce(r.person_id, c.raised_by) AS raised_by,
                   coalesce(d.person_id, c.decided_by) AS decided_by, c.opened_at, c.closed_at,
                   {dialect.days_between("c.opened_at", f"coalesce(c.closed_at, {end})")} AS days,
                   c.score_before, c.score_after,
                   CASE WHEN e.role IN ('auditor', 'reference', 'evaluator_work') THEN e.evaluator_id END AS auditor_id,
                   coalesce(p.auditee_id, b.evaluator_id) AS auditee_id, e.agent_id, e.interaction_id, e.form_id,
                   coalesce(p.queue, b.queue) AS queue, coalesce(p.site, b.site) AS site,
                   coalesce(p.site_kind, b.site_kind) AS site_kind, coalesce(p.team, b.team) AS team,
                   coalesce(p.week, b.week) AS week, coalesce(p.basis_date, b.basis_date) AS basis_date,
                   {week("c.opened_at")} AS opened_week, {week("c.closed_at")} AS closed_week
            FROM rc_cases c
            LEFT JOIN rc_evaluations e ON e.evaluation_id = c.evaluation_id
            LEFT JOIN buckets b ON b.evaluation_id = c.evaluation_id
            LEFT JOIN (SELECT auditor_evaluation_id, min(pair_id) AS pair_id FROM pairs
                       GROUP BY auditor_evaluation_id) a ON a.auditor_evaluation_id = c.evaluation_id
            LEFT JOIN pairs p ON p.pair_id = a.pair_id
            LEFT JOIN identities r ON r.account_id = c.raised_by AND NOT r.deleted
            LEFT JOIN identities d ON d.account_id = c.decided_by AND NOT d.deleted) x"""


def dispute_items(columns: tuple[str, ...]) -> str:
    """Select one row a dispute and criterion that it names: the criterion's own decision, else the dispute's."""
    return f"""
        SELECT {", ".join(columns)} FROM (
            SELECT i.dispute_id, i.criterion_key, c.evaluation_id, c.state, i.option_before, i.option_after,
                   coalesce(i.outcome, c.outcome) AS outcome,
                   coalesce(i.outcome, c.outcome) IN {_OVERTURNED} AS is_overturned
            FROM (SELECT dispute_id, criterion_key,
                         min_by(option_before, event_no) FILTER (WHERE option_before IS NOT NULL) AS option_before,
                         max_by(option_after, event_no) FILTER (WHERE option_after IS NOT NULL) AS option_after,
                         max_by(outcome, event_no) FILTER (WHERE event = 'resolved' AND outcome IS NOT NULL) AS outcome
                  FROM rc_dispute_events WHERE criterion_key IS NOT NULL
                  GROUP BY dispute_id, criterion_key) i
            JOIN rc_cases c ON c.dispute_id = i.dispute_id) x"""


def disputable(programme: Programme, as_of: datetime) -> str:
    """Return the expressions of ``is_disputed`` and ``is_disputable`` over ``rc_evaluations`` as ``e``, cases as ``k``.

    Disputable: disputed, or released so long ago that the window to dispute has elapsed. Withdrawn disputes count as
    disputed: the person did dispute.
    """
    window = f"INTERVAL '{programme.dispute_window_days:d}' DAY"
    return f"""k.evaluation_id IS NOT NULL AS is_disputed,
                   k.evaluation_id IS NOT NULL
                       OR e.state = 'live' AND coalesce(e.released_at + {window} <= {dialect.moment(as_of)}, false)
                       AS is_disputable"""

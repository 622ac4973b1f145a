"""Which version of every evaluation was known at a moment, and what each said when.

A record's versions are ordered by (source_stamp, source_seq, payload_hash), never by arrival.
"""

from __future__ import annotations

from datetime import datetime

from qa_sync.reconcile import dialect

#: Oldest version first.
IN_ORDER = "source_stamp NULLS FIRST, source_seq, payload_hash"
#: Newest version first: the exact reverse of IN_ORDER.
NEWEST_FIRST = "source_stamp DESC NULLS LAST, source_seq DESC, payload_hash DESC"

_VERSION = "source, stream, record_id, source_stamp, source_seq, payload_hash"


def known_versions(as_of: datetime) -> str:
    """Select every evaluation version that was stored and in effect by ``as_of``."""
    t = dialect.moment(as_of)
    return f"""
        SELECT evaluation_id, about, kind, status, interaction_id, segment_id, form_id, form_version, evaluator_id,
               agent_id, audited_evaluation_id, blind_task_id, session_id, is_blind, is_released, reference_rank,
               repeat_no, cause, sampling, started_at, submitted_at, released_at, effective_at, reported_score,
               reported_max, outcome_label, auto_failed, queue, site, dimensions, {_VERSION}, ingested_at, deleted
        FROM evaluations_history
        WHERE ingested_at <= {t} AND (effective_at IS NULL OR effective_at <= {t})"""


def known_answers(as_of: datetime) -> str:
    """Select every answer version that was stored by ``as_of``."""
    return f"""
        SELECT evaluation_id, {_VERSION}, ingested_at, deleted,
               criterion_key, state, option, points, max_points, is_fail
        FROM answers_history WHERE ingested_at <= {dialect.moment(as_of)}"""


def superseded() -> str:
    """Select the versions that a newer version of their record replaced, and whether that record is deleted now.

    Most records have one version: only the others are put in order.
    """
    return f"""
        WITH several AS (
            SELECT source, stream, record_id FROM rc_versions GROUP BY source, stream, record_id HAVING count(*) > 1
        ), ordered AS (
            SELECT {_prefixed("v")}, v.deleted,
                   rank() OVER (PARTITION BY v.source, v.stream, v.record_id ORDER BY {NEWEST_FIRST}) AS place
            FROM rc_versions v
            JOIN several s ON s.source = v.source AND s.stream = v.stream AND s.record_id = v.record_id
        )
        SELECT {_VERSION}, max(CASE WHEN is_last_deleted THEN 1 ELSE 0 END) = 1 AS is_deleted
        FROM (SELECT *, place = 1 AND deleted OR max(CASE WHEN place = 1 AND deleted THEN 1 ELSE 0 END)
                        OVER (PARTITION BY source, stream, record_id) = 1 AS is_last_deleted FROM ordered) o
        WHERE place > 1 GROUP BY {_VERSION}"""


def live_versions() -> str:
    """Select the versions that hold an evaluation, and whether they still do.

    ``is_gone``: a newer version of the record is a tombstone, or does not hold the evaluation any more.
    """
    same = " AND ".join(f"s.{name} = v.{name}" for name in _VERSION.split(", ") if name != "source_stamp")
    return f"""
        SELECT v.*, s.record_id IS NOT NULL AS is_gone,
               CASE WHEN s.is_deleted THEN 'DELETED' WHEN s.record_id IS NOT NULL THEN 'REMOVED' END AS gone_reason
        FROM rc_versions v
        LEFT JOIN rc_superseded s ON {same} AND s.source_stamp IS NOT DISTINCT FROM v.source_stamp
        WHERE v.evaluation_id IS NOT NULL AND NOT v.deleted"""


def latest_versions() -> str:
    """Select one row an evaluation: its newest live version, or the last one known when there is none.

    Where several records claim one evaluation, the newest live one holds it. ``first_submitted_at``: some sources date
    an evaluation anew whenever it is saved; what was in force when an audit was submitted must not move with that.
    """
    several = """
        SELECT evaluation_id FROM rc_versions WHERE evaluation_id IS NOT NULL AND NOT deleted
        GROUP BY evaluation_id HAVING count(*) > 1"""
    return f"""
        SELECT l.*, 1 AS place, l.submitted_at AS first_submitted_at
        FROM rc_live l LEFT JOIN ({several}) m ON m.evaluation_id = l.evaluation_id
        WHERE m.evaluation_id IS NULL
        UNION ALL
        SELECT * FROM (
            SELECT l.*, row_number() OVER (PARTITION BY l.evaluation_id
                   ORDER BY CASE WHEN is_gone THEN 1 ELSE 0 END, {NEWEST_FIRST}, source, stream, record_id) AS place,
                   coalesce(min(CASE WHEN coalesce(status, 'submitted') <> 'draft' THEN submitted_at END)
                                OVER (PARTITION BY l.evaluation_id), submitted_at) AS first_submitted_at
            FROM rc_live l JOIN ({several}) m ON m.evaluation_id = l.evaluation_id) w
        WHERE place = 1"""


def overturned_since() -> str:
    """Select when each evaluation was first overturned: later versions without a stated cause are adjudications."""
    return """
        SELECT evaluation_id, min(event_at) AS overturned_at
        FROM rc_dispute_events
        WHERE event = 'resolved' AND outcome IN ('overturned_full', 'overturned_partial')
        GROUP BY evaluation_id"""


def dispute_events(as_of: datetime, only: str = "true") -> str:
    """Select the dispute events that had happened and were known by ``as_of``, and for which ``only`` holds."""
    t = dialect.moment(as_of)
    return f"""
        SELECT dispute_id, event_no, event, event_at, evaluation_id, criterion_key, round, raised_by, decided_by,
               outcome, category, reason, option_before, option_after, score_before, score_after
        FROM disputes
        WHERE NOT deleted AND ingested_at <= {t} AND (event_at IS NULL OR event_at <= {t}) AND {only}"""


def wanted_answers() -> str:
    """Select the answer versions of the evaluations of ``rc_wanted``."""
    return f"""
        SELECT a.evaluation_id, {_prefixed("a")}, a.ingested_at, a.criterion_key, a.state, a.option, a.points,
               a.max_points, a.is_fail
        FROM rc_answers a JOIN rc_wanted w ON w.evaluation_id = a.evaluation_id
        WHERE NOT a.deleted"""


def touched() -> str:
    """Select what changed each evaluation of ``rc_wanted``.

    A change is a version of a record that holds the evaluation, its tombstone, or a version of a record of another
    stream that holds only answers to it (``is_own`` is false for these).
    """
    nothing = ", ".join(["NULL"] * len(_CONTENT))
    content = ", ".join(f"v.{name}" for name in _CONTENT)
    return f"""
        WITH own_records AS (
            SELECT DISTINCT v.evaluation_id, v.source, v.stream, v.record_id
            FROM rc_wanted w JOIN rc_versions v ON v.evaluation_id = w.evaluation_id AND NOT v.deleted
        ), separate AS (
            SELECT DISTINCT a.evaluation_id, {_prefixed("a")}, a.ingested_at
            FROM rc_wanted_answers a
            LEFT JOIN own_records r ON r.evaluation_id = a.evaluation_id AND r.source = a.source
                                   AND r.stream = a.stream AND r.record_id = a.record_id
            WHERE r.record_id IS NULL
        )
        SELECT v.evaluation_id, {_prefixed("v")}, v.ingested_at, {content}, false AS is_tombstone, true AS is_own
        FROM rc_wanted w JOIN rc_versions v ON v.evaluation_id = w.evaluation_id AND NOT v.deleted
        UNION ALL
        SELECT r.evaluation_id, {_prefixed("v")}, v.ingested_at, {nothing}, true, true
        FROM own_records r JOIN rc_versions v
             ON v.deleted AND v.source = r.source AND v.stream = r.stream AND v.record_id = r.record_id
        UNION ALL
        SELECT evaluation_id, {_VERSION}, ingested_at, {nothing}, false, false FROM separate
        UNION ALL
        SELECT r.evaluation_id, {_prefixed("a")}, a.ingested_at, {nothing}, true, false
        FROM (SELECT DISTINCT evaluation_id, source, stream, record_id FROM separate) r
        JOIN rc_answers a
             ON a.deleted AND a.source = r.source AND a.stream = r.stream AND a.record_id = r.record_id"""


def changes() -> str:
    """Select the changes of each evaluation, oldest first, as rows numbered ``rev`` from 1.

    From ``from_rev`` to before ``until_rev`` a version is part of the evaluation's content; the first version of
    an answers-only record is part of it from the beginning, because streams of one export arrive one after the
    other. ``is_state``: the evaluation as submitted changed there. ``is_adjudicated``: the change is a dispute's, or
    has no stated cause and followed one, so that it holds answers that are not the evaluator's own work.
    """
    return f"""
        SELECT x.*, {dialect.row_no()} AS change_no FROM (
            SELECT t.*, 1 AS rev, 0 AS from_rev, NULL AS until_rev, {_IN_FORCE} AS in_force_at,
                   NOT is_tombstone AND is_own AND coalesce(status, 'submitted') NOT IN {_UNFINISHED} AS is_state,
                   coalesce(cause = 'dispute', {_IN_FORCE} >= o.overturned_at, false) AS is_adjudicated
            FROM rc_touched t
            LEFT JOIN rc_overturned o ON o.evaluation_id = t.evaluation_id
            LEFT JOIN ({_SEVERAL}) m ON m.evaluation_id = t.evaluation_id
            WHERE m.evaluation_id IS NULL
            UNION ALL ({_numbered_changes()})) x"""


#: What a version says of an evaluation beside its answers.
_CONTENT = (
    "effective_at",
    "cause",
    "status",
    "form_id",
    "form_version",
    "reported_score",
    "reported_max",
    "auto_failed",
    "outcome_label",
    "dimensions",
)
_UNFINISHED = "('draft', 'retracted', 'deleted')"
_IN_FORCE = "coalesce(t.effective_at, t.source_stamp, t.ingested_at)"
_SEVERAL = "SELECT evaluation_id FROM rc_touched GROUP BY evaluation_id HAVING count(*) > 1"


def _numbered_changes() -> str:
    """The changes of evaluations that have more than one: only they need putting in order."""
    columns = ", ".join(
        f"n.{name}"
        for name in ("evaluation_id", *_VERSION.split(", "), "ingested_at", *_CONTENT, "is_tombstone", "is_own")
    )
    return f"""
        SELECT {columns}, n.rev,
               CASE WHEN (CASE WHEN is_own THEN own_version ELSE record_version END) = 1 THEN 0 ELSE rev
                    END AS from_rev,
               lead(rev) OVER (PARTITION BY n.evaluation_id, n.source, n.stream, n.record_id ORDER BY rev) AS until_rev,
               n.in_force_at,
               NOT is_tombstone AND coalesce(status, 'submitted') NOT IN {_UNFINISHED}
                   AND (is_own OR record_version > 1) AS is_state,
               coalesce(cause = 'dispute', in_force_at >= o.overturned_at
                        OR max(CASE WHEN cause = 'dispute' THEN 1 ELSE 0 END) OVER (
                               PARTITION BY n.evaluation_id ORDER BY rev) = 1, false) AS is_adjudicated
        FROM (
            SELECT t.*, {_IN_FORCE} AS in_force_at,
                   row_number() OVER (PARTITION BY t.evaluation_id
                                      ORDER BY {IN_ORDER}, ingested_at, source, stream, record_id) AS rev,
                   row_number() OVER (PARTITION BY t.evaluation_id, t.source, t.stream, t.record_id
                                      ORDER BY {IN_ORDER}, ingested_at) AS record_version,
                   row_number() OVER (PARTITION BY t.evaluation_id, t.is_own
                                      ORDER BY {IN_ORDER}, ingested_at, source, stream, record_id) AS own_version
            FROM rc_touched t JOIN ({_SEVERAL}) m ON m.evaluation_id = t.evaluation_id) n
        LEFT JOIN rc_overturned o ON o.evaluation_id = n.evaluation_id"""


def _prefixed(alias: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in _VERSION.split(", "))

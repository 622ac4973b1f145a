"""A programme larger than the memory at hand: parts of it that can be reconciled one after the other.

Reconciling sets an evaluation beside others of its interaction or blind task, the one it audits, those of its session,
of its dispute and of its record. So all that is tied in one of these ways must lie in one part. An interaction's
evaluations do by construction: its id decides. Ties across that are looked for, and everything that hangs on one goes
to one more part. Keys are compared by 64-bit hashes, where an accident only ties more than it must.

The SQL here is DuckDB's: other engines divide large work by themselves.
"""

from __future__ import annotations

from qa_sync.engine import Engine

#: Bytes of memory that reconciling takes, by measure: 2.2 GB for a million evaluations with 8 answers each, a tenth of
#: them audits; 4 to 5 GB for a million ratings of one answer, all of them compared.
_PER_EVALUATION, _PER_ANSWER = 4_000, 100
#: A part may be so many times the memory: what does not fit goes to a disk, which costs a fifth more than memory, while
#: each further part costs a pass over all files and a copy of its rows.
_CROWDED = 10
#: Up to so many evaluation versions a statement is planned in longer than it runs.
_FEW = 20_000

_KEYS = ("evaluation_key", "audited_key", "record_key", "interaction_key", "blind_key", "case_key")


def wanted(engine: Engine) -> tuple[int, bool]:
    """Return in how many parts to reconcile ``evaluations_history`` and ``answers_history``, and whether they are few.

    Of few, what several statements read is kept rather than named as a view, which each of them would plan anew.
    """
    room = engine.room()
    if room is None:
        return 1, False
    (n,) = engine.fetch("""
        SELECT (SELECT count(*) FROM evaluations_history) AS evaluations,
               (SELECT count(*) FROM answers_history) AS answers""").to_pylist()
    size = n["evaluations"] * _PER_EVALUATION + n["answers"] * _PER_ANSWER
    return parts_for(size, room), n["evaluations"] <= _FEW


def parts_for(size: int, room: int) -> int:
    """Return in how many parts to do what takes ``size`` bytes of memory where there are ``room``.

    >>> [parts_for(size, 10) for size in (0, 100, 101, 1_000)]
    [1, 1, 2, 10]
    """
    return max(1, -(-size // (_CROWDED * room)))


def split(engine: Engine, parts: int) -> list[int]:
    """Find what belongs together, and return the numbers of the parts: ``parts``, and one of what is tied across them.

    Reads ``rc_all_versions``, ``disputes``, ``calibrations`` and ``calibration_participants``. Makes what ``versions``,
    ``disputes_of`` and ``sessions_of`` read.
    """
    engine.append("rc_part_rows", _rows(parts))
    engine.table("rc_part_found", _FOUND)
    engine.view("rc_part_placed", _PLACED)
    engine.table("rc_part_tied", _TORN)
    more = _count(engine, "rc_part_tied")
    while more:
        engine.table("rc_part_drawn", _DRAWN)
        more = _count(engine, "rc_part_drawn")
        engine.table("rc_part_both", "SELECT key FROM rc_part_tied UNION ALL SELECT key FROM rc_part_drawn")
        engine.table("rc_part_tied", "SELECT key FROM rc_part_both")
    engine.table("rc_part_evaluations", _elsewhere(parts))
    engine.table("rc_part_disputes", _cases(parts, "disputes", "dispute_id", "d"))
    engine.table("rc_part_sessions", _cases(parts, "calibration_participants", "session_id", "s"))
    is_torn = _count(engine, "rc_part_tied") > 0
    for name in ("placed", "found", "rows", "tied", "drawn", "both"):
        engine.drop(f"rc_part_{name}")
    return [*range(parts), *([parts] if is_torn else [])]


def versions(part: int, parts: int) -> str:
    """Select the evaluation versions of a part. Tombstones, which name no evaluation, are in all of them."""
    return f"""
        SELECT v.* FROM rc_all_versions v LEFT JOIN rc_part_evaluations p ON p.evaluation_id = v.evaluation_id
        WHERE v.deleted OR v.evaluation_id IS NULL OR coalesce(p.part, {_own("v", parts)}) = {part}"""


def answers() -> str:
    """Select the answer versions of a part, whose evaluation versions are ``rc_versions``, and all tombstones."""
    return """
        SELECT * FROM rc_all_answers
        WHERE NOT deleted AND evaluation_id IN (SELECT evaluation_id FROM rc_versions WHERE NOT deleted)
        UNION ALL SELECT * FROM rc_all_answers WHERE deleted"""


def disputes_of(part: int) -> str:
    """Return the condition on disputes of a part."""
    return f"dispute_id IN (SELECT dispute_id FROM rc_part_disputes WHERE part = {part})"


def sessions_of(part: int) -> str:
    """Return the condition on the sessions of a part."""
    return f"session_id IN (SELECT session_id FROM rc_part_sessions WHERE part = {part})"


def _count(engine: Engine, table: str) -> int:
    return int(engine.fetch(f"SELECT count(*) AS n FROM {table}")["n"][0].as_py())


def _own(alias: str, parts: int) -> str:
    """The part of an evaluation that no tie draws elsewhere."""
    names = ", ".join(f"{alias}.{name}" for name in ("interaction_id", "blind_task_id", "evaluation_id"))
    return f"CAST(hash(coalesce({names})) % {parts} AS INTEGER)"


def _key(kind: str, column: str) -> str:
    return f"CASE WHEN {column} IS NOT NULL THEN hash('{kind}', {column}) END"


def _rows(parts: int) -> str:
    """What ties evaluations: one row a version and one a dispute's or session's naming of an evaluation.

    ``part`` is null where another evaluation decides: for an audit that says only what it audits, and for namings.
    """
    named = f"{_key('e', 'evaluation_id')}, NULL, NULL, NULL, NULL"
    return f"""
        SELECT {_key("e", "v.evaluation_id")} AS evaluation_key, {_key("e", "v.audited_evaluation_id")} AS audited_key,
               hash('r', v.source, v.stream, v.record_id) AS record_key, {_key("i", "v.interaction_id")}
               AS interaction_key, {_key("b", "v.blind_task_id")} AS blind_key, {_key("s", "v.session_id")} AS case_key,
               {_own("v", parts)} AS own_part, {_follows("v")} AS follows
        FROM rc_all_versions v WHERE v.evaluation_id IS NOT NULL AND NOT v.deleted
        UNION ALL
        SELECT {named}, {_key("d", "dispute_id")}, NULL, true FROM disputes
        WHERE NOT deleted AND evaluation_id IS NOT NULL
        UNION ALL
        SELECT {named}, {_key("s", "session_id")}, NULL, true FROM calibration_participants
        WHERE NOT deleted AND evaluation_id IS NOT NULL
        UNION ALL
        SELECT {named.replace("evaluation_id", "baseline_evaluation_id")}, {_key("s", "session_id")}, NULL, true
        FROM calibrations WHERE NOT deleted AND baseline_evaluation_id IS NOT NULL"""


def _follows(alias: str) -> str:
    return f"""({alias}.interaction_id IS NULL AND {alias}.blind_task_id IS NULL
               AND {alias}.audited_evaluation_id IS NOT NULL)"""


#: The parts of the evaluations that others follow.
_FOUND = """
    SELECT evaluation_key AS key, min(own_part) AS part FROM rc_part_rows
    WHERE NOT follows AND evaluation_key IN (SELECT coalesce(audited_key, evaluation_key) FROM rc_part_rows
                                             WHERE follows)
    GROUP BY evaluation_key"""
_PLACED = """
    SELECT r.* EXCLUDE (own_part, follows), CASE WHEN follows THEN coalesce(f.part, own_part) ELSE own_part END AS part
    FROM rc_part_rows r
    LEFT JOIN rc_part_found f ON f.key = CASE WHEN follows THEN coalesce(audited_key, evaluation_key) END"""
#: Keys in two parts. An interaction's evaluations are in one, unless something else tears them apart.
_TORN = " UNION ".join(
    f"SELECT {key} AS key FROM rc_part_placed WHERE {key} IS NOT NULL GROUP BY {key} HAVING min(part) <> max(part)"
    if key != "evaluation_key"
    else """
    SELECT key FROM (SELECT evaluation_key AS key, part FROM rc_part_placed
                     UNION ALL SELECT audited_key, part FROM rc_part_placed WHERE audited_key IS NOT NULL)
    GROUP BY key HAVING min(part) <> max(part)"""
    for key in _KEYS
    if key not in ("audited_key", "interaction_key")
)
#: Further keys of the rows that have one of those.
_DRAWN = f"""
    SELECT DISTINCT key FROM (
        SELECT unnest([{", ".join(_KEYS)}]) AS key FROM rc_part_rows
        WHERE {" OR ".join(f"{key} IN (SELECT key FROM rc_part_tied)" for key in _KEYS)})
    WHERE key IS NOT NULL AND key NOT IN (SELECT key FROM rc_part_tied)"""


def _elsewhere(parts: int) -> str:
    """The evaluations that are not in the part that their own ids say."""
    return f"""
        WITH tied AS (
            SELECT DISTINCT evaluation_id FROM rc_all_versions
            WHERE evaluation_id IS NOT NULL AND hash('e', evaluation_id) IN (SELECT key FROM rc_part_tied)
        )
        SELECT evaluation_id, {parts} AS part FROM tied
        UNION ALL
        SELECT DISTINCT v.evaluation_id, f.part
        FROM rc_all_versions v JOIN rc_part_found f ON f.key = hash('e', v.audited_evaluation_id)
        WHERE {_follows("v")} AND NOT v.deleted AND v.evaluation_id IS NOT NULL
              AND v.evaluation_id NOT IN (SELECT evaluation_id FROM tied)"""


def _cases(parts: int, table: str, column: str, kind: str) -> str:
    """The part of each dispute or session: that of its evaluations, and the first where none is known."""
    return f"""
        SELECT c.{column}, CASE WHEN c.key IN (SELECT key FROM rc_part_tied) THEN {parts} ELSE coalesce(r.part, 0)
                                END AS part
        FROM (SELECT DISTINCT {column}, hash('{kind}', {column}) AS key FROM {table} WHERE NOT deleted) c
        LEFT JOIN (SELECT case_key, min(part) AS part FROM rc_part_placed WHERE case_key IS NOT NULL
                   GROUP BY case_key) r ON r.case_key = c.key"""

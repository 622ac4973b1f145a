"""Which criteria the conditions of a form ruled out for an evaluation: not asked is not missing."""

from __future__ import annotations

import pyarrow as pa

from qa_sync.engine import Engine
from qa_sync.forms.conditions import parse_condition

_TESTS = pa.schema(
    [
        ("criterion_no", pa.int64()),
        ("clause_no", pa.int64()),
        ("decider", pa.string()),
        ("options", pa.list_(pa.string())),
        ("points", pa.list_(pa.float64())),
        ("at_least", pa.float64()),
        ("at_most", pa.float64()),
        ("is_na", pa.bool_()),
    ]
)


def tests(engine: Engine) -> pa.Table:
    """Return the tests of all conditions, one row each: what ``rc_tests`` is to hold.

    Reads ``criteria`` and ``rc_criteria``. ``decider`` is the criterion whose answer is asked about.

    Raises:
        ConfigError: a stored condition is none.
    """
    conditional = engine.fetch("""
        SELECT t.criterion_no, c.criterion_key, c.asked_when
        FROM criteria c
        JOIN rc_criteria t ON t.form_id = c.form_id AND t.form_version = c.form_version
                          AND t.criterion_key = c.criterion_key
        WHERE NOT c.deleted AND c.asked_when IS NOT NULL ORDER BY t.criterion_no""").to_pylist()
    rows = [
        {
            "criterion_no": row["criterion_no"],
            "clause_no": number,
            "decider": test.criterion,
            "options": test.options,
            "points": test.points,
            "at_least": test.at_least,
            "at_most": test.at_most,
            "is_na": test.is_na,
        }
        for row in conditional
        for number, clause in enumerate(parse_condition(row["asked_when"], criterion=row["criterion_key"]))
        for test in clause
    ]
    return pa.Table.from_pylist(rows, schema=_TESTS)


def unasked() -> str:
    """Select the (state_no, criterion_no) that the answers rule out: in every clause some test is false.

    The same as ``qa_sync.forms.conditions.is_unasked``: a missing answer, or one that does not say what is asked
    about, makes a test unknown, and what is unknown rules nothing out.
    """
    in_points = """
        CASE WHEN t.at_least IS NULL AND t.at_most IS NULL THEN true
             ELSE g.points >= coalesce(t.at_least - 1e-9, g.points) AND g.points <= coalesce(t.at_most + 1e-9, g.points)
        END"""
    return f"""
        SELECT state_no, criterion_no FROM (
            SELECT s.state_no, t.criterion_no, t.clause_no,
                   max(CASE WHEN g.state IS NULL OR g.state = 'missing' THEN 0
                            WHEN g.state <> 'valued' THEN CASE WHEN t.is_na AND g.state = 'na' THEN 0 ELSE 1 END
                            WHEN g.option IS NULL AND g.points IS NULL THEN 0
                            WHEN t.is_na THEN 1
                            WHEN t.options IS NULL THEN CASE WHEN {in_points} IS FALSE THEN 1 ELSE 0 END
                            WHEN g.option IS NOT NULL
                            THEN CASE WHEN array_contains(t.options, g.option) THEN 0 ELSE 1 END
                            WHEN array_contains(t.points, g.points) THEN 0 ELSE 1 END) AS is_false
            FROM rc_tests t
            JOIN rc_criteria c ON c.criterion_no = t.criterion_no
            JOIN rc_states s ON s.form_id = c.form_id AND s.form_version = c.form_version
            LEFT JOIN rc_given g ON g.state_no = s.state_no AND g.criterion_key = t.decider
            GROUP BY s.state_no, t.criterion_no, t.clause_no) x
        GROUP BY state_no, criterion_no HAVING min(is_false) = 1"""

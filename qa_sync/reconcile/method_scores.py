"""Scores of forms that add up by methods: the answers of all states of a form version, scored in columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.engine import Engine
from qa_sync.forms.scoring_columns import form_scores
from qa_sync.forms.scoring_rule import Asked, ScoringRule

SCHEMA = pa.schema([("state_no", pa.int64()), ("method_score", pa.float64())])


def method_scores(engine: Engine) -> pa.Table:
    """Return (state_no, method_score) of the states in ``rc_states`` whose form version is scored by methods.

    Reads ``forms``, ``rc_criteria``, ``rc_states`` and ``rc_items``. The score is a percentage; null: undefined.
    """
    forms = engine.fetch("""
        SELECT form_id, form_version, scoring_rule FROM forms
        WHERE NOT deleted AND scoring = 'methods' ORDER BY form_id, form_version""").to_pylist()
    if not forms:
        return SCHEMA.empty_table()
    engine.register("rc_by_methods", pa.Table.from_pylist([{**form, "form_no": no} for no, form in enumerate(forms)]))
    criteria = engine.fetch("""
        SELECT m.form_no, c.criterion_key, c.section, c.category, t.max_points, t.criterion_no
        FROM criteria c
        JOIN rc_by_methods m ON m.form_id = c.form_id AND m.form_version = c.form_version
        JOIN rc_criteria t ON t.form_id = c.form_id AND t.form_version = c.form_version
                          AND t.criterion_key = c.criterion_key
        WHERE NOT c.deleted ORDER BY m.form_no, c.position, c.criterion_key""").to_pylist()
    items = engine.fetch("""
        SELECT m.form_no, s.state_no, i.criterion_no, i.points,
               CASE WHEN i.state = 'valued' THEN i.option END AS option,
               i.state = 'valued' AND i.points IS NULL AND i.max_points > 0 AS is_unknown
        FROM rc_states s
        JOIN rc_by_methods m ON m.form_id = s.form_id AND m.form_version = s.form_version
        JOIN rc_items i ON i.state_no = s.state_no""")
    return pa.concat_tables([SCHEMA.empty_table(), *_by_form(forms, criteria, items)])


def _by_form(forms: list[dict[str, Any]], criteria: list[dict[str, Any]], items: pa.Table) -> Iterator[pa.Table]:
    for number, form in enumerate(forms):
        own = [row for row in criteria if row["form_no"] == number]
        rows = items.filter(pc.equal(items["form_no"], number))
        if not own or not rows.num_rows:
            continue
        states, at = np.unique(rows["state_no"].to_numpy(), return_inverse=True)
        numbers = np.array([row["criterion_no"] for row in own])
        order = np.argsort(numbers)
        column = order[np.searchsorted(numbers, rows["criterion_no"].to_numpy(), sorter=order)]
        points = np.full((len(states), len(own)), np.nan)
        points[at, column] = rows["points"].to_numpy(zero_copy_only=False)
        rule = ScoringRule.parse(form["scoring_rule"])
        fired = np.zeros((len(states), len(rule.effects)), dtype=bool)
        keys = [row["criterion_key"] for row in own]
        for place, effect in enumerate(rule.effects):
            chosen = pc.is_in(rows["option"], pa.array(effect.options)).to_numpy(zero_copy_only=False)
            fired[at[chosen & (column == keys.index(effect.criterion))], place] = True
        asked = [
            Asked(key=row["criterion_key"], section=row["section"], category=row["category"], maximum=row["max_points"])
            for row in own
        ]
        made = form_scores(rule, asked, points, fired)
        # Points that are not known leave the score unknown. NaN is read back as null.
        made[at[rows["is_unknown"].to_numpy(zero_copy_only=False)]] = np.nan
        yield pa.table([pa.array(states, pa.int64()), pa.array(made, pa.float64(), from_pandas=True)], schema=SCHEMA)

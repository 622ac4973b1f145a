"""Scores by methods for many evaluations of one form version at once: the rule of ``scoring``, in columns.

What one evaluation's tree does step by step, this does for all of them a part at a time. NaN stands for no score.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qa_sync.forms.scoring import EPSILON
from qa_sync.forms.scoring_rule import Asked, Node, ScoringRule, Step, tree

Column = npt.NDArray[np.float64]


def form_scores(rule: ScoringRule, criteria: Sequence[Asked], points: Column, fired: npt.NDArray[np.bool_]) -> Column:
    """Return the percentage of each evaluation, NaN where it has none.

    Args:
        rule: the form version's rule.
        criteria: its criteria.
        points: evaluations × criteria; NaN where unanswered or not applicable.
        fired: evaluations × ``rule.effects``: whether the evaluation chose an option that triggers it.
    """
    columns = _Columns(rule, criteria, points, fired)
    found, _most = columns.scored(tree(criteria))
    return found if rule.out_of is None else 100.0 * found / rule.out_of


class _Columns:
    def __init__(
        self, rule: ScoringRule, criteria: Sequence[Asked], points: Column, fired: npt.NDArray[np.bool_]
    ) -> None:
        self._rule = rule
        self._criteria = criteria
        self._points = points
        self._fired = fired

    def scored(self, node: Node) -> tuple[Column, Column]:
        """Return (score, most it could be) of a part; the most is NaN where it is not known."""
        step = self._rule.steps.get(node.place, Step())
        if node.question >= 0:
            limit = self._criteria[node.question].maximum
            given = self._points[:, node.question]
            return self._after(given, node, step), np.full(len(given), np.nan if limit is None else limit)
        children = [self.scored(child) for child in node.children]
        scores = np.column_stack([score for score, _most in children])
        is_given = ~np.isnan(scores)
        answered = is_given.sum(axis=1)
        total: Column = np.where(is_given, scores, 0.0).sum(axis=1)
        # One unknown maximum among the answered ones makes the sum unknown: NaN does that by itself.
        most: Column = np.where(is_given, np.column_stack([most for _score, most in children]), 0.0).sum(axis=1)
        if step.method == "percentage":
            with np.errstate(divide="ignore", invalid="ignore"):
                total = np.where(most > 0, total * step.base_percentage / most, np.nan)
            most = np.full(len(total), step.base_percentage)
        elif step.method == "average":
            total, most = total / np.maximum(answered, 1), most / np.maximum(answered, 1)
        if step.method != "percentage":
            most = np.where(answered > 0, most, np.nan)
        return self._after(np.where(answered > 0, total, np.nan), node, step), most

    def _after(self, made: Column, node: Node, step: Step) -> Column:
        """Deltas, baseline and minimum where there is a score; then what is set, everywhere; then rounding."""
        at = [number for number, effect in enumerate(self._rule.effects) if effect.place == node.place]
        deltas = np.array([self._rule.effects[number].delta for number in at])
        made = made + self._fired[:, at] @ deltas + step.baseline if at else made + step.baseline
        if step.minimum is not None:
            made = np.maximum(made, step.minimum)
        for number in at:
            effect = self._rule.effects[number]
            if effect.kind == "set":
                made = np.where(self._fired[:, number], effect.amount, made)
        if step.precision is None:
            return made
        scale = 10.0**step.precision
        rounded: Column = np.sign(made) * np.floor(np.abs(made) * scale + 0.5 + EPSILON) / scale
        return rounded

"""Forms: catalogues of versions with their scales, and how a form turns answers into a score."""

from qa_sync.forms.catalogue import Catalogue, load_catalogue, parse_catalogue
from qa_sync.forms.evaluation_score import (
    Answer,
    CriterionRule,
    EvaluationScore,
    FormRule,
    evaluation_score,
    rule_of,
)
from qa_sync.forms.scoring import Part, Question, Rules, score
from qa_sync.forms.scoring_rule import Asked, Effect, ScoringRule, Step, form_score

__all__ = [
    "Answer",
    "Asked",
    "Catalogue",
    "CriterionRule",
    "Effect",
    "EvaluationScore",
    "FormRule",
    "Part",
    "Question",
    "Rules",
    "ScoringRule",
    "Step",
    "evaluation_score",
    "form_score",
    "load_catalogue",
    "parse_catalogue",
    "rule_of",
    "score",
]

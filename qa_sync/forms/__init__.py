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

__all__ = [
    "Answer",
    "Catalogue",
    "CriterionRule",
    "EvaluationScore",
    "FormRule",
    "Part",
    "Question",
    "Rules",
    "evaluation_score",
    "load_catalogue",
    "parse_catalogue",
    "rule_of",
    "score",
]

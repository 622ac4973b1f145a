"""Forms: catalogues of versions with their scales, and how a form turns answers into a score."""

from qa_sync.forms.catalogue import Catalogue, load_catalogue, parse_catalogue
from qa_sync.forms.scoring import Part, Question, Rules, score

__all__ = ["Catalogue", "Part", "Question", "Rules", "load_catalogue", "parse_catalogue", "score"]

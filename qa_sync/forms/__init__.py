"""Forms: catalogues of versions with their scales, and how a form turns answers into a score."""

from qa_sync.forms.catalogue import Catalogue, load_catalogue, parse_catalogue

__all__ = ["Catalogue", "load_catalogue", "parse_catalogue"]

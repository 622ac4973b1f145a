"""The common schema: what interactions, evaluations, forms and people are, for every source and every report."""

from qa_sync.model.columns import ARROW_TYPES, Column, TableSchema
from qa_sync.model.tables import TABLES, VIEWS

__all__ = ["ARROW_TYPES", "TABLES", "VIEWS", "Column", "TableSchema"]

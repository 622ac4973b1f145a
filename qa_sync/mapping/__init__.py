"""Mapping: how records of a source become rows of the common schema. Files an administrator writes, compiled to SQL."""

from qa_sync.mapping.additions import suggest_additions, suggest_unread
from qa_sync.mapping.cases import failed_cases
from qa_sync.mapping.check import check_mapping
from qa_sync.mapping.compile import CompiledStream, CompiledTable, compile_stream, compile_table
from qa_sync.mapping.coverage import FieldCoverage, all_weeks, coverage, defaulted
from qa_sync.mapping.difference import TableChange, table_change
from qa_sync.mapping.drift import Drift, account_drift
from qa_sync.mapping.expressions import outcomes
from qa_sync.mapping.files import load, parse
from qa_sync.mapping.language import Mapping, TableMapping
from qa_sync.mapping.samples import sample
from qa_sync.mapping.suggest import suggest_stream
from qa_sync.mapping.telling import lines, text_of
from qa_sync.mapping.tryout import Tried, try_out

__all__ = [
    "CompiledStream",
    "CompiledTable",
    "Drift",
    "FieldCoverage",
    "Mapping",
    "TableChange",
    "TableMapping",
    "Tried",
    "account_drift",
    "all_weeks",
    "check_mapping",
    "compile_stream",
    "compile_table",
    "coverage",
    "defaulted",
    "failed_cases",
    "lines",
    "load",
    "outcomes",
    "parse",
    "sample",
    "suggest_additions",
    "suggest_stream",
    "suggest_unread",
    "table_change",
    "text_of",
    "try_out",
]

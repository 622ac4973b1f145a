"""Mapping: how records of a source become rows of the common schema. Files an administrator writes, compiled to SQL."""

from qa_sync.mapping.compile import CompiledTable, compile_table
from qa_sync.mapping.files import load, parse
from qa_sync.mapping.language import Mapping

__all__ = ["CompiledTable", "Mapping", "compile_table", "load", "parse"]

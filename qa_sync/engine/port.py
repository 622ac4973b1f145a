"""What the core asks of an engine: views over files and frames, and frames back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa


class Engine(Protocol):
    """Runs SQL. The SQL of reconcile and reports keeps to functions that DuckDB and Spark share."""

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable as ``name``."""
        ...

    def scan(self, name: str, files: Sequence[str], schema: pa.Schema) -> None:
        """Make Parquet files readable as ``name`` with exactly the columns of ``schema`` (no files: no rows)."""
        ...

    def view(self, name: str, sql: str) -> None:
        """Name a select; it is computed whenever it is read."""
        ...

    def table(self, name: str, sql: str) -> None:
        """Compute a select once and keep its rows as ``name`` until the engine is closed."""
        ...

    def append(self, name: str, sql: str) -> None:
        """Add the rows of a select to those kept as ``name``, on a disk where the engine has one for that."""
        ...

    def drop(self, name: str) -> None:
        """Forget a table or view; what is not there is no mistake."""
        ...

    def room(self) -> int | None:
        """Return the bytes of memory it may use; None where it divides large work by itself."""
        ...

    def rename(self, name: str, new: str) -> None:
        """Give a view another name; views that read it by the old one go on doing so."""
        ...

    def fetch(self, sql: str) -> pa.Table:
        """Run a select and return its rows."""
        ...

    def names(self) -> list[str]:
        """Return the names of everything that can be read, sorted."""
        ...

    def close(self) -> None:
        """Drop everything."""
        ...

"""Parquet: columns with their types, read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from qa_sync_files.finding import Found, Print
from qa_sync_files.rows import Rows, Unreadable, require, unique_names
from qa_sync_files.settings import StreamSettings


class ParquetReader:
    """A Parquet file; when a part of it is damaged, the rows before that part stand."""

    def names(self, file: Found, stream: StreamSettings) -> Sequence[str]:  # noqa: ARG002
        """Return the names of the columns."""
        with _parquet(file) as parquet:
            return unique_names(parquet.schema_arrow.names)

    def __call__(self, file: Found, printed: Print, stream: StreamSettings, size: int) -> Iterator[Rows]:  # noqa: ARG002
        """Yield the rows of a file, at most ``size`` at a time."""
        with _parquet(file) as parquet:
            names = unique_names(parquet.schema_arrow.names)
            require(names, stream)
            at = 0
            try:
                for batch in parquet.iter_batches(batch_size=size):
                    numbers = pa.array(range(at + 1, at + 1 + batch.num_rows), pa.int64())
                    at += batch.num_rows
                    yield Rows(numbers=numbers, columns=dict(zip(names, batch.columns, strict=True)), until=at)
            except (pa.ArrowException, OSError) as error:
                reason = f"is damaged behind row {at}: {type(error).__name__}"
                raise Unreadable(reason) from None


def _parquet(file: Found) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file.path)
    except (pa.ArrowException, OSError) as error:
        reason = f"is no readable Parquet file: {type(error).__name__}"
        raise Unreadable(reason) from None

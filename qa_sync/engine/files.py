"""Parquet files as an engine is given them: where they are, and how those of a bucket are reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Files(list[str]):
    """Addresses of Parquet files.

    ``filesystem`` makes what they are read through; None where they lie on this machine.
    """

    def __init__(self, addresses: Iterable[str] = (), *, filesystem: Callable[[], object] | None = None) -> None:
        super().__init__(addresses)
        self.filesystem = filesystem

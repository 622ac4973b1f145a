"""Which streams fill which tables, by the mappings of a workspace."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass

from qa_sync.mapping import CompiledTable, Mapping, compile_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One stream filling one table."""

    source: str
    stream: str
    table: str
    compiled: CompiledTable

    @property
    def name(self) -> str:
        """The stream's full name, "zendesk.tickets"."""
        return f"{self.source}.{self.stream}"


#: The relation that compiled selects read from.
RELATION = "raw_batch"


def feeds_of(mappings: Dict[str, Mapping], zone: str) -> list[Feed]:
    """Compile every (stream, table) of the sources' mappings, in the order of their files."""
    return [
        Feed(
            source=source,
            stream=stream,
            table=table,
            compiled=compile_table(mapping, source=source, stream=stream, table=table, zone=zone, relation=RELATION),
        )
        for source, mapping in mappings.items()
        for stream, tables in mapping.streams.items()
        for table in tables
    ]


def tables_by_stream(feeds: list[Feed]) -> dict[str, list[str]]:
    """Return, for each stream, the tables that are made from it."""
    found: dict[str, list[str]] = {}
    for feed in feeds:
        found.setdefault(feed.name, []).append(feed.table)
    return found

"""Coverage of a workspace's mappings over the raw records of its store."""

from __future__ import annotations

from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError, Problem
from qa_sync.mapping import FieldCoverage, coverage
from qa_sync.runner.feeds import RELATION
from qa_sync.runner.newest import register_newest
from qa_sync.runner.trying import chosen_streams
from qa_sync.runner.workspace import Workspace


def workspace_coverage(workspace: Workspace, *, source: str = "", stream: str = "") -> list[FieldCoverage]:
    """Return, for every field of every mapped table, what it makes of the newest version of each record, by week.

    Args:
        workspace: whose mappings, as they stand in the files now, are asked.
        source: only this source.
        stream: only this stream.

    Raises:
        ConfigError: there is no such source or stream, or nothing of it is stored.
    """
    found: list[FieldCoverage] = []
    zone = workspace.settings.programme.time_zone
    chosen = chosen_streams(workspace, source, stream)
    engine = DuckEngine()
    try:
        for name, stream_name in chosen:
            if not register_newest(engine, workspace.store, name, stream_name):
                continue
            mapping = workspace.materials.mappings[name]
            for table in mapping.streams[stream_name]:
                found += coverage(
                    engine, mapping, source=name, stream=stream_name, table=table, zone=zone, relation=RELATION
                )
    finally:
        engine.close()
    if not found:
        listed = ", ".join(".".join(pair) for pair in chosen)
        raise ConfigError(Problem(what=f"nothing is stored of {listed}", hint="pull first: qa-sync sync"))
    return found

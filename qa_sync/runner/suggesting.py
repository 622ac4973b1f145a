"""Propose a mapping for a source of a workspace, from its account's definitions and from samples of its records."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from qa_sync.config import find_data_file
from qa_sync.engine.duck import DuckEngine
from qa_sync.errors import ConfigError, Problem
from qa_sync.mapping import parse, sample, suggest_additions, suggest_stream, suggest_unread
from qa_sync.mapping.proposing import quoted
from qa_sync.model.account import CUSTOM_FIELD
from qa_sync.model.system import RAW
from qa_sync.ports import LeavesOut, Source
from qa_sync.runner.checking import live_payloads
from qa_sync.runner.drift_step import definitions_of, streams_of_definitions
from qa_sync.runner.suggesting_forms import suggest_forms
from qa_sync.runner.workspace import Workspace

#: Records of a stream that are looked at.
SAMPLES = 2_000

_HEAD = """# Proposed by 'qa-sync mapping suggest'. Read every line that says proposed; change what is not meant.
# Then: qa-sync mapping check, qa-sync mapping try ID. Forms that no catalogue has: qa-sync mapping suggest --forms
"""


def suggest_catalogue(workspace: Workspace, source: str = "") -> str:
    """Return the text of a proposed form catalogue: forms of a source that no catalogue of the workspace has.

    Raises:
        ConfigError: there is no such source, its settings are wrong, or every form is known.
    """
    source = _named(workspace, source)
    connected = workspace.source_to_look_at(source)
    try:
        text, count = suggest_forms(workspace, source, lambda stream: _payloads(workspace, source, connected, stream))
    finally:
        connected.close()
    if not count:
        what = f"{source} names no form that the form catalogues do not have"
        raise ConfigError(Problem(what=what, hint="forms come to light once records are mapped: qa-sync run"))
    return text


def suggest(workspace: Workspace, source: str = "") -> str:
    """Return the text of a proposed mapping file.

    Where the source has a mapping (its own or a starter), that is proposed with a line for each custom field it does
    not read, for each column of its records to group by that it does not read, and with the streams it does not read.
    Records are those of the store, or the first page that the source gives now; of those nothing is stored.

    Raises:
        ConfigError: there is no such source, or its settings are wrong.
    """
    source = _named(workspace, source)
    settings = workspace.settings.sources[source]
    name = settings.mapping or f"mappings/{settings.connector}.yaml"
    path = find_data_file(workspace.folder, name)
    text = path.read_text(encoding="utf-8-sig") if path else ""
    mapped = parse(text, file=name).streams if text else {}
    connected = workspace.source_to_look_at(source)
    try:
        offered = [stream.name for stream in connected.streams()]
        if text:
            known = definitions_of(settings.connector, lambda stream: _payloads(workspace, source, connected, stream))
            text, _ = suggest_additions(text, file=name, definitions=known)
            # Metadata are no rows, and what records with custom fields hold beside them, their starter knows.
            kinds = definitions_of(settings.connector, lambda _stream: ())
            metadata = {one.stream for one in kinds if one.kind == CUSTOM_FIELD}
            metadata |= streams_of_definitions(settings.connector)
            for stream in (one for one in offered if one in mapped and one not in metadata):
                payloads = _payloads(workspace, source, connected, stream) or ()
                text, _ = suggest_unread(text, file=name, stream=stream, payloads=payloads)
        else:
            text, metadata = "version: 1\nstreams:\n", set()
        unstored = _unstored(connected, [name for name in offered if name in mapped])
        lines: list[str] = []
        for stream in offered:
            if stream not in mapped and stream not in metadata:
                records, paths = sample(_payloads(workspace, source, connected, stream) or ())
                lines += suggest_stream(stream, records, paths)
    finally:
        connected.close()
    if not mapped:
        return _HEAD + text + "".join(f"{line}\n" for line in lines)
    # A starter covers what the vendor's records are; what it leaves out is shown, but not switched on.
    lines = [*unstored, *(["also stored, not mapped:", *lines] if lines else [])]
    return _HEAD + text + "".join(f"# {line}\n" for line in lines)


def _unstored(source: Source, streams: Sequence[str]) -> list[str]:
    """Return a line for each stream with columns that are not stored: no sample has them, so nothing proposes them."""
    if not isinstance(source, LeavesOut):
        return []
    found = {stream: source.left_out(stream) for stream in streams}
    return [
        f"{stream}: not stored, so not proposed: {', '.join(map(quoted, names))}; to map one, {source.how_to_keep}"
        for stream, names in found.items()
        if names
    ]


def _named(workspace: Workspace, source: str) -> str:
    sources = list(workspace.settings.sources)
    if not source and len(sources) == 1:
        source = sources[0]
    if source not in sources:
        what = f"there is no source {source!r}" if source else "for which source?"
        raise ConfigError(Problem(what=what, hint=f"known: {', '.join(sources) or 'none'}"))
    return source


def _payloads(workspace: Workspace, source: str, connected: Source, stream: str) -> list[str] | None:
    engine = DuckEngine()
    try:
        engine.scan("stored", workspace.store.raw(source, stream).files(), RAW)
        live = "NOT deleted AND payload IS NOT NULL"
        found = engine.fetch(f"SELECT payload FROM stored WHERE {live} ORDER BY n DESC, id LIMIT {SAMPLES:d}")
    finally:
        engine.close()
    if found.num_rows:
        payloads: list[str] = found["payload"].to_pylist()
        return payloads
    if stream not in {one.name for one in connected.streams()}:
        return None
    return list(islice(live_payloads(connected, stream, pages=1), SAMPLES))

"""What an administrator wrote besides the settings: mappings, form catalogues, dashboard definitions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from qa_sync import __version__, forms, yamlfile
from qa_sync.config import FILE_NAME, WorkspaceSettings, find_data_file
from qa_sync.dashboards import definition as definitions
from qa_sync.errors import ConfigError, Problem
from qa_sync.mapping import Mapping, load
from qa_sync.reports import REPORTS
from qa_sync.reports.published import PUBLISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """The parsed files of a workspace, and their texts, which each run's snapshot keeps."""

    mappings: Dict[str, Mapping]
    catalogue: forms.Catalogue
    dashboards: Dict[str, definitions.Definition]
    contents: dict[str, Any]

    @property
    def catalogue_hash(self) -> str:
        """Changes when any form file does."""
        return hashlib.sha256(json.dumps(self.contents["forms"], sort_keys=True).encode()).hexdigest()[:16]


def read_materials(folder: Path, settings: WorkspaceSettings, document: yamlfile.Document) -> Materials:
    """Read every file that the settings name.

    Raises:
        ConfigError: with the problems of all files together.
    """
    problems: list[Problem] = []
    texts: dict[str, dict[str, str]] = {"mappings": {}, "forms": {}, "dashboards": {}}
    mappings: dict[str, Mapping] = {}
    for name, source in settings.sources.items():
        wanted = source.mapping or f"mappings/{source.connector}.yaml"
        path = find_data_file(folder, wanted)
        if path is None:
            problems.append(_absent(document, ("sources", name, "mapping"), wanted))
            continue
        loaded = _tried(problems, partial(load, path, shown_as=wanted))
        if loaded is not None:
            mappings[name] = loaded
            texts["mappings"][name] = loaded.text
    catalogue = _tried(problems, partial(_catalogue, folder, settings, document, texts["forms"]))
    dashboards: dict[str, definitions.Definition] = {}
    for name, dashboard in settings.dashboards.items():
        path = find_data_file(folder, dashboard.definition)
        if path is None:
            problems.append(_absent(document, ("dashboards", name, "definition"), dashboard.definition))
            continue
        made = _tried(problems, partial(_definition, path, dashboard.definition, name, texts))
        if made is not None:
            dashboards[name] = made
    if problems or catalogue is None:
        raise ConfigError(problems)
    contents = {
        "programme": settings.programme.model_dump(mode="json"),
        **texts,
        "versions": {"qa_sync": __version__, "metrics": {m.id: m.version for m in PUBLISHED}},
    }
    return Materials(mappings=mappings, catalogue=catalogue, dashboards=dashboards, contents=contents)


def what_can_be_read(folder: Path) -> tuple[WorkspaceSettings, yamlfile.Document] | None:
    """Return the forms, sources, sinks and dashboards of a settings file that is wrong, as far as they can be read.

    What is wrong with their common keys is left out, and so is all else: who read the file before told it.
    """
    try:
        document = yamlfile.read(folder / FILE_NAME, shown_as=FILE_NAME, lenient=True)
    except ConfigError:
        return None
    data = document.data if isinstance(document.data, dict) else {}
    named = data.get("forms")
    try:
        settings = WorkspaceSettings.model_validate(
            {
                "forms": [name for name in named if isinstance(name, str)] if isinstance(named, list) else [],
                "sources": _entries(data.get("sources"), "connector", mapping=str),
                "sinks": _entries(data.get("sinks"), "connector", for_each=dict),
                "dashboards": {
                    name: {key: entry[key] for key in entry if key in ("definition", "for_each")}
                    | {"sinks": [sink for sink in entry.get("sinks", ()) if isinstance(sink, str)] or ["any"]}
                    for name, entry in _entries(data.get("dashboards"), "definition", for_each=str, sinks=list).items()
                },
            }
        )
    except (ValidationError, TypeError):
        return None
    return settings, document


def _entries(found: Any, needed: str, **kinds: type) -> dict[str, dict[str, Any]]:
    """Return, of entries that may be anything, those with a text ``needed``, and of them the keys of the right kind."""
    entries = found.items() if isinstance(found, dict) else ()
    return {
        str(name): {str(key): value for key, value in entry.items() if isinstance(value, kinds.get(str(key), object))}
        for name, entry in entries
        if isinstance(entry, dict) and isinstance(entry.get(needed), str)
    }


def _catalogue(
    folder: Path, settings: WorkspaceSettings, document: yamlfile.Document, texts: dict[str, str]
) -> forms.Catalogue:
    own = sorted((folder / "mappings" / "forms").glob("*.yaml"))
    named: list[tuple[Path, str]] = [(path, f"mappings/forms/{path.name}") for path in own]
    for at, name in enumerate(settings.forms):
        path = find_data_file(folder, name)
        if path is None:
            raise ConfigError(_absent(document, ("forms", at), name))
        if all(path != known for known, _ in named):
            named.append((path, name))
    for path, name in named:
        texts[name] = path.read_text(encoding="utf-8-sig")
    return forms.load_catalogue([(path, name) for path, name in named])


def _definition(path: Path, shown_as: str, name: str, texts: dict[str, dict[str, str]]) -> definitions.Definition:
    document = yamlfile.read(path, shown_as=shown_as)
    texts["dashboards"][name] = document.text
    return definitions.parse(document, name=name, reports=tuple(REPORTS))


def definition_from_text(text: str, name: str) -> definitions.Definition:
    """Return a dashboard definition as a snapshot kept it."""
    return definitions.parse(yamlfile.parse(text, file=f"dashboard {name}"), name=name, reports=tuple(REPORTS))


def _absent(document: yamlfile.Document, path: tuple[str | int, ...], name: str) -> Problem:
    return document.problem(
        path, f"there is no file {name}", "it is looked for in the workspace, then among the starters"
    )


T = TypeVar("T")


def _tried(problems: list[Problem], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ConfigError as error:
        problems.extend(error.problems)
        return None

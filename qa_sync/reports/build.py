"""Make a report by name: check what is asked of it, and find the scene its readers may see."""

from __future__ import annotations

from qa_sync.errors import ConfigError, Problem
from qa_sync.reports.as_published import beside_published
from qa_sync.reports.catalogue import REPORTS
from qa_sync.reports.report import Ask, Report, Scene


def build(name: str, scene: Scene, ask: Ask | None = None) -> Report:
    """Make a report of a prepared scene.

    Raises:
        ConfigError: it is asked for a column that does not exist, for a grouping or filter that it does not have, or
            for readers whom it is not for.
    """
    asked = ask or Ask()
    seen = scene_for(name, scene, asked)
    return beside_published(REPORTS[name].make(seen, asked), seen, asked)


def scene_for(name: str, scene: Scene, ask: Ask) -> Scene:
    """Return the scene that the readers of a report may see, once it is clear that the report can be asked for so.

    Raises:
        ConfigError: as ``build``.
    """
    spec = REPORTS[name]
    if ask.by and not spec.takes_by:
        raise ConfigError(Problem(what=f"the report {name} cannot be grouped by columns", hint="leave out 'by'"))
    if ask.where and not spec.takes_where:
        raise ConfigError(Problem(what=f"the report {name} cannot be filtered", hint="leave out 'where'"))
    if not ask.audience or scene.audience == "auditees":
        return scene
    if not spec.for_auditees:
        what = f"the report {name} is not for auditees: it tells who will be audited, or of auditors by name"
        raise ConfigError(Problem(what=what, hint="leave out the audience, or choose another report"))
    if scene.for_auditees is None:
        raise ConfigError(Problem(what="this scene cannot be shown to auditees", hint="open it from a workspace"))
    return scene.for_auditees(ask.where.get("auditee", ""))

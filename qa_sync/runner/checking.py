"""Check a workspace: every file, every connector, every sink, the clock; everything wrong at once."""

from __future__ import annotations

from qa_sync.errors import ConfigError, Problem, QASyncError
from qa_sync.runner.workspace import Workspace


def check_workspace(workspace: Workspace, *, probe: bool = False, offline: bool = False) -> list[Problem]:
    """Return all that is wrong.

    Args:
        workspace: whose settings file could be read.
        probe: also try what is unverified about a vendor.
        offline: files only; nothing is connected to.
    """
    sources, sinks = list(workspace.settings.sources), list(workspace.settings.sinks)
    if offline:
        return workspace.set_up_problems()
    problems = workspace.set_up_problems(sources=sources, sinks=sinks)
    for part, names, connect in (
        ("sources", sources, workspace.source), ("sinks", sinks, workspace.sink)
    ):
        for name in names:
            try:
                it = connect(name)
            except ConfigError:  # told above; what cannot be connected to cannot be asked
                continue
            except QASyncError as error:
                problems.append(workspace.problem((part, name), str(error)))
                continue
            try:
                problems += [workspace.placed(problem, (part, name)) for problem in it.check(probe=probe)]
            except QASyncError as error:
                problems.append(workspace.problem((part, name), str(error)))
            finally:
                it.close()
    return problems

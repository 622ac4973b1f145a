"""qa-sync: pull tickets and quality evaluations, reconcile auditor against auditee, publish dashboards.

The public names below are all that a program needs; they are imported when first used, so that importing the
package costs next to nothing.

Example:
    >>> import qa_sync
    >>> workspace = qa_sync.Workspace("quality")                     # doctest: +SKIP
    >>> workspace.run().exit_code                                    # doctest: +SKIP
    0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qa_sync.agreement import agreement
    from qa_sync.errors import (
        AuthError,
        ConfigError,
        ConservationError,
        LostRace,
        Problem,
        QASyncError,
        SinkError,
        SourceError,
        StoreError,
        TransientError,
    )
    from qa_sync.reconcile import Programme
    from qa_sync.reconcile.frames import reconcile_frames as reconcile
    from qa_sync.runner.workspace import Workspace

__version__ = "0.1.0"

_HOMES = {
    "AuthError": "qa_sync.errors",
    "ConfigError": "qa_sync.errors",
    "ConservationError": "qa_sync.errors",
    "LostRace": "qa_sync.errors",
    "Problem": "qa_sync.errors",
    "Programme": "qa_sync.reconcile",
    "QASyncError": "qa_sync.errors",
    "SinkError": "qa_sync.errors",
    "SourceError": "qa_sync.errors",
    "StoreError": "qa_sync.errors",
    "TransientError": "qa_sync.errors",
    "Workspace": "qa_sync.runner.workspace",
}

#: Packages that can be called: ``qa_sync.agreement(...)`` whether or not ``qa_sync.agreement.charts`` was imported.
_CALLABLE = ("agreement", "reconcile")

__all__ = [
    "AuthError",
    "ConfigError",
    "ConservationError",
    "LostRace",
    "Problem",
    "Programme",
    "QASyncError",
    "SinkError",
    "SourceError",
    "StoreError",
    "TransientError",
    "Workspace",
    "agreement",
    "reconcile",
]


def __getattr__(name: str) -> Any:
    if name in _CALLABLE:
        return import_module(f"qa_sync.{name}")
    home = _HOMES.get(name)
    if home is None:
        msg = f"module 'qa_sync' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

"""Pairing, comparison and outcome classes: what auditors and auditees scored, side by side.

``run.reconcile`` works on an engine's views; ``frames.reconcile_frames`` on two pandas frames. The package itself
can be called like the latter, so that ``qa_sync.reconcile(auditee, auditor, form=...)`` means the same whether or
not somebody has imported this package before.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from qa_sync.reconcile.programme import Programme
from qa_sync.reconcile.run import Reconciled, reconcile

__all__ = ["Programme", "Reconciled", "reconcile"]


class _Callable(ModuleType):
    def __call__(self, auditee: Any, auditor: Any, **rules: Any) -> Any:
        from qa_sync.reconcile.frames import reconcile_frames

        return reconcile_frames(auditee, auditor, **rules)


sys.modules[__name__].__class__ = _Callable

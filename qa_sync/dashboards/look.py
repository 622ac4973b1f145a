"""What a tab's look depends on, as one short text, so that formats are sent only when they change."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from qa_sync.dashboards.cells import TabShape

#: Raised when sinks draw the same shape differently than before.
LOOK_VERSION = 2


def shape_hash(shape: TabShape) -> str:
    """Return a hash of everything that a sink draws of a shape."""
    text = json.dumps([LOOK_VERSION, asdict(shape)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

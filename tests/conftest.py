"""What holds for every test."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def _fresh_quotas() -> None:
    """Sandboxes reuse ports: what one test spent of a host's quota must not make another wait for a minute."""
    quota = sys.modules.get("qa_sync_gsheets.quota")
    if quota is not None:
        quota.forget()

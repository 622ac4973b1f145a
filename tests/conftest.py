"""What holds for every test."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import settings

# The programmes of tests are small and tests run side by side: more threads only wait for each other.
os.environ.setdefault("QA_SYNC_THREADS", "1")
# A loaded machine is no failure: what is asserted is never how long something takes.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _fresh_quotas() -> None:
    """Sandboxes reuse ports: what one test spent of a host's quota must not make another wait for a minute."""
    quota = sys.modules.get("qa_sync_gsheets.quota")
    if quota is not None:
        quota.forget()

"""A generated quality programme for demos, sandboxes, tests and benchmarks: deterministic, vendor-neutral, columnar."""

from qa_sync.testing.programme.common import common_tables
from qa_sync.testing.programme.generate import make_programme
from qa_sync.testing.programme.record import Programme
from qa_sync.testing.programme.truth import Pair, Truth

__all__ = ["Pair", "Programme", "Truth", "common_tables", "make_programme"]

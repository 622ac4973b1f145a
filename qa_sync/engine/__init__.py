"""The compute engine: the only place that knows one engine from another."""

from __future__ import annotations

from collections.abc import Callable

from qa_sync.engine.port import Engine

__all__ = ["Engine", "engine_of"]


def engine_of(setting: str) -> Callable[[], Engine]:
    """Return what makes an engine.

    Args:
        setting: ``duckdb``; ``spark`` on this machine; or ``spark:`` and a master or Connect URL.
    """
    if setting == "duckdb":
        from qa_sync.engine.duck import DuckEngine

        return DuckEngine
    from qa_sync.engine.spark import LOCAL, SparkEngine

    address = setting.partition(":")[2] or LOCAL
    return lambda: SparkEngine(address)

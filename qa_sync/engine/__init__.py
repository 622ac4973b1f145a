"""The compute engine: the only place that knows one engine from another."""

from qa_sync.engine.port import Engine

__all__ = ["Engine"]

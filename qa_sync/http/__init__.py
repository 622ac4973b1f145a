"""HTTP for connectors: one session, bounded retries, time-outs, a pinned host, and nothing secret in a message."""

from qa_sync.http.client import HttpClient, Retry
from qa_sync.http.redact import redact_url

__all__ = ["HttpClient", "Retry", "redact_url"]

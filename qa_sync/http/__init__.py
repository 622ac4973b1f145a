"""HTTP for connectors: one session, bounded retries, time-outs, a pinned host, and nothing secret in a message."""

from qa_sync.http.client import HttpClient
from qa_sync.http.patience import Retry, bounded, probing, stop_of, timeouts
from qa_sync.http.redact import redact_url

__all__ = ["HttpClient", "Retry", "bounded", "probing", "redact_url", "stop_of", "timeouts"]

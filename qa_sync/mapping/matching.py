"""Which texts of a mapping its own patterns match, as the engine of a run says it.

The engine's time grows with the text and no faster, which Python's does not promise: ``(?:a|aa)+x`` never comes to an
end there on a text of some hundred letters.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from qa_sync.engine.duck import DuckEngine, literal


def matched(regex: str, texts: Iterable[str], *, whole: bool = False) -> frozenset[str]:
    """Return those of some texts in which a pattern (``Pattern.regex``) is found; ``whole``: which it matches whole."""
    table = pa.table({"text": pa.array(sorted(set(texts)), pa.string())})
    if not table.num_rows:
        return frozenset()
    function = "regexp_full_match" if whole else "regexp_matches"
    engine = DuckEngine()
    try:
        engine.register("mapping_texts", table)
        found = engine.fetch(f"SELECT text FROM mapping_texts WHERE {function}(text, {literal(regex)})")
    finally:
        engine.close()
    return frozenset(found["text"].to_pylist())

"""Payloads that every engine can read: found, repaired, or set aside with the reason, before anything is stored."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync.engine.duck import DuckEngine
from qa_sync.model.system import PAGE, PAGE_REJECTS

_read = msgspec.json.Decoder(msgspec.Raw).decode


def valid_payloads(page: pa.Table) -> tuple[pa.Table, pa.Table, int]:
    """Split off records whose payload no engine could read; repair what only holds odd characters.

    Returns:
        The rows that can be stored, rejects (schema PAGE_REJECTS), and how many payloads were repaired.
    """
    page.validate(full=True)
    if _are_plain(page):
        return page, PAGE_REJECTS.empty_table(), 0
    engine = DuckEngine()
    try:
        return _split(engine, page)
    finally:
        engine.close()


def _are_plain(page: pa.Table) -> bool:
    """Whether every row surely has an id and JSON that needs no closer look.

    A stricter reader than DuckDB's takes it, and nothing is escaped in the way that NUL and half a character are.
    """
    blank = pc.fill_null(pc.equal(pc.binary_length(page["id"]), 0), fill_value=True)
    if pc.any(blank).as_py():
        return False
    try:
        for view, ends in _texts(page["payload"]):
            text = bytes(view[ends[0] : ends[-1]])
            # A tenth of the cost of Arrow's search; that for one byte is a twentieth of that for two.
            if b"\\" in text and b"\\u" in text:
                return False
            for begin, end in pairwise(ends):
                _read(view[begin:end])  # of nothing, too, this is an error
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _split(engine: DuckEngine, page: pa.Table) -> tuple[pa.Table, pa.Table, int]:
    engine.register("page", page.append_column("pos", pa.array(range(page.num_rows), pa.int64())))
    # DuckDB reads a bare NaN as JSON, others do not: such a payload is looked at like an invalid one.
    odd = engine.fetch(r"""
        SELECT pos FROM page
        WHERE payload IS NOT NULL AND (NOT json_valid(payload)
           -- the plain search is 15 times cheaper than the pattern, and hardly ever finds anything
           OR ((contains(payload, 'NaN') OR contains(payload, 'Infinity') OR contains(payload, '\u0000'))
               AND regexp_matches(payload, '\b(NaN|Infinity)\b|\\u0000')))
        ORDER BY pos""")["pos"].to_pylist()
    blank = pc.fill_null(pc.equal(pc.utf8_length(page["id"]), 0), fill_value=True)
    bad: dict[int, str] = (
        {at: "no id" for at, flag in enumerate(blank.to_pylist()) if flag} if pc.any(blank).as_py() else {}
    )
    fixed: dict[int, str] = {}
    for at in odd:
        text = page["payload"][at].as_py()
        repaired = _repair(text)
        if repaired is None:
            bad.setdefault(at, "not JSON text")
        elif repaired != text:
            fixed[at] = repaired
    if not bad and not fixed:
        return page, PAGE_REJECTS.empty_table(), 0
    payloads = page["payload"].to_pylist()
    for at, text in fixed.items():
        payloads[at] = text
    keep = pa.array([at for at in range(page.num_rows) if at not in bad], pa.int64())
    mended = page.set_column(4, PAGE.field("payload"), pa.array(payloads, pa.string())).take(keep)
    rejects = [
        (page["id"][at].as_py() or f"(row {at + 1})", "", reason, _hash(page["payload"][at].as_py()))
        for at, reason in bad.items()
    ]
    columns = zip(*rejects, strict=True) if rejects else [[], [], [], []]
    table = pa.table([pa.array(list(column), pa.string()) for column in columns], schema=PAGE_REJECTS)
    return mended, table, len([at for at in fixed if at not in bad])


def hashes(payloads: pa.ChunkedArray) -> pa.Array:
    """Return the SHA-256 of each payload in hexadecimal digits; a payload that is null counts as the empty text.

    OpenSSL's is about three times as fast as DuckDB's; the digits are written for all at once.
    """
    digest, found = hashlib.sha256, []
    for view, ends in _texts(payloads):
        found += [digest(view[begin:end]).digest() for begin, end in pairwise(ends)]
    digits = b"".join(found).hex().encode()
    offsets = np.arange(len(found) + 1, dtype=np.int32) * 64
    return pa.StringArray.from_buffers(len(found), pa.py_buffer(offsets), pa.py_buffer(digits))


def _texts(payloads: pa.ChunkedArray) -> Iterator[tuple[memoryview, list[int]]]:
    """Yield the bytes of each chunk, and where its texts begin and the last ends; a null is an empty text."""
    for chunk in payloads.chunks:
        # The bytes under a null are empty in what Arrow makes, but nothing promises it.
        whole = pc.fill_null(chunk, "") if chunk.null_count else chunk
        _, offsets, data = whole.buffers()
        bounds = np.frombuffer(offsets, np.int32)[whole.offset : whole.offset + len(whole) + 1]
        yield memoryview(data or b""), bounds.tolist()


def _hash(payload: str | None) -> str:
    return hashlib.sha256((payload or "").encode("utf-8", "surrogatepass")).hexdigest()


def _repair(text: str) -> str | None:
    """Return JSON text that every engine reads, or None. Lone surrogates and NUL become U+FFFD, NaN becomes null."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    mended = _clean(value)
    if json.dumps(mended) == json.dumps(value):
        return text  # an innocent word looked odd; the payload stays as the source sent it
    return json.dumps(mended, ensure_ascii=False, separators=(",", ":"))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_clean(part) for part in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(part) for name, part in value.items()}
    return value

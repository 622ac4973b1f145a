"""A page or record that does not slice: find what is whole, repair what can be repaired, name what cannot.

Slow and careful; used only where the fast decoder gave up. What comes out depends on the record alone, never on
its neighbours, so that a version read again is the same version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from qa_sync_zendesk.privacy import STAFF_ROLES, Branch, Kind, Policy, Tree

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_ID = re.compile(rb'"id"\s*:\s*"?(-?\d{1,40})')
NOT_A_NUMBER = object()


class Unreadable(Exception):
    """A record that cannot be stored: why, in our words, and which field ("" for the whole record)."""

    def __init__(self, *, reason: str, field: str = "") -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


def split_page(body: bytes, key: str) -> tuple[list[bytes], dict[str, Any]] | None:
    """Cut a page into its elements under ``key`` and its other entries, by brackets alone; None: it is not whole."""
    wanted, depth, start, last_text = b'"' + key.encode() + b'"', 0, -1, b""
    elements: list[bytes] = []
    bounds: tuple[int, int] | None = None
    for token in _TOKEN.finditer(body):
        text = token.group()
        if text in b"[{":
            depth += 1
            if depth == 2 and text == b"[" and last_text == wanted and bounds is None:
                start = token.end()
        elif text in b"]}":
            depth -= 1
            if depth == 1 and start >= 0 and bounds is None:
                bounds = (start, token.start())
        elif depth == 1:
            last_text = text
    if depth != 0 or bounds is None:
        return None
    elements = _elements(body[bounds[0] : bounds[1]])
    try:
        rest = json.loads((body[: bounds[0]] + body[bounds[1] :]).decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    return (elements, rest) if isinstance(rest, dict) else None


def _elements(inner: bytes) -> list[bytes]:
    """Cut the inside of a list at the commas that stand outside every bracket and text."""
    found, depth, start = [], 0, 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', inner, re.DOTALL):
        text = token.group()
        if text in b"[{":
            depth += 1
        elif text in b"]}":
            depth -= 1
        elif text == b"," and depth == 0:
            found.append(inner[start : token.start()].strip())
            start = token.end()
    tail = inner[start:].strip()
    return [*found, tail] if tail else found


def probable_id(element: bytes) -> str:
    """Return the id that an unreadable record seems to have, "" when none can be seen."""
    match = _ID.search(element)
    return match.group(1).decode() if match else ""


def repair(element: bytes, policy: Policy, hasher: Callable[[object], str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read one record with the standard decoder; return it reduced to what may be stored, and as it was.

    Lone surrogates, NUL and bytes that are not UTF-8 become U+FFFD.

    Raises:
        Unreadable: not JSON, not an object, or a stored field holds what no store could keep.
    """
    try:
        text = element.decode("utf-8", "replace")
        record = json.loads(text, parse_constant=lambda _name: NOT_A_NUMBER)
    except RecursionError:
        raise Unreadable(reason="nested too deeply") from None
    except ValueError:
        raise Unreadable(reason="not valid JSON") from None
    if not isinstance(record, dict):
        raise Unreadable(reason="not an object")
    reduced = _objects(record, policy.tree, "")
    pairs = record.get("custom_fields")
    if policy.custom_fields != frozenset() and isinstance(pairs, list):
        allowed = policy.custom_fields
        reduced["custom_fields"] = [
            {"id": pair["id"], "value": clean(pair.get("value"), f"custom_fields.{pair['id']}")}
            for pair in pairs
            if isinstance(pair, dict) and type(pair.get("id")) is int and (allowed is None or pair["id"] in allowed)
        ]
    for name in policy.hashed:
        if reduced.get(name) is not None:
            reduced[name] = hasher(reduced[name])
    if policy.staff_only and reduced.get("role") not in STAFF_ROLES:
        for name in policy.staff_only:
            reduced.pop(name, None)
    return reduced, record


def to_text(reduced: dict[str, Any]) -> str:
    """Return JSON text; Unreadable when a number is beyond what JSON can say."""
    try:
        return json.dumps(reduced, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        raise Unreadable(reason="a number is out of range") from None


def _objects(record: dict[str, Any], tree: Tree, prefix: str) -> dict[str, Any]:
    reduced: dict[str, Any] = {}
    for name, node in tree.items():
        if name not in record:
            continue
        value, where = record[name], f"{prefix}{name}"
        if not isinstance(node, Branch):
            reduced[name] = _leaf(value, node, where)
        elif node.many:
            elements = value if isinstance(value, list) else []
            parts = [_objects(part, node.parts, f"{where}.") for part in elements if isinstance(part, dict)]
            reduced[name] = parts if isinstance(value, list) else None
        else:
            # Seen in real traffic: something other than an object where an object belongs. It tells nothing.
            reduced[name] = _objects(value, node.parts, f"{where}.") if isinstance(value, dict) else None
    return reduced


def _leaf(value: Any, kind: Kind, where: str) -> Any:
    if kind == "any":
        return clean(value, where)
    many = kind in {"numbers", "texts"}
    for part in value if many and isinstance(value, list) else [value]:
        if isinstance(part, dict | list):
            raise Unreadable(reason="has an unexpected shape", field=where)
    return clean(value, where)


def clean(value: Any, where: str) -> Any:
    """Return a value with lone surrogates and NUL replaced by U+FFFD.

    Raises:
        Unreadable: ``NOT_A_NUMBER`` is in it.
    """
    if value is NOT_A_NUMBER:
        raise Unreadable(reason="is not a number that JSON knows", field=where)
    if isinstance(value, str):
        whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole.replace("\x00", "�")
    if isinstance(value, list):
        return [clean(part, where) for part in value]
    if isinstance(value, dict):
        return {clean(key, where): clean(part, where) for key, part in value.items()}
    return value

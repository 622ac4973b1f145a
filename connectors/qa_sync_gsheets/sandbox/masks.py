"""Field masks: ``sheets(properties(title),data.rowData.values.note)``."""

from __future__ import annotations

from typing import Any

from qa_sync_gsheets.sandbox.refusal import Refusal

Mask = dict[str, "Mask"]


def parse_mask(text: str) -> Mask:
    """Return the tree of names that a mask selects; an empty tree selects everything below.

    >>> parse_mask("a(b,c/d),e.f")
    {'a': {'b': {}, 'c': {'d': {}}}, 'e': {'f': {}}}
    """
    root, rest = _branch(text.replace(" ", ""))
    if rest:
        raise Refusal(400, f"Request contains an invalid argument: fields {text[:80]!r}")
    return root


def _branch(text: str) -> tuple[Mask, str]:
    tree: Mask = {}
    while text and text[0] != ")":
        end = next((i for i, letter in enumerate(text) if letter in ",()"), len(text))
        path, text = text[:end].replace("/", "."), text[end:]
        node = tree
        for name in path.split("."):
            node = node.setdefault(name, {})
        if text.startswith("("):
            inner, text = _branch(text[1:])
            if not text.startswith(")"):
                raise Refusal(400, "Request contains an invalid argument: fields")
            text = text[1:]
            node.update(inner)
        text = text.removeprefix(",")
    return tree, text


def select(mask: Mask, value: Any) -> Any:
    """Return the part of a JSON value that a mask selects."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [select(mask, part) for part in value]
    if isinstance(value, dict):
        return {key: select(mask[key], part) for key, part in value.items() if key in mask}
    return value


def within(mask: Mask, *path: str) -> Mask | None:
    """Return the part of a mask below ``path``, or None when the mask leaves it out."""
    for name in path:
        if not mask or "*" in mask:
            return {}
        if name not in mask:
            return None
        mask = mask[name]
    return mask


def assign(target: dict[str, Any], source: Any, mask: Mask) -> dict[str, Any]:
    """Return ``target`` with the masked fields taken from ``source``; what the source lacks is cleared."""
    if "*" in mask or not mask:
        return {key: part for key, part in source.items() if part is not None}
    result = dict(target)
    given = source if isinstance(source, dict) else {}
    for name, below in mask.items():
        part = given.get(name)
        if below and "*" not in below:
            inner = assign(result.get(name) or {}, part or {}, below)
            if inner:
                result[name] = inner
            else:
                result.pop(name, None)
        elif part is None:
            result.pop(name, None)
        else:
            result[name] = part
    return result

"""As much of JSON Schema as the shipped schema uses; unknown keywords are an error, so that nothing passes unread."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "number": (int, float),
    "integer": int,
}
_SILENT = {"$schema", "title", "description", "$defs"}


def faults(data: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "") -> list[str]:
    """Return what in ``data`` the schema does not allow."""
    found: list[str] = []
    for word, rule in schema.items():
        if word in _SILENT:
            continue
        found += _WORDS[word](data, rule, schema, root, at)
    return found


def _is(data: Any, kind: str) -> bool:
    return isinstance(data, _TYPES[kind]) and (kind == "boolean" or not isinstance(data, bool))


def _type(data: Any, rule: Any, _schema: Any, _root: Any, at: str) -> list[str]:
    return [] if any(_is(data, kind) for kind in ([rule] if isinstance(rule, str) else rule)) else [f"{at}: not {rule}"]


def _ref(data: Any, rule: str, _schema: Any, root: dict[str, Any], at: str) -> list[str]:
    return faults(data, root["$defs"][rule.removeprefix("#/$defs/")], root, at)


def _properties(data: Any, rule: dict[str, Any], _schema: Any, root: dict[str, Any], at: str) -> list[str]:
    return (
        [one for key in data if key in rule for one in faults(data[key], rule[key], root, f"{at}.{key}")]
        if isinstance(data, dict)
        else []
    )


def _additional(data: Any, rule: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    extra = [key for key in data if key not in schema.get("properties", {})] if isinstance(data, dict) else []
    if rule is False:
        return [f"{at}: unknown {key}" for key in extra]
    return [one for key in extra for one in faults(data[key], rule, root, f"{at}.{key}")]


def _items(data: Any, rule: dict[str, Any], _schema: Any, root: dict[str, Any], at: str) -> list[str]:
    return (
        [one for n, item in enumerate(data) for one in faults(item, rule, root, f"{at}[{n}]")]
        if isinstance(data, list)
        else []
    )


def _some(data: Any, rule: list[dict[str, Any]], _schema: Any, root: dict[str, Any], at: str) -> list[str]:
    tried = [faults(data, one, root, at) for one in rule]
    return [] if any(not one for one in tried) else [f"{at}: none of {len(rule)} forms", *min(tried, key=len)]


def _one(data: Any, rule: list[dict[str, Any]], _schema: Any, root: dict[str, Any], at: str) -> list[str]:
    fitting = sum(not faults(data, one, root, at) for one in rule)
    return [] if fitting == 1 else [f"{at}: {fitting} of {len(rule)} forms"]


_WORDS: dict[str, Any] = {
    "type": _type,
    "$ref": _ref,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _some,
    "oneOf": _one,
    "allOf": lambda d, r, _s, root, at: [one for part in r for one in faults(d, part, root, at)],
    "const": lambda d, r, _s, _r, at: [] if d == r and type(d) is type(r) else [f"{at}: not {r}"],
    "enum": lambda d, r, _s, _r, at: [] if d in r else [f"{at}: not one of {r}"],
    "required": lambda d, r, _s, _r, at: [
        f"{at}: {key} is missing" for key in r if not isinstance(d, dict) or key not in d
    ],
    "minItems": lambda d, r, _s, _r, at: [f"{at}: too few"] if isinstance(d, list) and len(d) < r else [],
    "maxItems": lambda d, r, _s, _r, at: [f"{at}: too many"] if isinstance(d, list) and len(d) > r else [],
    "minProperties": lambda d, r, _s, _r, at: [f"{at}: empty"] if isinstance(d, dict) and len(d) < r else [],
    "propertyNames": lambda d, r, _s, _r, at: [
        f"{at}: odd name {key}" for key in d if not re.search(r["pattern"], key)
    ],
}

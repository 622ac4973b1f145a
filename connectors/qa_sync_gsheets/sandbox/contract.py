"""Google's discovery documents as a gate: what they do not know is refused, and what we answer must fit them.

The documents come with the package google-api-python-client (development and demo). Without them the
emulator still runs, and checks nothing.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from qa_sync_gsheets.sandbox.refusal import Refusal

Check = Callable[[Any, str], Iterator["Violation"]]
_NUMBER_WORDS = {"NaN", "Infinity", "-Infinity"}
_STANDARD_PARAMETERS = frozenset(
    {
        "alt",
        "fields",
        "key",
        "prettyPrint",
        "quotaUser",
        "access_token",
        "callback",
        "oauth_token",
        "$.xgafv",
        "uploadType",
    }
)


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that breaks the contract, in Google's words."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class Method:
    """One REST method: its id, HTTP method, path pattern, query parameters, request and response schema."""

    id: str
    verb: str
    pattern: re.Pattern[str]
    parameters: frozenset[str]
    request: str
    response: str


def find_documents() -> tuple[Path, ...]:
    """Return the discovery documents that google-api-python-client ships, or nothing."""
    spec = importlib.util.find_spec("googleapiclient")
    if spec is None or not spec.submodule_search_locations:
        return ()
    folder = Path(next(iter(spec.submodule_search_locations))) / "discovery_cache" / "documents"
    paths = (folder / "sheets.v4.json", folder / "drive.v3.json")
    return tuple(path for path in paths if path.exists())


class Contract:
    """The methods and schemas of one discovery document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.revision = str(document.get("revision", ""))
        self._schemas: Mapping[str, Any] = document["schemas"]
        self._checks: dict[str, Check] = {}
        prefix = "/" + document.get("servicePath", "")
        shared = frozenset(document.get("parameters", {}))
        self.methods = tuple(_methods(document, prefix, shared))

    def method(self, verb: str, path: str) -> Method | None:
        """Return the method that serves ``verb path``, most specific pattern first."""
        for method in self.methods:
            if method.verb == verb and method.pattern.fullmatch(path):
                return method
        return None

    def violations(self, schema: str, value: Any, root: str = "") -> list[Violation]:
        """Return everything in ``value`` that the named schema does not allow."""
        return list(self._check(schema)(value, root))

    def require(self, schema: str, value: Any, root: str = "") -> None:
        """Refuse a request body that breaks the contract, as Google does: every violation, 400."""
        found = self.violations(schema, value, root)
        if found:
            details = {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": v.field, "description": v.description} for v in found],
            }
            raise Refusal(400, "\n".join(v.description for v in found), [details])

    def _check(self, name: str) -> Check:
        if name not in self._checks:
            # The entry must exist before its properties are read: schemas may refer to themselves.
            self._checks[name] = _anything
            self._checks[name] = self._object(name, self._schemas[name])
        return lambda value, at: self._checks[name](value, at)

    def _object(self, name: str, schema: Mapping[str, Any]) -> Check:
        properties = {key: self._value(part) for key, part in schema.get("properties", {}).items()}
        extra = self._value(schema["additionalProperties"]) if "additionalProperties" in schema else None

        def check(value: Any, at: str) -> Iterator[Violation]:
            if not isinstance(value, dict):
                yield _invalid(at, f"type.googleapis.com/google.apps.sheets.v4.{name}", value)
                return
            for key, part in value.items():
                known = properties.get(key, extra)
                if known is None:
                    text = f'Invalid JSON payload received. Unknown name "{key}"' + (f" at '{at}'" if at else "")
                    yield Violation(at, f"{text}: Cannot find field.")
                elif part is not None:  # null means unset (26 recorded requests answered 200)
                    yield from known(part, f"{at}.{key}" if at else key)

        return check

    def _value(self, schema: Mapping[str, Any]) -> Check:
        if "$ref" in schema:
            return self._check(schema["$ref"])
        kind = schema.get("type", "any")
        if kind == "array":
            return _array(self._value(schema["items"]))
        if kind == "object":
            return self._object("Struct", schema)
        if kind == "any":
            return _anything
        return _scalar(kind, frozenset(schema.get("enum", ())), schema.get("format", ""))


def _anything(_value: Any, _at: str) -> Iterator[Violation]:
    return iter(())


def _array(item: Check) -> Check:
    def check(value: Any, at: str) -> Iterator[Violation]:
        if not isinstance(value, list):
            yield _invalid(at, "type.googleapis.com/google.protobuf.ListValue", value)
            return
        for position, part in enumerate(value):
            if part is not None:
                yield from item(part, f"{at}[{position}]")

    return check


def _scalar(kind: str, values: frozenset[str], form: str) -> Check:
    types: tuple[type, ...] = {"string": (str,), "boolean": (bool,), "integer": (int,), "number": (int, float)}[kind]
    names = {"integer": f"TYPE_{form.upper() or 'INT32'}", "number": "TYPE_DOUBLE", "boolean": "TYPE_BOOL"}
    label = names.get(kind, "TYPE_STRING")
    small = kind == "integer" and form == "int32"

    def check(value: Any, at: str) -> Iterator[Violation]:
        right = isinstance(value, types) and (kind == "boolean" or not isinstance(value, bool))
        if kind == "number" and isinstance(value, str):
            right = value in _NUMBER_WORDS
        fits = not small or (right and -(2**31) <= value < 2**31)
        if not (right and fits) or (values and value not in values):
            yield _invalid(at, label, value)

    return check


def _invalid(at: str, kind: str, value: Any) -> Violation:
    return Violation(at, f"Invalid value at '{at}' ({kind}), {json.dumps(value, ensure_ascii=False)}")


def _methods(resource: Mapping[str, Any], prefix: str, shared: frozenset[str]) -> Iterable[Method]:
    found: list[Method] = []
    for entry in resource.get("methods", {}).values():
        path = prefix + entry.get("flatPath", entry["path"])
        # One path parameter never holds a slash or the colon of a custom verb, except an A1 range.
        pattern = re.sub(r"\{\+?(\w+)\}", lambda m: r".+?" if m[1] == "range" else r"[^/:]+", path)
        parameters = frozenset(entry.get("parameters", {})) | shared | _STANDARD_PARAMETERS
        found.append(
            Method(
                entry["id"],
                entry["httpMethod"],
                re.compile(pattern),
                parameters,
                entry.get("request", {}).get("$ref", ""),
                entry.get("response", {}).get("$ref", ""),
            )
        )
    for child in resource.get("resources", {}).values():
        found.extend(_methods(child, prefix, shared))
    # A range may hold anything, so the plain ".../values/{range}" must be tried last.
    return sorted(found, key=lambda method: (".+?" in method.pattern.pattern, -len(method.pattern.pattern)))


@lru_cache(maxsize=8)
def load_contract(path: Path) -> Contract:
    """Read one discovery document (315 kB; read once per process)."""
    return Contract(json.loads(path.read_text("utf-8")))

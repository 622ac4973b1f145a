"""The vendor's own descriptions of both interfaces, as validators of what a server answers."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import yaml
from jsonschema import Draft4Validator
from shared_data import shared_data


@lru_cache(maxsize=1)
def _swagger() -> dict[str, Any]:
    path = shared_data("zendesk", "zendesk_qa", "klaus-public-export-api-openapi-original.json")
    return dict(json.loads(path.read_text()))


@lru_cache(maxsize=64)
def _qa_validator(path: str, status: int) -> Draft4Validator:
    """Return what judges an answer; a field that the description does not know is an error too."""
    swagger = _swagger()
    for template, operations in swagger["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", template), path):
            answers = operations["get"]["responses"]
            schema = answers.get(str(status), answers["default"])["schema"]
            closed = {
                name: {**part, "additionalProperties": False} if part.get("type") == "object" else part
                for name, part in swagger["definitions"].items()
            }
            return Draft4Validator({**schema, "definitions": closed})
    msg = f"no operation for {path}"
    raise LookupError(msg)


def qa_problems(path: str, status: int, body: bytes) -> list[str]:
    """Return how an answer of ``/qa/...`` differs from the official description."""
    found = _qa_validator(path.removeprefix("/qa"), status).iter_errors(json.loads(body))
    return [f"{path}: {'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


@lru_cache(maxsize=1)
def _openapi() -> dict[str, Any]:
    """Return Support's description with OpenAPI 3.0's own words turned into those of JSON Schema."""

    class Loader(yaml.CSafeLoader):
        """Reads a bare = as text, which YAML 1.1 makes a type of its own."""

    Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: node.value)
    text = shared_data("zendesk", "oas", "openapi.yaml").read_text()
    return dict(_plain(yaml.load(text, Loader)))


def _plain(node: Any) -> Any:
    """Turn nullable into a type beside null; examples are left out."""
    if isinstance(node, list):
        return [_plain(part) for part in node]
    if not isinstance(node, dict):
        return node
    made = {key: _plain(part) for key, part in node.items() if key not in {"example", "examples"}}
    if made.pop("nullable", False) is True:
        made = {"anyOf": [made, {"type": "null"}]}
    return made


@lru_cache(maxsize=64)
def _support_validator(path: str) -> Draft4Validator | None:
    plain = path.removesuffix(".json")
    for template, operations in _openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", template), plain) and template.count("{") <= 1:
            content = operations.get("get", operations.get("put"))["responses"]["200"]["content"]
            return Draft4Validator({**content["application/json"]["schema"], "components": _openapi()["components"]})
    return None


def support_problems(path: str, body: bytes) -> list[str]:
    """Return how an answer of ``/api/v2/...`` differs from the official description; places without indexes."""
    validator = _support_validator(path)
    if validator is None:
        return [f"{path}: not in the description"]
    found = set()
    for error in validator.iter_errors(json.loads(body)):
        for inner in [error, *(error.context or ())]:
            if not inner.context:
                place = "/".join("[]" if isinstance(part, int) else str(part) for part in inner.absolute_path)
                wanted = inner.validator_value if inner.validator == "type" else inner.validator
                found.add(f"{place}: {wanted}, not {type(inner.instance).__name__}")
    return sorted(found)

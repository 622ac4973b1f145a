"""The vendor's own descriptions of both interfaces, as validators of what a server answers."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

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

"""Hold what an administrator wrote against a pydantic model, and say what is wrong in an administrator's words.

The one seam for the workspace file, the connectors' settings and their profiles: same words, same hints, and
never a value, which may be a secret.
"""

from __future__ import annotations

import ipaddress
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from qa_sync.errors import ConfigError, Problem
from qa_sync.wording import did_you_mean
from qa_sync.yamlfile import Document

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]

_NOTHING = "nothing stands here"
_EXPECTED = {
    "a text": ("string_type",),
    "a whole number": ("int_type", "int_parsing", "int_from_float", "int_parsing_size"),
    "a number": ("float_type", "float_parsing", "decimal_type", "decimal_parsing"),
    "a finite number": ("finite_number",),
    "true or false": ("bool_type", "bool_parsing"),
    "a list": ("list_type", "tuple_type", "set_type", "frozen_set_type"),
    "a day such as 2026-01-31": (
        "date_type",
        "date_parsing",
        "date_from_datetime_parsing",
        "date_from_datetime_inexact",
    ),
    "keys and values": ("dict_type", "mapping_type", "model_type", "model_attributes_type"),
}
_BOUNDS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "does not have the form that is expected here",
}


def validated(model: type[Model], data: Any, *, at: Place = (), hints: Mapping[str, str] | None = None) -> Model:
    """Return ``data`` as the model's frozen value.

    Args:
        model: what is expected.
        data: what was read.
        at: where it stands in its file; the paths of problems begin with it.
        hints: what to write, by the name of the key that is wrong or missing.

    Raises:
        ConfigError: with every problem at once; no value is quoted.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(problems_of(error, model, at=at, hints=hints)) from None


def validated_file(model: type[Model], document: Document) -> Model:
    """Return what a file holds as the model's frozen value.

    Raises:
        ConfigError: with every problem at once, each with file, line and column; no value is quoted.
    """
    try:
        return validated(model, document.data)
    except ConfigError as error:
        raise ConfigError(document.problem(one.path, one.what, one.hint) for one in error.problems) from None


def problems_of(
    error: ValidationError, model: type[BaseModel], *, at: Place = (), hints: Mapping[str, str] | None = None
) -> list[Problem]:
    """Return pydantic's findings about ``model`` as problems, in our words."""
    return [_problem(found, model, at, hints or {}) for found in error.errors(include_url=False)]


def _problem(found: Any, model: type[BaseModel], at: Place, hints: Mapping[str, str]) -> Problem:
    path, known = _walk(model, found["loc"])
    kind = str(found["type"])
    what, hint = _said(kind, found), hints.get(str(path[-1]) if path else "", "")
    if kind == "extra_forbidden":
        hint = did_you_mean(str(path[-1]), known)
    elif kind in {"union_tag_invalid", "union_tag_not_found"}:
        path = (*path, str(found["ctx"]["discriminator"]).strip("'"))
        expected = str(found["ctx"]["expected_tags"] if kind == "union_tag_invalid" else "")
        what = "this key is missing" if kind == "union_tag_not_found" else "no known kind"
        hint = f"use one of {expected.replace(chr(39), '')}" if expected else hint
    elif what == _NOTHING:
        hint = hint or "fill it in, or leave the key out"
    return Problem(what=what, hint=hint, path=(*at, *path))


def _said(kind: str, found: Any) -> str:
    if kind == "missing":
        return "this key is missing"
    if kind == "extra_forbidden":
        return "this key is not known"
    if found["input"] is None and kind != "value_error":
        return _NOTHING
    for expected, kinds in _EXPECTED.items():
        if kind in kinds:
            return f"{expected} is expected" if expected != "keys and values" else "keys and values are expected"
    context = {
        name: f"{value:g}" if isinstance(value, float) else value for name, value in found.get("ctx", {}).items()
    }
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**context)
    if kind in {"too_short", "string_too_short"}:
        least = int(context["min_length"])
        unit = "entry" if kind == "too_short" else "character"
        return "must not be empty" if least == 1 else f"needs at least {least} {unit.replace('y', 'ie') + 's'}"
    return str(found["msg"]).removeprefix("Value error, ")


def _walk(model: type[BaseModel], loc: Place) -> tuple[Place, list[str]]:
    """Return the path in the file that pydantic's ``loc`` means, and the keys that are known beside its last part.

    What pydantic puts between, such as which kind of a union it tried, stands in no file.
    """
    here: list[Any] = [model]
    path: list[str | int] = []
    known: list[str] = []
    for part in loc:
        options = [one for annotation in here for one in _options(annotation)]
        models = [one for one in options if isinstance(one, type) and issubclass(one, BaseModel)]
        tagged = [one for one in models if len(models) > 1 and part in _tags(one)]
        if part == "[key]" or tagged:
            here = tagged or here
            continue
        known = [field.alias or name for one in models for name, field in one.model_fields.items()]
        path.append(part)
        here = [
            field.annotation
            for one in models
            for name, field in one.model_fields.items()
            if part in (name, field.alias)
        ] or [inner for one in options for inner in get_args(one)[-1 if get_origin(one) is dict else 0 :][:1]]
    return tuple(path), list(dict.fromkeys(known))


def _options(annotation: Any) -> Iterator[Any]:
    """Yield what an annotation allows: the members of unions, bare of their annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _options(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _options(member)
    else:
        yield annotation


def _tags(model: type[BaseModel]) -> set[Any]:
    """Return the texts that tell a model from the others of its union."""
    return {
        text
        for field in model.model_fields.values()
        if get_origin(field.annotation) is Literal and field.is_required()
        for text in get_args(field.annotation)
    }


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: only there may a token go over http."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Settings, from the pydantic models that check them: key, kind, default; and the meaning, from ``words``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from .markdown import code, codes, table
from .words import DASHBOARD, FORMS, WORDS

#: Shown for a key that ``words`` does not explain yet; the tests of the documentation refuse it.
UNTOLD = "(not explained yet: docs/cogs/words.py)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key as an administrator writes it: dotted, with ``NAME`` where the name is theirs."""

    key: str
    kind: str
    default: str


def models() -> dict[str, type[BaseModel]]:
    """Return the settings models by the name that ``words`` and the pages use."""
    import qa_sync_excel.settings as excel
    import qa_sync_files.settings as files
    import qa_sync_gsheets.settings as gsheets
    import qa_sync_verint.files.profile as profile
    import qa_sync_verint.settings as verint
    import qa_sync_zendesk.settings as zendesk
    from qa_sync.config import WorkspaceSettings

    return {
        "workspace": WorkspaceSettings,
        "zendesk": zendesk.Settings,
        "verint": verint.Settings,
        "verint profile": profile.Profile,
        "gsheets source": gsheets.SourceSettings,
        "gsheets sink": gsheets.SinkSettings,
        "files": files.FilesSettings,
        "excel source": excel.ExcelSourceSettings,
        "excel": excel.ExcelSettings,
    }


def settings_table(name: str) -> str:
    """Return the table of one model's settings."""
    words = WORDS.get(name, {})
    return table(
        ("key", "kind", "default", "meaning"),
        ((code(one.key), one.kind, one.default, words.get(one.key, UNTOLD)) for one in settings(models()[name])),
    )


def dashboard_table() -> str:
    """Return the keys of a dashboard definition."""
    return table(("key", "meaning"), ((code(key), meaning) for key, meaning in DASHBOARD.items()))


def forms_table() -> str:
    """Return the keys of a form catalogue."""
    return table(("key", "meaning"), ((code(key), meaning) for key, meaning in FORMS.items()))


def settings(model: type[BaseModel]) -> Iterator[Setting]:
    """Yield the settings of a model, those of nested models after the key that holds them."""
    seen: dict[str, Setting] = {}
    for one in _all(model, ""):
        known = seen.get(one.key)
        if known is None:
            seen[one.key] = one
        elif known.kind != one.kind:  # the same key in several kinds of credentials
            kind = known.kind if one.kind in known.kind else f"{known.kind}, {one.kind}"
            seen[one.key] = Setting(key=one.key, kind=kind, default=known.default)
    yield from seen.values()


def _all(model: type[BaseModel], at: str) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        key = f"{at}{field.alias or name}"
        inner = list(_models_in(field.annotation))
        yield Setting(key=key, kind=_kind(field), default=_default(field))
        for found, step in inner:
            yield from _all(found, f"{key}{step}.")


def _models_in(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield (model, step to it): "" for the value itself, ".NAME" inside a mapping, "[]" inside a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
        return
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _models_in(parts[0])
    elif origin in (Union, UnionType):
        for part in parts:
            yield from _models_in(part)
    elif origin is dict:
        yield from ((found, ".NAME" + step) for found, step in _models_in(parts[1]))
    elif origin in (tuple, list):
        yield from ((found, "[]" + step) for found, step in _models_in(parts[0]))


def _kind(field: FieldInfo) -> str:
    shown = _of(field.annotation)
    if not field.repr and "secret" not in shown:
        shown += ", secret"
    limits = [f"{sign} {value:,.10g}" for sign, value in _limits(field)]
    return shown + (f" {' and '.join(limits)}" if limits else "")


def _limits(field: FieldInfo) -> Iterator[tuple[str, float]]:
    choices = [choice for choice in get_args(field.annotation) if get_origin(choice) is Annotated]
    inner = [part for choice in choices for part in get_args(choice)[1:]]
    for found in (*field.metadata, *inner):
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
            limit = getattr(found, name, None)
            if limit is not None:
                yield sign, limit


def _of(annotation: Any) -> str:
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            return "keys below"
        if issubclass(annotation, SecretStr):
            return "text, secret"
        plain = {
            str: "text",
            int: "whole number",
            float: "number",
            bool: "true or false",
            datetime: "date or time",
            date: "date",
        }
        return plain.get(annotation, annotation.__name__)
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _of(parts[0])
    if origin is Literal:
        return codes(parts)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_of(part) for part in parts if part is not NoneType))
    if origin is dict:
        return "by name: " + _of(parts[1])
    if origin in (tuple, list):
        inner = _of(parts[0])
        return "list, keys below" if inner == "keys below" else f"list of {inner}"
    return "any"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    return _shown(value) if not isinstance(value, BaseModel) else ""


def _shown(value: Any) -> str:
    if value is None or value == "" or value == () or value == {}:
        return ""
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, datetime):
        return code(value.date().isoformat())
    if isinstance(value, tuple):
        return code("[" + ", ".join(part if re.match(r"\w", part) else repr(part) for part in value) + "]")
    if isinstance(value, float) and value.is_integer():
        return code(int(value))
    return code(value)


def zendesk_streams() -> str:
    """Return the streams of the Zendesk connector, and how each is read."""
    from qa_sync_zendesk.qa.streams import QA_ENDPOINTS
    from qa_sync_zendesk.streams import ENDPOINTS

    paged = {
        "cursor": "what changed since the last run",
        "time": "what changed since the last run",
        "listing": "all of it, every time",
        "whole": "all of it, every time",
        "since": "what may have changed since the last run",
        "per_ticket": "chosen tickets, every time",
        "pages": "what may have changed since the last run",
    }
    shown = [(name, one.paging, one.doc) for name, one in ENDPOINTS.items()]
    shown += [(name, "pages" if one.paging == "cursor" else one.paging, one.doc) for name, one in QA_ENDPOINTS.items()]
    return table(("stream", "reads", "holds"), ((code(name), paged[paging], doc) for name, paging, doc in shown))

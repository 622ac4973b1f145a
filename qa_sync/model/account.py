"""What an account has defined for itself, and records name by id: custom fields, forms, groups, brands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

#: Kind of the definitions that a mapping reads as ``custom_field``.
CUSTOM_FIELD = "custom field"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defined:
    """One thing an account has defined.

    ``options``: what a choice allows, value → what people see; empty where anything may be written.
    ``type``: the source's own word for what kind of value it takes.
    """

    id: str
    title: str
    options: Mapping[str, str] = field(default_factory=dict)
    is_active: bool = True
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """All things of one kind, by id. ``stream``: whose records name them; ``path``: where ("" for custom fields)."""

    kind: str
    stream: str
    path: str
    things: Mapping[str, Defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinedCriterion:
    """A criterion of a form as an account, or its answers, have it. ``options``: in order, each with its points."""

    key: str
    label: str = ""
    section: str = ""
    max_points: float | None = None
    weight: float | None = None
    is_critical: bool = False
    options: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinedForm:
    """A form as an account has defined it, under the id that evaluations name it by. ``version``: "" where none."""

    id: str
    title: str = ""
    version: str = ""
    criteria: tuple[DefinedCriterion, ...] = ()


#: Gives the payloads (JSON texts) of a stream's records as they are now, or None where the stream is not there.
ReadStream = Callable[[str], Iterable[str] | None]

#: What a connector may offer beside ``connect``, in the same module and under the name ``definitions``.
ReadDefinitions = Callable[[ReadStream], Sequence[Definitions]]

#: What a connector may offer beside ``connect``, in the same module and under the name ``forms``.
ReadForms = Callable[[ReadStream], Sequence[DefinedForm]]

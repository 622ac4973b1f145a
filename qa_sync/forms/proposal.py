"""Propose entries of a form catalogue: from forms an account has defined, and from the answers that were given."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from qa_sync.model.account import DefinedCriterion, DefinedForm

_HEAD = """# Proposed by 'qa-sync mapping suggest --forms': forms that no catalogue has. Read every line that says
# proposed; change what is not meant. Keep it as mappings/forms/NAME.yaml and list that under forms: in qa-sync.yaml.
# Then: qa-sync mapping check
"""
_EACH = {
    "higher_is": "better   # proposed: or more_severe (severity scales), neutral (categories)",
    "points": "points   # proposed: answers have points",
    "ordinal": "ordinal   # proposed: answers have no points; or nominal, where no option is more than another",
}


def propose_forms(forms: Iterable[DefinedForm]) -> str:
    """Return a form catalogue as YAML that can be read as it is, each line that was chosen for the reader marked."""
    return _HEAD + "".join(f"{line}\n" for form in forms for line in _form(form))


def _form(form: DefinedForm) -> Iterator[str]:
    points = [given for one in form.criteria for given in (one.max_points, *one.options.values())]
    scored = any(given is not None for given in points)
    version = f"{_quoted(form.version)}" if form.version else '"1"   # proposed: its evaluations name no version'
    yield f"- form_id: {_quoted(form.id)}"
    yield f"  version: {version}"
    if form.title and form.title != form.id:
        yield f"  name: {_quoted(form.title)}"
    yield f"  higher_is: {_EACH['higher_is']}"
    if not form.criteria:
        yield "  scale: points"
        yield "  scoring: reported   # proposed: no answer was seen, so only the source knows how its score is made"
        return
    yield f"  scale: {_EACH['points' if scored else 'ordinal']}"
    yield "  criteria:"
    for criterion in form.criteria:
        yield from _criterion(criterion, scored=scored)


def _criterion(one: DefinedCriterion, *, scored: bool) -> Iterator[str]:
    yield f"    - key: {_quoted(one.key)}"
    for name, text in (("label", one.label), ("section", one.section)):
        if text and text != one.key:
            yield f"      {name}: {_quoted(text)}"
    if one.max_points is not None:
        yield f"      max_points: {one.max_points:g}"
    if one.weight is not None:
        yield f"      weight: {one.weight:g}   # proposed: as the account has it"
    if one.is_critical:
        yield "      is_critical: true   # proposed: as the account has it; critical_class says whose harm a failure is"
    if not one.options:
        if one.max_points is None:
            yield "      options: [CHANGE-ME]   # proposed: nothing tells what may be answered"
        return
    in_order = scored and all(points is not None for points in one.options.values())
    why = "by their points" if in_order else "in which order, from the lowest?"
    yield f"      options:   # proposed: the answers that were given, {why}"
    for option, points in one.options.items():
        yield f"        - {{option: {_quoted(option)}{'' if points is None else f', points: {points:g}'}}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

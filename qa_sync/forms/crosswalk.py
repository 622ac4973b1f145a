"""Check the cross-walk of a catalogue: what counts as what, between versions of a form and between forms of vendors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from qa_sync import yamlfile
from qa_sync.errors import Problem
from qa_sync.wording import did_you_mean


def crosswalk_problems(texts: Mapping[str, str]) -> list[Problem]:
    """Return every ``counts_as`` that leads nowhere: to no form, or to no criterion or option of the forms it may meet.

    Args:
        texts: catalogue files, each of which can be read, by the name that problems show.
    """
    documents = [yamlfile.parse(text, file=name) for name, text in texts.items()]
    forms = [(document, at, form) for document in documents for at, form in enumerate(document.data)]
    known = {str(form["form_id"]) for _, _, form in forms}
    criteria: dict[str, set[str]] = defaultdict(set)
    options: dict[tuple[str, str], set[str]] = defaultdict(set)
    for _, _, form in forms:
        for criterion in form.get("criteria") or ():
            family = _family(form)
            criteria[family].add(str(criterion["key"]))
            for option in criterion.get("options") or ():
                name = option.get("option") if isinstance(option, dict) else option
                options[family, str(criterion.get("counts_as") or criterion["key"])].add(str(name))
    found: list[Problem] = []
    for document, at, form in forms:
        target = form.get("counts_as")
        if target is not None and target not in known:
            what = f"no form catalogue has a form {target} to count as"
            found.append(document.problem((at, "counts_as"), what, did_you_mean(str(target), known)))
            continue
        for place, word, others in _named(form, at, criteria[_family(form)], options):
            what = f"no other version or form has the {word[0]} {word[1]} to count as"
            found.append(document.problem(place, what, did_you_mean(word[1], others)))
    return found


def _family(form: Mapping[str, Any]) -> str:
    """Return the form whose versions, and vendors' forms that count as it, are compared with each other."""
    return str(form.get("counts_as") or form["form_id"])


def _named(
    form: Mapping[str, Any], at: int, criteria: set[str], options: Mapping[tuple[str, str], set[str]]
) -> Iterator[tuple[tuple[str | int, ...], tuple[str, str], set[str]]]:
    for number, criterion in enumerate(form.get("criteria") or ()):
        key = criterion.get("counts_as")
        others = criteria - {str(criterion["key"])}
        if key is not None and key not in others:
            yield (at, "criteria", number, "counts_as"), ("criterion", str(key)), others
            continue
        scale = options.get((_family(form), str(key or criterion["key"])), set())
        for place, option in enumerate(criterion.get("options") or ()):
            if isinstance(option, dict) and option.get("counts_as") is not None:
                rest = scale - {str(option["option"])}
                if option["counts_as"] not in rest:
                    where = (at, "criteria", number, "options", place, "counts_as")
                    yield where, ("option", str(option["counts_as"])), rest

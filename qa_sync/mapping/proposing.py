"""The words of proposals: which columns a title may mean, and how names, values and reasons are written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from qa_sync.mapping.samples import Sampled

#: Different values up to which a path is proposed as a dimension.
MOST_LABELS = 30

#: Other words for columns, as exports and custom fields spell them.
WORDS: Mapping[str, tuple[str, ...]] = {
    "evaluation_id": ("evaluation", "review id", "audit id", "assessment id", "eval id"),
    "interaction_id": ("ticket id", "ticket", "case id", "case", "item id", "item", "contact id", "conversation id"),
    "evaluator_id": (
        "evaluator",
        "reviewer",
        "reviewer id",
        "rater",
        "worker id",
        "auditor",
        "auditor id",
        "scored by",
    ),
    "agent_id": ("agent", "assignee id", "assignee", "employee", "employee id", "reviewee"),
    "form_id": ("form", "form name", "scorecard", "scorecard id", "survey"),
    "submitted_at": ("evaluated at", "evaluation date", "review date", "submitted", "scored at", "date"),
    "reported_score": ("score", "total score", "overall score", "quality score"),
    "criterion_key": ("criterion", "question", "category", "component", "label"),
    "option": ("answer", "rating", "response", "value"),
    "points": ("points", "points earned"),
    "max_points": ("max points", "points available", "out of"),
    "person_id": ("employee number", "employee id", "agent id", "account"),
    "employee_number": ("employee number", "employee id", "external id"),
    "valid_from": ("from", "start", "start date", "valid from"),
    "valid_to": ("to", "until", "end", "end date", "valid to"),
    "queue": ("queue", "work stream", "workstream", "line of business"),
    "site": ("site", "location", "vendor site"),
    "region": ("region", "market", "country"),
    "language": ("language", "locale"),
    "product": ("product", "product area"),
    "policy": ("policy", "policy area"),
    "severity": ("severity", "sev"),
    "escalation_level": ("escalation level", "tier", "escalation"),
    "created_at": ("created", "created at", "opened"),
    "email": ("e mail", "mail", "email address"),
}


def is_label(one: Sampled) -> bool:
    """Whether a path holds few enough different values to group by; dates of a few days are no groups."""
    return not one.formats and one.is_choice and 1 < len(one.values) <= MOST_LABELS and one.records > len(one.values)


def seen(one: Sampled, records: int) -> str:
    """Say how often a path is filled, and with how many values."""
    share = f"filled in {100 * one.records / records:.0f} %" if records else "never seen"
    return f"{share}, {len(one.values):,}{'+' if not one.is_choice else ''} different"


def plain(name: str) -> str:
    """Return a name as words: ``assigneeId`` and ``Assignee ID`` are alike."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"[a-z0-9]+", spaced.lower()))


def slug(title: str, taken: set[str]) -> str:
    """Return a title as a name that is not taken yet, and take it."""
    stem = "_".join(plain(title).split())[:50] or "field"
    stem = stem if stem[0].isalpha() else f"field_{stem}"
    name = stem
    number = 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    taken.add(name)
    return name


def quoted(text: str) -> str:
    """Return a text as YAML reads it back: plain where that is safe, else in quotes."""
    return text if re.fullmatch(r"[A-Za-z][A-Za-z_.]{2,}", text) and not _is_word(text) else json.dumps(text)


def _is_word(text: str) -> bool:
    return text.lower() in {"null", "true", "false", "yes", "off"}

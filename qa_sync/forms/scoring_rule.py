"""The scoring rule of a form that adds up by methods: what a catalogue says below ``scoring``, and the tree it makes.

The form is made of sections, these of categories, these of questions (the criteria). A criterion without a category
belongs to its section, one without a section to the form. What each part does with the scores below it is described
in ``qa_sync.forms.scoring``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from qa_sync.forms.scoring import Method, Part, Question, Rules, score

EffectKind = Literal["increase", "decrease", "set"]
EFFECTS: tuple[EffectKind, ...] = ("increase", "decrease", "set")

#: What a setting is about: ("form",), ("section", S), ("category", S, C) or ("question", key).
Place = tuple[str, ...]
FORM: Place = ("form",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one part does: its method (of a question: none), then baseline and minimum, then rounding."""

    method: Method = "sum"
    base_percentage: float = 100.0
    precision: int | None = None
    baseline: float = 0.0
    minimum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A rule: one of ``options`` chosen for ``criterion`` increases, decreases or sets the score of ``place``."""

    criterion: str
    options: tuple[str, ...]
    kind: EffectKind
    amount: float
    place: Place = FORM

    @property
    def delta(self) -> float:
        """What it adds; 0 for one that sets."""
        return {"increase": self.amount, "decrease": -self.amount, "set": 0.0}[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringRule:
    """The rule of a form version.

    Attributes:
        steps: what the parts do that do not simply add up, by place.
        effects: rules; of several that set one score, the last one counts.
        out_of: the form score that is 100 percent; None: the form's score is the percentage.
    """

    steps: Mapping[Place, Step] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    out_of: float | None = None

    def text(self) -> str:
        """Return the rule as JSON, equal for equal rules."""
        steps = [[list(place), asdict(step)] for place, step in sorted(self.steps.items())]
        data = {"steps": steps, "effects": [asdict(effect) for effect in self.effects], "out_of": self.out_of}
        return json.dumps(data, sort_keys=True, ensure_ascii=False)

    @classmethod
    def parse(cls, text: str) -> ScoringRule:
        """Read what ``text`` wrote."""
        data = json.loads(text)
        effects = (
            {**effect, "options": tuple(effect["options"]), "place": tuple(effect["place"])}
            for effect in data["effects"]
        )
        return cls(
            steps={tuple(place): Step(**step) for place, step in data["steps"]},
            effects=tuple(Effect(**effect) for effect in effects),
            out_of=data["out_of"],
        )

    def percent(self, value: float | None) -> float | None:
        """Return a form score as a percentage."""
        return value if value is None or self.out_of is None else 100.0 * value / self.out_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A criterion as the rule sees it: where it stands and the points it could earn."""

    key: str
    section: str | None = None
    category: str | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of the tree, or (``question`` is its position among the criteria) a question."""

    place: Place
    children: tuple[Node, ...] = ()
    question: int = -1


def tree(criteria: Sequence[Asked]) -> Node:
    """Return the form as a tree, parts in the order of their first criterion."""
    sections: dict[str | None, dict[str | None, list[Node]]] = {}
    order: list[Node | str] = []
    for at, criterion in enumerate(criteria):
        leaf = Node(place=("question", criterion.key), question=at)
        if criterion.section is None:
            order.append(leaf)
            continue
        if criterion.section not in sections:
            order.append(criterion.section)
        sections.setdefault(criterion.section, {}).setdefault(criterion.category, []).append(leaf)

    def section(name: str) -> Node:
        children: list[Node] = []
        for category, leaves in sections[name].items():
            if category is None:
                children += leaves
            else:
                children.append(Node(place=("category", name, category), children=tuple(leaves)))
        return Node(place=("section", name), children=tuple(children))

    return Node(place=FORM, children=tuple(one if isinstance(one, Node) else section(one) for one in order))


def form_score(
    rule: ScoringRule, criteria: Sequence[Asked], points: Mapping[str, float | None], options: Mapping[str, str | None]
) -> float | None:
    """Return the percentage that answers make: points and option by criterion key, those that do not apply left out.

    >>> asked = [Asked(key="a", section="S", maximum=10), Asked(key="b", section="S", maximum=10)]
    >>> rule = ScoringRule(steps={("section", "S"): Step(method="percentage", base_percentage=50)})
    >>> form_score(rule, asked, {"a": 10, "b": 5}, {})
    37.5
    """
    fired = [effect for effect in rule.effects if options.get(effect.criterion) in effect.options]

    def part(node: Node) -> Question | Part:
        step = rule.steps.get(node.place, Step())
        mine = [effect for effect in fired if effect.place == node.place]
        sets = [effect.amount for effect in mine if effect.kind == "set"]
        rules = Rules(
            delta=sum(effect.delta for effect in mine),
            baseline=step.baseline,
            minimum=step.minimum,
            set_to=sets[-1] if sets else None,
        )
        if node.question >= 0:
            criterion = criteria[node.question]
            return Question(score=points.get(criterion.key), maximum=criterion.maximum, rules=rules)
        return Part(
            children=tuple(part(child) for child in node.children),
            method=step.method,
            base_percentage=step.base_percentage,
            precision=step.precision,
            rules=rules,
        )

    return rule.percent(score(part(tree(criteria))))

"""The story the generated programme tells: who works where, how well they agree, and what goes wrong.

A reader of the dashboard should be able to find each sentence below again:

* Dublin (in-house) agrees well with its auditors.
* Vistula Kraków (outsourcer) is a little lenient, all the time.
* Brightline Manila (outsourcer) agreed well and drifts to leniency over the last five weeks.
* One evaluator misses critical failures, one is strict, a few have too few audits to be judged.
* Nobody, at any site, agrees on the criterion ``tone``: the form needs fixing, not the people.
* Auditors who see the evaluator's answers agree with them more often than auditors who do not.

All rates are probabilities per answer unless they say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site and the habits of its evaluators.

    ``lenient`` and ``strict`` are the chances that an evaluator reads a criterion one level too well or too
    badly where there is a level to go to; ``drift`` is added to ``lenient`` in full by the last week.
    """

    name: str
    kind: str
    domain: str
    code: str
    share: float
    lenient: float
    strict: float
    drift: float
    miss_critical: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue: its help-desk groups, its forms in order of use, its channels and how many evaluators it has."""

    name: str
    groups: tuple[str, ...]
    forms: tuple[tuple[str, str], ...]
    share: float
    channels: tuple[tuple[str, float], ...]
    evaluators: float


SITES = (
    Site(
        name="Dublin",
        kind="in_house",
        domain="acme.example",
        code="DUB",
        share=0.4,
        lenient=0.12,
        strict=0.04,
        drift=0.0,
        miss_critical=0.12,
    ),
    Site(
        name="Vistula Kraków",
        kind="bpo",
        domain="vistula.example",
        code="KRK",
        share=0.3,
        lenient=0.36,
        strict=0.02,
        drift=0.0,
        miss_critical=0.15,
    ),
    Site(
        name="Brightline Manila",
        kind="bpo",
        domain="brightline.example",
        code="MNL",
        share=0.3,
        lenient=0.14,
        strict=0.03,
        drift=0.7,
        miss_critical=0.12,
    ),
)

QUEUES = (
    Queue(
        name="Billing",
        groups=("Billing Tier 1", "Billing Tier 2"),
        forms=(("support_quality", "3"),),
        share=0.45,
        channels=(("email", 0.6), ("web", 0.3), ("voice", 0.1)),
        evaluators=0.4,
    ),
    Queue(
        name="Account access",
        groups=("Access Chat",),
        forms=(("chat_quality", "1"), ("chat_quality", "2")),
        share=0.3,
        channels=(("chat", 0.85), ("web", 0.15)),
        evaluators=0.3,
    ),
    Queue(
        name="Content review",
        groups=("Content EMEA", "Content APAC"),
        forms=(("content_severity", "1"),),
        share=0.25,
        channels=(("web", 0.7), ("email", 0.3)),
        evaluators=0.3,
    ),
)

AUDIT_SITE = SITES[0]
DRIFT_WEEKS = 5
#: How far a site's drift has come in each of its weeks; the last value holds.
DRIFT_RAMP = (0.35, 0.6, 0.8, 0.95, 1.0)
AUDITOR_SLIP = 0.02

#: Chance, per criterion, that one reads it a level off in either direction, on top of the person's own habits.
CONFUSION = {"tone": 0.32}
NA_SHARE = {"alternative": 0.35}
NA_SLIP = 0.05

#: True levels from the lowest up; ``critical`` is for pass/fail criteria that can zero a score.
LEVELS = {
    2: (0.22, 0.78),
    3: (0.10, 0.22, 0.68),
    5: (0.42, 0.22, 0.18, 0.12, 0.06),
}
CRITICAL_LEVELS = (0.11, 0.89)
FALSE_CRITICAL = 0.008

#: Evaluators with habits of their own, by their place among the evaluators of a site and queue.
#: A place that a small programme does not have is left empty. The one who misses has twice the work.
CRITICAL_MISSER = ("Dublin", "Billing", 1)
STRICT_EVALUATOR = ("Dublin", "Billing", 2)
LOW_N = (
    ("Dublin", "Content review", 2),
    ("Vistula Kraków", "Account access", 2),
    ("Brightline Manila", "Content review", 2),
)
#: The evaluator who moves from one site to another half way.
MOVER = ("Vistula Kraków", "Billing", 3, "Dublin")

#: Chance that an auditor who sees the evaluator's answer adopts it where their own would differ.
ANCHORING = 0.5

#: How audits are tied to what they audit.
LINKS = (("blind_task", 0.45), ("explicit", 0.35), ("key", 0.2))

#: What goes wrong with an audit, as shares of all audits; at least one of each where there is room.
SITUATIONS = {
    "out_of_window": 0.006,
    "self_audit": 0.006,
    "form_mismatch": 0.006,
    "agent_mismatch": 0.006,
    "draft": 0.006,
    "ambiguous": 0.01,
    "incomplete": 0.008,
    "cross_version": 0.008,
    "second_audit": 0.02,
    "no_evaluation": 0.01,
}

EARLY_EDITS = 0.04
#: Of the audits that found something to change.
LATE_EDITS = 0.16
AUDIT_EDITS = 0.02
DELETED_EVALUATIONS = 0.012
DISPUTED = 0.04
#: Of the audits that differ from the evaluation and may be seen.
AUDITS_DISPUTED = 0.15
#: Of the blind audits: never shown to those they judge.
WITHHELD = 0.04
MISREPORTED = 0.002
DISPUTE_OUTCOMES = (
    ("upheld", 0.45),
    ("overturned_full", 0.22),
    ("overturned_partial", 0.13),
    ("retracted", 0.1),
    ("open", 0.1),
)

DISPUTE_CATEGORIES = (("interpretation", 0.5), ("overlooked evidence", 0.3), ("policy", 0.2))

GIVEN_NAMES = {
    "DUB": (
        "Aoife",
        "Cillian",
        "Niamh",
        "Oisín",
        "Saoirse",
        "Tadhg",
        "Chidi",
        "Amara",
        "Lukas",
        "Ingrid",
        "Mateus",
        "Beatriz",
        "Yusuf",
        "Leila",
        "Henrik",
        "Marta",
        "Dara",
        "Róisín",
        "Emeka",
        "Sofía",
    ),
    "KRK": (
        "Agnieszka",
        "Bartosz",
        "Celina",
        "Damian",
        "Elżbieta",
        "Filip",
        "Grażyna",
        "Hubert",
        "Iwona",
        "Jakub",
        "Kinga",
        "Łukasz",
        "Małgorzata",
        "Norbert",
        "Oliwia",
        "Paweł",
        "Renata",
        "Szymon",
        "Wiktoria",
        "Zofia",
    ),
    "MNL": (
        "Althea",
        "Benjie",
        "Carmela",
        "Danilo",
        "Evangeline",
        "Francis",
        "Gloria",
        "Hernan",
        "Isidro",
        "Jasmine",
        "Kristel",
        "Leandro",
        "Maricel",
        "Nestor",
        "Odessa",
        "Paolo",
        "Rowena",
        "Santiago",
        "Teresita",
        "Vicente",
    ),
}
FAMILY_NAMES = {
    "DUB": (
        "Byrne",
        "Kavanagh",
        "Ní Dhomhnaill",
        "O'Sullivan",
        "Fitzgerald",
        "Okafor",
        "Lindqvist",
        "Ferreira",
        "Demir",
        "Haddad",
        "Nowicka",
        "Moriarty",
        "Adeyemi",
        "Vasquez",
        "Quinlan",
        "Brennan",
        "Schuster",
        "Tierney",
    ),
    "KRK": (
        "Wiśniewska",
        "Kowalczyk",
        "Zieliński",
        "Szymańska",
        "Woźniak",
        "Dąbrowski",
        "Kozłowska",
        "Jankowski",
        "Mazur",
        "Krawczyk",
        "Piotrowska",
        "Grabowski",
        "Pawłowska",
        "Michalski",
        "Król",
        "Wieczorek",
        "Jabłońska",
        "Sikora",
    ),
    "MNL": (
        "Santos",
        "Reyes",
        "Dela Cruz",
        "Bautista",
        "Ocampo",
        "Villanueva",
        "Mendoza",
        "Aquino",
        "Salazar",
        "Magbanua",
        "Pascual",
        "Navarro",
        "Lacson",
        "Tolentino",
        "Dimaculangan",
        "Macapagal",
        "Sarmiento",
        "Abad",
    ),
}

REGIONS = (("EMEA", 0.5), ("AMER", 0.3), ("APAC", 0.2))
LANGUAGES = {"EMEA": ("en", "de", "fr", "pl", "es"), "AMER": ("en", "es", "pt"), "APAC": ("en", "ja", "fil")}
PRIORITIES = (("low", 0.2), ("normal", 0.55), ("high", 0.2), ("urgent", 0.05))
SEVERITIES = (("sev4", 0.5), ("sev3", 0.3), ("sev2", 0.15), ("sev1", 0.05))
#: Work in a week: Monday to Sunday, and the hours of a local day.
WEEKDAYS = (1.15, 1.1, 1.05, 1.0, 0.95, 0.45, 0.35)
HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 11, 14, 15, 15, 13, 13, 14, 14, 13, 11, 9, 8, 7, 6, 5, 3)

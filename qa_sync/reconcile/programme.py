"""The rules of a quality programme that reconciling depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qa_sync.errors import ConfigError, Problem
from qa_sync.model.tables import EVALUATION_KINDS, ROSTERS

BasisEvent = Literal["submitted_at", "closed_at", "auditor_submitted_at"]

#: Kinds that can never be declared a reference: the work itself, and audits of it.
_NOT_REFERENCES = ("standard", "ata", "blind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """How a programme counts: its calendar, its tolerance, and who audits whom.

    Attributes:
        time_zone: IANA zone of local dates and ISO weeks.
        tolerance: largest |delta| that counts as agreement on points forms without their own, in points, inclusive.
        audit_window_days: how long after an evaluation an audit may follow and still be matched by key.
        n_min: below this number of pairs nothing is ranked (used by reports).
        min_common_weight: share of the form's weight that two versions must have in common, 0 to 1.
        basis_event: the event whose local date and week a pair belongs to: the auditee's submission, the
            interaction's closing, or the auditor's submission.
        references: kinds whose evaluations are the reference of every evaluation of that item and form.
        auditor_roles: roster roles that put a person's evaluations of that day on the auditor's side.
        senior_roles: roster roles whose audits rank as senior.
        self_audit_gap_days: days after which a blind repeat by the same person counts for intra-rater work.
        dispute_window_days: how long after its release an evaluation can be disputed.
        calibration_evaluators: so many people's evaluations of one interaction on one form version make a calibration
            without a session; 0: only sessions do.
        score_mismatch: largest difference between recomputed and reported score, in points, that is no finding.
        propagate_ata_to_agent: whether an overturned audit changes the score the agent sees.

    Raises:
        ConfigError: with every setting that cannot be used.
    """

    time_zone: str = "UTC"
    tolerance: float = 5.0
    audit_window_days: int = 28
    n_min: int = 5
    min_common_weight: float = 0.8
    basis_event: BasisEvent = "submitted_at"
    references: tuple[str, ...] = ()
    auditor_roles: tuple[str, ...] = ("auditor", "senior_auditor")
    senior_roles: tuple[str, ...] = ("senior_auditor",)
    self_audit_gap_days: int = 7
    dispute_window_days: int = 14
    calibration_evaluators: int = 0
    score_mismatch: float = 0.01
    propagate_ata_to_agent: bool = False

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ConfigError(problems)

    def _problems(self) -> list[Problem]:
        found: list[Problem] = []

        def wrong(name: str, what: str, hint: str = "") -> None:
            found.append(Problem(what=what, hint=hint, path=("programme", name)))

        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            wrong("time_zone", f"no time zone {self.time_zone!r}", "use an IANA name such as Europe/Dublin")
        for name in (
            "tolerance",
            "audit_window_days",
            "n_min",
            "self_audit_gap_days",
            "dispute_window_days",
            "score_mismatch",
        ):
            if not getattr(self, name) >= 0:
                wrong(name, "must not be negative")
        if self.calibration_evaluators < 0 or self.calibration_evaluators == 1:
            wrong("calibration_evaluators", "must be 2 or more, or 0 for sessions only")
        if not 0 <= self.min_common_weight <= 1:
            wrong("min_common_weight", "must be between 0 and 1")
        if self.basis_event not in get_args(BasisEvent):
            wrong("basis_event", f"no event {self.basis_event!r}", "use one of " + ", ".join(get_args(BasisEvent)))
        allowed = tuple(kind for kind in EVALUATION_KINDS if kind not in _NOT_REFERENCES)
        for kind in self.references:
            if kind not in allowed:
                wrong("references", f"kind {kind!r} cannot be a reference", "use some of " + ", ".join(allowed))
        roles = ROSTERS.column("role").values
        for name in ("auditor_roles", "senior_roles"):
            for role in getattr(self, name):
                if role not in roles:
                    wrong(name, f"no roster role {role!r}", "use some of " + ", ".join(roles))
        return found

"""Settings of a workspace as frozen, checked values. A name that is not known is an error, never ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from qa_sync.zones import is_zone

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
_OWN = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)


Role = Literal["agent", "evaluator", "auditor", "senior_auditor", "manager"]


class ProgrammeSettings(BaseModel):
    """Rules of the quality programme. They decide numbers, so each run's snapshot keeps them."""

    model_config = _STRICT

    name: str = "Quality"
    time_zone: str = "UTC"
    tolerance: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 5.0
    audit_window_days: Annotated[int, Field(ge=0, le=3650)] = 28
    n_min: Annotated[int, Field(ge=1, le=10_000)] = 5
    min_common_weight: Annotated[float, Field(gt=0, le=1)] = 0.8
    self_audit_gap_days: Annotated[int, Field(ge=0, le=3650)] = 7
    dispute_window_days: Annotated[int, Field(ge=0, le=3650)] = 14
    propagate_ata_to_agent: bool = False
    calibration_evaluators: Annotated[int, Field(ge=0, le=1000)] = 0
    auditor_roles: tuple[Role, ...] = ("auditor", "senior_auditor")
    senior_roles: tuple[Role, ...] = ("senior_auditor",)
    score_mismatch: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 0.01
    retention_days: Annotated[int, Field(ge=1, le=40_000)] = 400
    basis_event: Literal["submitted_at", "closed_at", "auditor_submitted_at"] = "submitted_at"
    references: tuple[Literal["gold", "consensus", "calibration", "peer", "self", "auto"], ...] = ()
    seed: Annotated[int, Field(ge=0, le=2**32)] = 20260101

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not is_zone(value):
            msg = "not an IANA time zone, such as Europe/Dublin"
            raise ValueError(msg)
        ZoneInfo(value)
        return value


class SourceSettings(BaseModel):
    """One source: its connector, its mapping, and settings that only the connector understands."""

    model_config = _OWN

    connector: str
    mapping: str = ""

    @property
    def own(self) -> dict[str, Any]:
        """The connector's own settings, references not yet filled."""
        return dict(self.model_extra or {})


class SinkSettings(BaseModel):
    """One sink: its connector and settings that only the connector understands.

    ``for_each``: value of a dimension → settings that differ for it, such as each site's own spreadsheet.
    """

    model_config = _OWN

    connector: str
    for_each: dict[str, dict[str, Any]] = {}

    @property
    def own(self) -> dict[str, Any]:
        """The connector's own settings, references not yet filled."""
        return dict(self.model_extra or {})


class DashboardSettings(BaseModel):
    """One dashboard: its definition and where it is shown.

    ``for_each``: a column or dimension; the dashboard is then published once for each of its values, to a place of
    its own in each sink, with nothing but the rows of that value. ``names``: "own" shows people of other values
    there under an alias, "all" shows every name.
    """

    model_config = _STRICT

    definition: str
    sinks: Annotated[tuple[str, ...], Field(min_length=1)]
    for_each: str = ""
    names: Literal["own", "all"] = "own"


class StorageSettings(BaseModel):
    """How a store in a bucket is reached; what is left out comes from the environment or the machine's role.

    ``endpoint``: of storage that is not Amazon's, such as ``https://minio.internal:9000``. Credentials are references.
    """

    model_config = _STRICT

    endpoint: Annotated[str, Field(pattern=r"^(https?://[^@\s]+)?$")] = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""

    @field_validator("access_key_id", "secret_access_key", "session_token")
    @classmethod
    def _by_reference(cls, value: str) -> str:
        if value and not (value.startswith("${") and value.endswith("}")):
            msg = "a credential does not belong in this file; write ${NAME}, ${file:PATH} or ${keyring:SERVICE/NAME}"
            raise ValueError(msg)
        return value


class ScheduleSettings(BaseModel):
    """When ``qa-sync watch`` runs everything: times of day (HH:MM) in the programme's zone, on days of the week."""

    model_config = _STRICT

    at: Annotated[tuple[Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")], ...], Field(min_length=1)]
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    )


_Days = Annotated[int, Field(ge=1, le=40_000)]


class StreamRetention(BaseModel):
    """For how many days a stream's raw records, and the rows made of them, are kept; for ever where not set."""

    model_config = _STRICT

    raw: _Days | None = None
    tables: _Days | None = None


class RetentionSettings(BaseModel):
    """What goes when it is so many days old; what is not named stays. Days count from when qa-sync stored a version."""

    model_config = _STRICT

    streams: dict[str, StreamRetention] = {}
    published: _Days | None = None
    rejects: _Days | None = None
    findings: _Days | None = None


class WorkspaceSettings(BaseModel):
    """The whole of ``qa-sync.yaml``."""

    model_config = _STRICT

    programme: ProgrammeSettings = ProgrammeSettings()
    store: Annotated[str, Field(min_length=1)] = "./data"
    storage: StorageSettings = StorageSettings()
    engine: Annotated[str, Field(pattern=r"^(duckdb|spark(:\S+)?)$")] = "duckdb"
    forms: tuple[str, ...] = ()
    max_new_rejects: Annotated[int, Field(ge=0)] = 0
    max_reject_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    sources: dict[str, SourceSettings] = {}
    sinks: dict[str, SinkSettings] = {}
    dashboards: dict[str, DashboardSettings] = {}
    schedule: ScheduleSettings | None = None
    retention: RetentionSettings = RetentionSettings()

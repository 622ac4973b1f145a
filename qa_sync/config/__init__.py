"""The workspace: what an administrator owns, read into frozen settings."""

from qa_sync.config.secrets import fill
from qa_sync.config.settings import (
    DashboardSettings,
    ProgrammeSettings,
    SinkSettings,
    SourceSettings,
    WorkspaceSettings,
)
from qa_sync.config.workspace import FILE_NAME, find_data_file, load

__all__ = [
    "FILE_NAME",
    "DashboardSettings",
    "ProgrammeSettings",
    "SinkSettings",
    "SourceSettings",
    "WorkspaceSettings",
    "fill",
    "find_data_file",
    "load",
]

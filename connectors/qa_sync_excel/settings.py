"""What an administrator says about a workbook, as a place to publish to and as one to read from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from qa_sync.ports import Context
from qa_sync.validation import validated


def _xlsx(path: str) -> str:
    if not path.lower().endswith(".xlsx"):
        msg = "must end in .xlsx"
        raise ValueError(msg)
    return path


class ExcelSettings(BaseModel):
    """``path`` of the workbook, relative to the workspace; ``title`` for its properties (default: the file's name)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    connector: str = "excel"
    path: Annotated[str, AfterValidator(_xlsx)]
    title: str = ""

    def file(self, workspace: Path) -> Path:
        """Return the workbook's path."""
        return workspace / Path(self.path).expanduser()


class NotesSettings(BaseModel):
    """One tab whose notes are a stream.

    ``managed``: which tab, as dashboard/tab; ``keep``: the columns to store, by the name of their input or by their
    header (default: all that are not ours).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    managed: str = Field(pattern=r"^[^/]+/[^/]+$")
    keep: tuple[str, ...] | None = None


class ExcelSourceSettings(BaseModel):
    """Settings of a source: the published workbook, or somebody's copy of it, and the tabs that are streams.

    ``who``: with "file", rows say who saved the file last, and when, as of the reading that first saw them so; a
    workbook knows no more of single cells. ``page_rows``: records handed over at a time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    connector: str = "excel"
    path: Annotated[str, AfterValidator(_xlsx)]
    who: Literal["file", "none"] = "none"
    tabs: dict[str, NotesSettings] = Field(min_length=1)
    page_rows: int = Field(default=5000, ge=1)

    def file(self, workspace: Path) -> Path:
        """Return the workbook's path."""
        return workspace / Path(self.path).expanduser()


def read_source_settings(settings: Mapping[str, Any], context: Context) -> ExcelSourceSettings:
    """Return the settings of a source, checked.

    Raises:
        ConfigError: with every problem at once; values are not quoted.
    """
    hints = {"tabs": "for example {pairs: {managed: weekly/pairs}}", "managed": "dashboard/tab, such as weekly/pairs"}
    return validated(ExcelSourceSettings, dict(settings), at=("sources", context.name), hints=hints)


def read_settings(settings: Mapping[str, Any], context: Context) -> ExcelSettings:
    """Return the settings, checked.

    Raises:
        ConfigError: with every problem at once; values are not quoted.
    """
    return validated(ExcelSettings, dict(settings), at=("sinks", context.name))

"""What an administrator says about a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

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


def read_settings(settings: Mapping[str, Any], context: Context) -> ExcelSettings:
    """Return the settings, checked.

    Raises:
        ConfigError: with every problem at once; values are not quoted.
    """
    return validated(ExcelSettings, dict(settings), at=("sinks", context.name))

"""What an administrator says about a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from qa_sync.errors import ConfigError, Problem
from qa_sync.ports import Context


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
    try:
        return ExcelSettings.model_validate(dict(settings))
    except ValidationError as error:
        raise ConfigError(
            Problem(what=entry["msg"].removeprefix("Value error, "), path=("sinks", context.name, *entry["loc"]))
            for entry in error.errors(include_input=False, include_url=False)
        ) from None

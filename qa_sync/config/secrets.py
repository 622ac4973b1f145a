"""Fill ``${...}`` in settings: environment variables, files, and the keyring. Values are never shown again."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qa_sync.errors import ConfigError, Problem

#: Stands where a reference leads nowhere.
UNKNOWN = "unknown"
KINDS = "use ${NAME}, ${file:PATH} or ${keyring:SERVICE/NAME}"
_REFERENCE = re.compile(r"\$\{([^}]+)\}")


def fill(
    value: Any, *, folder: Path, path: tuple[str | int, ...] = (), environment: Mapping[str, str] | None = None
) -> Any:
    """Return ``value`` with every reference in its texts replaced.

    ``${NAME}`` is an environment variable, ``${file:PATH}`` the text of a file (relative to ``folder``,
    final newline dropped), ``${keyring:SERVICE/NAME}`` an entry of the system keyring.

    Raises:
        ConfigError: with one problem for each reference that leads nowhere.
    """
    filled, problems = fill_known(value, folder=folder, path=path, environment=environment)
    if problems:
        raise ConfigError(problems)
    return filled


def fill_known(
    value: Any, *, folder: Path, path: tuple[str | int, ...] = (), environment: Mapping[str, str] | None = None
) -> tuple[Any, list[Problem]]:
    """As ``fill``, but return what could not be filled as problems beside the rest, where ``UNKNOWN`` stands for it.

    A problem with the hint ``KINDS`` is a reference that is none anywhere; the others may be known on another machine.
    """
    problems: list[Problem] = []
    filled = _fill(value, folder, path, os.environ if environment is None else environment, problems)
    return filled, problems


def _fill(
    value: Any, folder: Path, path: tuple[str | int, ...], env: Mapping[str, str], problems: list[Problem]
) -> Any:
    if isinstance(value, dict):
        return {name: _fill(part, folder, (*path, name), env, problems) for name, part in value.items()}
    if isinstance(value, list):
        return [_fill(part, folder, (*path, at), env, problems) for at, part in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replace(found: re.Match[str]) -> str:
        try:
            return _look_up(found.group(1), folder, env)
        except LookupError as error:
            problems.append(Problem(path=path, what=str(error.args[0]), hint=str(error.args[1])))
            return UNKNOWN

    return _REFERENCE.sub(replace, value)


def _look_up(reference: str, folder: Path, env: Mapping[str, str]) -> str:
    kind, _, name = reference.partition(":")
    if not name:
        if reference in env:
            return env[reference]
        what = f"environment variable {reference} is not set"
        raise LookupError(what, "set it, or use ${file:PATH} or ${keyring:SERVICE/NAME}")
    if kind == "file":
        try:
            return (folder / name).read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError):
            what = f"file {name} cannot be read"
            raise LookupError(what, "it should hold the secret as text") from None
    if kind == "keyring":
        return _from_keyring(name)
    what = f"unknown reference ${{{kind}:...}}"
    raise LookupError(what, KINDS)


def _from_keyring(name: str) -> str:
    service, _, user = name.partition("/")
    try:
        import keyring
    except ImportError:
        what = "the package keyring is not installed"
        raise LookupError(what, "pip install keyring") from None
    secret = keyring.get_password(service, user)
    if secret is None:
        what = f"the keyring has no entry {service}/{user}"
        raise LookupError(what, f"keyring set {service} {user}")
    return str(secret)

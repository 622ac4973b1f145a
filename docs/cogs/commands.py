"""The commands and their options, from the parser of the command line.

Written out here instead of printing argparse's help: that differs between versions of Python and widths of terminals.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from qa_sync.cli.parser import parser

from .markdown import code, table

#: Options of every command, whose help argparse hides because the main parser shows it.
_HIDDEN_HELP = {"--workspace": "folder with qa-sync.yaml (default: here); may also stand before the command"}


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """Return each command's parser, by name."""
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    msg = "the parser has no commands"
    raise LookupError(msg)


def common_options() -> tuple[str, ...]:
    """Return the options that every command takes."""
    shared = [
        {option for action in command._actions for option in action.option_strings}
        for command in subcommands().values()
    ]
    everywhere = set.intersection(*shared)
    return tuple(sorted(option for option in everywhere if option.startswith("--") and option != "--help"))


def overview() -> str:
    """Return the list of commands, each with its line."""
    return table(
        ("command", "what it does"),
        ((f"[`{name}`](#{name})", command.description or "") for name, command in subcommands().items()),
    )


def common() -> str:
    """Return the options that every command takes."""
    wanted = set(common_options())
    some = next(iter(subcommands().values()))
    rows = [row for action in some._actions if wanted & set(action.option_strings) for row in [_row(action)]]
    return table(("option", "meaning"), rows)


def everything() -> str:
    """Return a section for each command: what it does, how it is called, its arguments and own options."""
    return "\n\n".join(_section(name, command) for name, command in subcommands().items())


def _section(name: str, command: argparse.ArgumentParser) -> str:
    own = [action for action in command._actions if not set(action.option_strings) & {*common_options(), "--help"}]
    usage = " ".join(["qa-sync", name, *(_usage(action) for action in own)])
    parts = [f"### {name}", command.description or "", f"```\n{usage}\n```"]
    if own:
        parts.append(table(("argument", "meaning"), (_row(action) for action in own)))
    return "\n\n".join(parts)


def _usage(action: argparse.Action) -> str:
    if action.option_strings:
        shown = " ".join([action.option_strings[-1], *_value(action)])
        return f"[{shown}]" + ("..." if isinstance(action, argparse._AppendAction) else "")
    name = next(iter(_value(action)))
    return {"?": f"[{name}]", "*": f"[{name} ...]"}.get(str(action.nargs), name)


def _value(action: argparse.Action) -> Iterator[str]:
    if action.nargs == 0:
        return
    if action.choices:
        yield "{" + ",".join(str(choice) for choice in action.choices) + "}"
    else:
        yield str(action.metavar or action.dest.upper())


def _row(action: argparse.Action) -> tuple[str, str]:
    shown = code(" ".join([", ".join(action.option_strings), *_value(action)]).strip())
    for option in action.option_strings:
        if option in _HIDDEN_HELP:
            return shown, _HIDDEN_HELP[option]
    return shown, action.help or ""

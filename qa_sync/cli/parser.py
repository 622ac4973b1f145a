"""The commands and their options, one place to read them all."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

from qa_sync.errors import ConfigError, Problem
from qa_sync.wording import did_you_mean

_EPILOG = """exit codes: 0 done; 1 a system failed (what was pulled stays); 2 fix your set-up; 3 done, but with more
new rejects than max_new_rejects allows. Every command reads the workspace in the current folder unless --workspace says
otherwise. Connectors bring commands of their own; 'qa-sync connectors' lists them."""


#: Commands of our own, in the order of --help.
COMMANDS = (
    "init",
    "check",
    "run",
    "sync",
    "map",
    "reconcile",
    "publish",
    "refresh",
    "watch",
    "report",
    "explain",
    "query",
    "runs",
    "mapping",
    "store",
    "connectors",
    "sandbox",
    "demo",
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line as every other error is said."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print.

        Raises:
            ConfigError: always.
        """
        found = _CHOICE.match(message)
        if not found and (absent := _ABSENT.match(message)):
            name, *_ = absent["names"].split(", ")
            known = next(action.choices for action in self._actions if name in (action.dest, action.metavar))
            what = f"{self.prog} needs more words: {absent['names']}"
            if known:
                what = f"{self.prog} needs one more word: {', '.join(known)}"
            raise ConfigError(Problem(what=what, hint=f"{self.prog} --help"))
        if not found:
            raise ConfigError(Problem(what=message, hint=f"{self.prog} --help"))
        argument, word, known = found["argument"], found["word"], _WORDS.findall(found["known"])
        what = f"there is no command {word!r}" if argument == "COMMAND" else f"{argument}: {word!r} is not known"
        raise ConfigError(Problem(what=what, hint=did_you_mean(word, known)))


_CHOICE = re.compile(
    r"argument (?P<argument>\S+): invalid choice: '(?P<word>.*?)' \(choose from (?P<known>.*)\)\Z", re.DOTALL
)
_WORDS = re.compile(r"[\w-]+")
_ABSENT = re.compile(r"the following arguments are required: (?P<names>.*)\Z", re.DOTALL)


class _Lazy:
    """A command's function, imported when it is called."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __call__(self, arguments: argparse.Namespace) -> Any:
        module, name = self._where.split(":")
        return getattr(import_module(f"qa_sync.cli.{module}"), name)(arguments)


def parser() -> argparse.ArgumentParser:
    """Return the parser of ``qa-sync``."""
    top = _Parser(
        prog="qa-sync",
        epilog=_EPILOG,
        description="Pull tickets and quality evaluations, reconcile auditor against auditee, publish dashboards.",
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and leave")
    common = _common()
    top.add_argument("--workspace", metavar="DIR", default=".", help="folder with qa-sync.yaml (default: here)")
    # Without a command it says what it can do.
    top.set_defaults(call=partial(_help, top))
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, call: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", parents=[common])
        command.set_defaults(call=_Lazy(call))
        return command

    init = add("init", "setup:init", "make a new workspace folder with starters to edit")
    init.add_argument("folder", nargs="?", help="where (default: the --workspace folder)")
    check = add(
        "check", "setup:check", "check settings, mappings, credentials, sinks and clock; everything wrong at once"
    )
    check.add_argument("--probe", action="store_true", help="also try what is unverified about a vendor")
    check.add_argument("--offline", action="store_true", help="files only, no connection")

    add("run", "runs:run", "sync, map, reconcile and publish")
    sync = add("sync", "runs:sync", "pull raw records from the sources into the store")
    sync.add_argument("source", nargs="*", help="only these sources")
    add("map", "runs:map_", "make tables from raw records that are not covered yet")
    add("reconcile", "runs:reconcile", "pair and compare everything that is mapped, and check that nothing is lost")
    publish = add("publish", "runs:publish", "bring dashboards up to the newest run, or back to an earlier one")
    publish.add_argument(
        "dashboard",
        nargs="*",
        help="only these dashboards; or 'diff BEFORE AFTER': what changed between two runs, and why",
    )
    _as_of(publish)
    publish.add_argument("--dry-run", action="store_true", help="print what would change and change nothing")
    refresh = add("refresh", "runs:refresh", "run everything now and publish one dashboard")
    refresh.add_argument("dashboard", help="name of the dashboard")
    watch = add("watch", "runs:watch", "answer requests that people make in control tabs, and run on schedule")
    watch.add_argument("dashboard", nargs="*", help="only these dashboards")
    watch.add_argument("--poll", metavar="SECONDS", type=_seconds, default=20.0, help="how often to look (default 20)")
    watch.add_argument(
        "--spacing",
        metavar="SECONDS",
        type=_seconds,
        default=300.0,
        help="least time between two refreshes of one dashboard (default 300)",
    )
    watch.add_argument("--no-schedule", action="store_true", help="answer requests only")
    watch.add_argument("--once", action="store_true", help="look once, do what is asked or due, and leave")

    report = add("report", "ask:report", "show a report")
    report.add_argument("name", nargs="?", help="name of the report (none: list them)")
    _asked(report)
    explain = add("explain", "ask:explain", "list the evaluations behind one number of a report, and compute it again")
    explain.add_argument("name", help="name of the report")
    explain.add_argument("row", help="key of the row: what its first column shows")
    explain.add_argument("column", help="the column, by field name or heading")
    _asked(explain)
    query = add("query", "ask:query", "run one read-only SELECT over a run's tables")
    query.add_argument("sql", nargs="?", help="the SELECT")
    query.add_argument("--tables", action="store_true", help="list tables and columns with their meaning")
    query.add_argument("--timeout", metavar="SECONDS", type=_seconds, default=60.0, help="how long it may take (60)")
    query.add_argument("--memory", metavar="MB", type=_positive, default=2048, help="what it may work with (2048)")
    _as_of(query)
    runs = add("runs", "ask:runs", "list finished runs, or say what made numbers move between two of them")
    runs.add_argument(
        "words",
        nargs="*",
        metavar="diff A B",
        help="two run ids or times: which of records, mapping, settings, code it was",
    )
    runs.add_argument("--limit", type=_positive, default=20, help="how many, newest first (default 20)")

    mapping = add(
        "mapping", "mappings:mapping", "check a mapping, try it, ask how well it fits, or what a change would do"
    )
    mapping.add_argument(
        "what",
        choices=("check", "try", "coverage", "diff", "suggest", "people"),
        help="check: all problems at once, and the cases in the files; try: one record, field by field; "
        "coverage: what every field makes of the stored records; "
        "diff: which rows and published numbers a changed mapping would change; "
        "suggest: a mapping proposed from the account's fields and from samples, to be read and kept; "
        "people: which accounts are one human being, by what evidence, and what speaks against it",
    )
    mapping.add_argument(
        "names",
        nargs="*",
        help="with try: a record id of the store, or a JSON file; with diff: the old and the new mapping, each a file "
        "or a run (none: the newest run's, and the workspace's file as it is now; one: the new one); "
        "with suggest: the source",
    )
    mapping.add_argument("--source", default="", help="with try, coverage, diff: the source (default: all)")
    mapping.add_argument("--stream", default="", help="with try, coverage: the stream")
    mapping.add_argument(
        "--online",
        action="store_true",
        help="with check: also ask the accounts whether they have the custom fields, options, forms and groups named",
    )
    mapping.add_argument(
        "--forms",
        action="store_true",
        help="with suggest: a form catalogue instead, of the forms that no catalogue of the workspace has",
    )
    mapping.add_argument("--weeks", action="store_true", help="with coverage: week by week")
    store = add("store", "upkeep:store", "look after the store")
    store.add_argument(
        "what",
        choices=("status", "repair", "compact", "vacuum", "expire", "erase", "export", "import"),
        help="status: tables, versions, sizes, faults; repair: mend what can be mended; "
        "compact: merge small files, shorten long logs; vacuum: remove files that no retained run needs; "
        "expire: let go of rows past their retention; erase: take a person out of everything, history included; "
        "export: copy it as plain Parquet with a manifest; import: make a store of such a copy",
    )
    store.add_argument("folder", nargs="?", default="", help="with export and import: the folder of the copy")
    store.add_argument("--person", default="", help="with erase: an id, e-mail address, login or full name")
    store.add_argument("--dry-run", action="store_true", help="with vacuum, expire and erase: say what would change")

    add("connectors", "setup:connectors", "list installed sources, sinks and sandboxes")
    sandbox = add("sandbox", "trial:sandbox", "start stand-ins for the vendors on this machine, for trying things out")
    sandbox.add_argument("names", nargs="*", help="which (default: all)")
    sandbox.add_argument("--port", type=_port, default=0, help="first port (default: any free)")
    demo = add("demo", "trial:demo", "run the main job on a generated programme, no account needed")
    demo.add_argument("folder", nargs="?", default="demo", help="where the demo's workspace is kept (default: ./demo)")
    demo.add_argument("--fresh", action="store_true", help="start anew")
    return top


def _help(top: argparse.ArgumentParser, _arguments: argparse.Namespace) -> int:
    top.print_help()
    return 0


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        msg = "a whole number from 1"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_000:
        msg = "a port from 0 (any that is free) to 65000"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 604_800:
        msg = "seconds, from 0 to a week"
        raise argparse.ArgumentTypeError(msg)
    return seconds


def connector_command(words: Sequence[str]) -> Callable[[], int] | None:
    """Return the command that a connector brings, such as ``verint inspect FILE``, or None when it is one of ours.

    A connector registers ``main(words) -> exit code`` under the entry-point group ``qa_sync.commands``. A
    ``--workspace DIR`` before the command is handed on as its last two words.
    """
    before, rest = _workspace_before(words)
    if not rest or rest[0].startswith("-") or rest[0] in COMMANDS:
        return None
    from qa_sync import registry

    if rest[0] not in registry.names("commands"):
        return None
    return lambda: int(registry.load("commands", rest[0])([*rest[1:], *before]))


def _workspace_before(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split off a ``--workspace DIR`` that stands before the command: a connector's own command gets it behind."""
    if words and words[0].startswith("--workspace="):
        return [words[0]], list(words[1:])
    if len(words) > 1 and words[0] == "--workspace":
        return list(words[:2]), list(words[2:])
    return [], list(words)


def _common() -> _Parser:
    """Options that every command takes, also after its name."""
    common = _Parser(add_help=False)
    common.add_argument("--workspace", metavar="DIR", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    common.add_argument(
        "--format", choices=("table", "csv", "json"), default="table", help="how to print (default: table)"
    )
    common.add_argument("--quiet", action="store_true", help="no progress")
    common.add_argument(
        "--wait", metavar="SECONDS", type=_seconds, default=0.0, help="wait for another run that is at work"
    )
    return common


def _asked(command: argparse.ArgumentParser) -> None:
    """What a report can be asked for."""
    command.add_argument(
        "--by", metavar="COLUMNS", default="", help="group by these columns or dimensions, comma-separated"
    )
    command.add_argument(
        "--where", metavar="COLUMN=VALUE", action="append", default=[], help="keep only these; repeatable"
    )
    command.add_argument(
        "--audience",
        choices=("auditees",),
        default="",
        help="auditees: without audits under embargo and without the names of others",
    )
    _as_of(command)


def _as_of(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--as-of", metavar="RUN|TIME", default="", help="as it was: a run id, or a time such as 2026-01-12T09:00Z"
    )


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_rest: object, **_options: object) -> None:
        from importlib.metadata import version

        print(f"qa-sync {version('qa-sync')}")
        parser.exit()

"""Measure functions fairly: each run in a fresh process, in turn, against a baseline of the same session.

A benchmark is a script with module-level functions. Each prepares what it needs, untimed, and returns the call to
be timed; what that call returns (a mapping of counts, or None) is printed beside the times::

    def per_record(rows: int) -> Work:
        lines = make_lines(rows)                 # not timed
        return lambda: {"rows": decode(lines)}   # timed

    if __name__ == "__main__":
        compare("decoding", [Case("per record", per_record, rows=100_000), Case("columns", columns, rows=100_000)],
                baseline="per record")

Times vary between machines and hours; ratios to a baseline run in between vary much less. Compare those.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
Work = Callable[[], Mapping[str, float] | None]
MEASURES = ("cpu_s", "wall_s", "peak_mb", "grown_mb")


class Case:
    """One thing to measure: ``prepare`` is a module-level function of a script, ``given`` its JSON arguments."""

    def __init__(self, name: str, prepare: Callable[..., Work], **given: Any) -> None:
        self.name = name
        self.script = Path(str(sys.modules[prepare.__module__].__file__)).resolve()
        self.function = prepare.__name__
        self.given = given


def compare(
    title: str,
    cases: Sequence[Case],
    *,
    baseline: str = "",
    repeat: int = 3,
    timeout: float = 600,
    folder: Path | None = RESULTS,
    show: Callable[[str], object] = print,
) -> dict[str, Any]:
    """Run every case ``repeat`` times in turn; show a table, write ``folder/title.json`` and return what it says.

    Args:
        title: Also the file's name; spaces become underscores.
        cases: With different names.
        baseline: Name of the case that ratios refer to; the first one if empty.
        repeat: Runs of each case; medians are shown, all runs are written.
        timeout: Seconds that one run may take.
        folder: Where the JSON goes; None writes nothing.
        show: Takes the finished table.

    Raises:
        ValueError: two cases have one name, there is none, or the baseline is not among them.
        RuntimeError: a run failed or took too long; the message ends with what it wrote to stderr.
    """
    names = [case.name for case in cases]
    baseline = baseline or (names[0] if names else "")
    if len(set(names)) != len(names) or baseline not in names or repeat < 1:
        msg = f"cases need different names, one of them the baseline {baseline!r}, and at least one run: {names}"
        raise ValueError(msg)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(repeat):
        for case in cases:
            runs[case.name].append(run_once(case, timeout=timeout))
    report = _report(title, cases, runs, baseline)
    show(table(report))
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{title.replace(' ', '_')}.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def run_once(case: Case, *, timeout: float = 600) -> dict[str, Any]:
    """Run one case in a process of its own; return its measures and ``facts``, the counts that it returned."""
    command = [sys.executable, str(Path(__file__).resolve()), str(case.script), case.function, json.dumps(case.given)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=os.environ | {"PYTHONPATH": _path()},
        )
    except subprocess.TimeoutExpired:
        msg = f"{case.name}: not finished after {timeout:g} s"
        raise RuntimeError(msg) from None
    if done.returncode:
        msg = f"{case.name}: exit {done.returncode}\n{done.stderr[-2000:]}"
        raise RuntimeError(msg)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def table(report: Mapping[str, Any]) -> str:
    """Return the report as text: medians, and how many times the baseline each is."""
    rows = [("case", "CPU s", "wall s", "peak MB", "CPU x", "wall x", "peak x", "counts")]
    for case in report["cases"]:
        median, ratio = case["median"], case["ratio"]
        counts = ", ".join(f"{name} {value:,}" for name, value in case["facts"].items())
        rows.append(
            (
                case["name"],
                f"{median['cpu_s']:.3f}",
                f"{median['wall_s']:.3f}",
                f"{median['peak_mb']:.0f}",
                *(_times(ratio[name]) for name in ("cpu_s", "wall_s", "peak_mb")),
                counts,
            )
        )
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = [
        "  ".join(
            text.ljust(width) if n in {0, len(row) - 1} else text.rjust(width)
            for n, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    note = f"{report['title']}: median of {report['repeat']}; x is times {report['baseline']}"
    return "\n".join([note, *lines])


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def _report(
    title: str, cases: Sequence[Case], runs: Mapping[str, list[dict[str, Any]]], baseline: str
) -> dict[str, Any]:
    medians = {
        name: {measure: statistics.median(run[measure] for run in some) for measure in MEASURES}
        for name, some in runs.items()
    }
    base = medians[baseline]
    return {
        "title": title,
        "baseline": baseline,
        "repeat": len(runs[baseline]),
        "machine": {
            "python": platform.python_version(),
            "system": platform.system(),
            "machine": platform.machine(),
            "processors": os.cpu_count(),
        },
        "cases": [
            {
                "name": case.name,
                "given": case.given,
                "median": medians[case.name],
                "ratio": {
                    measure: medians[case.name][measure] / base[measure] if base[measure] else None
                    for measure in MEASURES
                },
                "facts": runs[case.name][-1]["facts"],
                "runs": runs[case.name],
            }
            for case in cases
        ],
    }


def _path() -> str:
    """The parent's import path, so that a case finds what its script found."""
    return os.pathsep.join(part for part in sys.path if part)


def peak_mb() -> float:
    """Return the most memory this process has held.

    Linux's ru_maxrss is inherited from the parent through fork and exec, so a large parent would hide a small
    child; VmHWM belongs to the program itself.
    """
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1024 / (1024 if sys.platform == "darwin" else 1)


def family() -> tuple[float, float]:
    """Return the CPU seconds and the most memory (MB, summed) of this process's living descendants, such as a JVM."""
    parents, spent, most = {}, {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            status = (folder / "status").read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:  # it has just ended
            continue
        process = int(folder.name)
        parents[process] = int(stat[1])
        spent[process] = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        most[process] = sum(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
    own: set[int] = set()
    found = {os.getpid()}
    while found:
        found = {process for process, parent in parents.items() if parent in found}
        own |= found
    return sum(spent[process] for process in own), sum(most[process] for process in own)


def _cpu() -> float:
    """CPU seconds of this process, its threads and the children it has waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def _child(script: str, function: str, given: str) -> None:
    """Prepare, time the call, and print the measures as the last line."""
    sys.modules.setdefault("measure", sys.modules["__main__"])
    sys.path.insert(0, str(Path(script).parent))
    spec = importlib.util.spec_from_file_location(Path(script).stem + "_cases", script)
    if spec is None or spec.loader is None:
        msg = f"{script} is no Python script"
        raise RuntimeError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    work: Work = getattr(module, function)(**json.loads(given))
    before = peak_mb()
    cpu, wall = _cpu(), time.perf_counter()
    facts = work()
    cpu, wall = _cpu() - cpu, time.perf_counter() - wall
    peak = peak_mb()
    print()
    print(
        json.dumps(
            {"cpu_s": cpu, "wall_s": wall, "peak_mb": peak, "grown_mb": peak - before, "facts": dict(facts or {})}
        )
    )


if __name__ == "__main__":
    _child(*sys.argv[1:4])

"""Daily evaluation detail files of a generated programme, as a customer's system would export them.

One file a local day: the evaluations that were saved on that day, as they stood at its end. A later save sends the
evaluation again, in the file of its own day. Beside them stand the feeds of appeals and of calibration sessions.
"""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from qa_sync_verint.sandbox import feeds

#: The zone of every date column in these files; ``mappings/verint_files.yaml`` declares the same.
ZONE = "America/New_York"
NAME = "evaluation_detail_{day:%Y%m%d}.csv"

#: The columns of the known detail export, and behind them evaluation custom data as a customer may define it.
COLUMNS = (
    "Evaluation Key",
    "Form Component Key",
    "Evaluation Date",
    "Evaluation Form",
    "Form Version",
    "Section",
    "Category",
    "Question",
    "Answer",
    "Score",
    "Maximum Score",
    "Comments",
    "Employee ID",
    "Employee Name",
    "Evaluator",
    "Supervisor",
    "Organization",
    "Contact ID",
    "Contact Start Time",
    "Status",
    "Ticket ID",
    "Form ID",
    "Evaluator ID",
    "Started",
    "Last Saved",
    "Active Status",
    "Audited Evaluation",
    "Blind Task",
    "Blind",
    "Calibration Session",
    "Change Reason",
    "Release Date",
    "Overall Score",
)
#: Behind the form's name when auditors score with it.
AUDIT_MARK = " (ATA)"


def write_files(
    programme: Any, folder: Path, *, until: datetime | None = None, layout: Literal["detail"] = "detail"
) -> list[Path]:
    """Write a programme's export files, those of the feeds included; return those that are new or changed.

    Args:
        programme: a ``qa_sync.testing.programme.Programme``.
        folder: where to; made when missing.
        until: what was saved later is not there yet (a moment with a zone).
        layout: of the evaluations; only the detail is known.

    Raises:
        ValueError: another layout.
    """
    if layout != "detail":
        msg = f"no layout {layout!r}; there is detail"
        raise ValueError(msg)
    shown = programme.until(until) if until is not None else programme
    folder.mkdir(parents=True, exist_ok=True)
    files = [
        (NAME, COLUMNS, _days(shown)),
        (feeds.APPEALS, feeds.APPEAL_COLUMNS, feeds.appeals(shown, _local_day, local_text)),
        (feeds.SESSIONS, feeds.SESSION_COLUMNS, feeds.sessions(shown, _local_day, local_text)),
    ]
    written = [
        _write(folder / name.format(day=day), header, rows) for name, header, days in files for day, rows in days
    ]
    return [path for path in written if path is not None]


def _write(path: Path, header: Sequence[str], rows: list[list[str]]) -> Path | None:
    """Write a file; None where it is there already, as it is."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    content = text.getvalue().encode("utf-8-sig")
    if path.exists() and path.read_bytes() == content:
        return None
    path.write_bytes(content)
    return path


def _local_day(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(ZONE)).date()


def _days(programme: Any) -> Iterator[tuple[date, list[list[str]]]]:
    zone = ZoneInfo(ZONE)
    people = {person["person_no"]: person for person in programme.people.to_pylist()}
    numbers, begun = programme.tickets["ticket_no"].to_pylist(), programme.tickets["created_at"].to_pylist()
    tickets = dict(zip(numbers, begun, strict=True))
    names = {form["form_id"]: form["name"] for form in programme.forms}
    sites = _sites(programme)
    answers: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for answer in programme.answers.to_pylist():
        answers[answer["evaluation_no"], answer["revision"]].append(answer)
    latest: dict[tuple[date, int], dict[str, Any]] = {}
    for evaluation in programme.evaluations.to_pylist():
        key = evaluation["saved_at"].astimezone(zone).date(), evaluation["evaluation_no"]
        known = latest.get(key)
        if known is None or known["revision"] < evaluation["revision"]:
            latest[key] = evaluation
    days: dict[date, list[list[str]]] = defaultdict(list)
    for (day, number), evaluation in sorted(latest.items()):
        shared = _shared(evaluation, people, names, tickets.get(evaluation["ticket_no"]))
        # Where the evaluator worked on that day: a file that was exported once never changes afterwards.
        shared["Organization"] = _site_on(sites.get(evaluation["evaluator_no"], []), day)
        # A deleted evaluation has no answers any more; its row still says that it is inactive.
        for answer in answers.get((number, evaluation["revision"])) or [{}]:
            days[day].append([{**shared, **_answer(answer)}.get(column, "") for column in COLUMNS])
    yield from sorted(days.items())


def _sites(programme: Any) -> dict[int, list[tuple[date, str]]]:
    """Return where each person worked from which day on, in order."""
    found: dict[int, list[tuple[date, str]]] = defaultdict(list)
    for row in programme.rosters.to_pylist():
        found[row["person_no"]].append((row["valid_from"], row["site"] or ""))
    return {person: sorted(rows) for person, rows in found.items()}


def _site_on(rows: list[tuple[date, str]], day: date) -> str:
    """Return the site of a day; before the first one, that of the first."""
    at = bisect_right([start for start, _site in rows], day) - 1
    return rows[max(at, 0)][1] if rows else ""


def _shared(
    evaluation: dict[str, Any], people: dict[int, dict[str, Any]], names: dict[str, str], began: datetime | None
) -> dict[str, str]:
    agent, evaluator = people.get(evaluation["agent_no"], {}), people.get(evaluation["evaluator_no"], {})
    name = names.get(evaluation["form_id"], evaluation["form_id"])
    blind = evaluation["is_blind"]
    score = evaluation.get("reported_score")
    return {
        "Evaluation Key": str(evaluation["evaluation_no"]),
        "Evaluation Date": local_text(evaluation["submitted_at"] or evaluation["started_at"]),
        "Evaluation Form": name + AUDIT_MARK if evaluation["kind"] == "ata" else name,
        "Form ID": evaluation["form_id"],
        "Form Version": evaluation["form_version"],
        "Employee ID": agent.get("employee_number") or "",
        "Employee Name": _surname_first(agent.get("name")),
        "Evaluator ID": evaluator.get("employee_number") or "",
        "Evaluator": _surname_first(evaluator.get("name")),
        "Contact ID": str(1_000_000_000_000 + evaluation["ticket_no"]),
        "Ticket ID": str(evaluation["ticket_no"]),
        "Contact Start Time": local_text(began),
        "Started": local_text(evaluation["started_at"]),
        "Last Saved": local_text(evaluation["saved_at"]),
        "Status": "Saved" if evaluation["status"] == "draft" else "Submitted",
        "Active Status": "Inactive" if evaluation["status"] == "deleted" else "Active",
        "Audited Evaluation": _text(evaluation["audited_evaluation_no"]),
        "Blind Task": _text(evaluation["blind_task"]),
        "Blind": "" if blind is None else "Yes" if blind else "No",
        "Calibration Session": _text(evaluation.get("session_no")),
        "Change Reason": _text(evaluation["cause"]),
        "Release Date": local_text(evaluation["released_at"]),
        "Overall Score": "" if score is None else f"{score:.10g}",
    }


def _answer(answer: dict[str, Any]) -> dict[str, str]:
    if not answer:
        return {}
    points, most = answer["points"], answer["max_points"]
    given = {"valued": answer["option"], "na": "N/A"}.get(answer["state"]) or ""
    return {
        "Form Component Key": answer["criterion_key"],
        "Section": answer["section"],
        "Category": answer["category"],
        "Question": answer["question"],
        "Answer": given,
        "Score": "" if points is None else f"{points:g}",
        "Maximum Score": "" if most is None or answer["state"] != "valued" else f"{most:g}",
    }


def local_text(moment: datetime | None) -> str:
    """Return a moment as these files write it; the offset is added only where clocks going back make it ambiguous."""
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(ZONE))
    ambiguous = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return f"{local:%m/%d/%Y %H:%M:%S %z}" if ambiguous else f"{local:%m/%d/%Y %H:%M:%S}"


def _surname_first(name: str | None) -> str:
    given, _, family = (name or "").rpartition(" ")
    return f"{family}, {given}" if given else family


def _text(value: object) -> str:
    return "" if value is None else str(value)

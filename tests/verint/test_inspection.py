"""``qa-sync verint inspect``: what would be read, and a profile that reads the file once its zone is filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from verint.reading import read, rejects, state

from qa_sync.errors import ConfigError
from qa_sync_verint import inspect_file
from qa_sync_verint.files import load_profile
from qa_sync_verint.sandbox.quirks import Quirks, expected, write_export
from qa_sync_verint.sandbox.truth import make_truth


def test_the_report_tells_everything_about_a_file(tmp_path: Path) -> None:
    quirks = Quirks(encoding="cp1252", delimiter="|", preamble=3, totals=True, extra=True)
    path = write_export(make_truth(1, 20, plain=True), quirks, tmp_path, "evaluation_detail_20250301")
    path.write_bytes(path.read_bytes() + b"cut|row\r\n")
    report = inspect_file(path)
    part = report.parts[0]
    assert (part.encoding, part.delimiter, part.header_row) == ("cp1252", "|", 4)
    assert part.unmapped == ("Team Notes", "Employee ID")  # the repeated one
    assert part.mapped["evaluation_id"] == "Evaluation Key"
    assert "overall_score" in part.missing
    assert (part.counts.staged, part.counts.loaded, part.counts.rejected, part.counts.skipped) == (61, 60, 1, 1)
    assert report.evaluations == 20
    assert report.order == "order 2025-03-01"
    assert len(part.first_rows) == 3
    text = "\n".join(report.lines())
    assert "cp1252, delimiter '|', header in row 4" in text
    assert "rows: 61 staged, 60 loaded, 1 rejected, 1 totals skipped" in text
    assert "row: has 2 cells where the header has 21" in text


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(),
        Quirks(delimiter="\t", encoding="cp1252", preamble=4),
        Quirks(container="xlsx"),
        Quirks(date_format="%Y-%m-%d %H:%M:%S", delimiter="|", shuffle=True, header="upper"),
        Quirks(container="zip"),
        Quirks(grain="evaluation", delimiter="|", preamble=2),
        Quirks(totals=True, delimiter=";"),
    ],
)
def test_the_proposed_profile_reads_the_file_once_its_zone_is_filled_in(quirks: Quirks, tmp_path: Path) -> None:
    truth = make_truth(2, 40, plain=True)
    path = write_export(truth, quirks, tmp_path / "in", "d_20250301")
    proposal = inspect_file(path).proposal
    (tmp_path / "p.yaml").write_text(proposal)
    with pytest.raises(ConfigError, match="IANA"):
        load_profile(tmp_path / "p.yaml")
    (tmp_path / "p.yaml").write_text(proposal.replace("CHANGE-ME", "America/New_York"))
    profile = load_profile(tmp_path / "p.yaml").streams["evaluations"]
    profile = profile.model_copy(update={"tombstones": ("Inactive",)})
    pages = read(tmp_path / "in", profile)
    assert rejects(pages) == []
    found = state(pages)
    if quirks.grain == "evaluation":
        # The proposal takes the misspelt header at its word.
        rows = [row for payload in found.values() if payload for row in payload["rows"]]
        assert {row["name"] for row in rows} == {"Skil 1", "Skill 2", "Skill 3"}
        for row in rows:
            row["name"] = row["name"].replace("Skil 1", "Skill 1")
    assert found == expected(truth, grain=quirks.grain)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("container", ["plain", "xlsx"])
@pytest.mark.parametrize("date_format", ["%m/%d/%Y %H:%M:%S", "%d.%m.%y %H:%M:%S"])
@pytest.mark.parametrize("grain", ["answer", "evaluation"])
def test_without_a_header_a_profile_by_position_is_proposed_from_the_values(
    grain: Any, date_format: str, container: Any, shuffle: bool, tmp_path: Path
) -> None:
    truth = make_truth(2, 40, plain=True)
    quirks = Quirks(
        grain=grain,
        date_format=date_format,
        container=container,
        shuffle=shuffle,
        totals=shuffle,
        header="none",
        delimiter="|",
    )
    proposal = inspect_file(write_export(truth, quirks, tmp_path / "in", "d_20250301")).proposal
    assert "# A PROPOSAL" in proposal
    assert not any(answer.comment in proposal for e in truth for answer in e.answers if len(answer.comment) > 4)
    (tmp_path / "p.yaml").write_text(proposal.replace("CHANGE-ME", "America/New_York"))
    pages = read(tmp_path / "in", load_profile(tmp_path / "p.yaml").streams["evaluations"])
    assert rejects(pages) == []
    found, wanted = state(pages), expected(truth, grain=grain)
    assert set(found) == set(wanted)
    for identity, payload in wanted.items():
        if payload is None:
            assert found[identity] is None
            continue
        sure = ("evaluation_id", "form_name", "interaction_id", "active")
        columns = found[identity]["columns"]
        assert {name: columns.get(name) for name in sure} == {name: payload["columns"].get(name) for name in sure}
        # Codes and names look alike: either may be the employee's.
        assert columns["employee"] in (payload["columns"]["employee"], payload["columns"]["evaluator"])
        assert found[identity]["times"] == payload["times"]
        if grain == "answer":
            points = [
                {k: v for k, v in row.items() if k in ("component_id", "points", "max_points")}
                for row in payload["rows"]
            ]
            assert found[identity]["rows"] == points


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["10.01.2025 09:00", "31.01.2025 10:30"], "%d.%m.%Y %H:%M"),
        (["1/31/2025 9:05 AM", "2/1/2025 10:05 PM"], "%m/%d/%Y %I:%M %p"),
        (["31-Jan-2025 10:00:00"], "%d-%b-%Y %H:%M:%S"),
        (["2025-01-31T10:00:00.123+00:00"], "%Y-%m-%dT%H:%M:%S.%f%z"),
        (["13/01/25", "14/01/25"], "%d/%m/%y"),
    ],
)
def test_the_format_of_a_date_column_is_proposed(texts: list[str], form: str, tmp_path: Path) -> None:
    rows = ["Evaluation ID|Evaluation Form|Evaluation Date|Employee|Status"]
    rows += [f"{at}|F|{text}|E1|{'Deleted' if at else 'Active'}" for at, text in enumerate(texts)]
    (tmp_path / "d_20250301.txt").write_text("\n".join(rows) + "\n")
    proposal = inspect_file(tmp_path / "d_20250301.txt").proposal
    assert f'evaluated_at: {{formats: ["{form}"], time_zone: CHANGE-ME}}' in proposal
    assert ('tombstones: ["Deleted"]' in proposal) == (len(texts) > 1)


def test_a_file_that_the_profile_does_not_fit_is_told_how_to_get_one(tmp_path: Path) -> None:
    path = tmp_path / "feed_20250116.csv"
    path.write_text("77001|01/15/2025 14:05:10|AB12|Form\r\n")
    assert list(inspect_file(path).lines())[-1] == (
        "nothing of it is read by this profile: qa-sync verint inspect feed_20250116.csv --propose writes one for it"
    )


def test_control_characters_of_a_file_do_nothing_to_a_terminal_or_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "evil\x1b[31m_20250116.csv"
    path.write_text(
        "Evaluation ID,Evaluation Form,Evaluation Date,Employee ID,Odd\x1b]0;\x07\n"
        'E1,"Form\x1b[2J\nA",01/15/2025 14:05:10,W1,x\n'
    )
    report = inspect_file(path)
    lines = list(report.lines())
    assert [mark for line in lines for mark in line if not mark.isprintable()] == []
    assert any(r"form_name=Form\x1b[2J\nA" in line for line in lines)
    assert r'# ?: ["Odd\x1b]0;\x07"]' in report.proposal
    assert all(mark == "\n" or mark.isprintable() for mark in report.proposal)


def test_a_column_said_again_and_one_always_empty_are_told_as_such(tmp_path: Path) -> None:
    rows = [f"7700{n}|0{n}/15/2025 14:05:10|AB1{n % 2}|AB1{n % 2}||Scorecard ATA|Active" for n in range(1, 8)]
    (tmp_path / "feed_20250116.csv").write_text("\r\n".join(rows) + "\r\n")
    proposal = inspect_file(tmp_path / "feed_20250116.csv").proposal
    assert [line.strip() for line in proposal.splitlines() if line.startswith("      - ")] == [
        "- evaluation_id   # 1: numbers, different in every row",
        "- evaluated_at   # 2: dates, different in every row",
        "- employee   # 3: people or codes",
        "- Column 4   # 4: says what column 3 says",
        "- Column 5   # 5: always empty",
        "- form_name   # 6: one text",
        "- active   # 7: one text",
    ]
    assert 'tombstones: ["Inactive"]' in proposal
    assert 'evaluated_at: {formats: ["%m/%d/%Y %H:%M:%S"], time_zone: CHANGE-ME}' in proposal


def test_a_file_of_another_kind_is_reported_not_raised(tmp_path: Path) -> None:
    path = tmp_path / "appeals_20250301.csv"
    path.write_text("Report ID,Report Code,Event Date\n1,OMR,01/02/2025\n")
    report = inspect_file(path)
    assert not report.is_readable
    assert "no header row" in report.parts[0].refused
    assert '# ?: ["Report ID"]' in report.proposal


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04 cut", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\0\0\0", b'"""', b"a,b\n"]
)
def test_odd_files_are_reported_not_raised(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "d_20250301.csv"
    path.write_bytes(data)
    assert list(inspect_file(path).lines())


def test_a_missing_file_or_stream_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        inspect_file(tmp_path / "nowhere.csv")
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(ConfigError, match="no stream 'forms'"):
        inspect_file(tmp_path / "a.csv", stream="forms")

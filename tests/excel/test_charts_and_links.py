"""Charts of every kind, links and dropdowns in the workbook."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

from gsheets.test_charts_and_links import COLUMNS, SHAPE

from qa_sync.dashboards import Input, Tab, plan_tab
from qa_sync.ports import Context
from qa_sync_excel import connect


def drawn(folder: Path, shape: object = SHAPE) -> dict[str, str]:
    sink = connect({"path": "book.xlsx"}, Context(name="book", folder=folder, state=folder))
    tab = Tab(shape=shape, columns=COLUMNS)  # type: ignore[arg-type]
    present = sink.present([tab.shape])
    sink.apply([plan_tab(tab, present.tabs.get(tab.shape.name))], present)
    packed = zipfile.ZipFile(folder / "book.xlsx")
    return {name: packed.read(name).decode("utf-8", "replace") for name in packed.namelist() if name.endswith("xml")}


def test_each_kind_of_chart_is_drawn_from_its_columns(tmp_path: Path) -> None:
    parts = drawn(tmp_path)
    pareto, interval, trend = (parts[f"xl/charts/chart{number}.xml"] for number in (1, 2, 3))
    columns = [re.findall(r"<c:val>.*?<c:f>Causes!(\$\w+)\$", one) for one in (pareto, interval, trend)]
    assert columns == [["$B", "$D"], ["$F", "$E", "$D"], ["$D", "$E", "$F"]]
    assert ("<c:barChart>" in pareto, "<c:lineChart>" in pareto, pareto.count("<c:valAx>")) == (True, True, 2)
    assert "<c:stockChart>" in interval
    assert "<c:hiLowLines>" in interval
    assert trend.count('prstDash val="dash"') == 2


def test_links_and_one_heat_scale_are_there(tmp_path: Path) -> None:
    sheet = drawn(tmp_path)["xl/worksheets/sheet1.xml"]
    assert sheet.count("<hyperlink ") == 3
    assert re.findall(r'<cfvo type="num" val="([\d.]+)"/>', sheet) == ["0", "9.0", "0", "9.0"]


def test_columns_for_people_have_dropdowns_and_keep_what_is_written(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    asking = replace(SHAPE, inputs=(Input(name="cause", label="Root cause", options=("form", "training, etc.")),))
    sheet = drawn(tmp_path, asking)["xl/worksheets/sheet1.xml"]
    assert "<formula1>&quot;form,training; etc.&quot;</formula1>" in sheet or '"form,training; etc."' in sheet
    book = load_workbook(tmp_path / "book.xlsx")
    book["Causes"]["G3"] = "form"
    book.save(tmp_path / "book.xlsx")
    other = replace(asking, notes=("Drawn anew.",))
    drawn(tmp_path, other)
    cells = load_workbook(tmp_path / "book.xlsx")["Causes"]
    assert [cells["G1"].value, cells["G2"].value, cells["G3"].value] == ["Root cause", None, "form"]
    assert cells["H1"].value is None

"""Dashboards: what is wanted, what is present, and the plan between them. Nothing here reads or writes a sheet."""

from qa_sync.dashboards.cells import Cell, Chart, Field, Input, Present, PresentTab, Receipt, Tab, TabPlan, TabShape
from qa_sync.dashboards.plan import plan_tab

__all__ = [
    "Cell",
    "Chart",
    "Field",
    "Input",
    "Present",
    "PresentTab",
    "Receipt",
    "Tab",
    "TabPlan",
    "TabShape",
    "plan_tab",
]

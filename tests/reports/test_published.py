"""Every measure that a tab shows is defined, and severity is read the right way round."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from qa_sync.reports import measures
from qa_sync.reports.as_published import PUBLISHED as AS_PUBLISHED
from qa_sync.reports.explain import NUMBERS
from qa_sync.reports.measures import MEASURES
from qa_sync.reports.population import POPULATION_FIELDS
from qa_sync.reports.published import PUBLISHED

SUFFIXES = ("_low", "_high")


def test_every_measure_of_a_summary_has_a_definition() -> None:
    defined = {metric.id.removeprefix("summary.") for metric in PUBLISHED if metric.id.startswith("summary.")}
    numbers = [f for f in (*MEASURES, *POPULATION_FIELDS) if f.kind in NUMBERS]
    shown = {f.name for f in numbers if not f.name.endswith(SUFFIXES)}
    assert {*shown, AS_PUBLISHED} == defined


@pytest.mark.parametrize(
    ("higher_is", "level", "points", "defect"),
    [
        ("more_severe", 0, 0.0, False),
        ("more_severe", 1, 1.0, True),
        ("more_severe", 4, 4.0, True),
        ("better", 0, 0.0, True),
        ("better", 2, 4.0, False),
        ("better", 1, None, True),
        ("neutral", 1, 1.0, None),
    ],
)
def test_a_defect_is_what_is_worse_than_the_best(
    higher_is: str, level: int, points: float | None, defect: bool | None
) -> None:
    from qa_sync.engine.duck import DuckEngine

    engine = DuckEngine()
    engine.register(
        "answer",
        pa.table(
            {
                "is_critical": [False],
                "auditee_failed": pa.array([None], pa.bool_()),
                "form_higher_is": [higher_is],
                "auditee_level": [level],
                "auditee_points": pa.array([points], pa.float64()),
                "max_points": [4.0],
                "top_level": [2],
            }
        ),
    )
    assert engine.fetch(f"SELECT {measures.DEFECT.format(side='auditee')} AS d FROM answer")["d"].to_pylist() == [
        defect
    ]
    engine.close()


def interval(agree: list[int], items: list[int]) -> tuple[float, float]:
    made: dict[str, pa.Array] = {}
    counts = pa.table(
        {
            "pairs": [len(items)],
            "items_agree": [sum(agree)],
            "items": [sum(items)],
            "sxx": [sum(a * a for a in agree)],
            "sxm": [sum(a * m for a, m in zip(agree, items, strict=True))],
            "smm": [sum(m * m for m in items)],
        }
    )
    measures._line_items(made, counts, np.array([float(len(items))]), np.array([False]))
    return made["line_accuracy_low"][0].as_py(), made["line_accuracy_high"][0].as_py()


@pytest.mark.parametrize(
    ("agree", "items"), [([1] * 5, [5] * 5), ([9, 17], [10, 19]), ([8, 8, 8, 8, 7], [9, 9, 9, 9, 8]), ([1, 1], [1, 1])]
)
def test_an_interval_of_few_evaluations_never_collapses(agree: list[int], items: list[int]) -> None:
    low, high = interval(agree, items)
    assert high - low > 0.1
    assert low <= sum(agree) / sum(items) <= high

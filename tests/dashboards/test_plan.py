from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_sync.dashboards import Field, PresentTab, Tab, TabPlan, TabShape, plan_tab
from qa_sync.dashboards.look import shape_hash
from qa_sync.dashboards.plan import same

SHAPE = TabShape(
    dashboard="d",
    name="t",
    title="T",
    key="k",
    fields=(
        Field(name="k", label="Key"),
        Field(name="v", label="Value", kind="number"),
        Field(name="w", label="Theirs to keep", policy="keep"),
        Field(name="r", label="Reported", policy="report"),
    ),
)


def wanted(**rows: tuple[Any, Any, Any]) -> Tab:
    return Tab(
        shape=SHAPE, columns={"k": list(rows), **{f: [r[at] for r in rows.values()] for at, f in enumerate("vwr")}}
    )


def present(rows: dict[str | None, tuple[Any, Any, Any]], **options: Any) -> PresentTab:
    keyed = {key: row for key, row in rows.items() if key}
    positions = [at for at, key in enumerate(rows) if key]
    return PresentTab(
        columns={"k": list(keyed), **{f: [r[at] for r in keyed.values()] for at, f in enumerate("vwr")}},
        rows=positions,
        shape_hash=shape_hash(SHAPE),
        **options,
    )


def based(rows: dict[str, tuple[Any, Any, Any]]) -> dict[str, dict[str, Any]]:
    return {key: dict(zip("vwr", row, strict=True)) | {"k": key} for key, row in rows.items()}


def test_nothing_changed_plans_nothing() -> None:
    rows = {"a": (1.0, "x", None), "b": (2.5, None, "y")}
    plan = plan_tab(wanted(**rows), present(rows), based(rows))
    assert plan.is_empty
    assert plan.unchanged_rows == 2


def test_a_tab_that_is_not_there_is_created_with_all_rows() -> None:
    plan = plan_tab(wanted(a=(1.0, "x", None)), None)
    assert (plan.create, plan.inserted_rows, plan.data_cells) == (True, 1, 4)


def test_rows_are_followed_to_where_they_were_sorted() -> None:
    old = {"a": (1.0, "x", None), "b": (2.0, "x", None)}
    plan = plan_tab(
        wanted(a=(1.0, "x", None), b=(3.0, "x", None)),
        present({"b": old["b"], None: (9, 9, 9), "a": old["a"]}),
        based(old),
    )
    assert plan.updates == {"v": ([0], [3.0])}


def test_each_policy_does_what_it_says_with_a_persons_change() -> None:
    old = {"a": (1.0, "x", "p")}
    plan = plan_tab(wanted(a=(2.0, "y", "q")), present({"a": (7.0, "mine", "odd")}), based(old))
    assert plan.updates == {"v": ([0], [2.0])}
    assert [(c.field, c.theirs, c.ours, c.action) for c in plan.conflicts] == [
        ("v", 7.0, 2.0, "enforce"),
        ("w", "mine", "y", "keep"),
        ("r", "odd", "q", "report"),
    ]


def test_a_change_that_agrees_with_ours_is_no_conflict() -> None:
    plan = plan_tab(wanted(a=(2.0, "x", None)), present({"a": (2.0, "x", None)}), based({"a": (1.0, "x", None)}))
    assert plan.is_empty
    assert plan.conflicts == ()


def test_a_formula_in_a_managed_cell_is_reported_even_when_it_shows_our_value() -> None:
    rows = {"a": (2.0, "x", None)}
    plan = plan_tab(wanted(**rows), present(rows, formulas=frozenset({(0, "v")})), based(rows))
    assert [c.field for c in plan.conflicts] == ["v"]
    assert plan.updates == {"v": ([0], [2.0])}


def test_a_vanished_record_loses_our_cells_and_keeps_its_row() -> None:
    old = {"a": (1.0, "x", None), "b": (2.0, "y", "z")}
    plan = plan_tab(wanted(a=old["a"]), present(old), based(old))
    assert plan.updates == {"v": ([1], [None]), "w": ([1], [None]), "r": ([1], [None])}
    assert plan.blanks == (1,)
    again = plan_tab(wanted(a=old["a"]), present({"a": old["a"], "b": (None, None, None)}), based(old))
    assert again.is_empty


def test_a_vanished_record_stays_as_it_was_where_rows_are_kept() -> None:
    old = {"a": (1.0, "x", None), "b": (2.0, "y", "z")}
    shape = replace(SHAPE, vanished="keep")
    there = replace(present(old), shape_hash=shape_hash(shape))
    assert plan_tab(replace(wanted(a=old["a"]), shape=shape), there, based(old)).is_empty


def test_a_vanished_record_is_marked_once_with_the_day_of_the_data_and_no_longer_when_it_is_back() -> None:
    old = {"a": (1.0, "x", None), "b": (2.0, "y", "z")}
    shape = replace(SHAPE, vanished="mark", fields=(*SHAPE.fields, Field(name="gone_since", label="Gone", kind="date")))

    def shown(day: float, **rows: tuple[Any, Any, Any]) -> Tab:
        plain = wanted(**rows)
        return Tab(shape=shape, columns={**plain.columns, "gone_since": [None] * len(rows)}, day=day)

    def there(*marks: float | None) -> PresentTab:
        plain = present(old)
        return replace(plain, columns={**plain.columns, "gone_since": list(marks)}, shape_hash=shape_hash(shape))

    gone = plan_tab(shown(46000.0, a=old["a"]), there(None, None), based(old))
    assert (gone.updates, gone.blanks) == ({"gone_since": ([1], [46000.0])}, ())
    assert plan_tab(shown(46001.0, a=old["a"]), there(None, 46000.0), based(old)).is_empty
    # Whoever is no longer published has no base.
    back = plan_tab(shown(46002.0, **old), there(None, 46000.0), based({"a": old["a"]}))
    assert back.updates == {"gone_since": ([1], [None])}


def test_a_row_that_a_person_keyed_is_left_alone() -> None:
    plan = plan_tab(
        wanted(a=(1.0, "x", None)),
        present({"a": (1.0, "x", None), "note": ("hi", None, None)}),
        based({"a": (1.0, "x", None)}),
    )
    assert plan.is_empty


def test_the_first_of_two_rows_with_one_key_is_ours_and_the_other_is_reported() -> None:
    there = PresentTab(
        columns={"k": ["a", "a"], "v": [1.0, 5.0], "w": ["x", "x"], "r": [None, None]},
        rows=[0, 1],
        shape_hash=shape_hash(SHAPE),
    )
    plan = plan_tab(wanted(a=(2.0, "x", None)), there, based({"a": (1.0, "x", None)}))
    assert plan.updates == {"v": ([0], [2.0])}
    assert plan.duplicate_keys == ("a",)


def test_a_row_that_a_person_deleted_is_written_again_and_named() -> None:
    old = {"a": (1.0, "x", None), "b": (2.0, "y", None)}
    plan = plan_tab(wanted(**old, c=(3.0, "z", None)), present({"a": old["a"]}), based(old))
    assert (list(plan.inserts["k"]), plan.restored_keys) == (["b", "c"], ("b",))


def test_a_key_with_a_blank_beside_it_is_still_that_key() -> None:
    rows = {"a": (1.0, "x", None)}
    assert plan_tab(wanted(**rows), present({" a ": rows["a"]}), based(rows)).is_empty
    own = plan_tab(wanted(**{" a ": rows["a"], "a": rows["a"]}), present({" a ": rows["a"]}))
    assert list(own.inserts["k"]) == ["a"]


def test_a_missing_managed_column_is_added_and_filled() -> None:
    there = PresentTab(columns={"k": ["a"], "v": [1.0], "r": [None]}, rows=[4], shape_hash=shape_hash(SHAPE))
    plan = plan_tab(wanted(a=(1.0, "x", None)), there, based({"a": (1.0, "x", None)}))
    assert plan.add_fields == ("w",)
    assert plan.updates == {"w": ([4], ["x"])}


def test_a_key_that_became_a_number_is_still_that_key() -> None:
    there = PresentTab(
        columns={"k": [12.0], "v": [1.0], "w": ["x"], "r": [None]}, rows=[0], shape_hash=shape_hash(SHAPE)
    )
    assert plan_tab(wanted(**{"12": (1.0, "x", None)}), there, None).is_empty


def test_two_wanted_rows_with_one_key_are_a_bug() -> None:
    with pytest.raises(ValueError, match="unique"):
        plan_tab(Tab(shape=SHAPE, columns={"k": ["a", "a"], "v": [1, 2], "w": ["", ""], "r": ["", ""]}), None)


def test_cells_are_equal_when_they_show_the_same() -> None:
    assert same(None, "")
    assert same(1, 1.0)
    assert not same(True, 1.0)
    assert not same("1", 1.0)


cell = st.one_of(st.none(), st.text(max_size=3), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
table = st.dictionaries(st.text(min_size=1, max_size=2), st.tuples(cell, cell, cell), max_size=6)


def applied(plan: TabPlan, there: PresentTab) -> PresentTab:
    """Carry a plan out on values, as a sink would."""
    columns = {name: list(column) for name, column in there.columns.items()}
    at = {row: index for index, row in enumerate(there.rows)}
    for name, (rows, cells) in plan.updates.items():
        for row, value in zip(rows, cells, strict=True):
            columns[name][at[row]] = value
    rows = list(there.rows)
    for index in range(plan.inserted_rows):
        rows.append(1000 + index)
        for name in columns:
            columns[name].append(plan.inserts[name][index])
    return PresentTab(columns=columns, rows=rows, shape_hash=shape_hash(SHAPE))


@given(table, table)
def test_after_a_plan_is_applied_the_next_one_is_empty(first: dict[str, Any], second: dict[str, Any]) -> None:
    target = wanted(**second)
    there = present(first)
    done = applied(plan_tab(target, there, based(first)), there)
    assert (
        plan_tab(target, done, based(second) | {k: v for k, v in based(first).items() if k not in second}).data_cells
        == 0
    )

"""The contract of a sink, as tests: what was written is there, what has not changed is not written.

A connector author gives the suite a *world*, an empty place to publish to:

    class TestAcme(SinkContract):
        def world(self, tmp_path): return AcmeWorld(tmp_path)

The tabs are the suite's own: every kind of cell, and texts that a careless sink would take for something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from qa_sync.dashboards.cells import GONE_SINCE, Cell, Chart, Columns, Field, Present, Receipt, Tab, TabShape
from qa_sync.dashboards.look import shape_hash
from qa_sync.dashboards.plan import Base, plan_tab, same
from qa_sync.errors import AuthError
from qa_sync.ports import Sink

#: Texts that look like something else and must stay what they are.
TRICKY_TEXTS = (
    "=1+1",
    '=HYPERLINK("http://127.0.0.1/","x")',
    "+1",
    "-2",
    "@SUM(1)",
    "'quoted",
    "0123",
    "1e5",
    "TRUE",
    "50%",
    "2026-01-05",
    "#N/A",
    "{=1}",
    " leading and trailing ",
    "two\nlines",
    "tab\there",
    "Übergröße 日本語 🙂",
    "<b>&amp;</b>",
    "_x0041_",
    "http://127.0.0.1/path",
    "mailto:x@example.invalid",
)

SHAPE = TabShape(
    dashboard="contract",
    name="pairs",
    title="Pairs & more",
    key="pair_id",
    fields=(
        Field(name="pair_id", label="Pair", doc="Identity of the pair."),
        Field(name="note", label="Note", width=260),
        Field(name="outcome", label="Outcome", tone="outcome"),
        Field(name="n", label="n", kind="integer", tone="bar"),
        Field(name="delta", label="Delta", kind="number", decimals=4, tone="leniency", doc="Auditee minus auditor."),
        Field(name="agreement", label="Agreement", kind="percent", decimals=1, tone="share"),
        Field(name="day", label="Day", kind="date"),
        Field(name="at", label="At", kind="time"),
        Field(name="is_blind", label="Blind", kind="boolean"),
    ),
    charts=(
        Chart(
            name="trend", title="Agreement", kind="line", data="pairs", x="pair_id", series=("agreement",), percent=True
        ),
    ),
    notes=("A note for people.",),
)
SECOND = TabShape(
    dashboard="contract",
    name="definitions",
    title="Definitions",
    key="metric",
    fields=(Field(name="metric", label="Metric"), Field(name="formula", label="Formula")),
)


class SinkWorld(Protocol):
    """An empty place to publish to, to be inherited from.

    The last three stand for a person at the other side; a world that has none leaves them as they are.
    """

    secret: str = ""

    def connect(self) -> Sink:
        """Return a fresh, working sink on the same place."""
        ...

    def connect_with_bad_credentials(self) -> Sink | None:
        """Return a sink that will be refused (or raise AuthError at once); None: it has no credentials."""
        return None

    def type_in(self, shape: TabShape, key: str, label: str, cell: Cell) -> bool:  # noqa: ARG002
        """Be a person who types into the row of ``key``, in the column headed ``label`` (new: to the right)."""
        return False

    def cell_at(self, shape: TabShape, key: str, label: str) -> Cell:  # noqa: ARG002
        """Return what a person sees there, read by other means than the sink's."""
        return None

    def close(self) -> None:
        """End what the world started."""
        return


def wanted_tab(keys: Sequence[str] = ("p1", "p2", "p3")) -> Tab:
    """Return a tab of the suite with one row a key: every kind of cell, some of them empty."""
    count = len(keys)
    columns: dict[str, Sequence[Cell]] = {
        "pair_id": list(keys),
        "note": [None if at % 3 == 1 else f"note {key}" for at, key in enumerate(keys)],
        "outcome": [("EXACT", "CRITICAL_MISS", "LENIENT")[at % 3] for at in range(count)],
        "n": [float(at * 1000) for at in range(count)],
        "delta": [None if at % 3 == 2 else -12.5 + at / 3 for at in range(count)],
        "agreement": [0.6816 - at / 1000 for at in range(count)],
        "day": [46000.0 + at for at in range(count)],
        "at": [46000.0 + round((at * 3661 % 86400) / 86400, 9) for at in range(count)],
        "is_blind": [(True, False, None)[at % 3] for at in range(count)],
    }
    return Tab(shape=SHAPE, columns=columns)


def _second_tab() -> Tab:
    return Tab(shape=SECOND, columns={"metric": list(TRICKY_TEXTS), "formula": list(reversed(TRICKY_TEXTS))})


def base_of(tab: Tab) -> Base:
    """Return what was published, as the planner takes it."""
    names = tab.shape.field_names
    return {
        str(key): {name: tab.columns[name][at] for name in names} for at, key in enumerate(tab.columns[tab.shape.key])
    }


def publish(world: SinkWorld, *tabs: Tab, base: dict[str, Base] | None = None) -> Receipt:
    """Read, plan and apply, as a run does; claim that the receipt counts what was planned."""
    sink = world.connect()
    try:
        present = sink.present([tab.shape for tab in tabs])
        plans = [plan_tab(tab, present.tabs.get(tab.shape.name), (base or {}).get(tab.shape.name)) for tab in tabs]
        receipt = sink.apply(plans, present)
    finally:
        sink.close()
    planned = sum(plan.data_cells for plan in plans)
    _claim(receipt.data_cells == planned, f"the receipt says {receipt.data_cells} data cells, the plan {planned}")
    return receipt


def _present(world: SinkWorld, *tabs: Tab) -> Present:
    sink = world.connect()
    try:
        return sink.present([tab.shape for tab in tabs])
    finally:
        sink.close()


def _claim(holds: bool, message: str) -> None:
    if not holds:
        pytest.fail(message, pytrace=False)


def _rows(columns: Columns, key: str) -> dict[Cell, dict[str, Cell]]:
    return {
        identity: {name: column[at] for name, column in columns.items()} for at, identity in enumerate(columns[key])
    }


def _same_row(left: dict[str, Cell], right: dict[str, Cell]) -> bool:
    return all(same(left.get(name), right.get(name)) for name in {**left, **right})


def _claim_present(world: SinkWorld, *tabs: Tab) -> None:
    present = _present(world, *tabs)
    for tab in tabs:
        name = tab.shape.name
        _claim(name in present.tabs, f"tab {name!r} was applied and is not present")
        there = present.tabs[name]
        _claim(set(there.columns) == set(tab.shape.field_names), f"tab {name!r} has columns {sorted(there.columns)}")
        _claim(not there.formulas, f"tab {name!r}: texts became formulas at {sorted(there.formulas)[:3]}")
        _claim(there.shape_hash == shape_hash(tab.shape), f"tab {name!r} does not know the look last applied")
        wanted, found = _rows(tab.columns, tab.shape.key), _rows(there.columns, tab.shape.key)
        _claim(set(wanted) == set(found), f"tab {name!r} holds rows {list(found)[:5]}..., not {list(wanted)[:5]}...")
        for key, row in wanted.items():
            for field, cell in row.items():
                theirs = found[key][field]
                _claim(
                    same(cell, theirs) and type(cell) is type(theirs),
                    f"tab {name!r}, row {key!r}, {field}: wrote {cell!r:.60}, reads back {theirs!r:.60}",
                )


class SinkContract:
    """What every sink keeps to. Inherit, name the class ``Test...`` and give it a ``world``."""

    def world(self, tmp_path: Path) -> SinkWorld:
        """Return a fresh, empty world for one test."""
        raise NotImplementedError

    @pytest.fixture(name="place")
    def _place(self, tmp_path: Path) -> Iterator[SinkWorld]:
        world = self.world(tmp_path)
        yield world
        world.close()

    def test_an_empty_place_has_no_tabs_and_nothing_wrong(self, place: SinkWorld) -> None:
        """The first run finds nothing, which is no error."""
        _claim(not _present(place, wanted_tab()).tabs, "tabs are present that nobody made")
        sink = place.connect()
        problems = sink.check()
        sink.close()
        _claim(not problems, f"check() complains about a working sink: {[str(p) for p in problems]}")

    def test_what_was_applied_is_present(self, place: SinkWorld) -> None:
        """Every kind of cell, empty ones too, on every tab."""
        publish(place, wanted_tab(), _second_tab())
        _claim_present(place, wanted_tab(), _second_tab())

    def test_formula_looking_text_stays_text(self, place: SinkWorld) -> None:
        """No text becomes a formula, a number, a date or a link."""
        publish(place, _second_tab())
        _claim_present(place, _second_tab())

    def test_long_text_is_no_change_every_time(self, place: SinkWorld) -> None:
        """Where the medium holds less than the longest cell, the same text is still not written again."""
        tab = Tab(shape=SECOND, columns={"metric": ["m1", "m2"], "formula": ["long " * 10_000, "\x01control\r\n\x0b"]})
        publish(place, tab)
        receipt = publish(place, tab)
        _claim(receipt.data_cells == 0, f"an unchanged long text was written again ({receipt.data_cells} cells)")

    @pytest.mark.parametrize("count", [3, 0])
    def test_nothing_changed_writes_nothing(self, place: SinkWorld, count: int) -> None:
        """The plan from the same wanted is empty, and applying it writes no cell."""
        tabs = (wanted_tab(("p1", "p2", "p3")[:count]), _second_tab())
        publish(place, *tabs)
        present = _present(place, *tabs)
        for tab in tabs:
            plan = plan_tab(tab, present.tabs.get(tab.shape.name), base_of(tab))
            _claim(
                plan.is_empty,
                f"tab {tab.shape.name!r}: nothing changed, yet the plan is not empty: "
                f"create={plan.create} add_fields={plan.add_fields} reshape={plan.reshape} "
                f"updates={ {name: len(rows) for name, (rows, _) in plan.updates.items()} } "
                f"inserts={plan.inserted_rows}",
            )
        receipt = publish(place, *tabs)
        _claim(receipt.data_cells == 0, f"{receipt.data_cells} data cells were written though nothing changed")
        _claim_present(place, *tabs)

    def test_one_changed_cell_is_one_written_cell(self, place: SinkWorld) -> None:
        """And the others stay what they were."""
        before = wanted_tab()
        publish(place, before, _second_tab())
        after = Tab(shape=SHAPE, columns={**before.columns, "agreement": [0.5, *before.columns["agreement"][1:]]})
        receipt = publish(place, after, _second_tab(), base={"pairs": base_of(before)})
        _claim(receipt.data_cells == 1, f"one cell changed, {receipt.data_cells} were written")
        _claim_present(place, after, _second_tab())

    def test_new_rows_join_the_old_ones(self, place: SinkWorld) -> None:
        """Wherever the new keys sort to."""
        publish(place, wanted_tab(("p1", "p3")))
        after = wanted_tab(("p0", "p1", "p2", "p3", "p4"))
        publish(place, after)
        _claim_present(place, after)

    def test_a_vanished_record_shows_no_values(self, place: SinkWorld) -> None:
        """Its row is emptied or gone, the others stand, and it is not written again."""
        before, after = wanted_tab(("p1", "p2", "p3")), wanted_tab(("p1", "p2"))
        publish(place, before)
        publish(place, after, base={"pairs": base_of(before)})
        columns = _present(place, after).tabs["pairs"].columns
        rows = _rows(columns, "pair_id")
        kept = {name: cell for name, cell in rows.get("p3", {}).items() if name != "pair_id" and cell is not None}
        _claim(not kept, f"a vanished record still shows {kept}")
        _claim({"p1", "p2"} <= set(rows), "a record vanished with the one that did")
        receipt = publish(place, after, base={"pairs": base_of(after)})
        _claim(receipt.data_cells == 0, "an emptied row is emptied again and again")

    def test_a_vanished_record_that_is_marked_keeps_its_values_and_what_people_wrote(self, place: SinkWorld) -> None:
        """It says since when it is gone, its neighbours do not, and when it is back it says so no more."""
        gone_since = Field(name=GONE_SINCE, label="Gone since", kind="date")
        shape = replace(SHAPE, fields=(*SHAPE.fields, gone_since), vanished="mark")

        def tab(*keys: str) -> Tab:
            return Tab(shape=shape, columns={**wanted_tab(keys).columns, GONE_SINCE: [None] * len(keys)}, day=46000.0)

        before, after = tab("p1", "p2", "p3"), tab("p1", "p2")
        publish(place, before)
        noted = place.type_in(shape, "p3", "Remark", "mine")  # False: no person can write into this world
        publish(place, after, base={"pairs": base_of(before)})
        rows = _rows(_present(place, after).tabs["pairs"].columns, "pair_id")
        was = _rows(before.columns, "pair_id")
        _claim(_same_row(rows["p3"], {**was["p3"], GONE_SINCE: 46000.0}), "a marked row does not show what it showed")
        _claim(_same_row(rows["p1"], was["p1"]), "a neighbour was marked too")
        _claim(not noted or place.cell_at(shape, "p3", "Remark") == "mine", "what people wrote beside it is gone")
        receipt = publish(place, after, base={"pairs": base_of(after)})
        _claim(receipt.data_cells == 0, "a marked row is marked again and again")
        publish(place, before, base={"pairs": base_of(after)})
        _claim_present(place, before)

    def test_a_new_field_leaves_the_others_alone(self, place: SinkWorld) -> None:
        """A column that a definition gains is filled; the rest reads as before."""
        before = wanted_tab()
        publish(place, before)
        shape = replace(SHAPE, fields=(*SHAPE.fields, Field(name="extra", label="Extra", kind="number")))
        after = Tab(shape=shape, columns={**before.columns, "extra": [1.5, None, -3.0]})
        publish(place, after)
        _claim_present(place, after)
        _claim(publish(place, after).data_cells == 0, "the new field is written again and again")

    def test_analysts_own_columns_are_kept(self, place: SinkWorld) -> None:
        """What a person wrote beside our columns stays with its row through changes and new rows."""
        publish(place, wanted_tab(("p1", "p2")))
        if not place.type_in(SHAPE, "p2", "My remark", "=not a formula, a remark"):
            pytest.skip("no person can write into this world")
        publish(place, wanted_tab(("p0", "p1", "p2", "p3")))
        seen = place.cell_at(SHAPE, "p2", "My remark")
        _claim(seen == "=not a formula, a remark", f"an analyst's remark became {seen!r}")
        _claim(place.cell_at(SHAPE, "p0", "My remark") is None, "an analyst's remark moved to another row")

    def test_a_managed_cell_that_a_person_changed_is_ours_again(self, place: SinkWorld) -> None:
        """Policy "enforce": the next run sees their value and writes ours."""
        tab = wanted_tab()
        publish(place, tab)
        if not place.type_in(SHAPE, "p1", "Outcome", "MINE"):
            pytest.skip("no person can write into this world")
        theirs = _rows(_present(place, tab).tabs["pairs"].columns, "pair_id")["p1"]["outcome"]
        _claim(theirs == "MINE", f"a person wrote MINE, present() reads {theirs!r}")
        receipt = publish(place, tab, base={"pairs": base_of(tab)})
        _claim(receipt.data_cells == 1, f"one cell was changed by a person, {receipt.data_cells} were written")
        _claim_present(place, tab)

    def test_a_managed_cell_may_be_kept_as_a_person_wrote_it(self, place: SinkWorld) -> None:
        """Policy "keep": theirs stays, also when other cells are written."""
        fields = tuple(replace(f, policy="keep") if f.name == "outcome" else f for f in SHAPE.fields)
        shape = replace(SHAPE, fields=fields)
        before = Tab(shape=shape, columns=wanted_tab().columns)
        publish(place, before)
        if not place.type_in(shape, "p1", "Outcome", "MINE"):
            pytest.skip("no person can write into this world")
        after = Tab(shape=shape, columns={**before.columns, "agreement": [0.1, 0.2, 0.3]})
        publish(place, after, base={"pairs": base_of(before)})
        row = _rows(_present(place, after).tabs["pairs"].columns, "pair_id")["p1"]
        _claim(row["outcome"] == "MINE", f"a person's value was not kept: {row['outcome']!r}")
        _claim(row["agreement"] == 0.1, "the cell beside it was not written")

    def test_bad_credentials_are_said_to_be_bad(self, place: SinkWorld) -> None:
        """AuthError, without the secret in its message."""
        try:
            sink = place.connect_with_bad_credentials()
            if sink is None:
                pytest.skip("the sink has no credentials")
            try:
                sink.present([SHAPE])
            finally:
                sink.close()
        except AuthError as error:
            _claim(not place.secret or place.secret not in str(error), "the AuthError shows the secret")
            return
        pytest.fail("bad credentials went unnoticed: no AuthError", pytrace=False)

"""Gather single cells into rectangles, so that few requests carry many cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qa_sync.dashboards.cells import Cell


@dataclass(frozen=True, slots=True)
class Block:
    """A full rectangle of cells, row by row."""

    top: int
    left: int
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.rows) * len(self.rows[0])


def blocks(cells: Iterable[tuple[int, int, Cell]]) -> list[Block]:
    """Return rectangles that cover (row, column, cell) exactly: no cell more, none twice.

    Neighbours in a row come together first, then equal runs of rows below each other.

    >>> blocks([(4, 1, "a"), (4, 2, "b"), (5, 1, "c"), (5, 2, "d"), (7, 9, "e")])
    [Block(top=4, left=1, rows=(('a', 'b'), ('c', 'd'))), Block(top=7, left=9, rows=(('e',),))]
    """
    by_row: dict[int, dict[int, Cell]] = {}
    for row, column, cell in cells:
        by_row.setdefault(row, {})[column] = cell
    done: list[Block] = []
    growing: dict[tuple[int, int], list[tuple[Cell, ...]]] = {}
    tops: dict[tuple[int, int], int] = {}
    before = -2
    for row in sorted(by_row):
        spans = _spans(by_row[row])
        if row != before + 1:
            done += [Block(tops[span], span[0], tuple(lines)) for span, lines in growing.items()]
            growing, tops = {}, {}
        ended = [span for span in growing if span not in spans]
        for span in ended:
            done.append(Block(tops.pop(span), span[0], tuple(growing.pop(span))))
        for span, line in spans.items():
            growing.setdefault(span, []).append(line)
            tops.setdefault(span, row)
        before = row
    done += [Block(tops[span], span[0], tuple(lines)) for span, lines in growing.items()]
    return sorted(done, key=lambda block: (block.top, block.left))


def _spans(row: dict[int, Cell]) -> dict[tuple[int, int], tuple[Cell, ...]]:
    """Return the runs of neighbours in one row: (first, behind the last) → cells."""
    found: dict[tuple[int, int], tuple[Cell, ...]] = {}
    columns = sorted(row)
    start = 0
    for at in range(1, len(columns) + 1):
        if at == len(columns) or columns[at] != columns[at - 1] + 1:
            run = columns[start:at]
            found[run[0], run[-1] + 1] = tuple(row[column] for column in run)
            start = at
    return found

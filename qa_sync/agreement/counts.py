"""Sufficient counts from integer codes: one bincount instead of a loop over evaluators or items.

Codes are positions on the form's scale, 0..q-1; -1 is a missing answer. Everything that follows (coefficients,
intervals) needs these counts only, so a million pairs cost one pass.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qa_sync.agreement.estimate import Floats, Ints

MISSING = -1
# Chunks that stay in the processor's cache: the flat index then costs little beside the bincount itself.
_CHUNK = 1 << 16


def confusion(
    auditee_levels: ArrayLike,
    auditor_levels: ArrayLike,
    groups: ArrayLike | None = None,
    n_levels: int = 0,
    n_groups: int = 1,
) -> Ints:
    """Count pairs of answers: ``out[g, a, b]`` pairs of group g where the auditee said a and the auditor b.

    Args:
        auditee_levels: codes (n,), 0..n_levels-1, or -1 for missing.
        auditor_levels: codes (n,), likewise.
        groups: group codes (n,), 0..n_groups-1 (an evaluator, a queue, a week), or None for one group.
        n_levels: number of levels q of the form's scale, used or not.
        n_groups: number of groups G.

    Returns:
        int64 (G, q, q). Pairs with a missing side or a group of -1 are in no cell.

    Raises:
        ValueError: lengths differ, or codes lie outside the scale or the groups (how many, and where).
    """
    auditee, auditor = _codes(auditee_levels, "auditee"), _codes(auditor_levels, "auditor")
    group = None if groups is None else _codes(groups, "groups")
    if len(auditee) != len(auditor) or (group is not None and len(group) != len(auditee)):
        lengths = f"{len(auditee)} auditee, {len(auditor)} auditor" + ("" if group is None else f", {len(group)} group")
        msg = f"confusion: {lengths} codes; give one of each per pair"
        raise ValueError(msg)
    cells = n_groups * n_levels * n_levels
    total = _flat_counts(auditee, auditor, group, n_levels, n_groups)
    if total is None:  # something lies outside: find out what, and leave out what is missing
        keep = _present(auditee, n_levels, "auditee") & _present(auditor, n_levels, "auditor")
        if group is not None:
            keep &= _present(group, n_groups, "groups")
            group = group[keep]
        total = _flat_counts(auditee[keep], auditor[keep], group, n_levels, n_groups)
        if total is None:  # pragma: no cover - _present has raised or removed every such code
            msg = "confusion: codes outside the scale were not found again; please report this"
            raise AssertionError(msg)
    return total[:cells].reshape(n_groups, n_levels, n_levels)


def _flat_counts(
    auditee: NDArray[np.integer],
    auditor: NDArray[np.integer],
    group: NDArray[np.integer] | None,
    n_levels: int,
    n_groups: int,
) -> Ints | None:
    """Count (group, auditee, auditor) cells, or return None as soon as a code lies outside its range."""
    cells = n_groups * n_levels * n_levels
    total = np.zeros(cells, dtype=np.int64)
    step = max(_CHUNK, 4 * cells)  # with very many cells the result is the larger array: fewer, longer chunks
    flat = np.empty(min(step, len(auditee)), dtype=np.intp)
    for start in range(0, len(auditee), step):
        part = slice(start, min(start + step, len(auditee)))
        index = flat[: part.stop - start]
        if _outside(auditee[part], n_levels) or _outside(auditor[part], n_levels):
            return None
        if group is None:
            np.multiply(auditee[part], n_levels, out=index, dtype=np.intp, casting="unsafe")
        else:
            if _outside(group[part], n_groups):
                return None
            np.multiply(group[part], n_levels, out=index, dtype=np.intp, casting="unsafe")
            index += auditee[part]
            index *= n_levels
        index += auditor[part]
        total += np.bincount(index, minlength=cells)
    return total


def _outside(codes: NDArray[np.integer], size: int) -> bool:
    """Whether any code is below 0 or not below ``size``: one pass, because a negative one is huge when unsigned."""
    return bool(codes.view(f"u{codes.dtype.itemsize}").max() >= size)


def rater_counts(codes: ArrayLike, n_levels: int) -> Ints:
    """Count, per item, the raters that chose each level: codes (n, r) with -1 for missing -> int64 (n, q)."""
    matrix = np.asarray(codes)
    if matrix.ndim != 2:
        msg = f"rater_counts: codes have {matrix.ndim} dimensions; give (items, raters)"
        raise ValueError(msg)
    items, raters = matrix.shape
    item = np.repeat(np.arange(items, dtype=np.intp), raters)
    return rater_counts_long(item, matrix.ravel(), n_levels, items)


def rater_counts_long(item: ArrayLike, codes: ArrayLike, n_levels: int, n_items: int) -> Ints:
    """As :func:`rater_counts`, from one row per rating: item codes (m,) and level codes (m,) -> int64 (n, q).

    This is the form for many raters of whom each saw few items.
    """
    items, levels = _codes(item, "item"), _codes(codes, "codes")
    keep = _present(items, n_items, "item") & _present(levels, n_levels, "codes")
    if not keep.all():
        items, levels = items[keep], levels[keep]
    flat = items.astype(np.intp) * n_levels + levels
    return np.bincount(flat, minlength=n_items * n_levels).reshape(n_items, n_levels)


def marginals(codes: ArrayLike, n_levels: int) -> Ints:
    """Count, per rater, the items put at each level: codes (n, r) with -1 for missing -> int64 (r, q)."""
    matrix = np.asarray(codes)
    return rater_counts(matrix.T, n_levels)


def coincidences(codes: ArrayLike, n_levels: int) -> Floats:
    """Return Krippendorff's coincidence matrix (q, q) of codes (n, r); -1 is missing, units with one value drop out.

    o[c, k] = sum over units of (ordered pairs of raters that said c and k) / (values of the unit - 1). Made from
    bincounts of pairs of columns, so the number of units costs one pass a pair and no (units x levels) table.
    """
    return coincidences_and_units(codes, n_levels)[0]


def coincidences_and_units(codes: ArrayLike, n_levels: int) -> tuple[Floats, int]:
    """As :func:`coincidences`, with the number of pairable units (those with two or more values)."""
    matrix = np.asarray(codes)
    if matrix.ndim != 2 or (matrix.size and matrix.dtype.kind not in "iu"):
        msg = f"coincidences: {matrix.ndim}-dimensional {matrix.dtype}; give integer codes (units, raters)"
        raise ValueError(msg)
    units, raters = matrix.shape
    if raters < 2:
        return np.zeros((n_levels, n_levels)), 0
    whole = _pair_counts(matrix, n_levels)
    if whole is not None:
        return np.asarray(whole / (raters - 1.0)), units
    present = _present(_codes(matrix.ravel(), "codes"), n_levels, "codes").reshape(matrix.shape)
    values = present.sum(axis=1)
    pairable = int((values >= 2).sum())
    if raters > 8:  # pairs of columns grow with the square; the table of counts does not
        return coincidences_from_counts(rater_counts(matrix, n_levels)), pairable
    total = np.zeros((n_levels, n_levels))
    for size in np.unique(values[values >= 2]):  # units with equally many values share one weight: integer counts
        block = matrix[values == size]
        for i in range(raters):
            for j in range(i + 1, raters):
                half = confusion(block[:, i], block[:, j], None, n_levels)[0]
                total += (half + half.T) / (size - 1.0)
    return total, pairable


def _pair_counts(codes: NDArray[np.integer], n_levels: int) -> Floats | None:
    """Count ordered pairs of different columns (q, q), or return None when a code is missing or off the scale."""
    half = np.zeros(n_levels * n_levels)
    columns = [_codes(column, "codes") for column in codes.T]
    for i, first in enumerate(columns):
        for second in columns[i + 1 :]:
            counts = _flat_counts(first, second, None, n_levels, 1)
            if counts is None:
                return None
            half += counts
    square = half.reshape(n_levels, n_levels)
    return square + square.T


def coincidences_from_counts(counts: ArrayLike) -> Floats:
    """Return the coincidence matrix (q, q) from counts of raters per unit and level, (n, q)."""
    table = np.asarray(counts, dtype=np.float64)
    values = table.sum(axis=1)
    table, values = table[values >= 2], values[values >= 2]
    weighted = table / (values - 1.0)[:, None]
    return np.asarray(table.T @ weighted - np.diag(weighted.sum(axis=0)))


def _codes(codes: ArrayLike, what: str) -> NDArray[np.integer]:
    array = np.asarray(codes)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        msg = f"{what}: {array.ndim}-dimensional {array.dtype}; give a one-dimensional array of integer codes"
        raise ValueError(msg)
    return array if array.dtype.kind == "i" else array.astype(np.intp)  # also an empty list, which numpy calls float


def _present(codes: NDArray[np.integer], size: int, what: str) -> NDArray[np.bool_]:
    """Return which codes are not missing; raise when any lies outside -1..size-1."""
    wrong = np.flatnonzero((codes < MISSING) | (codes >= size))
    if len(wrong):
        msg = f"{what}: {len(wrong)} codes outside 0..{size - 1}, at positions {shown(wrong)}; codes come from the form"
        raise ValueError(msg)
    return np.asarray(codes >= 0)


def shown(positions: NDArray[np.integer], most: int = 5) -> str:
    """Write the first few positions, and how many more there are."""
    head = ", ".join(str(int(position)) for position in positions[:most])
    return head + (f" and {len(positions) - most} more" if len(positions) > most else "")

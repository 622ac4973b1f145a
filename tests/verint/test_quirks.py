"""Whatever a file looks like, the same truth comes out of it."""

from __future__ import annotations

import functools
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verint.reading import profile_of, read, rejects, state

from qa_sync_verint.sandbox.quirks import Quirks, expected, settings_for, write_export
from qa_sync_verint.sandbox.truth import TrueEvaluation, is_cp1252, make_truth

CHOICES = {
    "grain": ["answer", "evaluation"],
    "encoding": ["utf-8", "utf-8-sig", "cp1252", "utf-16"],
    "delimiter": [",", "|", "\t", ";"],
    "newline": ["\r\n", "\n"],
    "container": ["plain", "zip", "xlsx", "zipped xlsx"],
    "quoting": ["all", "needed"],
    "escape": ["double", "backslash"],
    "header": ["title", "upper", "underscored", "none"],
    "preamble": [0, 3, 40],
    "totals": [False, True],
    "blank_lines": [False, True],
    "scatter": [False, True],
    "shuffle": [False, True],
    "extra": [False, True],
    "date_format": ["%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d.%m.%y %H:%M:%S"],
    "zone": ["America/New_York", "Europe/Dublin", "UTC"],
}


def possible(quirks: Quirks) -> bool:
    """Columns by position need the file to begin with a row."""
    return not (quirks.header == "none" and quirks.preamble)


def holds(quirks: Quirks, folder: Path, truth: Sequence[TrueEvaluation], *, seed: int = 0) -> None:
    """Write an export, read it, and compare everything with the truth."""
    if quirks.encoding == "cp1252":
        truth = [e for e in truth if is_cp1252(e.evaluator)]
    write_export(truth, quirks, folder, "detail_20250301", seed=seed)
    text = quirks.container in ("plain", "zip")
    profile = profile_of(settings_for(quirks, keep=["comment"] if text else [], seed=seed))
    told: list[str] = []
    pages = read(folder, profile, notify=told.append)
    assert rejects(pages) == []
    assert state(pages) == expected(truth, comments=text, grain=quirks.grain)
    rows = len(truth) if quirks.grain == "evaluation" else sum(len(e.answers) for e in truth)
    assert told == [f"{told[0].split(':')[0]}: {rows:,} rows staged, {rows:,} loaded, 0 rejected"]


def pairwise() -> list[Quirks]:
    """A set of mixes in which every two choices of two different quirks meet at least once."""
    names = list(CHOICES)
    open_pairs = {
        (a, x, b, y)
        for a, b in itertools.combinations(names, 2)
        for x in range(len(CHOICES[a]))
        for y in range(len(CHOICES[b]))
        if not (a == "header" and b == "preamble" and CHOICES[a][x] == "none" and CHOICES[b][y])
    }
    mixes: list[Quirks] = []
    while open_pairs:
        a, x, b, y = min(open_pairs)
        chosen = {a: x, b: y}
        for name in names:
            if name not in chosen:
                chosen[name] = max(
                    range(len(CHOICES[name])),
                    key=lambda value, name=name: sum(
                        1
                        for other, picked in chosen.items()
                        if (
                            (name, value, other, picked)
                            if names.index(name) < names.index(other)
                            else (other, picked, name, value)
                        )
                        in open_pairs
                    ),
                )
        if CHOICES["header"][chosen["header"]] == "none" and chosen["preamble"]:
            chosen["header" if {a, b} & {"preamble"} else "preamble"] = 0
        mixes.append(Quirks(**{name: CHOICES[name][value] for name, value in chosen.items()}))
        open_pairs -= {(p, chosen[p], q, chosen[q]) for p, q in itertools.combinations(names, 2)}
        open_pairs.discard((a, x, b, y))
    return mixes


PAIRWISE = pairwise()
#: One truth for all mixes: every one exports its own share of it, and all shares together are the whole.
SHARE = 50_000 // len(PAIRWISE) + 1


@functools.cache
def whole_truth() -> list[TrueEvaluation]:
    return make_truth(0, 50_000)


@pytest.mark.parametrize("number", range(len(PAIRWISE)))
def test_every_two_quirks_together_give_the_same_tables(number: int, tmp_path: Path) -> None:
    holds(PAIRWISE[number], tmp_path, make_truth(number, 25, first=1 + number * 25))


@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CHOICES.items()}), st.integers(0, 10**6)
)
def test_any_mix_of_quirks_gives_the_same_tables(chosen: dict[str, object], seed: int) -> None:
    quirks = Quirks(**{**chosen, **({"preamble": 0} if chosen["header"] == "none" else {})})  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        holds(quirks, Path(folder), make_truth(seed, 8), seed=seed)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(len(PAIRWISE)))
def test_fifty_thousand_evaluations_in_shares_of_every_two_quirks_give_the_same_tables(
    number: int, tmp_path: Path
) -> None:
    holds(PAIRWISE[number], tmp_path, whole_truth()[number * SHARE : (number + 1) * SHARE])


#: The full product: all layouts and encodings, and of every other quirk the plain choice and an unusual one.
PRODUCT = {name: values[:2] for name, values in CHOICES.items()} | {
    "encoding": CHOICES["encoding"],
    "header": ["title", "underscored", "none"],
}
#: What a workbook cannot have: it has neither bytes nor lines of its own.
OF_TEXT = ("encoding", "delimiter", "newline", "quoting", "escape", "blank_lines")


def product(**choices: Sequence[object]) -> Iterator[Quirks]:
    """All mixes of some choices that can be."""
    for values in itertools.product(*choices.values()):
        quirks = Quirks(**dict(zip(choices, values, strict=True)))  # type: ignore[arg-type]
        if possible(quirks):
            yield quirks


def all_hold(mixes: Sequence[Quirks], folder: Path, share: int) -> None:
    """Check mixes, each with an evaluation of its own; the shares together are one truth."""
    truth = make_truth(share, len(mixes), plain=True, first=1 + share * len(mixes))
    for quirks, one in zip(mixes, truth, strict=True):
        holds(quirks, folder, [one])
        for path in folder.iterdir():
            path.unlink()


@pytest.mark.soak
@pytest.mark.parametrize("encoding", CHOICES["encoding"])
@pytest.mark.parametrize("grain", CHOICES["grain"])
def test_all_quirks_of_text_in_full_product_give_the_same_tables(grain: str, encoding: str, tmp_path: Path) -> None:
    """Every combination of both grains, all encodings, three kinds of header, and two choices of each other quirk.

    163,840 mixes in all, plain and zipped, each with an evaluation of its own. More choices of one quirk (four
    delimiters, three date formats) meet all choices of every other in the pairwise set, not in this product.
    """
    place = CHOICES["encoding"].index(encoding) + 4 * CHOICES["grain"].index(grain)
    mixes = list(product(**{**PRODUCT, "grain": [grain], "encoding": [encoding]}))
    assert len(mixes) == 163_840 // 8
    all_hold(mixes, tmp_path, place)


@pytest.mark.soak
def test_all_quirks_of_workbooks_in_full_product_give_the_same_tables(tmp_path: Path) -> None:
    """Every combination of all choices of each quirk that a workbook can have: 5,760 mixes."""
    of_workbooks = {name: values for name, values in CHOICES.items() if name not in OF_TEXT}
    mixes = list(product(**{**of_workbooks, "container": ["xlsx", "zipped xlsx"]}))
    assert len(mixes) == 5_760
    all_hold(mixes, tmp_path, 0)


@pytest.mark.soak
@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(),
        Quirks(encoding="cp1252", delimiter="|", scatter=True, container="zip"),
        Quirks(grain="evaluation", encoding="utf-16", delimiter="\t", preamble=40, quoting="all"),
        Quirks(container="xlsx", extra=True, shuffle=True),
    ],
    ids=str,
)
def test_fifty_thousand_evaluations_come_out_as_they_went_in(quirks: Quirks, tmp_path: Path) -> None:
    holds(quirks, tmp_path, whole_truth())


@pytest.mark.parametrize("container", ["xlsx", "zipped xlsx"])
def test_a_first_column_that_is_empty_keeps_its_place_where_columns_go_by_position(
    container: str, tmp_path: Path
) -> None:
    quirks = Quirks(grain="evaluation", container=container, header="none", scatter=True, shuffle=True, extra=True)
    for number, one in enumerate(make_truth(1, 12, plain=True)):
        holds(quirks, tmp_path / str(number), [one])

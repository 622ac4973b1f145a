"""JSON text of many rows at a time, as msgspec writes it row by row.

What may be missing is written with a comma before it, or as "": parts are put behind each other and the first comma is
cut off. (Arrow's own way to leave nulls out of a join loses rows in which everything is null.)
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qa_sync_verint.files.blocks import Places

#: Printable ASCII that needs no escape, and is not only space.
_PLAIN = r"^ *[!#-\[\]-~][ !#-\[\]-~]*$"
_encode = msgspec.json.Encoder().encode


def member(key: str, value: str) -> str:
    """Return one member of an object.

    >>> member("name", "Tone")
    '"name":"Tone"'
    """
    return f"{_encode(key).decode()}:{_encode(value).decode()}"


def members(key: str, column: pa.DictionaryArray, places: Places) -> pa.Array:
    """Return ``,"key":"text"`` for some rows of a column; "" where the text is empty or only space.

    >>> members("answer", pa.array(["Yes", "", "No"]).dictionary_encode(), np.arange(3)).to_pylist()
    [',"answer":"Yes"', '', ',"answer":"No"']
    """
    words = column.dictionary
    written = text(f',{_encode(key).decode()}:"', words, '"')
    is_plain = pc.match_substring_regex(words, _PLAIN)
    if not pc.all(is_plain).as_py():
        others = [
            "" if plain or not word or word.isspace() else "," + member(key, word)
            for plain, word in zip(is_plain.to_pylist(), words.to_pylist(), strict=True)
        ]
        written = pc.if_else(is_plain, written, pa.array(others, pa.string()))
    return written.take(pa.array(column.indices.to_numpy()[places]))


def joined(parts: Sequence[pa.Array], height: int) -> pa.Array:
    """Return the parts of each row with commas between them only.

    >>> joined([pa.array(["", ',"a":1']), pa.array([',"b":2', ',"b":3'])], 2).to_pylist()
    ['"b":2', '"a":1,"b":3']
    """
    if not parts:
        return pa.array(np.full(height, ""), pa.string())
    return pc.ascii_ltrim(text(*parts), characters=",")


def text(*parts: str | pa.Array) -> pa.Array:
    """Return parts one behind the other, each a column or the same text in every row; null where one is."""
    return pc.binary_join_element_wise(*parts, "")

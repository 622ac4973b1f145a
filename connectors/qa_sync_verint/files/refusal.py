"""Why a file, a row or a cell is not read, and how much we are willing to unpack."""

from __future__ import annotations

#: Most bytes that one file, or one member of an archive, may unpack to.
MAX_BYTES = 4_000_000_000
#: Most bytes that a workbook may unpack to: its cells are held in memory while it is read.
MAX_WORKBOOK = 300_000_000
#: Most cells that the rectangle of one sheet may span.
MAX_CELLS = 10_000_000
#: An archive that unpacks to more than ``MAX_RATIO`` times its size is taken for a bomb, from ``RATIO_FROM`` bytes on.
MAX_RATIO = 200
RATIO_FROM = 50_000_000
#: Most members of an archive.
MAX_MEMBERS = 1_000
#: Most characters of one physical line, and most lines of one row (comments may hold line breaks).
MAX_LINE = 1_000_000
MAX_ROW_LINES = 5_000
#: Most rows of one delivery: row numbers share 64 bits with the order of files.
MAX_ROWS = 2**24 - 1
#: Most answers of one evaluation.
MAX_ANSWERS = 5_000
#: Most characters of an id.
MAX_ID = 200


class Refused(Exception):
    """A file or a part of it cannot be read. ``field`` names the part; the text is the reason, without contents."""

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason

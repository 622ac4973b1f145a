"""The bottom of a compiled select: every path of a record read in one pass, as text."""

from __future__ import annotations

from dataclasses import dataclass

from qa_sync.engine.duck import literal
from qa_sync.mapping.language import CustomField, From, TableMapping, sources
from qa_sync.mapping.layers import Term, text
from qa_sync.mapping.paths import Path

#: Spaces, tabs and line ends, which are cut around every value.
BLANK = "' ' || chr(9) || chr(13) || chr(10)"
CONTAINER = "a list or an object, where one value is expected"
_KEPT = ("record_id", "source_stamp", "source_seq", "payload_hash", "ingested_at", "_gone")
_CUSTOM = Path(scope="record", segments=("custom_fields",))
_SHAPE = literal('[{"id":"VARCHAR","value":"JSON"}]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What the base select offers for one path or custom field: its text, whether it is a container, its JSON."""

    text: Term
    is_container: Term | None
    json: Term | None


def cleaned(sql: str) -> str:
    """Return SQL of a text with blanks cut, and none where nothing is left."""
    return f"nullif(trim({sql}, {BLANK}), '')"


class Extraction:
    """Plans the base select of one table: which paths, from the record or from its elements."""

    def __init__(self, table: TableMapping, *, source: str) -> None:
        self._source = source
        self.each = table.each
        self._record: dict[Path | CustomField, int] = {}
        self._element: dict[Path, int] = {}
        self._as_json = {_place(f.expression.source) for f in table.fields if f.type == "texts"}
        for read in sources(table):
            place = _place(read)
            if isinstance(place, CustomField) or place.scope == "record":
                self._record.setdefault(place, len(self._record))
            elif place.scope == "element":
                self._element.setdefault(place, len(self._element))

    def of(self, read: From | CustomField) -> Extracted:
        """Return where the base select holds what ``read`` names."""
        place = _place(read)
        if isinstance(place, Path) and place.scope == "word":
            term = {"_source": text(self._source), "_record_id": Term("record_id"),
                    "_position": Term("CAST(_position AS VARCHAR)")}[str(place)]
            return Extracted(text=term, is_container=None, json=None)
        stem = f"e{self._element[place]}" if isinstance(place, Path) and place in self._element else (
            f"r{self._record[place]}")
        return Extracted(text=Term(f"_t_{stem}"), is_container=Term(f"_b_{stem}"), json=Term(f"_j_{stem}"))

    def base(self, relation: str) -> str:
        """Return the select of layer 0: one row a record version, or one an element with ``each``."""
        paths = {place: at for place, at in self._record.items() if isinstance(place, Path)}
        custom = {place: at for place, at in self._record.items() if isinstance(place, CustomField)}
        wanted = list(paths) + ([_CUSTOM] if custom else []) + ([self.each] if self.each else [])
        listed = ", ".join(literal(path.json) for path in wanted) or "'$.\"_\"'"
        # try: a payload that is not JSON gives NULL, and the row is rejected, not the select.
        raw = ("SELECT id AS record_id, source_stamp, source_seq, payload_hash, ingested_at, "
               "coalesce(deleted, false) OR payload IS NULL AS _gone, "
               f"try(json_extract(payload, [{listed}])) AS _j FROM {relation}")
        columns = [*_KEPT, "NOT _gone AND _j IS NULL AS _bad"]
        for place, at in paths.items():
            columns += self._columns(f"_j[{wanted.index(place) + 1}]", f"r{at}", place)
        if custom:
            at = wanted.index(_CUSTOM) + 1
            raw = (f"SELECT *, list_transform(_cf, lambda f: f.id) AS _ids, list_transform(_cf, lambda f: f.value) "
                   f"AS _values FROM (SELECT *, try(from_json(_j[{at}], {_SHAPE})) AS _cf FROM ({raw}))")
            for field, number in custom.items():
                columns += self._columns(f"_values[list_position(_ids, {literal(field.id)})]", f"r{number}", field)
        if not self.each:
            return f"SELECT {', '.join(columns)}\nFROM ({raw})"
        columns += [f"CAST(_j[{len(wanted)}] AS VARCHAR) AS _list", "row_number() OVER () AS _version"]
        return self._elements(f"SELECT {', '.join(columns)}\nFROM ({raw})")

    def _elements(self, records: str) -> str:
        """One row an element; a record without elements keeps one row, marked ``_empty``."""
        split = ("SELECT * EXCLUDE (_list), NOT _gone AND NOT _bad AND _list <> 'null' AND left(_list, 1) <> '[' AS "
                 "_no_list, CASE WHEN left(_list, 1) = '[' THEN json_extract(_list, '$[*]') END AS _all "
                 f"FROM ({records})")
        rows = ("SELECT * EXCLUDE (_all), coalesce(len(_all), 0) = 0 OR _gone AS _empty, "
                "unnest(CASE WHEN len(_all) > 0 THEN _all ELSE [CAST(NULL AS JSON)] END) AS _e, "
                "unnest(generate_series(1, greatest(coalesce(len(_all), 0), 1))) AS _position "
                f"FROM ({split})")
        listed = ", ".join(literal(path.json) for path in self._element) or "'$.\"_\"'"
        columns = ["* EXCLUDE (_k)"]
        for path, at in self._element.items():
            columns += self._columns(f"_k[{at + 1}]", f"e{at}", path)
        return (f"SELECT {', '.join(columns)}\nFROM (SELECT * EXCLUDE (_e), json_extract(_e, [{listed}]) AS _k "
                f"FROM ({rows}))")

    def _columns(self, json: str, stem: str, place: Path | CustomField) -> list[str]:
        start = f"left(CAST({json} AS VARCHAR), 1)"
        unquoted = cleaned(f"({json}) ->> '$'")
        kept = [f"CASE WHEN {start} NOT IN ('[', '{{') THEN {unquoted} END AS _t_{stem}",
                f"coalesce({start} IN ('[', '{{'), false) AS _b_{stem}"]
        if place in self._as_json:
            kept.append(f"CAST({json} AS VARCHAR) AS _j_{stem}")
        return kept


def _place(read: object) -> Path | CustomField:
    if isinstance(read, From):
        return read.path
    assert isinstance(read, CustomField)  # noqa: S101 - files.py lets only these two reach a list of texts
    return read


"""The bottom of a compiled select: every path of a record read in one pass, as text.

The pass over the records can be shared: ``Records`` plans it for several tables, ``Extraction`` reads one table's part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa_sync.engine.duck import literal
from qa_sync.mapping.language import CustomField, From, TableMapping, sources
from qa_sync.mapping.layers import Term, text
from qa_sync.mapping.paths import Path

#: Spaces, tabs and line ends, which are cut around every value.
BLANK = r"E' \t\r\n'"
CONTAINER = "a list or an object, where one value is expected"
_KEPT = ("record_id", "source_stamp", "source_seq", "payload_hash", "ingested_at", "_gone")
_CUSTOM = Path(scope="record", segments=("custom_fields",))
_PAIRS = literal('[{"id":"VARCHAR","value":"JSON"}]')
_NOTHING = "'$.\"_\"'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What the base select offers for one path or custom field: its text, why it has none, its JSON.

    ``reason`` is not NULL where a container stands; it is None for what can hold none.
    """

    text: Term
    reason: Term | None
    json: Term | None


def cleaned(sql: str) -> str:
    """Return SQL of a text with blanks cut, and none where nothing is left."""
    return f"nullif(trim({sql}, {BLANK}), '')"


class Records:
    """Plans what is read of every record, for one table or for all tables of a stream together.

    A payload is parsed once, for the texts of all paths together. Only a text that begins like a list or an
    object is looked at again, to tell a container from a text that happens to begin so.
    """

    def __init__(self, tables: Sequence[TableMapping]) -> None:
        self._numbers: dict[Path | CustomField, int] = {}
        self._lists: dict[Path, int] = {}
        self._as_json: set[Path | CustomField] = set()
        for table in tables:
            self._as_json |= _lists_of_texts(table)
            if table.each:
                self._lists.setdefault(table.each, len(self._lists))
            for place in map(_place, sources(table)):
                if isinstance(place, CustomField) or place.scope == "record":
                    self._numbers.setdefault(place, len(self._numbers))

    def stem(self, place: Path | CustomField) -> str:
        """Return how the columns of a path or custom field end. KeyError when no table reads it."""
        return f"r{self._numbers[place]}"

    def columns(self, place: Path | CustomField) -> list[str]:
        """Return the columns that hold a path or custom field."""
        kinds = "tbj" if place in self._as_json else "tb"
        return [f"_{kind}_{self.stem(place)}" for kind in kinds]

    def list_number(self, each: Path) -> int:
        """Return which ``_list`` and ``_some`` hold the elements of ``each``."""
        return self._lists[each]

    def select(self, relation: str) -> str:
        """Return the select of one row a record version, from raw records."""
        paths = {place: at for place, at in self._numbers.items() if isinstance(place, Path)}
        custom = {place: at for place, at in self._numbers.items() if isinstance(place, CustomField)}
        lists = ([_CUSTOM] if custom else []) + list(self._lists)
        wanted = [path.json for path in paths] + [json for path in lists for json in (path.json, _first(path))]
        listed = ", ".join(map(literal, wanted)) or _NOTHING
        # try: a payload that is not JSON gives NULL, and the row is rejected, not the select.
        raw = (
            "SELECT id AS record_id, source_stamp, source_seq, payload_hash, ingested_at, payload, "
            "coalesce(deleted, false) OR payload IS NULL AS _gone, "
            f"try(json_extract_string(payload, [{listed}])) AS _j FROM {relation}"
        )
        named = [*_KEPT, "payload", "NOT _gone AND _j IS NULL AS _bad"]
        named += [f"_j[{at}] AS _s_r{number}" for at, number in enumerate(paths.values(), start=1)]
        columns = [*_KEPT, "_bad"]
        for place, at in paths.items():
            columns += _columns(f"r{at}", place, "payload", as_json=place in self._as_json)
        if custom:
            raw = _customs(raw, len(paths) + 1)
            named.append("_ids, _values")
        for field, at in custom.items():
            named.append(f"CAST(_values[list_position(_ids, {literal(field.id)})] AS VARCHAR) AS _s_r{at}")
            columns += _custom_columns(f"r{at}", as_json=field in self._as_json)
        for path, number in self._lists.items():
            at = len(paths) + (2 if custom else 0) + 2 * number + 1
            named += [
                f"{_listed('payload', path, f'_j[{at}]', f'_j[{at + 1}]')} AS _list{number}",
                f"_j[{at}] IS NOT NULL AS _some{number}",
            ]
            columns += [f"_list{number}", f"_some{number}"]
        if self._lists:
            columns.append("row_number() OVER () AS _version")
        return f"SELECT {', '.join(columns)}\nFROM (SELECT {', '.join(named)} FROM ({raw}))"


class Extraction:
    """Plans the base select of one table: which paths, from the record or from its elements."""

    def __init__(self, table: TableMapping, *, source: str, records: Records | None = None) -> None:
        """``records`` is a plan that covers this table among others; without one, the table has its own."""
        self._source = source
        self.each = table.each
        self._records = records or Records([table])
        self._as_json = _lists_of_texts(table)
        places = list(dict.fromkeys(map(_place, sources(table))))
        elements = [place for place in places if isinstance(place, Path) and place.scope == "element"]
        self._element = {place: at for at, place in enumerate(elements)}
        self._of_record = [place for place in places if isinstance(place, CustomField) or place.scope == "record"]

    def of(self, read: From | CustomField) -> Extracted:
        """Return where the base select holds what ``read`` names."""
        place = _place(read)
        if isinstance(place, Path) and place.scope == "word":
            term = {
                "_source": text(self._source),
                "_record_id": Term("record_id"),
                "_position": Term("CAST(_position AS VARCHAR)"),
            }[str(place)]
            return Extracted(text=term, reason=None, json=None)
        if isinstance(place, Path) and place in self._element:
            stem = f"e{self._element[place]}"
        else:
            stem = self._records.stem(place)
        return Extracted(text=Term(f"_t_{stem}"), reason=Term(f"_b_{stem}"), json=Term(f"_j_{stem}"))

    def base(self, relation: str) -> str:
        """Return the select of layer 0, from raw records: one row a record version, or one an element with ``each``."""
        return self.over(f"({self._records.select(relation)})")

    def over(self, records: str) -> str:
        """Return the same from what the plan of records selects: the name of a relation, or a select in brackets."""
        read = [column for place in self._of_record for column in self._records.columns(place)]
        if self.each is None:
            return f"SELECT {', '.join([*_KEPT, '_bad', *read])} FROM {records}"
        return self._elements(records, [*_KEPT, "_bad", "_version", *read], self._records.list_number(self.each))

    def _elements(self, records: str, kept: list[str], number: int) -> str:
        """One row an element; a record without elements keeps one row, marked ``_empty``."""
        split = (
            f"SELECT {', '.join(kept)}, "
            f"NOT _gone AND NOT _bad AND _some{number} AND _list{number} IS NULL AS _no_list, "
            f"json_extract(_list{number}, '$[*]') AS _all FROM {records}"
        )
        rows = (
            "SELECT * EXCLUDE (_all), coalesce(len(_all), 0) = 0 OR _gone AS _empty, "
            "unnest(CASE WHEN len(_all) > 0 THEN _all ELSE [CAST(NULL AS JSON)] END) AS _e, "
            "unnest(generate_series(1, greatest(coalesce(len(_all), 0), 1))) AS _position "
            f"FROM ({split})"
        )
        listed = ", ".join(literal(path.json) for path in self._element) or _NOTHING
        named = ["* EXCLUDE (_k)", *(f"_k[{at + 1}] AS _s_e{at}" for at in self._element.values())]
        texts = f"SELECT *, json_extract_string(_e, [{listed}]) AS _k FROM ({rows})"
        columns = [f"* EXCLUDE ({', '.join(['_e', *(f'_s_e{at}' for at in self._element.values())])})"]
        for path, at in self._element.items():
            columns += _columns(f"e{at}", path, "_e", as_json=path in self._as_json)
        return f"SELECT {', '.join(columns)}\nFROM (SELECT {', '.join(named)} FROM ({texts}))"


def _lists_of_texts(table: TableMapping) -> set[Path | CustomField]:
    """Return what is read as a list of texts, for which its JSON is needed."""
    return {_place(field.expression.source) for field in table.fields if field.type == "texts"}


def _customs(raw: str, at: int) -> str:
    """Add the ids of custom fields as texts, and their values as JSON: numbers keep the spelling of JSON."""
    listed = _listed("payload", _CUSTOM, f"_j[{at}]", f"_j[{at + 1}]")
    return (
        "SELECT *, list_transform(_pairs, lambda f: f.id) AS _ids, list_transform(_pairs, lambda f: f.value) "
        f"AS _values FROM (SELECT *, try(from_json({listed}, {_PAIRS})) AS _pairs FROM ({raw}))"
    )


def _columns(stem: str, path: Path, record: str, *, as_json: bool) -> list[str]:
    """Return the text, the reason why a container is none and, for a list of texts, the JSON of a path in ``record``.

    Comparing with a character costs a quarter of cutting: only what needs cutting is cut.
    """
    text, where = f"_s_{stem}", f"{record}, {literal(path.json)}"
    is_container = f"try(json_type({where})) IN ('ARRAY', 'OBJECT')"
    kept = [
        f"CASE WHEN {text} < '!' OR substr({text}, -1) < '!' THEN {cleaned(text)} "
        f"WHEN {_opens(text)} THEN CASE WHEN {is_container} THEN NULL ELSE {text} END ELSE {text} END AS _t_{stem}",
        f"CASE WHEN {_opens(text)} THEN CASE WHEN {is_container} THEN {literal(CONTAINER)} END END AS _b_{stem}",
    ]
    if as_json:
        kept.append(f"CAST(try(json_extract({where})) AS VARCHAR) AS _j_{stem}")
    return kept


def _custom_columns(stem: str, *, as_json: bool) -> list[str]:
    """Return the same of a custom field, whose value is JSON: without a backslash only its quotes need cutting.

    Of such a text only a space inside its quotes needs cutting, too: other blanks are written with a backslash.
    """
    json = f"_s_{stem}"
    escaped = cleaned(f"CAST({json} AS JSON) ->> '$'")
    inner = f"replace({json}, '\"', '')"
    plain = f"CASE WHEN {json} < '\"!' OR substr({json}, -2) < '!\"' THEN {cleaned(inner)} ELSE nullif({inner}, '') END"
    kept = [
        f"CASE WHEN {json} >= '\"' AND {json} < '#' "
        f"THEN CASE WHEN contains({json}, '\\') THEN {escaped} ELSE {plain} END "
        f"WHEN NOT {_opens(json)} THEN {json} END AS _t_{stem}",
        f"CASE WHEN {_opens(json)} THEN {literal(CONTAINER)} END AS _b_{stem}",
    ]
    return [*kept, f"{json} AS _j_{stem}"] if as_json else kept


def _opens(text: str) -> str:
    """Return SQL: a text begins like a list or an object."""
    return f"(({text} >= '[' AND {text} < '\\') OR ({text} >= '{{' AND {text} < '|'))"


def _first(path: Path) -> str:
    """Return the JSON path of the first element of a list."""
    return path.json + ("/0" if path.json.startswith("/") else "[0]")


def _listed(record: str, path: Path, text: str, first: str) -> str:
    """Return SQL of the JSON of a list, or NULL where a path holds none; ``text`` and ``first`` were extracted.

    A text that looks like a list has no first element, so that the type need rarely be asked for.
    """
    is_list = f"({first} IS NOT NULL OR {text} = '[]' OR try(json_type({record}, {literal(path.json)})) = 'ARRAY')"
    return f"CASE WHEN {text} >= '[' AND {text} < '\\' AND {is_list} THEN {text} END"


def _place(read: object) -> Path | CustomField:
    if isinstance(read, From):
        return read.path
    assert isinstance(read, CustomField)  # noqa: S101 - files.py lets only these two reach a list of texts
    return read

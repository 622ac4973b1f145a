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
_PAIRS = literal('[{"id":"VARCHAR","value":"JSON"}]')
_NOTHING = "'$.\"_\"'"


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
            term = {
                "_source": text(self._source),
                "_record_id": Term("record_id"),
                "_position": Term("CAST(_position AS VARCHAR)"),
            }[str(place)]
            return Extracted(text=term, is_container=None, json=None)
        stem = (
            f"e{self._element[place]}"
            if isinstance(place, Path) and place in self._element
            else (f"r{self._record[place]}")
        )
        return Extracted(text=Term(f"_t_{stem}"), is_container=Term(f"_b_{stem}"), json=Term(f"_j_{stem}"))

    def base(self, relation: str) -> str:
        """Return the select of layer 0: one row a record version, or one an element with ``each``.

        A payload is parsed once, for the texts of all paths together. Only a text that begins like a list or an
        object is looked at again, to tell a container from a text that happens to begin so.
        """
        paths = {place: at for place, at in self._record.items() if isinstance(place, Path)}
        custom = {place: at for place, at in self._record.items() if isinstance(place, CustomField)}
        lists = ([_CUSTOM] if custom else []) + ([self.each] if self.each else [])
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
            columns += self._columns(f"r{at}", place, "payload")
        if custom:
            raw = self._customs(raw, len(paths) + 1)
            named.append("_ids, _values")
        for field, at in custom.items():
            named.append(f"CAST(_values[list_position(_ids, {literal(field.id)})] AS VARCHAR) AS _s_r{at}")
            columns += self._custom_columns(f"r{at}", field)
        if self.each:
            at = len(wanted) - 1
            named += [
                f"{_listed('payload', self.each, f'_j[{at}]', f'_j[{at + 1}]')} AS _list",
                f"_j[{at}] IS NOT NULL AS _some",
            ]
            columns += ["_list", "_some", "row_number() OVER () AS _version"]
        records = f"SELECT {', '.join(columns)}\nFROM (SELECT {', '.join(named)} FROM ({raw}))"
        return self._elements(records) if self.each else records

    def _customs(self, raw: str, at: int) -> str:
        """Add the ids of custom fields as texts, and their values as JSON: numbers keep the spelling of JSON."""
        listed = _listed("payload", _CUSTOM, f"_j[{at}]", f"_j[{at + 1}]")
        return (
            "SELECT *, list_transform(_pairs, lambda f: f.id) AS _ids, list_transform(_pairs, lambda f: f.value) "
            f"AS _values FROM (SELECT *, try(from_json({listed}, {_PAIRS})) AS _pairs FROM ({raw}))"
        )

    def _elements(self, records: str) -> str:
        """One row an element; a record without elements keeps one row, marked ``_empty``."""
        split = (
            "SELECT * EXCLUDE (_list, _some), NOT _gone AND NOT _bad AND _some AND _list IS NULL AS _no_list, "
            f"json_extract(_list, '$[*]') AS _all FROM ({records})"
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
            columns += self._columns(f"e{at}", path, "_e")
        return f"SELECT {', '.join(columns)}\nFROM (SELECT {', '.join(named)} FROM ({texts}))"

    def _columns(self, stem: str, path: Path, record: str) -> list[str]:
        """Return the text, the container flag and, where a list of texts needs it, the JSON of a path in ``record``.

        Comparing with a character costs a quarter of cutting: only what needs cutting is cut.
        """
        text, where = f"_s_{stem}", f"{record}, {literal(path.json)}"
        is_container = f"coalesce(try(json_type({where})) IN ('ARRAY', 'OBJECT'), false)"
        kept = [
            f"CASE WHEN {text} < '!' OR right({text}, 1) < '!' THEN {cleaned(text)} "
            f"WHEN {_opens(text)} THEN CASE WHEN NOT {is_container} THEN {text} END ELSE {text} END AS _t_{stem}",
            f"CASE WHEN {_opens(text)} THEN {is_container} ELSE false END AS _b_{stem}",
        ]
        if path in self._as_json:
            kept.append(f"CAST(try(json_extract({where})) AS VARCHAR) AS _j_{stem}")
        return kept

    def _custom_columns(self, stem: str, field: CustomField) -> list[str]:
        """Return the same of a custom field, whose value is JSON: without a backslash only its quotes need cutting."""
        json = f"_s_{stem}"
        escaped = cleaned(f"CAST({json} AS JSON) ->> '$'")
        plain = cleaned(f"replace({json}, '\"', '')")
        kept = [
            f"CASE WHEN {json} >= '\"' AND {json} < '#' "
            f"THEN CASE WHEN contains({json}, '\\') THEN {escaped} ELSE {plain} END "
            f"WHEN NOT {_opens(json)} THEN {json} END AS _t_{stem}",
            f"coalesce({_opens(json)}, false) AS _b_{stem}",
        ]
        return [*kept, f"{json} AS _j_{stem}"] if field in self._as_json else kept


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

"""How well a mapping fits the records there are: what was filled, taken by default, or refused, by week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa_sync.engine import Engine
from qa_sync.engine.duck import literal
from qa_sync.mapping.draft import Draft, draft
from qa_sync.mapping.express import Value
from qa_sync.mapping.extract import Extraction
from qa_sync.mapping.language import Coalesce, Const, Expression, Field, Mapping, TableMapping, Values
from qa_sync.mapping.rows import judged, unsure
from qa_sync.mapping.trace import Chain, chain_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCoverage:
    """What a field made of the records of one ISO week ("" for all weeks together).

    ``rows`` records (of a list: elements) that the table's ``when`` lets in, also those set aside; ``filled`` of them
    got a value, ``default`` of those by a ``default`` or the constant at the end of a ``coalesce``. ``rejected``
    rows were set aside because of this field, in ``left_out`` only its value was. ``unseen`` are the values that a
    ``values`` does not list, with how often, most frequent first. The field ``when`` counts what the condition was
    asked about (``rows``) and let in (``filled``).
    """

    source: str
    stream: str
    table: str
    field: str
    week: str
    rows: int
    filled: int
    default: int
    rejected: int
    left_out: int
    unseen: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """SQL of what is counted of one field: each a condition on a row, except ``unseen``, texts or NULL.

    ``accepts``: a value that is not listed has a default.
    """

    field: str
    rows: str
    filled: str
    default: str
    rejected: str
    left_out: str
    unseen: tuple[str, ...]
    accepts: bool = False


def coverage(
    engine: Engine, mapping: Mapping, *, source: str, stream: str, table: str, zone: str, relation: str
) -> list[FieldCoverage]:
    """Return the coverage of every field of a table in every week, in the order of the columns, then weeks.

    ``relation`` holds raw records; to be asked about the present, the newest version of each. A record's week is that
    of the moment its source stamped on it, in ``zone``, else of its arrival.
    """
    spec = mapping.streams[stream][table]
    made = draft(spec, source=source, relation=relation)
    asked = list(_asked(spec, made, Extraction(spec, source=source)))
    counted = []
    for at, one in enumerate(asked):
        counted += [
            f"count(*) FILTER (WHERE {condition}) AS _n{at}_{name}"
            for name, condition in (
                ("rows", one.rows),
                ("filled", f"{one.rows} AND {one.filled}"),
                ("default", f"{one.rows} AND {one.default}"),
                ("rejected", f"{one.rows} AND {one.rejected}"),
                ("left_out", f"{one.rows} AND {one.left_out}"),
            )
        ]
        counted += [
            f"histogram(CASE WHEN {one.rows} THEN {text} END) AS _u{at}_{number}"
            for number, text in enumerate(one.unseen)
        ]
    moment = f"timezone({literal(zone)}, coalesce(source_stamp, ingested_at))"
    element = " AND NOT _empty" if made.fans_out else ""
    found = engine.fetch(
        f"SELECT strftime({moment}, '%G-W%V') AS _week, {', '.join(counted)}\n"
        f"FROM ({judged(made)}) WHERE NOT _gone AND NOT _bad{element} GROUP BY _week ORDER BY _week"
    ).to_pylist()
    return [
        FieldCoverage(
            source=source,
            stream=stream,
            table=table,
            field=one.field,
            week=row["_week"],
            **{name: row[f"_n{at}_{name}"] for name in ("rows", "filled", "default", "rejected", "left_out")},
            unseen=_merged([dict(row[f"_u{at}_{number}"] or ()) for number in range(len(one.unseen))]),
        )
        for at, one in enumerate(asked)
        for row in found
    ]


def defaulted(
    engine: Engine, mapping: Mapping, *, source: str, stream: str, table: str, relation: str
) -> list[tuple[str, int]]:
    """Return (field, rows) for each field of whose values some are not listed, so that they fell to the default."""
    spec = mapping.streams[stream][table]
    made = draft(spec, source=source, relation=relation)
    asked = [one for one in _asked(spec, made, Extraction(spec, source=source)) if one.unseen and one.accepts]
    if not asked:
        return []
    counted = [
        f"count(*) FILTER (WHERE {one.rows} AND coalesce({', '.join(one.unseen)}) IS NOT NULL) AS _n{at}"
        for at, one in enumerate(asked)
    ]
    element = " AND NOT _empty" if made.fans_out else ""
    # Kept, then fetched: what is fetched is parsed and bound twice, and the text of a mapping is long.
    engine.table("unlisted", f"SELECT {', '.join(counted)} FROM ({judged(made)}) WHERE NOT _gone AND NOT _bad{element}")
    (row,) = engine.fetch("SELECT * FROM unlisted").to_pylist()
    return [(one.field, row[f"_n{at}"]) for at, one in enumerate(asked) if row[f"_n{at}"]]


def all_weeks(weekly: Sequence[FieldCoverage]) -> list[FieldCoverage]:
    """Return the same with the weeks of each field added up."""
    found: dict[tuple[str, str, str, str], FieldCoverage] = {}
    for one in weekly:
        key = (one.source, one.stream, one.table, one.field)
        before = found.get(key)
        if before is None:
            found[key] = replace(one, week="")
            continue
        sums = {
            name: getattr(before, name) + getattr(one, name)
            for name in ("rows", "filled", "default", "rejected", "left_out")
        }
        found[key] = replace(before, **sums, unseen=_merged([dict(before.unseen), dict(one.unseen)]))
    return list(found.values())


def _merged(counts: Sequence[dict[str, int]]) -> tuple[tuple[str, int], ...]:
    total: dict[str, int] = {}
    for one in counts:
        for text, count in one.items():
            total[text] = total.get(text, 0) + count
    return tuple(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))


def _asked(spec: TableMapping, made: Draft, extraction: Extraction) -> Iterator[_Asked]:
    if spec.when:
        doubt = unsure(made)
        yield _Asked(
            field="when",
            rows="true",
            filled=made.truth.sql,
            default="false",
            rejected=doubt,
            left_out="false",
            unseen=(),
        )
    let_in = f"({made.truth.sql} OR {unsure(made)})"
    fields = [(field.column, field, made.values[field.column]) for field in spec.fields]
    fields += [(f"dimensions.{field.column}", field, made.dimensions[field.column]) for field in spec.dimensions]
    for name, field, value in fields:
        is_bad = "false" if value.reason.is_null else f"{value.reason.sql} IS NOT NULL"
        sets_aside = made.severities[name] == "reject"
        chain = _chain(field, name, made, extraction)
        unseen = tuple(_unseen(chain, "true"))
        yield _Asked(
            field=name,
            rows=let_in,
            filled=_has(value),
            default=f"({_has(value)} AND ({' OR '.join(_defaults(chain, 'true')) or 'false'}))",
            rejected=is_bad if sets_aside else "false",
            left_out="false" if sets_aside else is_bad,
            unseen=unseen,
            accepts=_accepts(field.expression),
        )


def _accepts(expression: Expression) -> bool:
    options = expression.source.options if isinstance(expression.source, Coalesce) else ()
    return bool(expression.values and not expression.values.rejects) or any(map(_accepts, options))


def _chain(field: Field, name: str, made: Draft, extraction: Extraction) -> Chain:
    steps = made.steps[name]
    return chain_of(field.expression, steps, extraction) if steps else ()


def _has(value: Value) -> str:
    return "false" if value.value.is_null else f"{value.value.sql} IS NOT NULL"


def _defaults(chain: Chain, guard: str) -> Iterator[str]:
    """Yield conditions under which a chain gave what stands in the mapping, because the record had nothing known."""
    for at, link in enumerate(chain):
        if isinstance(link.verb, Coalesce):
            for number, (option, reached) in enumerate(_reached(link.options, guard)):
                if number and isinstance(option[-1].verb, Const):
                    yield reached
                yield from _defaults(option, reached)
        elif isinstance(link.verb, Values) and link.verb.default is not None:
            yield f"({guard} AND {_unlisted(link.verb, chain, at)})"


def _unseen(chain: Chain, guard: str) -> Iterator[str]:
    """Yield SQL of the texts that a ``values`` does not list, NULL where it does."""
    for at, link in enumerate(chain):
        if isinstance(link.verb, Coalesce):
            for option, reached in _reached(link.options, guard):
                yield from _unseen(option, reached)
        elif isinstance(link.verb, Values):
            given = chain[at - 1].step.value.value.sql
            yield f"CASE WHEN {guard} AND {_unlisted(link.verb, chain, at)} THEN {given} END"


def _reached(options: tuple[Chain, ...], guard: str) -> Iterator[tuple[Chain, str]]:
    """Yield the options of a coalesce, each with the condition that those before it gave neither value nor problem."""
    for option in options:
        yield option, guard
        last = option[-1].step.value
        guard += "".join(f" AND {term.sql} IS NULL" for term in (last.value, last.reason) if not term.is_null)


def _unlisted(verb: Values, chain: Chain, at: int) -> str:
    given = chain[at - 1].step.value.value
    if given.is_null:
        return "false"
    return f"coalesce({given.sql} NOT IN ({', '.join(literal(key) for key, _ in verb.table)}), false)"

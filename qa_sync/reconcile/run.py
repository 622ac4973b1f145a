"""Reconcile: from views of the common schema to pairs, comparisons, buckets and evaluator work, in an engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from qa_sync.engine import Engine
from qa_sync.errors import ConservationError, NoRoom
from qa_sync.reconcile import buckets, parts, revisions, steps
from qa_sync.reconcile.programme import Programme
from qa_sync.reconcile.tables import RESULTS

#: What reports ask of evaluations beside their buckets.
_OF_EVALUATIONS = "evaluation_id, role, kind_used, is_released, is_blind, blind_task_id"
#: What stays of every part, with its columns; classes of critical errors are counted from comparisons when asked for.
_LASTING = {
    **{table.name: "*" for table in RESULTS if table.name != "critical_comparisons"},
    **dict.fromkeys(("other_pairs", "pairs_current", "other_comparisons", "comparisons_current"), "*"),
    "rc_evaluations": _OF_EVALUATIONS,
}
#: How the tables are called in which the rows of all parts come together.
_ALL = "rc_all_"
#: Into how many each part is divided where there was too little memory, and where to give up.
_SMALLER, _MOST_PARTS = 4, 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What became of the evaluations, in numbers; the rows are tables of the engine.

    Attributes:
        evaluations: evaluations that went in.
        buckets: how many ended in each bucket; they add up to ``evaluations``.
        pairs: kept pairs.
        headlines: pairs that speak for their auditee's evaluation.
        outcomes: pairs per outcome class.
        score_findings: live evaluations, paired or not, whose reported score is not the recomputed one, per reason.
    """

    evaluations: int
    buckets: Mapping[str, int]
    pairs: int
    headlines: int
    outcomes: Mapping[str, int]
    score_findings: Mapping[str, int]


def reconcile(engine: Engine, programme: Programme, *, as_of: datetime, in_parts: int | None = None) -> Reconciled:
    """Pair audits with what they audit and compare them, as everything was known at ``as_of``.

    Reads the views ``evaluations_history``, ``answers_history`` (all row versions with the columns of
    ``model.system.VERSION``) and the current rows ``interactions, identities, rosters, lookups, forms, criteria,
    options, disputes, calibrations, calibration_participants``. Makes in the engine,
    with the columns of ``qa_sync.reconcile.tables.RESULTS``:

    - ``pairs`` and ``comparisons`` (the headline, basis original) and ``buckets``, ``evaluator_work``;
    - ``score_findings``: reported scores of live evaluations, paired or not, that the catalogue does not explain;
    - ``pairs_current`` and ``comparisons_current``: the same pairs as both sides are today;
    - ``other_pairs`` and ``other_comparisons``: self-audits, repeats, audits of one evaluation against each other,
      and calibrations against what was agreed, which are never part of ``pairs``;
    - ``critical_comparisons``: for each pair and class of critical errors, what each side found;
    - ``dispute_cases`` and ``dispute_items``: what became of every dispute and disputed criterion;
    - ``calibration_results`` and ``calibration_answers``: what everybody invited said in every session.

    Names that begin with ``rc_`` are its own. The result depends on the rows alone, never on their order, nor on the
    number of parts it was reached in.

    Args:
        engine: holds the views; keeps the results.
        programme: the rules.
        as_of: nothing stored or in effect later is seen; must have a zone.
        in_parts: how many parts to work through one after the other; as many as the engine's memory asks for when
            left out, and one where all fits.

    Raises:
        ConservationError: an evaluation ended in no bucket or in two, or a pair was lost or doubled.
        ValueError: ``as_of`` has no zone.
    """
    wanted, are_few = parts.wanted(engine)
    number = in_parts or wanted
    steps.rules(engine)
    while True:
        try:
            if number > 1:
                return _by_parts(engine, programme, as_of, number)
            return _whole(engine, programme, as_of, are_few=are_few)
        except NoRoom:  # some programmes take more than most: in smaller parts, then
            number *= _SMALLER
            if in_parts or number > _MOST_PARTS:
                raise


def _forget(engine: Engine, *, rows_of_parts: bool) -> None:
    """Drop what reconciling made but the rules; the rows that parts have left, too, where that is said."""
    for name in engine.names():
        is_step = name.startswith("rc_") and name not in steps.RULES and (rows_of_parts or not name.startswith(_ALL))
        if name in _LASTING or is_step:
            engine.drop(name)


def _whole(engine: Engine, programme: Programme, as_of: datetime, *, are_few: bool) -> Reconciled:
    """Reconcile everything at once."""
    keep = engine.table if are_few else engine.view
    keep("rc_versions", revisions.known_versions(as_of))
    engine.view("rc_answers", revisions.known_answers(as_of))
    engine.table("rc_dispute_events", revisions.dispute_events(as_of))
    steps.work_through(engine, programme, as_of, keep=keep)
    return _checked(engine, *buckets.whole_input(as_of))


def _by_parts(engine: Engine, programme: Programme, as_of: datetime, number: int) -> Reconciled:
    """Reconcile part by part, check each, put their results together, and check that they are of the whole input."""
    _forget(engine, rows_of_parts=True)
    engine.view("rc_all_versions", revisions.known_versions(as_of))
    engine.view("rc_all_answers", revisions.known_answers(as_of))
    done = []
    for part in parts.split(engine, number):
        engine.table("rc_versions", parts.versions(part, number))
        engine.drop("rc_answers")
        engine.append("rc_answers", parts.answers())
        engine.table("rc_dispute_events", revisions.dispute_events(as_of, parts.disputes_of(part)))
        steps.work_through(engine, programme, as_of, keep=engine.view, sessions=parts.sessions_of(part))
        done.append(_checked(engine, "rc_versions WHERE NOT deleted", "rc_dispute_events"))
        for name, columns in _LASTING.items():
            engine.append(f"{_ALL}{name}", f"SELECT {columns} FROM {name}")
    _forget(engine, rows_of_parts=False)
    for name in _LASTING:
        engine.view(name, f"SELECT * FROM {_ALL}{name}")
    (whole,) = engine.fetch(buckets.wholeness(*buckets.whole_input(as_of))).to_pylist()
    _agree(whole, (("evaluations", "in_buckets"), ("disputes", "dispute_cases")))
    return _sum(done)


def _checked(engine: Engine, evaluations: str, disputes: str) -> Reconciled:
    """Count what became of an input (see ``buckets.conservation``), and refuse results that do not add up."""
    (n,) = engine.fetch(buckets.conservation(evaluations, disputes)).to_pylist()
    _agree(
        n,
        (
            ("evaluations", "in_buckets"),
            ("in_buckets", "bucketed"),
            ("paired_auditors", "auditors_in_pairs"),
            ("links", "pairs"),
            ("pairs", "distinct_pairs"),
            ("headlines", "auditees_in_pairs"),
            ("disputes", "dispute_cases"),
            ("disputes", "distinct_cases"),
        ),
    )
    return Reconciled(
        evaluations=n["evaluations"],
        pairs=n["pairs"],
        headlines=n["headlines"],
        buckets=_counts(engine, "buckets", "bucket"),
        outcomes=_counts(engine, "pairs", "outcome"),
        score_findings=_counts(engine, "score_findings", "reason"),
    )


def _agree(n: Mapping[str, int], equal: Iterable[tuple[str, str]]) -> None:
    for left, right in equal:
        if n[left] != n[right]:
            found = f"{n[left]} {left.replace('_', ' ')} but {n[right]} {right.replace('_', ' ')}"
            msg = f"reconcile: {found}; nothing is published"
            raise ConservationError(msg)


def _sum(parts: Iterable[Reconciled]) -> Reconciled:
    """Return the numbers of all parts together."""
    parts = list(parts)

    def each(name: str) -> dict[str, int]:
        total: Counter[str] = Counter()
        for one in parts:
            total.update(getattr(one, name))
        return dict(sorted(total.items()))

    return Reconciled(
        evaluations=sum(one.evaluations for one in parts),
        pairs=sum(one.pairs for one in parts),
        headlines=sum(one.headlines for one in parts),
        buckets=each("buckets"),
        outcomes=each("outcomes"),
        score_findings=each("score_findings"),
    )


def _counts(engine: Engine, table: str, column: str) -> dict[str, int]:
    rows = engine.fetch(f"SELECT {column} AS word, count(*) AS n FROM {table} GROUP BY {column} ORDER BY {column}")
    return dict(zip(rows["word"].to_pylist(), rows["n"].to_pylist(), strict=True))

"""How things are worded: the nearest known word for one that is not known, headers as paths can name them."""

from __future__ import annotations

from collections.abc import Iterable

#: More names than this are a page of text, not a hint.
MOST_LISTED = 30


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that ``word`` is most likely a slip of, whatever their case; None when none is near.

    >>> nearest("Tolerence", ["tolerance", "time_zone"]), nearest("colour", ["tolerance"])
    ('tolerance', None)
    """
    from difflib import get_close_matches

    words = {one.lower(): one for one in reversed(_listed(known))}
    near = get_close_matches(word.lower(), list(words), n=1)
    return words[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint: the nearest of the known words, or all of them (a set sorted) where they are few, or nothing.

    >>> did_you_mean("quue", ["queue", "site"]), did_you_mean("x", ["queue", "site"]), did_you_mean("x", [])
    ('did you mean queue?', 'known: queue, site', '')
    """
    words = _listed(known)
    near = nearest(word, words)
    if near is not None:
        return f"did you mean {near}?"
    return f"known: {', '.join(words)}" if 0 < len(words) <= MOST_LISTED else ""


def column_name(header: object) -> str:
    r"""Return a header as a path of a mapping can name it: on one line, without quotes; "" where it says nothing.

    >>> column_name("Review\nDate "), column_name('the "team"'), column_name(None)
    ('Review Date', 'the team', '')
    """
    text = "" if header is None else str(header).strip()
    if text.isprintable() and '"' not in text:
        return text
    return " ".join("".join(mark if mark.isprintable() and mark != '"' else " " for mark in text).split())


def _listed(known: Iterable[str]) -> list[str]:
    return sorted(known) if isinstance(known, set | frozenset) else list(known)

"""Take a person out of texts: every name, id and address of theirs becomes a token that says nothing.

Equal terms become equal tokens, so that joins, counts and agreement stay what they were. Numbers of records stay, too:
what is said of others is unchanged.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

#: Fields whose name says that their value is a person: there also a short id is taken for what it is.
PERSON_FIELD = re.compile(
    r"agent|analyst|assign|audit|author|by\b|coach|employ|evaluat|lead|login|manager|mail|name|owner|person|rater|"
    r"reporter|request|review|scor|submit|superv|user|worker",
    re.IGNORECASE,
)

#: From this length on a text is taken to mean the person wherever it stands as a word.
DISTINCT = 6

#: Letters that lose no accent by decomposition, as people write them who have no such key.
_PLAIN_LETTERS = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i"}
    | {"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})

#: Characters of which one is written for another; of a term each stands for all of its kind.
ALIKE = ("'\u2019\u2018\u02bc", "-\u2010\u2011\u2012\u2013")
_SAME = str.maketrans({other: kind[0] for kind in ALIKE for other in kind[1:]} | {"ı": "i"})

#: Spaces of any width between the words of a name: the end of a line or a column is the end of a name, too.
SPACE = "[ \u00a0\u2000-\u200a\u202f\u205f\u3000]"
_SPACES = re.compile(f"{SPACE}+")

#: What stands before a word in JSON text that is not read as such: the letter of an escape is none of the word.
_BEFORE = r"(?:(?<![^\W_])|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4}))"

_TOKENS = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What to take out.

    Attributes:
        token: what the person is called from now on, such as ``erased-1f3a5c``.
        names: names, ids and addresses; the spellings of one stand together and become one token.
        records: (source, stream, record id) of the person's own accounts.
    """

    token: str
    names: tuple[tuple[str, ...], ...]
    records: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def terms(self) -> tuple[str, ...]:
        """Every spelling of every name, id and address."""
        return tuple(term for spelt in self.names for term in spelt)

    @property
    def distinct(self) -> tuple[str, ...]:
        """The terms that are replaced wherever they stand as words."""
        return tuple(term for term in self.terms if is_distinct(term))

    @property
    def short(self) -> tuple[str, ...]:
        """The terms that could mean something else: replaced in fields that name people, and in own records."""
        return tuple(term for term in self.terms if not is_distinct(term))


def is_distinct(term: str) -> bool:
    """Whether a text can hardly mean anything but the person."""
    return len(term) >= DISTINCT or "@" in term


def spellings(name: str) -> list[str]:
    """Return the ways to write a name: "Given Family" is "Family, Given", with and without accents, ü also as ue."""
    words = name.replace(",", " ").split()
    forms = [name, " ".join(words)]
    for at in range(1, len(words)):
        given, family = " ".join(words[:at]), " ".join(words[at:])
        forms += [f"{family}, {given}", f"{family} {given}", f"{given}, {family}"]
    forms = [unicodedata.normalize("NFC", form) for form in forms]
    plain = [_unaccented(form) for form in (*forms, *(form.translate(_UMLAUTS) for form in forms))]
    return list(dict.fromkeys(form for form in (*forms, *plain) if form))


def _unaccented(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.translate(_PLAIN_LETTERS))
    return "".join(c for c in parts if not unicodedata.combining(c))


@dataclass(slots=True)
class Redactor:
    """Replaces one person's terms by tokens."""

    person: Person
    _tokens: dict[str, str] = field(init=False)
    _distinct: re.Pattern[str] = field(init=False)
    _standing: re.Pattern[str] = field(init=False)
    _short: frozenset[str] = field(init=False)
    _words: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = {}
        for at, spelt in enumerate(self.person.names, start=1):
            for term in spelt:
                self._tokens.setdefault(folded(term), f"{self.person.token}-{at}")
        written = sorted({*self.person.distinct, *(_decomposed(t) for t in self.person.distinct)}, key=len)
        either = "|".join(_pattern(term) for term in reversed(written)) or "(?!)"
        # A letter or digit beside it makes it a part of something else; an underscore does not.
        self._distinct = re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])", re.IGNORECASE)
        anywhere = "|".join(_pattern(needle) for needle in self.distinct_needles) or "(?!)"
        self._standing = re.compile(rf"{_BEFORE}(?:{anywhere})(?![^\W_])", re.IGNORECASE)
        self._short = frozenset(folded(term) for term in self.person.short)
        self._words = frozenset(
            folded(word)
            for term in self.person.terms
            if " " in term
            for word in term.replace(",", " ").split()
            if len(word) > 1
        )

    @property
    def needles(self) -> tuple[str, ...]:
        """Texts of which one must occur, in any case of letters, where there is anything to replace."""
        return _written(self.person.terms)

    @property
    def distinct_needles(self) -> tuple[str, ...]:
        """The same of the distinct terms: none of them may be found after an erasure."""
        return _written(self.person.distinct)

    def stands_in(self, text: str) -> bool:
        """Whether a distinct term stands as words in a file's text, JSON or not; within longer ones it is another."""
        return bool(self._standing.search(text))

    def text(self, text: str) -> str:
        """Return a text without the person; JSON text stays JSON text with the same numbers, to the letter."""
        return self._json(text, own=False) if text[:1] in "{[" else self._plain(text)

    def payload(self, text: str, *, own: bool) -> str:
        """Return a record's JSON text without the person; ``own`` for the record of their account."""
        return self._json(text, own=own)

    def value(self, text: str, *, is_person: bool = False) -> str:
        """Return a value of a column; ``is_person`` where the column names people, as a short id may stand there."""
        return self.own_id(text) if is_person else self.text(text)

    def own_id(self, text: str) -> str:
        """Return the id of a record of the person's own: their ids within it replaced, whatever their length."""
        made = self._plain(text)
        for term in sorted(self._short, key=len, reverse=True):
            made = re.sub(rf"(?<![^\W_]){_pattern(term)}(?![^\W_])", self._tokens[term], made, flags=re.IGNORECASE)
        return made

    def _plain(self, text: str) -> str:
        return self._distinct.sub(lambda found: self._tokens[folded(found[0])], text)

    def tokens(self) -> dict[str, str]:
        """Return every term, folded, with the token that takes its place."""
        return dict(self._tokens)

    def words(self) -> frozenset[str]:
        """Return the parts of names, folded: in own records they are the person, too."""
        return self._words

    def _json(self, text: str, *, own: bool) -> str:
        known = self._short | self._words if own else self._short

        def whole(value: str, field: str) -> str | None:
            term = folded(value)
            if term in known and (own or PERSON_FIELD.search(field)):
                return self._tokens.get(term, self.person.token)
            return None

        return redacted_json(text, plain=self._plain, whole=whole)


def folded(text: str) -> str:
    """Return a text as terms are compared: in any case of letters, Turkish too, and with any spaces and dashes."""
    text = unicodedata.normalize("NFC", text).replace("İ", "i").casefold().translate(_SAME)
    return _SPACES.sub(" ", text)


def _pattern(term: str) -> str:
    """Return the expression that finds what is the same as a term by ``folded``."""
    return "".join(
        f"{SPACE}+" if c.isspace() else next((f"[{re.escape(kind)}]" for kind in ALIKE if c in kind), re.escape(c))
        for c in term
    )


def redacted_json(text: str, *, plain: Callable[[str], str], whole: Callable[[str, str], str | None]) -> str:
    """Return JSON text with its texts and numbers replaced; what stays, stays to the letter.

    Args:
        text: the JSON text.
        plain: replaces within a text.
        whole: (value, its field) → what replaces a value that ``plain`` left alone, None where it stays.
    """
    key = ""

    def replaced(found: re.Match[str]) -> str:
        nonlocal key
        literal, colon = found[1], found[2]
        value = _decoded(literal) if literal else found[0]
        made = plain(value)
        if colon:
            key = value
        elif made == value:
            made = whole(value, key) or value
        if made == value:
            return found[0]
        return json.dumps(made, ensure_ascii=False) + (colon or "")

    return _TOKENS.sub(replaced, text)


def _written(terms: Iterable[str]) -> tuple[str, ...]:
    """Return terms as they may stand in a file: composed, decomposed, and escaped as JSON does."""
    found = [form for term in terms for form in (term, _decomposed(term))]
    return tuple(dict.fromkeys([*found, *(json.dumps(form)[1:-1] for form in found)]))


def _decoded(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return literal[1:-1]


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def names_of(rows: Iterable[Mapping[str, str | None]], columns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return every name, id and address in these rows of people.

    Of an id such as ``zendesk:123`` what follows the colon is taken: the rest names the source.
    """
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        for column in columns:
            value = (row.get(column) or "").strip()
            if column == "person_id":
                value = value.partition(":")[2] or value
            if value:
                found.setdefault(value.casefold(), tuple(spellings(value)) if column == "name" else (value,))
    return tuple(found.values())

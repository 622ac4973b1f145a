"""What is kept of people who were erased, so that their sources cannot bring them back: hashes, and what they became.

Each name, id and address is kept as a hash under a key that does not lie in the store, beside the token that took its
place. Records that arrive later are searched for them word by word, and get the same tokens: evaluations by or of the
person still count, for nobody. Free text is searched like any other value; nicknames and misspellings are not found.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from qa_sync.errors import StoreError
from qa_sync.store.path import StorePath
from qa_sync.store.redact import PERSON_FIELD, Redactor, folded, is_distinct, redacted_json

#: The file in a store's folder.
TOMBSTONES = "erased.json"

#: The key's file, in the folder of keys.
KEY = "erased.key"

_WORD = re.compile(r"[^\W_]+")

#: In JSON text: a letter that is none of the word behind it.
_ESCAPE = re.compile(r"\\[bfnrt]")

#: Words that were looked up and are nobody's: at most so many are remembered.
_REMEMBERED = 200_000

#: How a term is matched: anywhere; as a whole value in fields that name people; in own records only.
_KINDS = ("distinct", "short", "word")


@dataclass(slots=True)
class Tombstones:
    """The people erased from one store.

    Attributes:
        key: what the hashes were made under.
        terms: kind → hash → token.
        starts: hashes of each distinct term's first word.
        words: the most words that a term has.
        records: hash of (source, stream, record id) → the id that the record has since.
    """

    key: bytes
    terms: dict[str, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in _KINDS})
    starts: set[str] = field(default_factory=set)
    words: int = 1
    records: dict[str, str] = field(default_factory=dict)
    _known: dict[str, bool] = field(default_factory=dict)

    def add(self, redactor: Redactor) -> None:
        """Take in a person who is being erased."""
        for term, token in redactor.tokens().items():
            core = _core(term)
            if not core:
                continue
            kind = "distinct" if is_distinct(term) else "short"
            self.terms[kind].setdefault(self._hash(core), token)
            found = _WORD.findall(core)
            if kind == "distinct" and found:
                self.starts.add(self._hash(folded(found[0])))
                self.words = max(self.words, len(found))
        for word in redactor.words():
            self.terms["word"].setdefault(self._hash(word), redactor.person.token)
        for source, stream, record in redactor.person.records:
            self.records[self._hash(f"{source}\n{stream}\n{record}")] = redactor.own_id(record)

    def ids(self, source: str, stream: str, ids: pa.Array) -> tuple[pa.Array, list[bool]]:
        """Return record ids as they have been since, and of each whether it is one of the person's own records."""
        own = [self.records.get(self._hash(f"{source}\n{stream}\n{one}")) for one in ids.to_pylist()]
        made = [mine or self._plain(one) for one, mine in zip(ids.to_pylist(), own, strict=True)]
        return pa.array(made, pa.string()), [mine is not None for mine in own]

    def payloads(self, payloads: pa.Array, own: Iterable[bool]) -> tuple[pa.Array, int]:
        """Return payloads without the people, and how many changed."""
        made: list[str | None] = []
        changed = 0
        for text, mine in zip(payloads.to_pylist(), own, strict=True):
            fresh = text if text is None or not (mine or self._may_hold(text)) else self._json(text, own=mine)
            changed += fresh != text
            made.append(fresh)
        return pa.array(made, payloads.type), changed

    def _may_hold(self, text: str) -> bool:
        """Whether a payload holds the first word of anybody's name or id, or a short id."""
        if "\\u" in text or not unicodedata.is_normalized("NFC", text):
            return True
        return any(self._is_start(word) for word in set(_WORD.findall(_ESCAPE.sub(" ", text))))

    def _is_start(self, word: str) -> bool:
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            digest = self._hash(folded(word))
            known = self._known[word] = digest in self.starts or digest in self.terms["short"]
        return known

    def _json(self, text: str, *, own: bool) -> str:
        def whole(value: str, name: str) -> str | None:
            if not (own or PERSON_FIELD.search(name)):
                return None
            digest = self._hash(_core(value))
            return self.terms["short"].get(digest) or (self.terms["word"].get(digest) if own else None)

        return redacted_json(text, plain=self._plain, whole=whole)

    def _plain(self, text: str) -> str:
        """Replace every distinct term that stands in a text as words."""
        normal = unicodedata.normalize("NFC", text)
        spans = [found.span() for found in _WORD.finditer(normal)]
        parts: list[str] = []
        done, at = 0, 0
        while at < len(spans):
            start = spans[at][0]
            step = 1
            if self._is_start(normal[start : spans[at][1]]):
                for last in range(min(at + self.words, len(spans)) - 1, at - 1, -1):
                    token = self.terms["distinct"].get(self._hash(folded(normal[start : spans[last][1]])))
                    if token is not None:
                        parts += [normal[done:start], token]
                        done, step = spans[last][1], last - at + 1
                        break
            at += step
        return "".join([*parts, normal[done:]]) if parts else text

    def _hash(self, text: str) -> str:
        return hmac.digest(self.key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:32]

    def text(self) -> str:
        """Return what is kept in the store."""
        held = {"terms": self.terms, "starts": sorted(self.starts), "words": self.words, "records": self.records}
        return json.dumps(held, sort_keys=True)


def read_tombstones(store: StorePath, keys: Path) -> Tombstones | None:
    """Return the people erased from a store, None where there is none.

    Raises:
        StoreError: there are some, and the key that recognises them is not on this machine.
    """
    try:
        held: Mapping[str, Any] = json.loads((store / TOMBSTONES).read_text(encoding="utf-8"))
        terms = {kind: dict(held["terms"].get(kind, {})) for kind in _KINDS}
        starts, words, records = set(held["starts"]), int(held["words"]), dict(held["records"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        msg = f"{store.name}/{TOMBSTONES} is not readable, so erased people could return; restore it from a backup"
        raise StoreError(msg) from None
    try:
        key = bytes.fromhex((keys / KEY).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        msg = (
            f"people were erased from this store, and the key that keeps them out is not here: copy {keys.name}/{KEY} "
            "from the machine that erased them"
        )
        raise StoreError(msg) from None
    return Tombstones(key=key, terms=terms, starts=starts, words=words, records=records)


def made_key(keys: Path) -> bytes:
    """Return the key of a workspace, made when it is first needed."""
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = keys / KEY
    with suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
    return bytes.fromhex(path.read_text(encoding="utf-8"))


def _core(term: str) -> str:
    """Return a term from its first letter or digit to its last, as it is compared."""
    text = folded(term)
    spans = [found.span() for found in _WORD.finditer(text)]
    return text[spans[0][0] : spans[-1][1]] if spans else ""

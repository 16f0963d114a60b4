"""Columns by what people call them: `user`, `customer id`, `card numbers`, `heartRate`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from .words import (
    ENTITIES,
    EVENT_IDS,
    GENERIC,
    STATUS_COLUMNS,
    STOP,
    SYNONYMS,
    TAILS,
    TYPE_COLUMNS,
    UNIT_COLUMNS,
    USUAL,
    word_set,
)

_CANONICAL = {word: group.split()[0] for group in SYNONYMS for word in group.split()}
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NUMERIC = ("int", "bigint", "smallint", "tinyint", "float", "double", "decimal", "long", "short",
            "integer", "number", "numeric")  # fmt: skip
_FRACTIONS = ("float", "double", "decimal", "number", "numeric")
MAX_WORDS = 4
PLACES = frozenset(["country", "region", "city", "zone", "state"])
"""What a row may be at, and is seldom matched apart by unless that is said."""


@cache
def parts_of(name: str) -> tuple[str, ...]:
    """A name's words in the singular: `userIDs` is `user id`."""
    return tuple(singular(part.lower()) for part in _PARTS.findall(name))


def singular(word: str) -> str:
    """A noun without its plural."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if word in ("ids", "ips"):
        return word[:-1]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _canonical(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(_CANONICAL.get(part, part) for part in parts)


class Named(NamedTuple):
    """Columns that some words may mean, equally well, and how many words those are."""

    names: tuple[str, ...]
    length: int
    guessed: str = ""

    @property
    def name(self) -> str:
        """The first of them."""
        return self.names[0]


_NO_KEYS = PLACES | word_set(
    "url uri path page message msg text body description comment note reason title currency level "
    "severity direction color unit format"
)
"""What a text column says of a row, and is no thing that rows are about."""


class Columns:
    """The columns that flow somewhere. Where nothing is known of them (`open`), words make them."""

    def __init__(
        self,
        types: Mapping[str, str],
        known: bool = True,
        values: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self.types = dict(types)
        self.open = not known
        self.values: dict[str, tuple[str, ...]] = {
            name: tuple(USUAL[name.lower()]) for name in types if name.lower() in USUAL
        }
        self.values |= {name: tuple(found) for name, found in (values or {}).items()}
        self.made: dict[str, str] = {}
        self.hints: frozenset[str] = frozenset()
        """Things that the whole text speaks of."""
        self.about: set[str] = set()
        """What the streams are called: words that say what every row is."""
        self.keyed: tuple[str, ...] = ()
        """What rows were matched by so far: the key where none is said."""

    def with_columns(self, more: Mapping[str, str]) -> Columns:
        """These and others; a type of None takes one away."""
        other = Columns({**self.types, **more}, not self.open, self.values)
        other.made, other.hints, other.about = self.made, self.hints, self.about
        other.keyed = self.keyed
        return other

    def make(self, name: str, column_type: str) -> str:
        """A column that the words speak of, where nothing is known."""
        known = {n.lower(): n for n in self.types}
        if name.lower() in known:
            return known[name.lower()]
        self.types[name] = self.made[name] = column_type
        return name

    def named(self, words: Sequence[str], typos: bool = False) -> Named | None:
        """The columns that the longest beginning of some words names."""
        for length in range(min(len(words), MAX_WORDS), 0, -1):
            names = self._named(words[:length])
            if names:
                return Named(tuple(names), length)
        return self._near(words[0]) if typos and words else None

    def ending(self, words: Sequence[str], typos: bool = False) -> Named | None:
        """The columns that the longest end of some words names."""
        for length in range(min(len(words), MAX_WORDS), 0, -1):
            names = self._named(words[-length:])
            if names:
                return Named(tuple(names), length)
        return self._near(words[-1]) if typos and words else None

    def exactly(self, words: Sequence[str]) -> Named | None:
        """The columns that all of the words together name."""
        names = self._named(words)
        return Named(tuple(names), len(words)) if names else None

    def _named(self, words: Sequence[str]) -> list[str]:
        written = [n for n in self.types if n.lower() == " ".join(words).lower()]
        if written:
            return written
        if not all(parts_of(word) for word in words):
            return []
        said = tuple(part for word in words for part in parts_of(word))
        if not said or all(word in STOP or word in GENERIC for word in words):
            return [n for n in self.types if parts_of(n) == said]
        ranked: dict[int, list[str]] = {}
        for name in self.types:
            rank = _rank(said, parts_of(name))
            if rank:
                ranked.setdefault(rank, []).append(name)
        return ranked[max(ranked)] if ranked else []

    def _near(self, word: str) -> Named | None:
        """A word with a slip of the pen."""
        if len(word) < 5 or word in STOP or word in GENERIC or word in ENTITIES:
            return None
        by_part = {part: name for name in self.types for part in (name, *parts_of(name))}
        near = difflib.get_close_matches(word, by_part, n=3, cutoff=0.8)
        names = tuple(dict.fromkeys(by_part[part] for part in near))
        return Named(names, 1, word) if names else None

    def written(self) -> list[str]:
        """The names of columns that are known and single words: a word that is one means it."""
        return [] if self.open else [name for name in self.types if "_" not in name]

    def numeric(self) -> list[str]:
        """Columns that hold numbers which are no ids."""
        return [
            name
            for name, kind in self.types.items()
            if kind.lower().startswith(_NUMERIC)
            and (not _is_id(parts_of(name)) or parts_of(name)[0] == "count")
            and not {"latitude", "longitude", "lat", "lon"} & set(parts_of(name))
        ]

    def telling(self) -> list[str]:
        """Columns that may tell one sort of row from another: texts, flags and numbers, no ids."""
        numbers = set(self.numeric())
        words = [*self.of_type("string"), *self.of_type("boolean")]
        told = {name for name in words if not _is_id(parts_of(name))} | numbers
        return [name for name in self.types if name in told]

    def grouping(self) -> list[str]:
        """Columns that rows may be taken together by: keys, and whole numbers such as a rating."""
        whole = [n for n in self.numeric() if not self.types[n].lower().startswith(_FRACTIONS)]
        keys = self.key_candidates()
        return list(dict.fromkeys([*keys, *whole])) if keys else []

    def of_unit(self, unit: str) -> list[str]:
        """Columns of numbers that a unit fits."""
        fitting = UNIT_COLUMNS.get(unit, ())
        numeric = self.numeric()
        for word in fitting:
            found = [name for name in numeric if word in parts_of(name)]
            if found:
                return found
        return []

    def of_type(self, column_type: str) -> list[str]:
        """Columns of a type."""
        return [n for n, kind in self.types.items() if kind.lower().startswith(column_type)]

    def kind_column(self) -> str | None:
        """The column that says what sort of event a row is."""
        return self._first_of(TYPE_COLUMNS)

    def status_column(self) -> str | None:
        """The column that says how it went."""
        return self._first_of(STATUS_COLUMNS)

    def _first_of(self, wanted: Sequence[str]) -> str | None:
        strings = self.of_type("string")
        for word in wanted:
            for name in strings:
                parts = parts_of(name)
                if "_".join(parts) == word or (
                    parts[-1:] == (word,) and word not in ("name", "event")
                ):
                    return name
        return None

    def key_candidates(self) -> list[str]:
        """Columns that a pattern may be about, one of each thing."""
        found = []
        for name, kind in self.types.items():
            parts = parts_of(name)
            if not kind.lower().startswith(("string", "int", "bigint", "long")) or not parts:
                continue
            about = bool((ENTITIES - PLACES) & set(parts)) and parts[-1] in TAILS | ENTITIES
            if (about or _is_id(parts)) and not (parts[0] in EVENT_IDS or parts == ("id",)):
                found.append(name)
        told = {self.kind_column(), self.status_column()}
        others = [n for n in self.of_type("string") if n not in told]
        others = [n for n in others if not _NO_KEYS & {*parts_of(n)}]
        return found or (others if len(others) == 1 and not self.open else [])

    def key_of(self, words: Sequence[str]) -> Named | None:
        """The columns of a key that words name: `user` is `user_id` before `user_name`."""
        found = self.exactly(words)
        if found is None or len(found.names) == 1:
            return found
        ids = [name for name in found.names if _is_id(parts_of(name))]
        return found._replace(names=tuple(ids)) if ids else found


def _is_id(parts: tuple[str, ...]) -> bool:
    return parts[-1:] in (("id",), ("key",), ("uuid",), ("no",), ("uid",)) or parts[-2:] == (
        "card",
        "number",
    )


def _rank(said: tuple[str, ...], parts: tuple[str, ...]) -> int:  # noqa: PLR0911 - the cases of a grammar
    """How well some words name a column; 0 not at all."""
    if said == parts:
        return 6
    if _canonical(said) == _canonical(parts):
        return 5
    if _bare(said) and _bare(said) == _bare(parts):
        return 4
    if _bare(_canonical(said)) and _bare(_canonical(said)) == _bare(_canonical(parts)):
        return 3
    if said[-1] not in TAILS and set(said) <= set(parts):
        return 2
    if said[-1] not in TAILS and set(_canonical(said)) <= set(_canonical(parts)):
        return 1
    return 0


def _bare(parts: tuple[str, ...]) -> tuple[str, ...]:
    """A name without what says only that it is one: `user` of `user id`."""
    return parts[:-1] if parts[-1:] and parts[-1] in TAILS else parts


def column_name(words: Iterable[str]) -> str:
    """A name for what words say."""
    made = "_".join(part.lower() for word in words for part in _PARTS.findall(word))
    return made[:60] or "value"

"""A stretch of tokens that cues are looked for in, and that remembers what was understood of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from .tokens import Token
from .words import GENERIC, STOP


class Found(NamedTuple):
    """A cue in a phrase: where it is, its tokens, and those of its groups by name."""

    start: int
    end: int
    groups: dict[str, tuple[Token, ...]]
    tokens: tuple[Token, ...] = ()

    def token(self, name: str) -> Token | None:
        """The only, or first, token of a group."""
        tokens = self.groups.get(name, ())
        return tokens[0] if tokens else None


class Phrase:
    """Tokens in order. Phrases cut out of one another share what was used, by place in the text.

    A cue is a regular expression over the tokens' norms with single spaces between them; it begins
    and ends at tokens. Cues are linear: no repetition inside a repetition.
    """

    def __init__(self, tokens: Sequence[Token], used: set[int] | None = None) -> None:
        self.tokens = tuple(tokens)
        self.used: set[int] = set() if used is None else used
        self._starts: dict[int, int] = {}
        parts, at = [], 0
        for number, token in enumerate(self.tokens):
            self._starts[at] = number
            parts.append(token.norm)
            at += len(token.norm) + 1
        self._starts[at] = len(self.tokens)
        self._places = list(self._starts)
        self.text = " ".join(parts)

    def __len__(self) -> int:
        return len(self.tokens)

    def __bool__(self) -> bool:
        return bool(self.tokens)

    def find(self, cue: str, start: int = 0) -> Found | None:
        """The first place of a cue."""
        if start >= len(self._places):
            return None
        found = _compiled(cue).search(self.text, self._places[start])
        return self._found(found) if found else None

    def end_of_hyphenated(self, at: int) -> int:
        """Where a word ends that is written with hyphens: its tokens have one place in the text."""
        place, end = self.tokens[at].place, at + 1
        while end < len(self) and (t := self.tokens[end]).kind == "word" and t.place == place:
            end += 1
        return end

    def has(self, *cues: str) -> bool:
        """Whether one of the cues is here."""
        return any(self.find(cue) for cue in cues)

    def at(self, cue: str, number: int = 0) -> Found | None:
        """The cue, if it is right here."""
        if number >= len(self._places):
            return None
        found = _compiled(cue).match(self.text, self._places[number])
        made = self._found(found) if found else None
        return made if made and made.start == number else None

    def all(self, cue: str) -> Iterator[Found]:
        """Every place of a cue, none within another."""
        found = self.find(cue)
        while found is not None:
            yield found
            found = self.find(cue, max(found.end, found.start + 1))

    def take(self, cue: str) -> Found | None:
        """The first place of a cue, which counts as understood from now on."""
        found = self.find(cue)
        if found is not None:
            self.use(found.start, found.end)
        return found

    def use(self, start: int = 0, end: int | None = None) -> None:
        """Count tokens as understood."""
        self.used.update(token.place for token in self.tokens[start:end])

    def part(self, start: int, end: int | None = None) -> Phrase:
        """Some of its tokens."""
        return Phrase(self.tokens[start:end], self.used)

    def without(self, found: Found | None) -> Phrase:
        """The other tokens; itself for nothing found."""
        return self if found is None else self.outside(found.start, found.end)

    def outside(self, start: int, end: int) -> Phrase:
        """The tokens before a place and those after another."""
        return Phrase((*self.tokens[:start], *self.tokens[end:]), self.used)

    def split(self, cue: str) -> list[Phrase]:
        """The parts between the places of a cue, which counts as understood; empty ones are left
        out."""
        parts, start = [], 0
        for found in self.all(cue):
            self.use(found.start, found.end)
            parts.append(self.part(start, found.start))
            start = found.end
        return [part for part in (*parts, self.part(start)) if part]

    def content(self) -> list[Token]:
        """The tokens that mean something of their own."""
        return [token for token in self.tokens if means_something(token)]

    def said(self) -> str:
        """The tokens as they were written."""
        return " ".join(token.text for token in self.tokens)

    def _found(self, found: re.Match[str]) -> Found:
        start, end = self._span(found.start(), found.end())
        groups = {
            name: self.tokens[slice(*self._span(*found.span(name)))]
            for name, value in found.groupdict().items()
            if value
        }
        return Found(start, end, groups, self.tokens[start:end])

    def _span(self, start: int, end: int) -> tuple[int, int]:
        text = self.text
        while start < end and text[start] == " ":
            start += 1
        while end > start and text[end - 1] == " ":
            end -= 1
        return self._starts[start], self._starts[end + 1]


_KEYWORDS = frozenset(("AND", "OR", "NOT", "IF", "THEN", "WHEN", "WITHIN", "WHERE", "BY", "FROM"))
"""Words of SQL, which mean as little in capitals."""


def means_something(token: Token) -> bool:
    """Whether a token that nobody used is worth a remark."""
    if token.kind in ("punct", "op"):
        return False
    if token.text.isupper() and len(token.text) > 1 and token.text not in _KEYWORDS:
        return True
    return token.norm not in STOP and token.norm not in GENERIC


@cache
def _compiled(cue: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{cue})(?!\S)")

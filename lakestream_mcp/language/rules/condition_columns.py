"""The column of a comparison: before its sign, after its value, or the one that its unit fits."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from .measure_words import plain_number, time_in_unit, unit_of
from .names import Columns, Named, column_name, parts_of, singular
from .phrase import Found, Phrase, means_something
from .talk import Talk
from .tokens import Token
from .words import ENTITIES, GENERIC, STOP, word_set

if TYPE_CHECKING:
    from sqlglot import exp

ENDS = word_set("and or but then within in for by per with when where while if , . ; : )")


_ALSO = frozenset(["or", "and", "nor", ",", "but", ")"])
_MEASURES = word_set(
    "amount price temperature speed total value quantity humidity pressure voltage latency "
    "duration balance score level rate usage load size weight"
)


_OWNER = r"(?:of|on|for|from|in|at)(?: (?:an?|the|each|every|any|one|that|some))? [a-z]\w*"
_HEADS = frozenset(["usage", "rate", "level", "load", "size", "score", "weight", "balance"])
"""Measures that need a word before them: `cpu usage`."""


class ConditionColumns:
    """Finds columns for comparisons; where none are known, words make them."""

    def __init__(self, columns: Columns, talk: Talk) -> None:
        self.columns = columns
        self.talk = talk
        self.compared = False
        self.last: str | None = None
        """The column that was compared last: `below 0 or above 100` is about one."""
        self.told: str | None = None
        """The column that anything was said of last: `starts with 'a' or contains 'b'`."""
        self.about: str | None = None
        """The only column of numbers that is spoken of at all."""

    def _timed(self, phrase: Phrase, found: Found, floor: int) -> bool:
        """Whether a column that holds a time is named before a comparison with one."""
        before = self._before(phrase, found.start, floor)
        if before is not None:
            return bool(
                {"ms", "second", "minute", "duration", "latency", "time"} & set(parts_of(before[0]))
            )
        word = phrase.tokens[found.start - 1].norm if found.start > floor else ""
        return self.columns.open and word in (
            "latency",
            "duration",
            "response",
            "delay",
            "elapsed",
            "time",
        )

    def _literal(self, token: Token, column: str) -> exp.Expr:
        from sqlglot import exp

        if token.kind == "dur":
            return exp.Literal.number(plain_number(time_in_unit(token.value, column)))
        text = plain_number(Fraction(token.value))
        negative = text.startswith("-")
        number = exp.Literal.number(text.lstrip("-"))
        return exp.Neg(this=number) if negative else number

    def _column(
        self, phrase: Phrase, found: Found, floor: int, value: Token
    ) -> tuple[str, int, int] | None:
        """The column of a comparison, and the span of the words that name it."""
        before = self._before(phrase, found.start, floor)
        if before and self._countable(before[0]):
            return (*before, found.end)
        held = phrase.tokens[found.end].norm if found.end < len(phrase) else ""
        if held in {name.lower() for name in self._arrays()}:
            named = self.columns.exactly([held])
            return (named.name, found.start, found.end + 1) if named else None
        after = phrase.at(
            r"(?:(?:in|of|for|on|the|its|items|points) )*(?P<word>[a-z_]\w*)", found.end
        )
        if after is not None:
            place = after.end - 1
            named = self.columns.named([t.norm for t in phrase.tokens[place : place + 4]])
            if named and set(named.names) & {*self.columns.numeric(), *self._arrays()}:
                return self._chosen(named), found.start, place + named.length
        return self._default(phrase, found, floor, value)

    def _arrays(self) -> list[str]:
        return self.columns.of_type("array")

    def _sized(self, name: str) -> exp.Expr:
        """What is compared of a column: of a list how many it holds."""
        from sqlglot import exp

        tree = column_tree(name)
        return exp.func("SIZE", tree) if name in self._arrays() else tree

    def _listed(
        self, phrase: Phrase, start: int, floor: int, fitting: Sequence[str]
    ) -> tuple[tuple[list[str], str], int]:
        """`temperature or humidity` before a sign: the other columns, how they are joined, and
        where the first begins."""
        names: list[str] = []
        joint = ""
        while start - floor > 1 and phrase.tokens[start - 1].norm in ("and", "or", ","):
            word = phrase.tokens[start - 1].norm
            words = [t.norm for t in phrase.tokens[max(floor, start - 4) : start - 1]]
            named = self.columns.ending(words)
            if named is None or len(named.names) > 1 or named.name not in fitting:
                break
            joint = joint or (word if word != "," else "")
            names.append(named.name)
            start -= named.length + 1
        both = start > floor and phrase.tokens[start - 1].norm in ("both", "either")
        return (names, joint or "and"), start - both

    def _countable(self, name: str) -> bool:
        return self.columns.open or name in self.columns.numeric()

    def _before(self, phrase: Phrase, end: int, floor: int) -> tuple[str, int] | None:
        """The column that the words before a place name, and where they begin."""
        while end > floor and phrase.tokens[end - 1].norm in (
            "that",
            "which",
            "who",
            "a",
            "an",
            "the",
            "value",
            "reading",
            "readings",
            "values",
            "has",
            "is",
            "are",
            "with",
            "column",
            "field",
            "both",
            "each",
            "all",
        ):
            end -= 1
        words = [t.norm for t in phrase.tokens[max(floor, end - 4) : end]]
        kinds = [t.kind for t in phrase.tokens[max(floor, end - 4) : end]]
        while kinds and set(kinds) - {"word", "name"}:
            words, kinds = words[1:], kinds[1:]
        if not words:
            return None
        named = self.columns.ending(words)
        owner = named is None or set(named.names) <= set(self.columns.key_candidates())
        if owner and (owned := self._owned(phrase, end, floor)):
            return owned
        return (self._chosen(named), end - named.length) if named is not None else None

    def _again(self, start: int, phrase: Phrase, floor: int) -> tuple[str, int] | None:
        """The column that was told last, where only `or` or `and` stands between."""
        gap = {t.norm for t in phrase.tokens[floor:start]}
        if self.told is None or not floor or not gap or start - floor > 2 or gap - _ALSO:
            return None
        return self.told, start

    def _owned(self, phrase: Phrase, end: int, floor: int) -> tuple[str, int] | None:
        """`the humidity of a device` before a sign: the column of what has it."""
        for length in (3, 2):
            owner = phrase.part(end - length, end) if end - length > floor else None
            if owner is None or not owner.at(_OWNER + "$"):
                continue
            words = [t.norm for t in phrase.tokens[max(floor, end - length - 4) : end - length]]
            named = self.columns.ending(words) if words else None
            if named is not None and named.name not in self.columns.key_candidates():
                return self._chosen(named), end - length - named.length
        return None

    def _spoken(self, phrase: Phrase, end: int, floor: int) -> tuple[str, int] | None:
        """A column of text that words make, where no columns are known: `country is …`."""
        if not self.columns.open or end <= floor:
            return None
        token = phrase.tokens[end - 1]
        if token.kind != "word" or token.norm in STOP | GENERIC | ENDS:
            return None
        return self.columns.make(column_name([token.text]), "string"), end - 1

    def _chosen(self, named: Named) -> str:
        if len(named.names) > 1:
            said = ", ".join(f"`{name}`" for name in named.names)
            self.talk.ask(f"Which column is meant: {said}?", named.names)
        return named.name

    def _default(  # noqa: PLR0911 - the cases of a grammar
        self, phrase: Phrase, found: Found, floor: int, value: Token
    ) -> tuple[str, int, int] | None:
        """The column of a number whose column is not named."""
        unit = unit_of(value)
        fitting = self.columns.of_unit(unit)
        joined = found.start == floor + 1 and phrase.tokens[floor].norm in ("or", "and")
        first = found.start == 0 and floor == 0
        if (joined or first) and self.last is not None:
            return self.last, found.start, found.end
        if self.columns.open:
            if fitting:
                return fitting[0], found.start, found.end
            name, start = self._made(phrase, found.start, floor, unit)
            return name, start, found.end
        candidates = fitting or self.columns.numeric()
        said = phrase.part(found.start, found.end).said()
        usual = [name for name in candidates if "amount" in parts_of(name)]
        if (len(candidates) == 1 or len(usual) == 1) and not _is_other(phrase, found.start, floor):
            name = candidates[0] if len(candidates) == 1 else usual[0]
            self.talk.assume(f"I took `{said}` to be about `{name}`.")
            return name, found.start, found.end
        if self.about in candidates and self.about is not None:
            return self.about, found.start, found.end
        unnamed = _last_word(phrase, found.start, floor)
        if near := self._misspelt(phrase, found, unnamed, candidates):
            return near
        if candidates:
            about = f" There is no column `{unnamed}`." if unnamed else ""
            self.talk.ask(f"Which column is to be {said}?{about}", candidates)
            return candidates[0], found.start, found.end
        self.talk.ask(f"There is no column of numbers for `{said}`. Which expression is it about?")
        return None

    def _misspelt(
        self, phrase: Phrase, found: Found, unnamed: str, candidates: list[str]
    ) -> tuple[str, int, int] | None:
        """The only column that a word is close to."""
        near = self.columns.named([unnamed.lower()], typos=True) if unnamed else None
        if not near or not near.guessed or near.names[1:] or near.name not in candidates:
            return None
        self.talk.assume(f"I read `{near.guessed}` as the column `{near.name}`.")
        start = next(n for n in range(found.start) if phrase.tokens[n].text == unnamed)
        return near.name, start, found.end

    def _made(self, phrase: Phrase, end: int, floor: int, unit: str) -> tuple[str, int]:
        """A new column, where no columns are known, called as the words call it."""
        words: list[str] = []
        start = end
        while start > floor and len(words) < 2:
            token = phrase.tokens[start - 1]
            if token.kind != "word" or token.norm in STOP | GENERIC | ENTITIES:
                break
            start -= 1
            words.insert(0, singular(token.norm))
            if words[0] in _MEASURES and words[0] not in _HEADS:
                break
        by_unit = {"money": "amount", "degrees": "temperature", "time": "latency_ms"}
        measure = bool(words) and words[-1] in _MEASURES
        article = start > 0 and phrase.tokens[start - 1].norm in ("a", "an", "#num", "more")
        plural = bool(words) and phrase.tokens[end - 1].norm != words[-1]
        if not measure and (not words or plural or article or unit == "money"):
            return self.columns.make(by_unit.get(unit, "amount"), "double"), end
        return self.columns.make(column_name(words), "double"), start


def column_tree(name: str) -> exp.Expr:
    """A column as a tree."""
    from ...relational.sql import column

    return column(name)


def _is_other(phrase: Phrase, at: int, floor: int) -> bool:
    """Whether a sign follows a word that is no column: `risk > 0.7` is not about the amount."""
    before = phrase.tokens[at - 1] if at > floor else None
    signed = phrase.tokens[at].norm in (">", "<", ">=", "<=", "=", "is", "are", "was")
    word = before is not None and before.kind == "word" and means_something(before)
    return signed and word and singular(before.norm) not in ENTITIES if before else False


def _last_word(phrase: Phrase, end: int, floor: int) -> str:
    """The word that a comparison is about, if it is no column."""
    words = [t for t in phrase.tokens[floor:end] if t.kind == "word" and means_something(t)]
    return words[-1].text if words and "_".join(parts_of(words[-1].text)) else ""

"""What of a text nobody took: a remark where it changes nothing, a question where it may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .phrase import Phrase
from .tokens import Token
from .words import word_set

_VALUES = ("num", "dur", "times", "factor", "dist", "str", "clock")
_TELLING = word_set(
    "outside except excluding unless instead exactly different distinct top bottom highest "
    "lowest weekend weekends weekday weekdays night percent percentage share ratio rank ranked "
    "higher lower larger bigger smaller median never nobody twice half between except only not "
    "latest earliest"
)
"""Words that make another thing of what stands beside them."""


def left_out(found: Sequence[Phrase]) -> list[str]:
    """Words that mean something and were not used, as they stand in the text."""
    said = [" ".join(t.text for t in run) for _, run in _runs(found)]
    return [text[:80] for text in dict.fromkeys(said)]


def unread(found: Sequence[Phrase]) -> list[str]:
    """What was not used, and tells which rows are meant, how many, or what is not meant."""
    said: list[str] = []
    for phrase, run in _runs(found):
        if any(_tells(t) for t in run):
            first, last = phrase.tokens.index(run[0]), phrase.tokens.index(run[-1])
            said.append(phrase.part(first, last + 1).said()[:80])
    return list(dict.fromkeys(said))


def _tells(token: Token) -> bool:
    """Whether a word matters; `one visit` says no more than `a visit`."""
    return (token.kind in _VALUES and token.value != 1) or token.norm in _TELLING


def _runs(found: Sequence[Phrase]) -> Iterator[tuple[Phrase, list[Token]]]:
    """Words side by side that mean something and were not used."""
    for phrase in found:
        run: list[Token] = []
        content = set(phrase.content())
        for token in phrase.tokens:
            if token in content and token.place not in phrase.used:
                run.append(token)
            elif run:
                yield phrase, run
                run = []
        if run:
            yield phrase, run

"""How a window is to move on: `let it slide: an hour long, every 10 minutes`."""

from __future__ import annotations

from typing import Any

from .measure_words import duration_of
from .phrase import Phrase
from .tokens import Token

_MOVES = (
    r"slid\w+|hop|hops|hopping|moves?|moving|advances?|advancing|updated?|refresh\w*|step|steps|"
    r"stepping|shift\w*"
)
_NAMED = r"slides?|sliding|hop|hops|hopping"
_SLIDES = (
    rf"(?:{_MOVES})(?: (?:window|windows|that|which|it|them|by|every|each|forward|on|with|a|step|"
    r"of|moves?|slides?|is|=|:|interval|size))* (?P<d>#dur)"
)
_STEP = rf"every|each|once|by|{_MOVES}|interval|result\w*|new"
_LENGTH = r"lasting|length|size|duration|spans?|spanning|covers?|covering|look\w*|last"
_SESSION = r"session windows?|windows?(?: \S+){0,4}? sessions?|(?:into|to|by) sessions?"
OPEN = "How long is the window, and after what time does the next one begin?"
"""What is asked of a sliding window that is told in part."""


def window_told(phrase: Phrase) -> dict[str, Any] | str | None:
    """The fields of a window that a phrase tells; a question where one is open, None where it
    tells of none."""
    times = [n for n, t in enumerate(phrase.tokens) if t.norm == "#dur"]
    if phrase.has(_SESSION) and len(times) == 1:
        gap = duration_of(phrase.tokens[times[0]])
        return {"window_type": "session", "gap": gap, "duration": None, "slide": None}
    found = phrase.find(_SLIDES)
    if len(times) == 2 and (found or phrase.has(_NAMED)):
        return _both(phrase, times)
    if found and not (times[1:] or _is_length(phrase, times[0])):
        return {"window_type": "sliding", "slide": duration_of(found.groups["d"][0])}
    if phrase.has("tumbling"):
        length = {"duration": duration_of(phrase.tokens[times[0]])} if times else {}
        return {"window_type": "tumbling", "slide": None, **length}
    return OPEN if phrase.has(_NAMED) and len(times) == 1 and phrase.has("windows?") else None


def _both(phrase: Phrase, times: list[int]) -> dict[str, Any] | str:
    """Which of two times is how far the window slides, and which how long it is."""
    steps = [n for n in times if _is_step(phrase, n) and not _is_length(phrase, n)]
    lengths = [n for n in times if _is_length(phrase, n)]
    step = _shortest(phrase, steps or [n for n in times if n not in lengths])
    length = next(phrase.tokens[n] for n in times if phrase.tokens[n] is not step)
    if step is None or step.value > length.value:
        return OPEN
    return {
        "window_type": "sliding", "slide": duration_of(step), "duration": duration_of(length)
    }  # fmt: skip


def _shortest(phrase: Phrase, places: list[int]) -> Token | None:
    return min((phrase.tokens[n] for n in places), key=lambda t: t.value, default=None)


def _before(phrase: Phrase, at: int) -> Phrase:
    """The words that lead to a time, from the time before it or a comma."""
    start = at
    while start and at - start < 5 and phrase.tokens[start - 1].norm not in ("#dur", ",", ";"):
        start -= 1
    return phrase.part(start, at)


def _is_step(phrase: Phrase, at: int) -> bool:
    lead, behind = _before(phrase, at), phrase.at(rf"(?:{_MOVES}|interval)", at + 1)
    return lead.has(_STEP) or behind is not None


def _is_length(phrase: Phrase, at: int) -> bool:
    lead = _before(phrase, at)
    if phrase.at(r"(?:long|wide|in length|windows?)", at + 1):
        return True
    return lead.has(_LENGTH) or lead.has(r"windows? (?:of|:|=|is)(?: a| an)?$")

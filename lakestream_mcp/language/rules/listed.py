"""A bare list of events is a sequence: `declined, declined, approved within 5 minutes`."""

from __future__ import annotations

from .modifiers import take_key, take_time
from .occurrences import sequence
from .phrase import Phrase
from .scene import Made, Scene
from .talk import Talk

LIST = r"\S+(?: \S+){0,4} ,(?: and)? \S+|and \S+(?: \S+){0,4} and"
MAX_PIECE = 5
_NO_EVENT = (
    r"[=<>]|>=|<=|!=|#name|#path|#url|#mail|#host|over|under|above|below|to|from|of|is|are|not|"
    r"keep|drop|only|or|between|column|columns|average|sum|total|max|min"
)


def listed(scene: Scene, phrase: Phrase) -> Made | None:
    """The sequence of the events of a list; None where its pieces are no events."""
    quiet = Phrase(phrase.tokens, set(phrase.used))
    _, rest = take_key(quiet, scene.columns, Talk())
    time, rest = take_time(rest)
    pieces = [piece for piece in rest.split(r",(?: and)?|-|and") if piece.content()]
    if len(pieces) < (2 if time else 3) or not all(map(_is_event, pieces)):
        return None
    first, last = pieces[0].tokens[0].place, pieces[-1].tokens[-1].place
    tokens = [
        t._replace(norm="then") if t.norm in (",", "-", "and") and first < t.place < last else t
        for t in phrase.tokens
    ]
    return sequence(scene, Phrase(tokens, phrase.used))


def _is_event(piece: Phrase) -> bool:
    return len(piece) <= MAX_PIECE and not piece.has(_NO_EVENT)

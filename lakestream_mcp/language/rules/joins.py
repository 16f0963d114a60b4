"""Two streams joined row by row: `join them on order_id within 1 hour`."""

from __future__ import annotations

from .measure_words import duration_of
from .modifiers import take_key, take_time
from .phrase import Phrase
from .scene import Made, Scene

_JOIN = (
    r"(?:(?:please|and|then|inner|left|right|full|outer|stream) )*(?P<do>join|joined|combine|"
    r"match up)"
    r"(?: (?:them|both|all|two|the|these|those|streams?|topics?|sources?|together|with|each other|"
    r"one another|up))+"
)


def joined(scene: Scene, phrase: Phrase) -> Made | None:
    """A join of two streams, which needs a key and a time; None where one is missing."""
    found = phrase.at(_JOIN)
    if found is None or phrase.has("#name"):
        return None
    time, rest = take_time(phrase.part(found.end))
    key, _ = take_key(rest, scene.columns, scene.talk)
    if time is None or not key.names:
        return None
    way = next((w for w in ("left", "right", "full") if phrase.has(rf"{w}(?: outer)? join")), None)
    phrase.use(found.start, found.end)
    length = duration_of(time)
    scene.talk.assume("Either may come first; columns of the second stream begin with `right_`.")
    config = {
        "keys": list(key.names),
        "within_before": length,
        "within_after": length,
        "right_prefix": "right_",
    }
    return Made("stream-stream-join", config | ({"join": way} if way else {}), "Join")

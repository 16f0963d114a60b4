"""Patterns over two streams, and row patterns that are given as text."""

from __future__ import annotations

from .measure_words import duration_of
from .modifiers import take_time
from .names import parts_of, singular
from .phrase import Phrase
from .scene import Made, Scene, kept, text

_STREAM = (
    r"(?:on|in|from|at|of)? ?(?:the |both )?(?:streams?|topics?|"
    r"sources?|feeds?)(?: (?P<n>#num|#str|#name|\w+))?|(?:the "
    r")?(?:left|right|first|second|other)(?: (?:stream|side|source|"
    r"one))?"
)


_ANY_ORDER = (
    r"(?:,|and)? ?(?:whichever|no matter which|regardless of which|in either|in any|any)"
    r"(?: (?:one|of them|comes|is|happens|was|order|way round|first)){1,3}"
)


def correlation(scene: Scene, phrase: Phrase) -> Made | None:
    """`a login in stream logins within 5 seconds of an alert in stream alerts, by user`."""
    phrase = phrase.without(phrase.take(_ANY_ORDER))
    phrase = phrase.without(
        phrase.take(r"(?:pair|match up|match|correlate)(?: (?:up|each|every|all|any))*")
    )
    key, phrase = scene.key(phrase, "pair")
    time, phrase = take_time(phrase)
    order = "left-first" if phrase.has(r"before|then|followed by") else "any"
    order = "right-first" if order == "any" and phrase.has("after") else order
    halves = phrase.split(
        r"(?:of each other|of one another|before|after|then|followed by|"
        r"within|and|with|of|close to|near)(?: (?:an?|the|of))*"
    )
    halves = [half for half in halves if half.content()]
    if len(halves) < 2 and not phrase.has(_STREAM):
        return None
    sides: list[str | None] = []
    inputs: list[str] = []
    events = scene.events(tuple(key))
    for half in halves[:2]:
        stream = half.take(_STREAM)
        named = stream.token("n") if stream else None
        if named is not None and named.kind != "num":
            inputs.append(str(named.value) if named.kind == "str" else named.text)
            scene.columns.about.update(singular(p) for p in parts_of(inputs[-1]))
        where = events.read(half.without(stream)).where
        sides.append(text(where) if where is not None else None)
    if time is None:
        scene.talk.assume("No time was given between the two: I took 5 minutes.")
    left, right = (*sides, None, None)[:2]
    config = {
        "key": key,
        "left": left,
        "right": right,
        "within": duration_of(time) if time else None,
        "order": order if order != "any" else None,
    }
    return Made("temporal-correlation", kept(config), inputs=tuple(inputs))

"""Rows that part ways: `A to this table, B to that one, and the rest to a third`."""

from __future__ import annotations

from typing import Any, NamedTuple

from .lookups import quality
from .names import column_name
from .phrase import Phrase
from .scene import Made, Scene, text
from .sinks import take_sink
from .tokens import Token

_REST = (
    r"(?:,|and)? ?(?:the rest|rest(?= (?:to|into|goes|in|->))|everything else|everyone else|all "
    r"others|the others|others|"
    r"otherwise|the remaining(?: ones)?|all other \w+|anything else|remaining|all the rest|"
    r"the other \w+|what is left|whatever is left)"
)
_LEAD = (
    r"(?:split|route|send|direct|divide|write|put|separate)(?: "
    r"(?:the|stream|rows|events|all|those|that|by|are|with|on|out|them))*(?: :)?"
)
_BY = (
    r"(?:split|route|divide|separate|part)(?: (?:the|them|it|rows|events|stream|up|\w+))* "
    r"(?:by|on)(?: the)? (?P<c>\w+)(?: :)?"
)
_CUT = r"(?:,|;|and)(?: (?:and|send|route|write|put|those|the|ones|rows|with|that|are|of))*"
_KEPT = (
    r"(?:(?:,|and|but|then|also|the|all) )*(?:keep|store|save|put|write|send|collect|land|move|"
    r"quarantine|route|divert)s?(?: (?:all|the|any|every))*"
    r"(?: (?:it|them|those|bad|invalid|failing|failed|violating|broken|rest|others|rows|records|"
    r"ones|"
    r"violations|everything|else|that|fails?)){1,4} (?:in|to|into|on|at)"
)


class Routed(NamedTuple):
    """A router and, by the name of each way out, where it leads."""

    router: Made
    routes: tuple[tuple[str, Made], ...]


def routed(scene: Scene, phrase: Phrase) -> Routed | None:
    """`send orders over $1000 to A and the rest to B`; None where that is not said."""
    rest = phrase.find(_REST)
    if rest is None or not rest.start:
        return None
    first, second = phrase.part(0, rest.start), phrase.part(rest.end)
    other = take_sink(scene, Phrase((*_to(first), *second.tokens), phrase.used), True)
    if other is None:
        return None
    by = first.take(_BY)
    named = scene.columns.exactly([by.groups["c"][0].norm]) if by else None
    column = named.name if named else None
    body = first.without(by)
    ways = [_way(scene, piece, column) for piece in _pieces(body.without(body.take(_LEAD)))]
    if not ways or any(way is None for way in ways):
        return None
    phrase.use(rest.start, rest.end)
    routes: list[dict[str, str]] = []
    sinks: list[tuple[str, Made]] = []
    for name, condition, sink in (way for way in ways if way is not None):
        taken = {route["name"] for route in routes}
        free = name if name not in taken else f"{name}_{len(routes) + 1}"
        routes.append({"name": free, "condition": condition})
        sinks.append((free, sink))
    router = Made("split-router", {"routes": routes, "default_route": "other"}, "Router")
    return Routed(router, (*sinks, ("other", other[0])))


def quarantined(scene: Scene, phrase: Phrase) -> Routed | None:
    """`expect amount > 0, drop bad rows but keep them in main.qa.bad`: rules, and their bad "
    "rows."""
    kept = phrase.find(_KEPT)
    if kept is None or not kept.start:
        return None
    sink = take_sink(scene, phrase.part(kept.start), True)
    made = quality(scene, phrase.part(0, kept.start)) if sink else None
    if sink is None or made is None or not made.config:
        return None
    rules = [{**rule, "action": "drop"} for rule in made.config["expectations"]]
    config = {**made.config, "expectations": rules, "quarantine": True}
    phrase.use(kept.start, kept.end)
    return Routed(made._replace(config=config), (("quarantine", sink[0]),))


def _pieces(phrase: Phrase) -> list[Phrase]:
    """The phrase cut where one way ends, after a place to write to, and the next begins."""
    pieces, start = [], 0
    for found in phrase.all(_CUT):
        before, after = phrase.part(start, found.start), phrase.part(found.end)
        if before.has(r"to|into|in|on|goes?") and after.has(r"to|into|goes?") and after.content():
            phrase.use(found.start, found.end)
            pieces.append(before)
            start = found.end
    return [piece for piece in (*pieces, phrase.part(start)) if piece.content()]


def _way(scene: Scene, phrase: Phrase, column: str | None) -> tuple[str, str, Made] | None:
    """The name, the condition and the sink of one way."""
    sink = take_sink(scene, Phrase((*phrase.tokens,), phrase.used), True)
    if sink is None:
        return None
    bare = phrase.at(r"(?P<v>#str|\w+) (?:goes|go|to|into|in|->|:)") if column else None
    if column is not None and bare is not None:
        token = bare.groups["v"][0]
        where = _is(column, str(token.value) if token.kind == "str" else token.text)
        sink[1].use()
    else:
        where = scene.events().condition(sink[1])[0]
    if where is None:
        return None
    named = bare.groups["v"] if bare else sink[1].content()
    name = column_name(t.norm for t in named if t.kind == "word") or "matching"
    return name if name not in ("other", "value") else "matching", text(where), sink[0]


def _is(column: str, value: str) -> Any:
    from sqlglot import exp

    from ...relational.sql import column as tree

    return exp.EQ(this=tree(column), expression=exp.Literal.string(value))


def _to(phrase: Phrase) -> tuple[Token, ...]:
    return (Token("word", "send", "send", place=phrase.tokens[0].place if phrase else 0),)

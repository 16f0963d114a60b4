"""What a text says of a pattern beside what it looks for: how flat is flat, who is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .measure_words import duration_of, json_number
from .phrase import Found

_IS = r"(?:(?:is|are|was|may|can|might|could|should|shall|must|will|be|gets?|to|then|also|being) )*"
_GONE = r"(?:forgotten|dropped from (?:memory|state)|removed from state)"
_FORGOTTEN = (
    rf"(?:(?:,|and|but) )?(?:(?:an?|any|each|every|the|those|all|one) )?(?:[a-z]\w* ){{1,3}}?"
    r"(?:without|unheard|silent|quiet|inactive|unseen|idle|not|that|which|who|with no|if|when|has)"
    rf"(?: [a-z]\w*){{0,8}}? (?P<t>#dur) {_IS}{_GONE}|"
    rf"(?:(?:,|and|but) )?(?:(?:an?|any|each|every|the|it|they|this) )?(?:[a-z]\w* ){{0,3}}?{_IS}"
    rf"{_GONE}(?: (?:again|once|if|when|it|they|nothing|is|was|are|heard|seen|silent|quiet|has|"
    r"been|not|no|news|of|from|them))* (?:after|for|within) (?P<u>#dur)(?: (?:of silence|without "
    r"(?:news|events|activity|any|a sign of life)|of inactivity))*"
)
_FLAT = (
    r"(?:(?:,|\(|;|with|and|a|an|give or take|the) )*(?:give or take|tolerance|tolerating|"
    r"tolerated?|plus or minus|\+ / -|± )(?: (?:of|is|=|:|up|to|about|at most|most|at|within))* "
    r"(?P<n>#pct)(?: (?:is|are|of|fine|ok|okay|allowed|tolerance|tolerated|deviation|change|"
    r"variation))*(?: \))?"
)
_VISIT = r"(?:visits?|sessions?|trips?|ones|those|rides?|groups?)"
_EVENTS = r"(?:events?|rows?|clicks?|pages?|page views?|views?|actions?|records?|readings?|entries)"
_FEW = r"(?:fewer than|less than|under|below|not even)"
_IDLE = (
    r"(?:(?:is|are|be|should|must|can|may|do|does|will|to|we|not|of) )*(?:no interest|no use|"
    r"ignored?|dropped?|discarded?|left out|skipped|excluded?|not count\w*|count\w*|matter|"
    r"interest us|irrelevant|uninteresting|noise|removed|thrown away|wanted|needed|reported)"
)
_OUT = r"(?:ignore|drop|discard|leave out|skip|exclude|forget|remove|without|no|but no|omit)"
_SHORT = (
    rf"(?:(?:,|and|but) )*{_VISIT} (?:(?:with|of|that have|which have|having) )?{_FEW} (?P<n>#num) "
    rf"{_EVENTS}(?: in (?:it|them))? {_IDLE}|"
    rf"(?:(?:,|and|but|please) )*{_OUT}(?: (?:the|all|any|those))* {_VISIT} "
    rf"(?:with|of|that have|which have|having) {_FEW} (?P<m>#num) {_EVENTS}"
)
_LONG = (
    rf"(?:(?:,|;|and|but|please|we|want|only|just|keep|count|report|consider|take) )*"
    rf"(?:only|just|keep|report|consider) (?:{_VISIT} )?"
    rf"(?:(?:those|ones|the|sessions|visits|trips) )*(?:with|of|that have|which have|having) "
    rf"(?:at least )?(?P<n>#num) (?:or more )?{_EVENTS}(?: or more)?(?: (?:count|matter|are "
    rf"kept))?|"
    rf"(?:(?:,|;|and) )*(?:min(?:imum)?|at least)(?: of)? (?P<m>#num) {_EVENTS} "
    rf"(?:per|in an?|in each|for an?) {_VISIT}|(?:(?:,|;|and) )*min_events(?: =| :|  of)? "
    rf"(?P<o>#num)"
)
_NEAREST = (
    r"(?:(?:,|and|but|the) )*(?:nearest|closest)(?: (?:one|pair|match|event))?(?: of them)? only|"
    r"(?:(?:,|and|but) )*only (?:the )?(?:nearest|closest)(?: (?:one|pair|match|event))?|"
    r"(?:(?:,|;|and|but|for|to|with|each|every|an?|the) )*(?:[a-z]\w* )?(?:, )?(?:we )?"
    r"(?:only |just )?(?:takes?|use|pick|pair|match|keep|choose|want|need|report|count|find|gets?|"
    r"with|by|pairing|pairs?)(?: (?:it|them|each|every|one|only|just|an?|the|with|to|by|=|:|"
    r"is)){0,4} "
    r"(?:nearest|closest)(?: (?:(?!within|at|on|by|to)[a-z]\w*))?(?: (?:in time|only|counts|"
    r"alone))*"
)


def _time(found: Found) -> dict[str, Any]:
    told = found.token("t") or found.token("u")
    return {"forget_after": duration_of(told)} if told else {}


def _few(found: Found) -> dict[str, Any]:
    told = found.token("n") or found.token("m") or found.token("o")
    return {"min_events": int(told.value)} if told else {}


def _tolerance(found: Found) -> dict[str, Any]:
    return {"tolerance_percent": json_number(found.groups["n"][0].value)}


Told = Callable[[Found], Mapping[str, Any] | None]
Wording = tuple[str, Told, tuple[str, ...], bool]
"""Words, what they tell, of which types, and whether they are only a hint."""
OF_PATTERNS: tuple[Wording, ...] = (
    (_FORGOTTEN, _time, (), False),
    (_FLAT, _tolerance, ("trend",), False),
    (_SHORT, _few, ("session",), False),
    (_LONG, _few, ("session",), False),
    (_NEAREST, lambda _: {"pairing": "nearest"}, ("temporal-correlation",), False),
)
"""Words, the fields that they are about, and of which types; none: of any that has the fields."""

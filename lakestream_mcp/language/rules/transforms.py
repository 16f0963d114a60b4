"""What is done to rows, in words: filters, columns, windows, joins, routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .column_transforms import added, columns_kept, exploded, renamed
from .grouping import UNLESS
from .joins import joined
from .lookups import enriched, positive, quality
from .measure_words import duration_of
from .numbers import METHODS
from .phrase import Phrase
from .projections import computed, predicted, projected
from .scene import UNSURE, Made, Scene, text

_KEEP = (
    r"(?:(?:please|i|only|want|to|just|need|we|should|am|are) )*(?:(?:keep|filter|"
    r"retain|pass|select|let|take|leave|include|consider|use|process|allow|look "
    r"at|care about|care for|interested in|add a filter|put a filter|apply a filter|show|"
    r"limit to|restrict to)(?: "
    r"(?:only|for|to|through|in|on|those|the|all|a|filter|that|keeps|just|where|"
    r"so))*|only|just|(?:a |the )?filter (?:for|on|that|where|of|by)(?: keeps)?|"
    r"filtered (?:to|by|for|on))"
)


_DROP = (
    r"(?:(?:please|i|want|to|we|should|and) )*(?:drop|remove|discard|exclude|"
    r"ignore|skip|filter out|throw away|throw out|get rid of|leave out|delete|"
    r"reject|strip out|without)(?: (?:all|the|any|those|every|out))*"
)


_EXCEPT = (
    r"(?:everything|anything|all|(?:all |every )?(?:rows|events|payments|orders|\w+s))(?: of)? ?"
    r"(?:except|but not|but|other than|apart from|excluding|besides)(?: (?:for|those|the|with|"
    r"where))*"
)
Reader = Callable[[Scene, Phrase], Made | None]


_KEEP_2 = (
    r"(?:(?:when|whenever|if|where|as soon as|each time|every time|"
    r"alert|detect|find|flag|me|us|on|for|any|all|every|notify|"
    r"about|of|warn|the|cases) )*(?:when|whenever|if|where|as soon "
    r"as|detect|find|flag|for|any|all|every|about|of|time|alert|"
    r"warn)"
)


_FILTERED_WORDS = (
    r"(?:the |all |those )?(?:events?|rows?|records?|messages?|"
    r"entries|ones|data)(?: (?:where|with|whose|that|which|if|when|"
    r"from|for|having|in which))*|where|whose|that (?:have|are)|"
    r"with"
)


def late(phrase: Phrase) -> tuple[Any, Phrase]:
    """`allow events to be 10 minutes late`: the time, and the phrase without it."""
    found = phrase.take(
        r"(?:(?:allow|allows|allowing|accept|tolerate|events|rows|data|"
        r"records|messages|for|to|be|arrive|arriving|come|can|may|might|up|"
        r"with|late|lateness|of|a|an|the|and|by|most|at|wait|watermark|"
        r"delay|is|set|use|add|out|order|coming|them|which|that|are|in) "
        r"){0,14}"
        r"(?P<d>#dur)(?: (?:late|of lateness|lateness|delay|delayed|"
        r"watermark|out of order|behind|of delay|late data|for late (?:data|"
        r"events|rows)|too late))"
    ) or phrase.take(
        r"(?:(?:with|use|add|set|and|a|the|an|apply|using) )*(?:watermark|"
        r"lateness|late data|late events|late arrivals|delay tolerance)(?: "
        r"(?:delay|of|is|to|up|for|be|by|at|most|on|max|maximum|with|"
        r"\w+_\w+)){0,6} (?P<d>#dur)(?: (?:on|for) \w+_\w+)?|"
        r"(?:(?:set|add|apply|use|a|the) )*watermark (?:node )?(?:(?:on|for|column|of) )*\w+"
        r"(?: (?:of|is|by|with|:|=|,|delay|lateness))* (?P<e>#dur)"
    )
    time = (found.token("d") or found.token("e")) if found else None
    return (time, phrase.without(found)) if time else (None, phrase)


def is_filter(phrase: Phrase) -> bool:
    """Whether a phrase tells to keep or drop rows, and not those that are repetitions."""
    if phrase.has(
        r"duplicat\w+|dupes?|dedup\w*|repeats|repeated|copies|sessions?|for #dur|within #dur|unique"
    ):
        return False
    if phrase.has("|".join(words for _, words in METHODS) + "|#dist"):
        return False
    return any(phrase.at(cue) is not None for cue in (_KEEP, _DROP, _EXCEPT))


def filtered(scene: Scene, phrase: Phrase) -> Made | None:
    """`keep only orders over $100`, `drop rows without a customer`, `only where …`."""
    from sqlglot import exp

    keep, drop = phrase.at(_KEEP), phrase.at(_DROP)
    if drop is None and keep is None and not phrase.at(_EXCEPT):
        keep = phrase.at(_KEEP_2)
    found = drop or keep
    rest = phrase.part(found.end) if found else phrase
    negated = drop is not None
    if every := rest.at(_EXCEPT):
        rest.use(every.start, every.end)
        rest, negated = rest.part(every.end), not negated
    if (unless := rest.find(UNLESS)) and unless.start < 2:
        rest.use(unless.start, unless.end)
        rest, negated = rest.part(unless.end), not negated
    if lead := rest.at(_FILTERED_WORDS):
        rest.use(lead.start, lead.end)
        rest = rest.part(lead.end)
    if found:
        phrase.use(found.start, found.end)
    events, asked = scene.events(), len(scene.talk.questions)
    events.strict = True
    where = events.conditions.only(rest) if scene.columns.open else None
    where = where if where is not None else events.condition(rest)[0]
    if where is None and len(scene.talk.questions) > asked and found is not None:
        return UNSURE
    if where is None or (found is None and not _told(where) and not events.conditions.compared):
        return None
    if scene.columns.open and not events.conditions.compared:
        return None
    if negated:
        negative = positive(where)
        where = negative if negative is not None else exp.Not(this=exp.Paren(this=where))
    return Made("filter", {"condition": text(where)}, "Filter")


def _told(where: Any) -> bool:
    """Whether a condition compares, and is no bare word that was taken for a kind of event."""
    from sqlglot import exp

    return any(not isinstance(t, exp.EQ) for t in where.find_all(exp.Predicate))


def watermark(scene: Scene, phrase: Phrase) -> Made | None:
    """`add a watermark of 10 minutes on event_time`."""
    time, rest = late(phrase)
    if time is None:
        return None
    times = scene.columns.of_type("timestamp")
    named = next(
        (n for t in rest.tokens if (n := scene.columns.named([t.norm])) and n.name in times), None
    )
    name = named.name if named else times[0] if times else None
    if name is None:
        return None
    rest.use()
    return Made("watermark", {"event_time": name, "delay": duration_of(time)}, "Watermark")


READERS: tuple[Reader, ...] = (
    predicted,
    renamed,
    exploded,
    joined,
    enriched,
    quality,
    projected,
    columns_kept,
    added,
    computed,
)
"""What a clause is tried for, in this order, before patterns and filters."""

"""Several events in order, read from one phrase: which, how often, and which must not come."""

from __future__ import annotations

from typing import NamedTuple

from .names import singular
from .order_words import (
    BACK,
    BETWEEN,
    COMES,
    CONTINUES,
    MAX_LISTED,
    NEXT,
    NONE,
    NOT_DONE,
)
from .phrase import Found, Phrase
from .words import ENTITIES


class Part(NamedTuple):
    """A phrase for one step, and how it stands to the step before."""

    phrase: Phrase
    negated: bool = False
    strict: bool = False


def ordered(phrase: Phrase) -> list[Part]:
    """The steps that a phrase tells of, in order; one for a phrase of one event."""
    parts = _led_by_none(phrase)
    if parts is None:
        parts = [p for part in _steps(phrase) for p in _without(part)]
    parts = [p for n, part in enumerate(parts) for p in _not_done(part, n == 0)]
    return [part for part in _in_between(parts) if part.phrase]


def _led_by_none(phrase: Phrase) -> list[Part] | None:
    """`no payment after an order`, `no B follows A`."""
    found = phrase.at(
        r"(?:(?:if|when|whenever|there is|there are|we see|we get|where|and|"
        r"see|get|alert|me|for|on|detect|find|the|absence|of|missing|a|an|"
        r"any|flag|warn|us) ){0,8}(?:no|absence of|missing)"
    )
    if found is None or not phrase.part(found.start, found.end).has("no|absence of|missing"):
        return None
    rest = phrase.part(found.end)
    after = rest.find(
        r"(?:(?:comes|arrives|is seen|happens|occurs|follows|received|is "
        r"received|seen) )?(?:after|of|following|since|once|follows|from "
        r"the time of|for)(?: receiving| seeing)?"
    )
    if after is None or not rest.part(after.end).content() or _of_thing(rest, after):
        return None
    phrase.use(found.start, found.end)
    rest.use(after.start, after.end)
    return [Part(rest.part(after.end)), Part(rest.part(0, after.start), negated=True)]


def _of_thing(phrase: Phrase, after: Found) -> bool:
    """`no payment of a merchant for an hour` waits for nothing that came before."""
    word = phrase.at(r"(?:(?:an?|any|the|each|one|some) )*(?P<w>[a-z]\w*)", after.end)
    said = phrase.part(after.start, after.end).text in ("of", "for")
    return said and word is not None and singular(word.groups["w"][0].norm) in ENTITIES


def _steps(phrase: Phrase) -> list[Part]:
    """The phrase cut at `then`, `followed by` and the like."""
    once = phrase.at(r"(?:(?:alert|if|when|me|detect|find|cases|where|a|an) ){0,6}(?:after|once)")
    comma = phrase.find(",") if once else None
    if once and comma and not phrase.has(NEXT):
        phrase.use(once.start, once.end)
        return [Part(phrase.part(once.end, comma.start)), Part(phrase.part(comma.end))]
    parts, start, strict = [], 0, False
    at = 0
    while (found := phrase.find(NEXT, at)) is not None:
        at = found.end
        if phrase.part(max(0, found.start - 2), found.start).has("not|never") or phrase.at(
            "no|not", found.end
        ):
            continue
        if found.start == 0 or not phrase.part(start, found.start).content():
            continue
        if not phrase.part(found.end).content() and not _goes_on(phrase, found.end):
            phrase.use(found.start, found.end)
            continue
        phrase.use(found.start, found.end)
        parts.append(Part(phrase.part(start, found.start), False, strict))
        strict = phrase.part(found.start, found.end).has(
            "immediately|directly|straight|strictly|right|very"
        )
        start = found.end
    parts.append(Part(phrase.part(start), False, strict))
    if len(parts) == 1:
        return _reversed(phrase)
    return [*_enumerated(parts[0]), *parts[1:]]


def _goes_on(phrase: Phrase, at: int) -> bool:
    """Whether something follows that is an event, if one that says little."""
    return phrase.part(at).has(r"events?|rows?|records?|any|another|readings?|other|#\w+")


def _enumerated(part: Part) -> list[Part]:
    """`logs in, changes the password and then …`: what comes before `then` may be a list."""
    pieces = part.phrase.split(",") if not part.phrase.has(r"or|#num , #num|no|without") else []
    if len(pieces) > 1 and all(len(p.content()) <= MAX_LISTED for p in pieces):
        pieces = [*pieces[:-1], *pieces[-1].split("and")]
    if len(pieces) < 2 or not all(piece.content() for piece in pieces):
        return [part]
    return [part._replace(phrase=pieces[0]), *(Part(piece) for piece in pieces[1:])]


def _reversed(phrase: Phrase) -> list[Part]:
    """`a refund after a purchase`, `a purchase preceded by a login`."""
    found = phrase.find(BACK)
    if found is None or found.start == 0 or not phrase.part(0, found.start).content():
        return [Part(phrase)]
    if not phrase.part(found.end).content() or phrase.part(0, found.start).has(NONE):
        return [Part(phrase)]
    phrase.use(found.start, found.end)
    strict = phrase.part(found.start, found.end).has("immediately|directly|right")
    return [Part(phrase.part(found.end)), Part(phrase.part(0, found.start), False, strict)]


def _without(part: Part) -> list[Part]:
    """A step cut at `without`, `but no`, `not followed by`."""
    phrase, start, negated = part.phrase, 0, part.negated
    made: list[Part] = []
    at = 0
    while (found := phrase.find(NONE, at)) is not None:
        at = found.end
        said = phrase.part(found.start, found.end)
        if phrase.at(r"more|less|longer|later|fewer|sooner|one|matter", found.end) or not (
            phrase.part(found.end).content() or _anything(phrase, found)
        ):
            continue
        quoted = said.has("but") and phrase.at("#str", found.end) is not None
        if (
            said.has("not")
            and phrase.at(CONTINUES, found.end)
            and not (said.has("followed") or quoted)
        ):
            continue
        if (
            said.text in ("no", "without", "lacking", "absence of", "without a", "without an")
            and found.start == 0
            and not made
        ):
            phrase.use(found.start, found.end)
            start, negated = found.end, True
            continue
        phrase.use(found.start, found.end)
        made.append(Part(phrase.part(start, found.start), negated, part.strict and not made))
        start, negated = found.end, True
    made.append(Part(phrase.part(start), negated, part.strict and not made))
    return [p for p in made if p.phrase]


def _anything(phrase: Phrase, found: Found) -> bool:
    """`then no reading`: nothing at all comes after something that did."""
    return (
        found.start > 0
        and phrase.at(
            r"(?:other |more |further )?(?:events?|readings?|data|rows?|messages?|records?|"
            r"anything)",
            found.end,
        )
        is not None
        and phrase.part(found.start, found.end).has("then|followed by no|and no|but no")
    )


def _not_done(part: Part, first: bool) -> list[Part]:  # noqa: PLR0911 - the cases of a grammar
    """`an order that is not shipped`, `an order and the payment does not arrive`."""
    phrase = part.phrase
    if missing := _missing(part):
        return missing
    found = phrase.find(NOT_DONE)
    if found is None or part.negated or phrase.at(CONTINUES, found.end):
        return [part]
    left, right = phrase.part(0, found.start), phrase.part(found.end)
    comes = right.at(COMES)
    if comes is not None:
        split = _last_join(left)
        if split is None:
            return _undone(part, found, right.without(comes))
        phrase.use(found.start, found.end)
        right.use(comes.start, comes.end)
        trigger, second = left.part(0, split), left.part(split + 1)
        rest = right.without(comes)
        if rest.content():
            second = Phrase((*second.tokens, *rest.tokens), phrase.used)
        return [part._replace(phrase=trigger), Part(second, negated=True)]
    if since := _since(part, right):
        phrase.use(found.start, found.end)
        return since
    if right.content() and not left.content() and not first:
        phrase.use(found.start, found.end)
        return [Part(right, negated=True)]
    if not right.content() or not left.content():
        return [part]
    phrase.use(found.start, found.end)
    if not first and all(singular(t.norm) in ENTITIES for t in left.content()):
        left.use()
        return [Part(right, negated=True)]
    return [part._replace(phrase=left), Part(right, negated=True)]


def _undone(part: Part, found: Found, right: Phrase) -> list[Part]:
    """`rises above 80 and does not come back below 75`; the step itself where nothing is left."""
    left = part.phrase.part(0, found.start)
    right = right.without(right.take("back|again|down|up"))
    if not left.content() or not right.has("#num|#str"):
        return [part]
    part.phrase.use(found.start, found.end)
    return [part._replace(phrase=left), Part(right, negated=True)]


def _since(part: Part, right: Phrase) -> list[Part]:
    """`not delivered within 5 days of being shipped`; nothing where that is not said."""
    since = right.find(
        r"(?:after|since|of being|once|of)(?: (?:being|it was|they were|it is|having been))?"
    )
    if since is None or not right.part(since.end).content():
        return []
    right.use(since.start, since.end)
    expected = right.part(0, since.start)
    return [part._replace(phrase=right.part(since.end)), Part(expected, negated=True)]


def _missing(part: Part) -> list[Part]:
    """`an order is created but the payment is missing`; nothing where that is not said."""
    phrase = part.phrase
    absent = phrase.find(
        r"(?:(?:is|are|goes|stays|but|and) )*(?:missing|absent|outstanding)(?: afterwards?| after)?"
    )
    split = _last_join(phrase.part(0, absent.start)) if absent and not part.negated else None
    if absent is None or split is None:
        return []
    phrase.use(absent.start, absent.end)
    expected = phrase.part(split + 1, absent.start)
    return [part._replace(phrase=phrase.part(0, split)), Part(expected, negated=True)]


def _last_join(phrase: Phrase) -> int | None:
    joins = [n for n, t in enumerate(phrase.tokens) if t.norm in ("and", "but", ",", "that")]
    return next(
        (
            n
            for n in reversed(joins)
            if phrase.part(0, n).content() and phrase.part(n + 1).content()
        ),
        None,
    )


def _in_between(parts: list[Part]) -> list[Part]:
    """`A then B without C in between`: C stands between the two."""
    made = list(parts)
    for number, part in enumerate(parts):
        between = part.phrase.take(BETWEEN) if part.negated else None
        if between is None:
            continue
        made[number] = part._replace(phrase=part.phrase.without(between))
        if number >= 2 and number == len(parts) - 1:
            made.insert(number - 1, made.pop(number))
    return made

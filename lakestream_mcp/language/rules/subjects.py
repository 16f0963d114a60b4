"""Who does it, where no key is named: `when a card …`, `customers who …`."""

from __future__ import annotations

from collections.abc import Sequence

from .modifiers import THINGS, Key, open_one, sure
from .names import PLACES, Columns, parts_of, singular
from .phrase import Phrase
from .talk import Talk
from .words import ENTITIES

_SUBJECT = (
    r"(?:a|an|any|one|each|every|some|the|which|that|single) (?:single |given |"
    r"specific |individual |particular )*(?P<who>\w+)"
)
_SUBJECTS = (
    r"(?P<who>\w+)(?= (?:who|that|which|with|whose|making|having|sending|doing|"
    r"logging|where)(?!\S))"
)
_OF_PLACE = r"(?:of|in|for|from) (?:a|an|any|one|each|every) (?P<who>\w+)"
_ACTS = (
    r"(?:is|has|was|goes|stays|that|moves|not|gets|sits|remains|status|state|changes|are|never|in)"
)


def subject_key(phrase: Phrase, columns: Columns) -> Key:
    """Who does it, where no key is named: `when a card …`, `customers who …`."""
    for place in phrase.all(_SUBJECTS):
        named = columns.exactly([place.groups["who"][0].norm]) if not columns.open else None
        kinds = (columns.kind_column(), columns.status_column())
        if (
            named
            and len(named.names) == 1
            and columns.types[named.name] == "string"
            and named.name not in kinds
        ):
            if modifiers_thing(place.groups["who"][0].norm):
                continue
            phrase.use(place.start, place.start + 1)
            return Key(named.names, True)
    for place in phrase.all(_OF_PLACE):
        named = None if columns.open else columns.exactly([place.groups["who"][0].norm])
        if named and len(named.names) == 1 and singular(place.groups["who"][0].norm) in PLACES:
            phrase.use(place.start, place.end)
            return Key(named.names, True)
    found = [*phrase.all(_SUBJECT), *phrase.all(_SUBJECTS), *phrase.all(r"(?P<who>\w+)")]
    for place in found:
        who = place.groups["who"][0]
        word = singular(who.norm)
        if word not in ENTITIES - PLACES or (word in THINGS and not phrase.at(_ACTS, place.end)):
            continue
        if columns.open:
            made = open_one(phrase, place.end - 1, columns, True)
            if made:
                phrase.use(place.end - 1, made[1])
                return Key((made[0],), True)
        named = columns.key_of([word])
        if named is not None and sure(named) in columns.key_candidates():
            phrase.use(place.end - 1, place.end)
            return Key((sure(named),), True)
    return Key((), False)


def modifiers_thing(word: str) -> bool:
    """Whether a word names what may be an event of its own: `orders with …`."""
    return singular(word) in THINGS


def key_or_ask(key: Key, columns: Columns, talk: Talk, what: str) -> list[str]:
    """The key that was said; else the only candidate, or a question where there are several."""
    if key.names:
        return list(key.names)
    candidates = columns.key_candidates()
    told = [name for name in candidates if columns.hints & set(parts_of(name))]
    if len(told) == 1 and len(candidates) > 1:
        talk.assume(f"Matched per `{told[0]}`, which the text speaks of.")
        return told
    if len(candidates) == 1:
        talk.assume(f"Matched per `{candidates[0]}`, the only column that looks like a key.")
        return candidates
    if candidates:
        options: Sequence[str] = [f"per {name}" for name in candidates]
        talk.ask(f"Per what is the {what} meant?", [*options, "all rows together"])
    return []


def names_one(columns: Columns, phrase: Phrase, wanted: Sequence[str]) -> bool:
    """Whether a phrase names one of some columns."""
    named = (columns.exactly([t.norm]) for t in phrase.content() if t.kind == "word")
    return any(set(n.names) & set(wanted) for n in named if n)

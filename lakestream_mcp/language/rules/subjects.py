"""Who does it, where no key is named: `when a card …`, `customers who …`."""

from __future__ import annotations

from collections.abc import Sequence

from .modifiers import Key, open_one, sure
from .names import PLACES, Columns, parts_of, singular
from .phrase import Phrase
from .talk import Talk
from .words import ENTITIES, EVENT_IDS, GENERIC, STATUS_WORDS, STOP, THINGS, UNIT_COLUMNS, word_set

_SUBJECT = (
    r"(?:a|an|any|one|each|every|some|the|which|that|single) (?:single |given |"
    r"specific |individual |particular )*(?P<who>\w+)"
)
_SUBJECTS = (
    r"(?P<who>\w+)(?= (?:who|that|which|with|whose|making|having|sending|doing|"
    r"logging|where)(?!\S))"
)
_OF_PLACE = r"(?:of|in|for|from) (?:a|an|any|one|each|every) (?P<who>\w+)"
_DOES = (
    r"(?:a|an|any|each|every|one|some|the same|single) (?P<who>[a-z]\w*)"
    r"(?= (?:has|have|had|gets?|makes?|made|sends?|reports?|shows?|sees|records?|logs|uses|places|"
    r"places?|does|performs?|produces?|receives?|issues?|does not|emits?|goes|stays|stops|fails?|"
    r"exceeds?|is|was|reaches|hits|keeps?|opens?|pays|buys|sells|spends?|trades|enters|leaves|"
    r"drops|"
    r"rises|falls|moves|changes)(?!\S))"
)
"""Who has or does something: what is no event of its own is what events are about."""
_NOBODY = word_set("payment purchase login view click trade call quake alarm error request visit")
_SOMEONE = (
    r"(?<!notify )(?<!tell )(?<!alert )(?<!page )(?:someone|somebody|anyone|anybody|people|person|"
    r"persons|who)"
)
_PEOPLE = word_set(
    "user customer client member person player employee driver rider guest patient account "
    "passenger student buyer visitor subscriber shopper"
)
_COUNTS = r"\w+(?: (?:at least|more than|over))? (?:#num|#times)"
_ACTS = (
    r"(?:stuck|sits|waiting|lingers|waits|is|has|was|goes|stays|that|moves|not|gets|sits|"
    r"remains|status|state|changes|are|never|in)"
)


def subject_key(phrase: Phrase, columns: Columns) -> Key:
    """Who does it, where no key is named: `when a card …`, `customers who …`."""
    readers = (_relative, _of_place, _first, _doer, _entity, _person)
    found = (reader(phrase, columns) for reader in readers)
    return next((key for key in found if key is not None), Key((), False))


def _relative(phrase: Phrase, columns: Columns) -> Key | None:
    """`merchants that …`, where a column of texts is called so."""
    for place in () if columns.open else phrase.all(_SUBJECTS):
        word = place.groups["who"][0].norm
        named = columns.exactly([word])
        kinds = (columns.kind_column(), columns.status_column())
        fits = named and len(named.names) == 1 and named.name not in kinds
        if not fits or named is None or columns.types[named.name] != "string":
            continue
        if not modifiers_thing(word):
            phrase.use(place.start, place.start + 1)
            return Key(named.names, True)
    return None


def _of_place(phrase: Phrase, columns: Columns) -> Key | None:
    """`in a region`, `for a page`: a column that is written so, or says where."""
    for place in () if columns.open else phrase.all(_OF_PLACE):
        word = place.groups["who"][0].norm
        named = columns.exactly([word])
        written = word in (n.lower() for n in columns.types)
        kinds = (columns.kind_column(), columns.status_column())
        if named is None or len(named.names) > 1 or named.name in kinds:
            continue
        able = columns.types[named.name].startswith(("string", "int", "bigint"))
        if able and (singular(word) in PLACES or written):
            phrase.use(place.start, place.end)
            return Key(named.names, True)
    return None


def _first(phrase: Phrase, columns: Columns) -> Key | None:
    """`card_number seen with …`: the column that a phrase begins with."""
    first = phrase.tokens[0] if phrase and not columns.open else None
    written = {n.lower(): n for n in columns.key_candidates()}
    if first is None or first.norm not in written or len(phrase) < 2:
        return None
    if phrase.tokens[1].kind in ("str", "op") or phrase.tokens[1].norm in ("is", "in", "not"):
        return None
    phrase.used.add(first.place)
    return Key((written[first.norm],), True)


def _entity(phrase: Phrase, columns: Columns) -> Key | None:
    """`when a card …`: a thing that usually has events."""
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
    return None


def _doer(phrase: Phrase, columns: Columns) -> Key | None:
    """`a network has 5 quakes`: a thing that is no usual key, but has what is counted."""
    for place in phrase.all(_DOES):
        word = place.groups["who"][0]
        known = singular(word.norm) in ENTITIES | EVENT_IDS | GENERIC | STATUS_WORDS | THINGS
        if known or word.norm in STOP or word.norm in _NOBODY:
            continue
        place_of = place.end - 1
        if columns.open:
            measured = any(word.norm in words for words in UNIT_COLUMNS.values())
            counts = phrase.at(_COUNTS, place.end)
            made = None if measured or not counts else open_one(phrase, place_of, columns, False)
            if made:
                phrase.use(place_of, made[1])
                return Key((made[0],), True)
            continue
        named = columns.key_of([word.norm])
        kinds = (columns.kind_column(), columns.status_column())
        fits = named and len(named.names) == 1 and named.name not in kinds
        if fits and named and columns.types[named.name].startswith(("string", "int", "bigint")):
            phrase.use(place_of, place.end)
            return Key(named.names, True)
    return None


def _person(phrase: Phrase, columns: Columns) -> Key | None:
    """`someone logs in`: the only column that tells who."""
    if columns.open or not phrase.has(_SOMEONE):
        return None
    told = [n for n in columns.key_candidates() if _PEOPLE & set(parts_of(n))]
    return Key((told[0],), True) if len(told) == 1 else None


def modifiers_thing(word: str) -> bool:
    """Whether a word names what may be an event of its own: `orders with …`."""
    return singular(word) in THINGS


def key_or_ask(key: Key, columns: Columns, talk: Talk, what: str) -> list[str]:
    """The key that was said; else the only candidate, or a question where there are several."""
    if key.names:
        return list(key.names)
    if columns.keyed:
        return list(columns.keyed)
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

"""What is said around a pattern: per what, within what time."""

from __future__ import annotations

from typing import NamedTuple

from .names import Columns, Named, column_name, parts_of, singular
from .phrase import Phrase
from .talk import Talk
from .tokens import Token
from .words import ENTITIES, STOP

_SAME = r"(?:from|by|of|with|on|to|at|in|for|within|across|involving)(?: the)? same|the same|same"
_KEY = (
    r"separately for each|individually for each|grouped by|group by|"
    r"grouping by|partitioned by|keyed by|split by|"
    r"broken down by|for each|for every|for any|for a given|for a single|for one|per|"
    rf"{_SAME}|from a single|from one|by a single|on a single|of a single|by "
    r"each|of each|of every|from each|out of one|out of each|out of a single|"
    r"by one|of any|of that|for that|on each|across each|each|every|matched by|matching on|"
    r"correlated by|keyed on|matched on|joined on|joined by|by|on"
)
_WEAK = (
    "by",
    "on",
    "each",
    "every",
    "of each",
    "of that",
    "for that",
    "of any",
    "on each",
    "of every",
    "by one",
    "by each",
    "for one",
)
_NO_KEY = frozenset(
    [
        "followed",
        "preceded",
        "succeeded",
        "sorted",
        "ordered",
        "rises",
        "drops",
        "falls",
        "increases",
        "multiplied",
        "divided",
    ]
)
"""Words that make of `by` something else."""
_ENDS = frozenset(["closes", "closed", "close", "ends", "ended", "end", "based", "ending"])
"""Words that make of `on` something else."""
_JOINS = r"and|,|, and|\+|&|as well as|plus"
_COMPARED = (
    r"\w+(?: \w+)? (?:over|above|under|below|is|=|>|<|>=|<=|!=|exceeds|more "
    r"than|less than|at least|"
    r"at most|drops|between|goes|equals|followed|then|within)"
)
_ANY = (
    r"(?:(?:a|an|the|any|period|span|window|space|course|same|rolling|sliding|"
    r"tumbling|last|next|following|past|of|each|every|about|more|than|at|least|"
    r"under|less|most|max|maximum|moving|approximately|around|roughly|only|"
    r"single|given|not|longer|time|frame|interval|up|to|fixed|previous|full) )*"
)
WITHIN = (
    (
        r"(?:all |both |everything |and )*(?:within|withing|wihtin|witin|inside|"
        r"during|over|in|for|throughout|across|after|by|per|every|no later than|"
        rf"using) {_ANY}(?P<time>#dur)(?: (?:window|windows|period|span|interval|"
        r"timeframe|of each other|of it|of that|of one another|apart|or so|or "
        r"more|long|straight|in total|total|time|of inactivity|window size))?"
    ),
    (
        r"(?P<time>#dur) (?:rolling |sliding |tumbling |time |long )*(?:window|"
        r"windows|period|interval|timeframe|timeout|buckets?|limit)"
    ),
    (
        r"(?:with|and|using|having)? ?(?:a |an |the )?(?:time ?out|window|"
        r"timeframe|time window|time limit|limit|gap|interval|period)(?: of| is|"
        r" =| to| size| length)* (?P<time>#dur)"
    ),
    (
        r"(?:>|>=|<|<=|max|maximum|max of|maximum of|no longer than|not longer than|not more "
        r"than|less than|"
        r"under|fewer than|no more than|at most|more than|at least|"
        r"up to|longer than|over) (?P<time>#dur)(?: (?:apart|later|after|"
        r"between them))?"
    ),
    r"(?P<time>#dur)(?: (?:later|apart|after that|long|between))?",
)


class Key(NamedTuple):
    """The columns of a key, and whether words named them."""

    names: tuple[str, ...]
    said: bool


def take_time(phrase: Phrase) -> tuple[Token | None, Phrase]:
    """The time within which something happens, and the phrase without it."""
    for cue in WITHIN:
        found = phrase.take(cue)
        if found is not None:
            return found.groups["time"][0], phrase.without(found)
    return None, phrase


def take_key(phrase: Phrase, columns: Columns, talk: Talk) -> tuple[Key, Phrase]:
    """The columns that are said to be matched apart, and the phrase without that."""
    start = 0
    while (found := phrase.find(_KEY, start)) is not None:
        cue = phrase.part(found.start, found.end).text
        before = {t.norm for t in phrase.tokens[max(0, found.start - 2) : found.start]}
        if before & _NO_KEY and cue == "by":
            start = found.end
            continue
        if before & _ENDS and cue == "on":
            start = found.end
            continue
        names, end = _listed(phrase, found.end, columns, cue in _WEAK)
        if names:
            phrase.use(found.start, end)
            rest = phrase.outside(found.start, end)
            return Key(tuple(dict.fromkeys(names)), True), rest
        if cue not in _WEAK and not columns.open and "same" not in cue:
            _ask_column(phrase, found.end, columns, talk)
        start = found.start + 1
    return Key((), False), phrase


def _ask_column(phrase: Phrase, at: int, columns: Columns, talk: Talk) -> None:
    """`per region`, where no column is called so."""
    if at >= len(phrase) or phrase.tokens[at].kind != "word" or phrase.tokens[at].norm in STOP:
        return
    word = phrase.tokens[at]
    near = columns.named([word.norm], typos=True)
    phrase.use(at - 1, at + 1)
    options = near.names if near else columns.grouping() or tuple(columns.types)
    talk.ask(f"There is no column for `{word.text}`. Which column is meant?", options)


def _listed(phrase: Phrase, at: int, columns: Columns, weak: bool) -> tuple[list[str], int]:
    """Columns with `and` and commas between them, from a place on."""
    names: list[str] = []
    end = at
    while True:
        named = _one(phrase, at, columns, weak)
        if named is None:
            return names, end
        names.append(named[0])
        end = named[1]
        more = phrase.at(rf"(?:{_JOINS})(?: (?:the|per|by|each|same|for each))*", end)
        if more is None or (
            phrase.at(_COMPARED, more.end) and not _is_key(phrase, more.end, columns)
        ):
            return names, end
        at = more.end


def _is_key(phrase: Phrase, at: int, columns: Columns) -> bool:
    """Whether a word names a column that may be a key, and the time follows: `user within`."""
    named = columns.exactly([phrase.tokens[at].norm]) if at < len(phrase) else None
    follows = phrase.at("within|in|for|then", at + 1) is not None
    return bool(follows and named and columns.types[named.name] == "string")


def _one(phrase: Phrase, at: int, columns: Columns, weak: bool) -> tuple[str, int] | None:
    while at < len(phrase) and phrase.tokens[at].norm in (
        "the",
        "a",
        "an",
        "that",
        "this",
        "its",
        "their",
        "individual",
        "distinct",
        "unique",
        "different",
        "single",
        "given",
    ):
        at += 1
    tokens = phrase.tokens[at : at + 4]
    words = [t.norm for t in tokens if t.kind in ("word", "str", "name")][: len(tokens)]
    if not tokens or tokens[0].kind not in ("word", "str", "name"):
        return None
    if tokens[0].kind == "str":
        words = [str(tokens[0].value)]
    if columns.open:
        return open_one(phrase, at, columns, weak)
    for length in range(len(words), 0, -1):
        named = columns.key_of(words[:length])
        if named and columns.types[sure(named)].startswith(("double", "float", "array", "map")):
            continue
        if named is not None and (len(named.names) == 1 or length == 1):
            return sure(named), at + length
    return None


def sure(named: Named) -> str:
    """Of several columns the one whose name is shortest: `user_id`, not `user_home_id`."""
    return min(named.names, key=lambda name: (len(parts_of(name)), named.names.index(name)))


def open_one(phrase: Phrase, at: int, columns: Columns, weak: bool) -> tuple[str, int] | None:  # noqa: PLR0911 - the cases of a grammar
    """Where no columns are known: `user` makes `user_id`, `user id` and `user_id` too."""
    token = phrase.tokens[at]
    word = singular(token.norm)
    after = phrase.tokens[at + 1].norm if at + 1 < len(phrase) else ""
    if token.kind != "word" or token.norm in STOP:
        return None
    if after in ("id", "ids", "number", "key", "code", "name"):
        made = f"{word}_{singular(after)}"
        return columns.make(made, "string"), at + 2
    if "_" in word or any(c.isupper() for c in token.text[1:]):
        return columns.make(token.text, "string"), at + 1
    if word in ("country", "region", "city", "ip", "symbol", "ticker", "sku"):
        return columns.make(word, "string"), at + 1
    if after == "address" and word == "ip":
        return columns.make("ip", "string"), at + 2
    if word in ENTITIES:
        return columns.make(f"{word}_id", "string"), at + 1
    if weak:
        return None
    return columns.make(column_name([word]), "string"), at + 1

"""What stands behind a label, or is told of a setting in passing, in the usual words."""

from __future__ import annotations

from collections.abc import Sequence

from .phrase import Found, Phrase
from .rewriting import Rewriting, mark, rewritten, word
from .tokens import Token

_CROSSED = {
    "enters": r"enter\w*|entry|entrance|arriv\w+|inside|in",
    "leaves": r"exit\w*|leav\w+|depart\w*|left|outside|out",
}
_CROSSING = (
    r"(?:[,;.] )?(?:trigger\w*|events?|emit\w*|report\w*|crossings?|transitions?|direction|fires?|"
    r"alert\w*|when|only|type|kind|mode)(?: (?:on|is|are|at|=|:|type|only|for|the|an?))* "
    rf"(?P<how>{'|'.join(_CROSSED.values())})(?: (?:only|events?))?(?= (?:[,;.)]|->|and|for|per|"
    r"from|of|at|key|to|into|window|radius)|$)"
)
_ZONE = r"geo ?fenc\w*|zone|radius|circle|perimeter|#dist"
_ONLY_IN = r"\( (?P<in>(?:[^() ]+ ){1,10}?)only \)|\( only (?P<in2>(?:[^() ]+ ){1,10}?)\)"
_RECENT = r"(?:the )?(?P<n>#num) (?:most recent|latest|newest|immediately preceding)"
_LAND = (
    r"(?:(?:should|must|shall|will|have to|has to|need to|are to|is to|may) )?"
    r"(?:belongs?|ends? up|is supposed to be|are supposed to be)(?= (?:to|in|into|on|at) )"
)
_RESULT = (
    r"(?<=[.;,] )(?:the )?(?:results?|output|outcome|findings|what is left|remainder)"
    r"(?: (?:is|are|:|=|should be|must be|belongs?|into|in|to))* (?=#name)"
)
_LEAVE = (
    r"leave (?P<w>(?:the )?(?:rest|others|remaining(?: ones)?|remainder)|everything else)"
    r"(?= (?:in|into|to|at) )"
)
_SINCE = (
    r"(?:is|are|was|stays?|remains?|has been|have been) (?:already )?(?:since|for) "
    r"(?:(?:more than|over|at least|longer than) )?(?P<t>#dur) (?:already )?"
    r"(?P<how>above|below|over|under|at|more than|less than|higher than|lower than|>|<|>=|<=) "
    r"(?P<n>#num)"
)

_MET = r"(?P<v>arriving|coming|occurring|happening|received|seen)(?= (?:in|within|inside|during) )"
_DOUBLES = (
    r"(?:double|doubled|twin|duplicated|identical|redundant) "
    r"(?:rows|entries|records|events|messages|readings|lines|bookings)"
)
_JOINED_KEY = (
    r"(?<=duplicates )\( (?:(?:same|by|key|:|on|identical|equal) )*"
    r"(?P<k>[a-z_]\w*(?: (?:\+|,|and|&|/) [a-z_]\w*){0,4}) \)"
)

_KEY = (
    r"(?<=[,;] )keys?(?: (?:is|:|=|by|on))* (?P<k>[a-z_]\w*)"
    r"(?= [,;] (?:to|into|->|write|save|sink|output|alert|post|slack|teams|mail))"
)
_MERGES = r"merge\w*|upsert\w*|primary"


def labelled(tokens: Sequence[Token]) -> list[Token]:
    """`trigger: enter` as `enters`, `the 24 most recent` as `the last 24`."""
    tokens = list(tokens)
    if Phrase(tokens).has(_ZONE):
        tokens = rewritten(tokens, (_CROSSING, _crossing))
    if not Phrase(tokens).has(_MERGES):
        key: Rewriting = (_KEY, lambda f: [word("per", f.tokens[0]), *f.groups["k"]])
        tokens = rewritten(tokens, key)
    return rewritten(tokens, *_LABELLED)


def _crossing(found: Found) -> list[Token]:
    """`on exit only`: which way the border is crossed."""
    how = Phrase(found.groups["how"])
    verb = next(name for name, cue in _CROSSED.items() if how.has(cue))
    return [mark(",", found.tokens[0]), word(verb, how.tokens[0])]


def _only(found: Found) -> list[Token]:
    """`(pages with 'blog' only)`: which rows count."""
    first, said = found.tokens[0], found.groups.get("in") or found.groups["in2"]
    return [mark(",", first), word("only", first), *said, mark(",", first)]


def _last(found: Found) -> list[Token]:
    number = found.groups["n"][0]
    return [word("the", number), word("last", number), number]


def _stays(found: Found) -> list[Token]:
    said, first = found.groups, found.tokens[0]
    return [word("stays", first), *said["how"], *said["n"], word("for", first), *said["t"]]


_LABELLED: tuple[Rewriting, ...] = (
    (_ONLY_IN, _only),
    (_RECENT, _last),
    (_LAND, lambda found: [word("go", found.tokens[0])]),
    (_RESULT, lambda found: [word("to", found.tokens[0])]),
    (_LEAVE, lambda found: found.groups["w"]),
    (_SINCE, _stays),
    (_DOUBLES, lambda found: [word("duplicates", found.tokens[0])]),
    (_JOINED_KEY, lambda found: [word("by", found.tokens[0]), *found.groups["k"]]),
    (_MET, lambda _: []),
)
"""One after the other: what one makes may be what the next one finds."""

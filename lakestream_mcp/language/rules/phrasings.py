"""What happens told in other words, as patterns are usually told: before anything is read."""

from __future__ import annotations

from collections.abc import Sequence

from .measures import FUNCTIONS
from .phrase import Found, Phrase
from .rewriting import Rewriting, mark, rewritten, sign, word
from .tokens import Token

_PAST = {
    "fell": "falls", "fallen": "falls", "rose": "rises", "risen": "rises", "dropped": "drops",
    "climbed": "climbs", "jumped": "jumps", "went": "goes", "gone": "goes", "sank": "drops",
    "exceeded": "exceeds", "reached": "reaches", "increased": "increases",
    "decreased": "decreases", "grown": "grows", "grew": "grows", "declined": "declines",
    "surpassed": "exceeds", "passed": "exceeds",
}  # fmt: skip
_WENT = (
    rf"(?:has |have |had )?(?:just )?(?P<v>{'|'.join(_PAST)})"
    r"(?= (?:back )?(?:below|under|beneath|above|over|past|beyond|#num|by (?:more|at|over|#)|"
    r"(?:for )?#num (?:\w+ ){0,2}(?:in a row|times)|#times))"
)
_MAKES = (
    r"(?:(?:that|who|which|are|is) )*(?:generating|generates?|producing|issuing|issues?|"
    r"performing|performs?|experiencing|experiences?)(?= (?:(?:more|fewer|less) than|at least|"
    r"over|above|>|>=|#num))"
)
_FIRST_OF = (
    r"(?:(?:keep|forward|pass|take|let|want) )?(?:only|just) (?:the )?(?:very )?first "
    r"[a-z]\w* (?:of|for|per|by|from) (?:each|every|a|an|one)(?= [a-z_]\w* )"
)
_AT_MOST_ONE = (
    r"(?:at most|no more than|not more than|max(?:imum)?(?: of)?|limit(?:ed)? to) (?P<n>#num) "
    r"(?!or )[a-z]\w*(?= (?:per|for each|for every|for one) [a-z_]\w* (?:(?:in|within|per|every|"
    r"each|during|over) (?:(?:a|an|any|the) )*)?#dur)"
)
_SEEN_AGAIN = (
    r"(?:ignore|drop|skip|discard|suppress) (?:the|an?|any) (?:same|repeated|second|identical) "
    r"(?P<c>[a-z_]\w*) (?:if|when|whenever|that) (?:(?:it|they) )?(?:(?:is|are|was) )?"
    r"(?:shows?(?: up)?|appears?|comes?(?: in| up)?|seen|arrives?|occurs?|repeats?|received)"
    r"(?: again| twice| once more)?"
)
_IN_THE_NEXT = (
    r"(?:and|but) (?:, )?(?:in|within|during|inside) the (?:following|next|subsequent) (?P<t>#dur)"
    r"(?: ,)?(?! (?:no|not|never|nothing|without|none|does|do|there is no))"
)
_COUNTED_FIRST = (
    r"count (?P<what>(?:[a-z_]\w* |#str ){1,4})(?P<per>(?:per|by|for each|for every) [a-z_]\w*"
    r"(?: and [a-z_]\w*)?)(?P<in> (?:(?:in|over|within|per|every|during|with|using) )?(?:(?:a|an|"
    r"the|last|tumbling|rolling|sliding) )*#dur(?: (?:tumbling |rolling )?windows?)?)?"
    r"(?: (?:,|;|\.|and|then))* (?:(?:alert|notify|warn|flag|report|tell|page|fire)"
    r"(?: (?:me|us|it|them))? )?(?:if|when|whenever|once)"
    r"(?: (?:the|it|this|that|count|number|total|they|there|is|are|goes|gets))*"
    r" (?P<how>>=|>|at least|more than|over|above|exceeds|reaches|greater than|higher than) "
    r"(?P<n>#num)(?: or more)?"
)
_LETTERED = r"(?P<kind>topics?|tables?|queues?) (?:[a-d]|#num|#str) :(?= (?:[a-z]\w*|#name|#str))"
_NOT_DONE = (
    r"(?:has|have|had) not (?:traded|posted|bought|ordered|paid|moved|written|logged in|played|"
    r"visited|clicked|called|charged|published|produced)(?: anything)?"
    r"(?= (?:in|for|within|since) (?:(?:the|last|past|more|than|at|least|over) )*#dur)"
)
_USUAL = (
    r"(?:the |its |their |that |this )?(?P<k>card|user|customer|device|sensor|host|account|"
    r"merchant|symbol|truck|machine|client|vehicle|driver|meter|server|store|shop) "
    r"(?:own )?(?:usual|normal|typical|history|baseline)(?: (?:values?|amounts?|level|behaviou?r))?"
    r"(?= (?:[.;,]|->|over|in|for|within|on|to|and|\()|$)"
)
_FROM_ONE = (
    r"(?:from|in|at|with|on|via) (?:one|a|an) (?P<w>[a-z]\w*)"
    r"(?=(?: \S+){1,12}? (?:a different|different|another|an other) (?P=w)(?!\S))"
)
_WITH_PATH = (
    r"(?:(?:starts?|starting|begins?|beginning|ends?|ending) with|contain\w*|is|=|!=) (?P<p>#path)"
)
_LONG_SESSION = r"(?P<s>sessions?|visits?) (?:longer|more|bigger|larger)(?= than #num \w+)"
_FACTOR_OF = r"(?P<n>#factor)(?= (?:in|within|during|over|per) (?:(?:a|an|the|any) )*#dur)"
_RECOVERS = (
    r"(?:and|,)(?: then)? (?:(?:recovers?|rebounds?|bounces?|returns?|climbs?|comes?|goes|gets|"
    r"rises|falls|drops)(?: back)?|back)(?= (?:above|below|over|under) #num)"
)
_UNIT = (
    r"(?<=[a-z_] )\( (?:°c|°f|°|celsius|fahrenheit|km / h|kmh|kph|mph|ms|seconds|percent|%|usd|eur|"
    r"euros?|dollars|degrees|bpm|bar|psi|kw|kwh|volts?|watts?|rpm|ppm) \)"
)
_WAREHOUSE = r"(?P<w>warehouse) \((?: (?:id|with|:|=))* (?P<i>[a-z0-9]\w*|#str|#num) \)"
_SIZES = {"at least": ">=", "more than": ">", "over": ">", "less than": "<", "under": "<",
          "at most": "<=", "exactly": "=", "is": "=", "equals": "="}  # fmt: skip
_LENGTH_OF = (
    r"(?:the )?length of (?:the )?(?P<c>[a-z_]\w*) (?:is (?!#num))?"
    rf"(?P<how>=|>|<|>=|<=|!=|{'|'.join(_SIZES)})(?= #num)"
)
_AT_ANOTHER = r"(?:at|in|on|via|through|with) (?P<how>another|a different|some other)"


def phrased(tokens: Sequence[Token]) -> list[Token]:
    """A text with `fell below` as `falls below`, and `at most one alert per host in 5 minutes` as
    a deduplication."""
    split = [part for token in tokens for part in _unslashed(token)]
    return rewritten(_channelled(split), *_PHRASINGS)


def _channelled(tokens: Sequence[Token]) -> Sequence[Token]:
    """`-> #ops` as `-> slack #ops`: what a channel is without a service is one of Slack."""
    told = Phrase(tokens)
    if not told.has("#channel") or told.has("slack|teams|pager ?duty"):
        return tokens
    slack: Rewriting = ("#channel", lambda f: [word("slack", f.tokens[0]), *f.tokens])
    return rewritten(tokens, slack)


def _one(found: Found) -> list[Token] | None:
    """`at most one alert per host`: the others are repetitions."""
    number = found.groups["n"][0]
    return [word("deduplicate", number)] if number.value == 1 else None


def _over(found: Found) -> list[Token]:
    """`count logins per user, alert when the count exceeds 5` as `more than 5 logins per user`."""
    said, how = found.groups, found.groups["how"][0]
    least = how.norm in (">=", "at", "reaches")
    told = ("at", "least") if least else ("more", "than")
    inside = [t for t in said.get("in", ()) if t.kind == "dur"]
    within = [word("within", how), *inside] if inside else []
    return [*(word(w, how) for w in told), *said["n"], *said["what"], *said["per"], *within]


def _quoted(found: Found) -> list[Token]:
    """`starts with /checkout`: a text, and no place."""
    path = found.groups["p"][0]
    return [*found.tokens[:-1], path._replace(kind="str", norm="#str")]


def _said(found: Found, *words: str) -> list[Token]:
    return [word(w, found.tokens[0]) for w in words]


def _sized(found: Found) -> list[Token]:
    """`length of code is 2` as `length ( code ) = 2`."""
    column = found.groups["c"][0]
    how = Phrase(found.groups["how"]).text
    size = [word("length", column), sign("(", column), column, sign(")", column)]
    return [*size, sign(_SIZES.get(how, how), column)]


def _unslashed(token: Token) -> list[Token]:
    """`min/max/avg` as three words."""
    parts = token.text.split("/") if token.kind in ("topic", "path") else []
    if not parts or not {*parts} <= {*FUNCTIONS}:
        return [token]
    said = [t for p in parts for t in (mark(",", token), word(p, token))]
    return said[1:]


def _usual(found: Found) -> list[Token]:
    """`the card's usual` as `usual per card`."""
    key = found.groups["k"][0]
    return [word("usual", key), word("per", key), key]


_PHRASINGS: tuple[Rewriting, ...] = (
    (_WENT, lambda found: [word(_PAST[found.groups["v"][0].norm], found.tokens[0])]),
    (_MAKES, lambda found: [word("with", found.tokens[0])]),
    (_FIRST_OF, lambda found: _said(found, "deduplicate", "per")),
    (_AT_MOST_ONE, _one),
    (
        _SEEN_AGAIN,
        lambda found: [*_said(found, "deduplicate", "by"), *found.groups["c"]],
    ),
    (
        _IN_THE_NEXT,
        lambda found: [*_said(found, "then", "within"), *found.groups["t"]],
    ),
    (_COUNTED_FIRST, _over),
    (_FROM_ONE, lambda _: []),
    (_LENGTH_OF, _sized),
    (_WAREHOUSE, lambda found: [*found.groups["w"], *found.groups["i"]]),
    (_RECOVERS, lambda found: _said(found, "then", "goes")),
    (_UNIT, lambda _: []),
    (_WITH_PATH, _quoted),
    (_LONG_SESSION, lambda found: [*found.groups["s"], *_said(found, "with", "more")]),
    (_FACTOR_OF, lambda found: [found.tokens[0]._replace(kind="times", norm="#times")]),
    (_LETTERED, lambda found: found.groups["kind"]),
    (_NOT_DONE, lambda found: _said(found, "sends", "nothing")),
    (_USUAL, _usual),
    (_AT_ANOTHER, lambda found: _said(found, "from", "a", "different")),
)
"""One after the other: what one makes may be what the next one finds."""

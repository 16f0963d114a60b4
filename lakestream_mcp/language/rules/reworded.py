"""A text with other ways to say a thing replaced by the usual one, before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from .phrase import Found, Phrase
from .rewriting import Rewriting, mark, rewritten, word
from .tokens import Token
from .words import COLUMN_TYPES

_MEASURED = (
    r"(?:averaged|measured|evaluated|computed|calculated|taken|looking|observed|considered)"
    r"(?= (?:over|across|in|within|per|during) (?:(?:a|an|any|the|each|every|window|windows|last|"
    r"of) )*#dur)"
)
_INSIDE = r"inside(?: of)?(?= (?:(?:a|an|any|the|one|same) )*#dur)"
_OCCURS = (
    r"(?:occur\w*|happen\w*|repeated|seen)"
    r"(?= (?:(?:at least|more than|over|>=|>) )?"
    r"(?:#times|#num (?:or (?:more|fewer)|\+)(?: times)?))"
)
_KIND_FIRST = r"(?<=#name \( )(?:delta|delta table|unity catalog table) (?:;|,|:)?"
_OF_KIND = r"#name (?P<k>\( (?:a |the )?(?:delta|delta table|table|unity catalog)(?: table)? \))"
_SERVER = r"bootstrap(?: servers?| brokers?)?(?= (?:(?::|=|is|at) )*#host)"
_ONCE = r"(?:(?:but|and|though) )?(?:not|no|never) more (?:often|frequently)? ?than once"
_FUNCTION = r"(?:min|max|avg|average|mean|sum|count|minimum|maximum|total)"
_SLASHED = rf"(?<!#num )(?:/|&|\+)(?= {_FUNCTION})"
_SAID_AS = rf"[a-z]\w* \( (?P<f>(?:the )?{_FUNCTION} of [a-z_]\w*) \)"
_PER = r"per|by|for each|for a|for an|of a|of an|of each|from a|from an|from each|for one|for every"
_NUMBER_OF = (
    r"(?:the )?(?:total )?(?:number|count|amount|quantity) of "
    rf"(?P<what>(?:distinct |different |unique )?(?!(?:{_PER}) )[a-z_]\w*"
    rf"(?: (?!(?:{_PER}|is|are|goes|in|within|over|exceeds|climbs|rises) )[a-z_]\w*){{0,2}}) "
    rf"(?P<per>(?:{_PER}|with the same|from one) [a-z_]\w*)"
    r"(?P<in> (?:in|within|during|over|per|every)(?: (?:a|an|any|the|last|each))* #dur)? "
    r"(?:(?:is|are|goes|gets|that|which|rises|being|climbs|grows|increases|jumps|becomes|up|to|"
    r"has|have|gone|risen) )*"
    r"(?P<how>greater than|more than|higher than|larger than|at least|over|above|exceeds|beyond|"
    r"past|exceeding|passes|surpasses|reaches|>=|>) (?P<n>#num)(?! (?:per|/|an?|each|every) )"
)
_KAFKA = (
    r"kafka (?:cluster )?\( topics?(?: :| =| is)? (?P<t>(?!on\b|at\b)[a-z_]\w*|#name|#str)"
    r"(?: (?:,|;|on|at|via|brokers?|servers?|bootstrap|:|=|is))+ (?P<h>#host)(?: \))?"
)
_WINDOW_TOLD = (
    r"(?:(?:use|using|with|in|over|a|an) )*(?:(?:tumbling|hopping|sliding|fixed|rolling) )?"
    r"windows? (?:(?:of|size|length|is|=|:) )*#dur"
    r"(?: (?:(?:every|sliding|slides?|advancing|advance|hop|hopping|by|of|,|and|each) )+#dur)? "
    r"(?P<end>[;.])"
    r"(?= (?:(?:the|compute|calculate) )*(?:max|min|sum|avg|average|mean|count|total|number))"
)
_PLACED = r"#num (?:, |/ )?#num (?:[,;] )?(?:radius (?:of |= |: )?)?#dur"
_STEP = (
    r"(?:jump|rise|increase|grow|drop|fall|decrease|sink)s? (?:by )?(?:more than|at least|over|>) "
    r"#num(?: (?:degrees|points|units))? (?:between|from one|across|in)(?: two)?"
    r"(?: (?:consecutive|successive|adjacent|neighbouring))? (?:readings?|values?|events?|rows?|"
    r"measurements?|samples?)(?: to the next(?: one)?)?"
)
_BACK = r";(?= also (?:when|if|once) (?:it|they) (?:is|are|comes?|recovers?|returns?))"
_OWN_PREVIOUS = r"(?:the|that) (?!one)[a-z]\w*(?= (?:previous|prior|preceding) [a-z])"
_TIMES_MEAN = r"(?:double|triple)(?= (?:the|its|their) (?:average|mean|avg))"
_CALLED_LOST = (
    r"(?P<of>events?|data|metrics|readings?|messages?|anything|silence|heartbeats?|signals?|#dur) "
    r"(?:=|means|is considered|counts as) (?:lost|dead|offline|down|gone|missing)(?= [.;,]|$| ->)"
)
_TYPES = "|".join(COLUMN_TYPES)
_CAST_FROM = rf"(?<=\w )\( (?:{_TYPES}) \)(?= (?:to|into|as) (?:an? )?(?:{_TYPES}))"
_LABEL = r"(?:rule|pattern|detect|condition|alert|logic|check|output|out|sink|source) ="
_TIMES_THE = r"(?:#times|#factor) the [a-z]\w*(?= (?:average|mean|avg) (?:of|over))"
_AFTERWARDS = r"(?<=[.;] )(?:afterwards|after (?:that|this)|finally|next|lastly|subsequently) :"
_AFTER_THIS = r"(?:and )?after (?:this|that|it) (?:comes?|follows?|there (?:is|comes))"
_WATERMARK = r"watermark(?: node)? \( [a-z_]\w* , #dur \)"
_TIME_AND = r"per (?:second|minute|hour|day|week) and (?:per )?[a-z_]\w*"
_SLIPS = {"wen": "when", "whn": "when", "frm": "from", "wich": "which", "evry": "every",
          "tabel": "table", "shoud": "should", "alrt": "alert", "befor": "before"}  # fmt: skip
_MORE_THEN = r"(?:more|less|longer|higher|lower|greater|fewer|larger|bigger|older) then(?= #)"
_ONE_OF = (
    r"keep(?: just| only)? (?:(?:the )?first(?: one)?|#num|one|a single)(?: (?!of)[a-z]\w*)?"
    r"(?= (?:per|for each|for every|of each|by) )"
)
_AS_HIGH = (
    r"(?:#times|#factor|double|triple) (?:as|so) (?:high|large|big|much|great|long|expensive|fast|"
    r"many) as|(?:#times|#factor|double|triple)(?= (?:that of )?(?:the|its|their|his|her) "
    r"(?:\w+ )?(?:previous|prior|preceding|last|one before))"
)
_FACTORS = {"double": 2, "triple": 3}
_VERBS = (
    r"(?:keep|filter|drop|discard|remove|exclude|ignore|select|compute|calculate|count|enrich|"
    r"join|group)s(?= (?:only|just|out|for|rows|those|the|all|everything|it|every|each|any))"
)
_THEN = (
    r"(?<=then )(?:emails|mails|writes|sends|notifies|alerts|posts|publishes|stores|saves|pages|"
    r"pushes|puts|tells|warns|detects|flags|finds|counts|joins|groups|keeps|filters|drops)"
)
_AND_TIME = r"(?P<per>per [a-z_]\w* )and (?P<time>second|minute|hour|day|week)"
_INCLUSIVE = r"(?<=#num )(?:inclusive\w*|both included|both inclusive|included)"
_CALLED_SO = (
    r"(?<=#dur )(?:(?:that )?(?:is|means|indicates|suggests|signals|counts as|looks like)|=) "
    r"(?:(?:an?|likely|probably|considered|called|our|the|potential|possible) )*[a-z]\w*"
    r"(?: [a-z]\w*)?(?= [.;,]|$)"
)
"""What somebody calls the thing that is looked for."""
_FIELD = r"(?P<name>#str) : (?P<type>#str)"


def reworded(tokens: Sequence[Token]) -> list[Token]:
    """A text with `averaged over` as `over`, `inside` as `within`, and JSON as columns."""
    made = rewritten([_spelt(token) for token in tokens], *_REWORDINGS)
    return _json(_without_kinds(made))


def _base(verb: str) -> str:
    """`publishes` as `publish`, `notifies` as `notify`."""
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    return verb[:-2] if verb.endswith(("shes", "ches")) else verb[:-1]


def _as_high(found: Sequence[Token]) -> list[Token]:
    """`twice as high as`, `double the previous`: so many times higher than that."""
    first = found[0]
    times = first._replace(
        kind="times", norm="#times", value=_FACTORS.get(first.norm, first.value), text=first.text
    )
    return [times, word("higher", first), word("than", first)]


def _kafka_said(found: Found) -> list[Token]:
    """`Kafka (topic x, broker b:9092)` as `Kafka topic x at b:9092`."""
    topic, host = found.groups["t"], found.groups["h"]
    return [found.tokens[0], word("topic", topic[0]), *topic, word("at", host[0]), *host]


def _only_one(found: Sequence[Token]) -> list[Token]:
    """`keep one event per user`: the others are repetitions."""
    many = any(t.norm == "#num" and t.value != 1 for t in found)
    return list(found) if many else [word("deduplicate", found[0])]


def _spelt(token: Token) -> Token:
    """A word with its slip mended; `x3` as three times."""
    if token.norm in _SLIPS:
        return word(_SLIPS[token.norm], token)
    if token.kind == "word" and token.norm[0] == "x" and token.norm[1:].isdigit():
        return Token("times", token.text, "#times", Fraction(token.norm[1:]), place=token.place)
    return token


def _radius(found: Sequence[Token]) -> list[Token]:
    """`48.85, 2.29, 200m`: what comes after a place on Earth is a distance."""
    last = found[-1]
    if last.kind != "dur" or not last.text.endswith("m") or "." not in found[0].text:
        return list(found)
    metres = Fraction(last.value) / 60_000_000
    return [*found[:-1], last._replace(kind="dist", norm="#dist", value=metres)]


def _stepped(found: Sequence[Token]) -> list[Token]:
    """`drops by more than 5 between two consecutive readings` as `more than 5 lower than the
    previous`."""
    number = next(t for t in found if t.norm == "#num")
    down = found[0].norm.startswith(("drop", "fall", "decreas", "sink"))
    least = "least" in {t.norm for t in found}
    how = ("is", "at", "least") if least else ("is", "more", "than")
    said = ("lower" if down else "higher", "than", "the", "previous", "one")
    return [*(word(w, number) for w in how), number, *(word(w, number) for w in said)]


def _watermarked(found: Sequence[Token]) -> list[Token]:
    """`watermark node (ts, 2 minutes)` as `watermark on ts of 2 minutes`."""
    first = found[0]
    node = [t for t in found if t.norm == "node"]
    return [first, *node, word("on", first), found[-4], word("of", first), found[-2]]


def _counted(found: Found) -> list[Token]:
    """`number of logins per user over 5` as `more than 5 logins per user`."""
    said, how = found.groups, found.groups["how"][0]
    least = how.norm in (">=", "at", "reaches")
    told = [word(w, how) for w in (("at", "least") if least else ("more", "than"))]
    return [*told, *said["n"], *said["what"], *said["per"], *said.get("in", ())]


def _without_kinds(tokens: Sequence[Token]) -> list[Token]:
    """`main.a.b (delta)` without the remark."""
    gone = {
        n
        for found in Phrase(tokens).all(_OF_KIND)
        for n in range(found.end - len(found.groups["k"]), found.end)
    }
    return [token for n, token in enumerate(tokens) if n not in gone]


def _json(tokens: Sequence[Token]) -> list[Token]:
    """`{"id": "string", "v": "double"}` as `( id string , v double )`."""
    fields = {
        n: token._replace(kind="word", text=str(token.value), norm=str(token.value).lower())
        for found in Phrase(tokens).all(_FIELD)
        if str(found.groups["type"][0].value).lower() in COLUMN_TYPES
        for n in (found.start, found.end - 1)
        for token in (tokens[n],)
    }
    if not fields:
        return list(tokens)
    made = [fields.get(n, token) for n, token in enumerate(tokens)]
    kept = [
        t for n, t in enumerate(made) if not (t.norm == ":" and n - 1 in fields and n + 1 in fields)
    ]
    signs = {"{": "(", "}": ")"}
    return [
        t._replace(text=signs[t.norm], norm=signs[t.norm]) if t.norm in signs else t for t in kept
    ]


_REWORDINGS: tuple[Rewriting, ...] = (
    (_MEASURED, lambda _: []),
    (_MORE_THEN, lambda found: [found.tokens[0], word("than", found.tokens[1])]),
    (_KAFKA, _kafka_said),
    (_PLACED, lambda found: _radius(found.tokens)),
    (_TIME_AND, lambda found: [found.tokens[0], found.tokens[-1], *found.tokens[:2]]),
    (_CAST_FROM, lambda _: []),
    (_TIMES_THE, lambda found: found.tokens[:2]),
    (_LABEL, lambda found: [found.tokens[0], mark(":", found.tokens[1])]),
    (_AFTERWARDS, lambda _: []),
    (_AFTER_THIS, lambda found: [word("then", found.tokens[0])]),
    (_WATERMARK, lambda found: _watermarked(found.tokens)),
    (_CALLED_LOST, lambda found: found.tokens[:1]),
    (_STEP, lambda found: _stepped(found.tokens)),
    (_BACK, lambda found: [mark(",", found.tokens[0])]),
    (_OWN_PREVIOUS, lambda found: found.tokens[:1]),
    (_TIMES_MEAN, lambda found: _as_high(found.tokens)[:1]),
    (_WINDOW_TOLD, lambda found: [*found.tokens[:-1], mark(",", found.tokens[-1])]),
    (_SLASHED, lambda found: [mark(",", found.tokens[0])]),
    (_SAID_AS, lambda found: found.groups["f"]),
    (_NUMBER_OF, _counted),
    (_INCLUSIVE, lambda _: []),
    (_VERBS, lambda found: [word(found.tokens[0].norm[:-1], found.tokens[0])]),
    (_THEN, lambda found: [word(_base(found.tokens[0].norm), found.tokens[0])]),
    (_CALLED_SO, lambda _: []),
    (_ONCE, lambda found: [word(w, found.tokens[0]) for w in ("at", "most", "once")]),
    (
        _AND_TIME,
        lambda found: [*found.tokens[:-2], word("per", found.tokens[-2]), found.tokens[-1]],
    ),
    (_OCCURS, lambda _: []),
    (_INSIDE, lambda found: [word("within", found.tokens[0])]),
    (_SERVER, lambda found: [word("broker", found.tokens[0])]),
    (_KIND_FIRST, lambda _: []),
    (_ONE_OF, lambda found: _only_one(found.tokens)),
    (_AS_HIGH, lambda found: _as_high(found.tokens)),
)
"""One after the other: what one makes may be what the next one finds."""

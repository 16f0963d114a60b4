"""Numbers and times that a named column is compared with, told from counts and from times to wait.

`latency over 500 ms more than 10 times in 5 minutes`: the first is a value, the others are not.
"""

from __future__ import annotations

from .comparisons import AFTER, ORDERED
from .measure_words import time_in_unit
from .names import Columns, parts_of
from .phrase import Phrase
from .tokens import Token
from .words import STOP

_MORE = "|".join(words for _, words in ORDERED)
_LATER = "|".join(words for _, words in AFTER)
_LED = (
    r"(?:(?:that|which|it|value|reading|level|is|are|was|were|be|been|has|have|of|gets|goes|stays|"
    r"remains|rises|climbs|jumps|drops|falls|dips|a|an|the|not|to|at) )*"
)
_ROWS = (
    r"(?:consecutive|successive|straight|readings?|values?|measurements?|samples?|events?|times|"
    r"ticks?|rows?|records?|points?)"
)
_COMPARED = (
    rf"{_LED}(?:{_MORE}|=|equal to|exactly) (?:(?:the|a|an) )?(?P<v>#num|#dur)(?! {_ROWS})|"
    rf"{_LED}(?:between|outside) (?P<low>#num|#dur) (?:and|to|-) (?P<high>#num|#dur)|"
    rf"(?:is |are |of |at )*(?P<w>#num|#dur) (?:{_LATER})"
)
_TAKES = (
    r"(?:(?:that|which|are|is) )*(?:takes?|took|taking|lasts?|lasted|lasting|needs?|needing)|"
    r"(?=(?:slower|faster|quicker) than)"
)
_TIMED = (
    rf"(?:{_TAKES})(?: (?:for|about|only))* ?(?P<how>(?:{_MORE}|between)) "
    r"(?P<v>#dur)(?: and (?P<high>#dur))?"
)
_HOLDING = (
    rf"(?:with|having|has|have|of|contains?|containing|holds?|includes?)(?: (?:{_MORE}|exactly))? "
    r"(?P<n>#num) (?P<w>[a-z]\w*)"
)
_OBLIGED = (
    r"(?:, )?(?:(?:it|they|there|that|which|this|then|an?|the order|he|she) )*"
    r"(?:must|has to|have to|should|needs to|need to|ought to|is expected to|is supposed to|"
    r"are supposed to|shall)(?: (?:be|come|have|get|then|always|also|become))*"
    r"(?: followed by(?: an?)?)?"
)
_ELSE = r"(?:, )?(?:(?:and|or) )?(?:otherwise|or else|else|if not|if it does not|or)$"
_IF_NOT = r"once|after|when|whenever|if|each|every|any|otherwise|or else|if not|must|has to"
_LATER_ON = (
    r"(?:(?:,|and|but|then) )*(?:(?:no|not) more than|at most|less than|within|up to|in under) "
    r"#dur (?:later|afterwards?|after that|thereafter)(?: ,)?"
)
_FOLLOWED = (
    r"followed (?:within|in|after|no later than|less than|at most) (?:the next |the )?#dur by"
)
VALUE = "value"
"""The unit of a number that is a value of a column and nothing else."""
_TIME_PARTS = frozenset(["ms", "second", "minute", "duration", "latency", "time", "elapsed", "age"])


def compared(phrase: Phrase, columns: Columns) -> Phrase:
    """The phrase with numbers that columns are compared with marked as values."""
    phrase = _owed(_followed(_later(_many(phrase))))
    if columns.open:
        return phrase
    phrase = _lasting(phrase, columns)
    tokens = list(phrase.tokens)
    numeric = set(columns.numeric())
    for at, token in enumerate(tokens):
        if token.kind not in ("word", "name") or token.norm in STOP:
            continue
        named = columns.named([t.norm for t in tokens[at : at + 3]])
        if named is None or len(named.names) > 1 or named.name not in numeric:
            continue
        found = phrase.at(_COMPARED, at + named.length)
        for name in ("v", "low", "high", "w") if found else ():
            for value in found.groups.get(name, ()) if found else ():
                place = tokens.index(value) if value in tokens else -1
                if place >= 0:
                    tokens[place] = _value(value, named.name)
    for place in _sizes(phrase, columns):
        tokens[place] = tokens[place]._replace(unit=VALUE)
    return Phrase(tokens, phrase.used)


def _sizes(phrase: Phrase, columns: Columns) -> list[int]:
    """`with more than 5 items`, where items are a list of each row."""
    lists = columns.of_type("array")
    found = phrase.find(_HOLDING) if lists else None
    named = columns.exactly([found.groups["w"][0].norm]) if found else None
    fits = found is not None and named is not None and named.name in lists
    return [found.end - 2] if fits and found else []


def _value(token: Token, column: str) -> Token:
    """A number as a value; a time as a number, where the column holds times."""
    if token.kind == "num":
        return token._replace(unit=token.unit or VALUE)
    if not _TIME_PARTS & set(parts_of(column)):
        return token
    number = time_in_unit(token.value, column)
    return token._replace(kind="num", norm="#num", value=number, unit=VALUE)


def _followed(phrase: Phrase) -> Phrase:
    """`followed within an hour by …` as `followed by … within an hour`."""
    found = phrase.find(_FOLLOWED)
    if found is None:
        return phrase
    tokens = phrase.tokens
    time = tokens[found.start + 1 : found.end - 1]
    rest = tokens[found.end - 1 :]
    return Phrase((*tokens[: found.start + 1], *rest, *time), phrase.used)


def _later(phrase: Phrase) -> Phrase:
    """`…, and no more than 20 minutes later …` as `… then … within 20 minutes`."""
    found = phrase.find(_LATER_ON)
    if found is None or not found.start or not phrase.part(found.end).content():
        return phrase
    time = next(t for t in phrase.tokens[found.start : found.end] if t.norm == "#dur")
    lead = phrase.tokens[found.start]
    then = lead._replace(kind="word", norm="then", text="then")
    within = time._replace(kind="word", norm="within", text="within")
    rest = phrase.tokens[found.end :]
    return Phrase((*phrase.tokens[: found.start], then, *rest, within, time), phrase.used)


def _many(phrase: Phrase) -> Phrase:
    """`how many different users …` as `number of different users …`."""
    found = phrase.find("how (?:many|often)")
    if found is None or phrase.has("#num"):
        return phrase
    how, many = phrase.tokens[found.start : found.end]
    said = (how._replace(norm="number", text="number"), many._replace(norm="of", text="of"))
    return Phrase((*phrase.tokens[: found.start], *said, *phrase.tokens[found.end :]), phrase.used)


def _owed(phrase: Phrase) -> Phrase:
    """`once it is packed it has to be shipped within a day, otherwise …` as `packed without …`."""
    found = phrase.find(_OBLIGED) if phrase.has("#dur") else None
    if found is None or not found.start or not phrase.has(_IF_NOT):
        return phrase
    phrase.use(found.start, found.end)
    lead = phrase.tokens[found.start]
    without = lead._replace(kind="word", norm="without", text="without")
    made = Phrase(
        (*phrase.tokens[: found.start], without, *phrase.tokens[found.end :]), phrase.used
    )
    made = made.without(made.take(_ELSE))
    return made.without(made.at("once|after|when|whenever|if|every time|each time|as soon as"))


def _lasting(phrase: Phrase, columns: Columns) -> Phrase:
    """`requests that take longer than 2 seconds`: the one column of times is meant."""
    fitting = columns.of_unit("time")
    found = phrase.find(_TIMED) if len(fitting) == 1 else None
    if found is None:
        return phrase
    name = fitting[0]
    first = found.start
    while phrase.tokens[first].norm in ("that", "which", "are", "is"):
        first += 1
    how = found.groups["how"][0].place
    lead = phrase.tokens[first]
    column = Token("word", name, name.lower(), place=lead.place)
    kept = [t for t in phrase.tokens[first : found.end] if t.place >= how]
    if kept and kept[0].norm in ("slower", "faster", "quicker"):
        word = "over" if kept[0].norm == "slower" else "under"
        kept = [kept[0]._replace(norm=word, text=word), *kept[2:]]
    tokens = [*phrase.tokens[:first], column, *kept, *phrase.tokens[found.end :]]
    return Phrase(tokens, phrase.used)

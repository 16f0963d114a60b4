"""Clauses as edits read them: without what is taken back, brackets of places and idle words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from .clauses import COMMAND
from .edit_amounts import with_amounts
from .edit_spoken import corrected, spoken
from .phrase import Phrase
from .words import DURATIONS

_BACK = (
    r"(?:(?:no|oh|ah|oops|hm|actually|sorry|but|,|-) ?)*"
    r"(?:no ,? ?wait|wait(?: ,)?(?: no)?|scratch that|strike that|never ?mind|forget (?:that|it)|"
    r"on second thoughts?|correction|i take that back|leave that|cancel that|"
    r"(?:(?<=, )|^)(?:no|nope|sorry|i mean|i meant|or rather|or better|make that)(?: ,)?"
    r"(?= (?:(?:i mean|i meant|rather|better|make (?:it|that)) )?#(?:num|dur|times)(?: |$)))"
    r"(?: (?:,|no|leave|forget|scratch|that|it|one|please|alone|be|as|is|rather|just|:|-))*"
)
"""What takes back what was said before."""
_PLACE = (
    r"(?:topics?|brokers?|bootstrap|servers?|tables?|channels?|streams?|regions?|url|webhook|at|on|"
    r"#host|#name|#path|#url|#mail|#channel)"
)
_IN_BRACKETS = rf"\( (?P<in>{_PLACE}(?: (?!\(|\)|=|<|>)\S+){{0,12}}) \)"
_TAIL = r"(?:instead|too|also|now|as well|please)"
_WHOLE = r"(?:an?|one) (?:full|whole|entire|complete) (?P<u>second|minute|hour|day|week)"
_JOINS = (",", ";", "and")
_WRITES = r"(?:write|send|post|publish|store|save|put|mail|go|read|stream|push)(?:ing)?"
_AT = r"(?:(?:it|them|the|anything|everything|rows|alerts|results|matches|to|into|in|from|at) )*"
_ADDRESS = r"#name|#mail|#url|#path|#host"
_NO_LONGER = (
    rf"(?:please )?(?:do not|never|no longer|stop) (?P<does>{_WRITES}) {_AT}(?P<old>{_ADDRESS})"
    rf"(?: (?:any ?more|any longer|now))?(?: (?:,|and|but))* (?P<do>{_WRITES}) {_AT}"
    rf"(?P<new>{_ADDRESS})(?: (?:instead|now|please))*$"
)
_DEFINED = (
    r"(?:(?:please|also|and) )*(?P<do>(?:drop|exclude|ignore|remove|discard|skip|filter out|"
    r"keep only|only keep))(?: [a-z_]\w*){0,4} \( (?P<in>[a-z_]\w* (?:=|!=|>|<|>=|<=|<>|is|in|"
    r"starts|starting|begins|beginning|ends|ending|contains)(?: [^()\s]+){1,8}) \)"
)
_FIELD = r"(?:threshold|window|key|table|topic|within|length|gap|timeout|broker) (?:=|:)"
_LEADS_TO = (
    r"->(?= (?:(?:the|a) )?(?:#name|#path|#url|#mail|#channel|slack|teams|pagerduty|kafka|topic|"
    r"table)(?!\S))"
)


def prepared(found: Sequence[Phrase], columns: Collection[str] = ()) -> list[Phrase]:
    """The clauses that hold, each in the words that are looked for."""
    return [
        with_amounts(_whole_units(_unbracketed(_led(_turned(_listed(_plain(p)))))))
        for p in spoken(_holding(found), columns)
    ]


def _holding(found: Sequence[Phrase]) -> list[Phrase]:
    """The clauses without those that are taken back: `… no wait, leave that. Just …`."""
    kept: list[Phrase] = []
    for phrase in found:
        back = phrase.at(_BACK)
        anew = corrected(kept[-1], phrase.part(back.end)) if back and kept else None
        if back is not None and anew is not None:
            phrase.use(0, back.end)
            kept[-1:] = [said for said in anew if said]
            continue
        if back is not None and kept:
            kept.pop().use()
            phrase.use(0, back.end)
        said = _corrected(phrase.part(back.end) if back else phrase)
        kept += [said] if said else []
    return kept


def _corrected(phrase: Phrase) -> Phrase:
    """`window 10 minutes, no wait, 15 minutes`: what is said last."""
    back = phrase.find(_BACK)
    after = phrase.part(back.end) if back else phrase
    if back is None or not back.start or not after:
        return phrase
    anew = corrected(phrase.part(0, back.start), after)
    if anew is not None and not anew[1]:
        phrase.use(back.start, back.end)
        return anew[0]
    if after.at(rf"(?:(?:just|only|please) )*{COMMAND}"):
        phrase.use(0, back.end)
        return after
    alike = [n for n in range(back.start) if phrase.tokens[n].norm == after.tokens[0].norm]
    if len(after) > 1 or not alike or not after.at(r"#\w+"):
        return phrase
    phrase.use(0, len(phrase))
    tokens = phrase.part(0, back.start).tokens
    return Phrase((*tokens[: alike[-1]], after.tokens[0], *tokens[alike[-1] + 1 :]), phrase.used)


def _unbracketed(phrase: Phrase) -> Phrase:
    """`Kafka instead (topic a, broker b:9092)` as `Kafka topic a broker b:9092 instead`."""
    found = phrase.find(_IN_BRACKETS)
    if found is None:
        return phrase
    inside = [t for t in found.groups["in"] if t.norm not in _JOINS]
    start = found.start
    while start and phrase.part(start - 1, start).at(_TAIL):
        start -= 1
    moved = phrase.tokens[start : found.start]
    phrase.use(found.start, found.start + 1)
    phrase.use(found.end - 1, found.end)
    return Phrase(
        (*phrase.tokens[:start], *inside, *moved, *phrase.tokens[found.end :]), phrase.used
    )


def _plain(phrase: Phrase) -> Phrase:
    """`to both Slack and PagerDuty` as `to …`; `drop tests (a = 'b')` as `drop rows where …`."""
    both = phrase.find(r"(?:to|into|in|on|by|via) both")
    if both is not None:
        phrase.use(both.end - 1, both.end)
        phrase = phrase.outside(both.end - 1, both.end)
    found = phrase.at(_DEFINED)
    if found is None:
        return phrase
    phrase.use(0, found.end)
    lead = found.groups["do"]
    said = [lead[0]._replace(text=w, norm=w) for w in ("rows", "where")]
    tokens = (*lead, *said, *found.groups["in"], *phrase.tokens[found.end :])
    return Phrase(tokens, phrase.used)


def _listed(phrase: Phrase) -> Phrase:
    """`threshold=7 window=90s key=a` with commas between."""
    starts = {found.start for found in phrase.all(_FIELD)}
    tokens = []
    for place, token in enumerate(phrase.tokens):
        if place in starts and place and phrase.tokens[place - 1].norm not in (",", "and", ";"):
            tokens.append(token._replace(kind="punct", text=",", norm=",", value=None))
        tokens.append(token)
    return Phrase(tokens, phrase.used)


def _turned(phrase: Phrase) -> Phrase:
    """`do not write to a.b.c any more, write to d.e.f` as `write to d.e.f instead of a.b.c`."""
    found = phrase.at(_NO_LONGER)
    if found is None or found.groups["old"][0].kind != found.groups["new"][0].kind:
        return phrase
    start = phrase.tokens.index(found.groups["do"][0])
    end = phrase.tokens.index(found.groups["new"][0]) + 1
    phrase.use()
    old = found.groups["old"][0]
    said = [old._replace(kind="word", text=w, norm=w, value=None) for w in ("instead", "of")]
    return Phrase((*phrase.tokens[start:end], *said, old), phrase.used)


def _led(phrase: Phrase) -> Phrase:
    """`… for 15 minutes -> main.x.y` with a `to`."""
    tokens = list(phrase.tokens)
    for found in phrase.all(_LEADS_TO):
        if found.start:
            tokens[found.start] = tokens[found.start]._replace(kind="word", norm="to", text="to")
    return Phrase(tokens, phrase.used)


def _whole_units(phrase: Phrase) -> Phrase:
    """`a full day` as a time."""
    found = phrase.find(_WHOLE)
    if found is None:
        return phrase
    unit = found.groups["u"][0]
    phrase.use(found.start, found.end)
    length = Fraction(DURATIONS[unit.norm])
    time = unit._replace(
        kind="dur", text=f"1 {unit.norm}", norm="#dur", value=length, unit=unit.norm
    )
    tokens = (*phrase.tokens[: found.start], time, *phrase.tokens[found.end :])
    return Phrase(tokens, phrase.used)

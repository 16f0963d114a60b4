"""How often alerts may come, and what is done when something is found, in the usual words."""

from __future__ import annotations

from collections.abc import Sequence

from .phrase import Found, Phrase
from .rewriting import Rewriting, mark, rewritten, word
from .tokens import Token

_DONE = (
    r"(?:please )?(?:(?:post|mail|e ?mail|send|write|notify|alert|inform|warn|tell|publish|push|"
    r"store|save|put|log|append|forward|emit|output)(?= (?:it|them|to|into|in|via|by|through|on|"
    r"the|an?|us|me|that|this|those|all|every|slack|teams|pager ?duty|#\w+)(?!\S))|"
    r"page(?= (?:me|us|them|the|someone|somebody|pager ?duty|ops|via|through|on|#channel)(?!\S))|"
    r"(?:raise|trigger|open|create)(?= (?:an?|the) ))"
)
_THEN_DO = rf"(?:, )?(?:and )?then(?: ,| also)?(?= {_DONE})"
_ALARM = (
    r"alarms?(?= (?:(?:to|via|in|on|by|through|over|the|our) )*(?:slack|teams|pager ?duty|me|us|"
    r"#mail|#channel|#url)(?!\S))"
)
_IF = r"(?:if|when|whenever|once|in case|as soon as|every time|each time)"
_WHOM = (
    r"(?: (?:me|us|him|her|them|it|people|anyone|everyone|anybody|the|our|channel|team|inbox|ops|"
    r"with|alerts|messages|mails))*"
)
_NO_SPAM = (
    r"(?:(?:but|and|so|,|please|to) )*(?:do not|does not|should not|must not|no|not|without|avoid|"
    rf"avoids|prevent|never) (?:to )?(?:spam|spamming|flood|flooding|annoy|annoying|overwhelm|"
    rf"overwhelming|bombard){_WHOM}(?: (?:,|:|;|\.))?"
)
_ALERT = (
    r"(?:alerts?|alarms?|messages?|notifications?|mails?|emails?|pages?|warnings?|pings?|ones?|"
    r"hits?|matches|posts?)"
)
_OVER = r"(?:(?:per|every|each|in|within|for|during|over)(?: (?:a|an|any|the|each))*)"
_PER = r"(?:per|for each|for every|for the same|by|of the same|from the same)"
_MAX = (
    r"(?:(?:but|and|,) )?(?:(?:send|allow|raise|give|post|fire|want|with) )?"
    r"(?:at most|at maximum|no more than|not more than|max(?:imum)?(?: of)?|only|just|"
    r"limit(?:ed)?(?: it| them| alerts| this)? to|throttled?(?: it| them| alerts| this)? to|"
    r"rate limit(?:ed)?(?: it| them| alerts| this)? to) "
)
_AT_MOST_ONE = (
    rf"{_MAX}(?P<n>#num|once|#times)(?: (?:single )?{_ALERT})?(?= {_PER} [a-z_]\w* {_OVER} #dur)"
)
_AT_MOST_IN = (
    rf"{_MAX}(?P<n>#num|once|#times)(?: (?:single )?{_ALERT})? (?P<in>{_OVER} (?P<t>#dur)) "
    rf"(?P<per>{_PER} [a-z_]\w*)"
)
_ONE_EVERY = rf"(?P<n>#num) {_ALERT}(?= {_PER} [a-z_]\w* {_OVER} #dur(?: (?:at most|max|maximum))?)"
_NOT_OFTENER = (
    r"(?:(?:but|and|,) )?(?:not|never|no) more (?:often|frequently) than (?:once )?(?:every|in|per)"
    r" (?P<t>#dur)"
)
_AFTER_ALERT = (
    r"(?: (?:after|following|once)"
    r"(?: (?:the|a|an|each|every|that|first|last|one|initial|previous))*"
    rf"(?: (?:{_ALERT}|it))?(?: (?:is|was|has been) (?:sent|raised|fired))?)"
)
_MORE = (
    r"(?:(?:any|all|further|more|repeat|repeated|repeating|additional|other|subsequent|the|same|"
    r"duplicate|new|later|following) )*"
)
_FOR = r"(?:for|within|during|in)(?: (?:the|a|an|next|following|at|least))* (?P<t>#dur)"
_HUSH = (
    rf"(?:(?:,|and|but|then|please) )*(?:keep|stay|be|remain|go|keeps|stays) (?:quiet|silent|still)"
    rf"(?P<per> {_PER} [a-z_]\w*)? {_FOR}{_AFTER_ALERT}"
)
_QUIET = (
    rf"(?<!when )(?<!if )(?<!once )(?<!whenever )(?<!after )(?:(?:,|and|but|then|please) )*(?:"
    rf"(?:suppress|mute|silence|snooze|hold back|swallow) {_MORE}(?:{_ALERT}|it|them|repeats|that)|"
    rf"(?:do not|never|no(?= (?:more|further|repeat|repeated|additional|other|second|duplicate|"
    rf"new|re ?alert))) {_MORE}(?:{_ALERT}|re ?alert|repeat|notify|warn|tell|mail|send|"
    r"raise|fire)(?: (?:it|me|us|that|this|alert|alerts|one|again|any|more|another))*)"
    rf"(?P<per> {_PER} [a-z_]\w*)? {_FOR}{_AFTER_ALERT}?"
)
_COOLDOWN = (
    r"(?:(?:,|and|but|with|use|apply|have|having|an?|the) )*(?:(?:cool ?down|debounce|back ?off|"
    r"hold ?off|suppression)(?: (?:period|time|window|interval))?|(?:quiet|mute) (?:period|time))"
    r"(?: (?:of|is|:|=|for))* (?P<t>#dur)"
)
_NO_LIMIT = (
    r"(?:(?:,|with|and|there is|has|have|but) )*(?:no|without(?: an?| any)?|unlimited) "
    r"(?:time ?limit|time limit|deadline|time constraint|time window|time frame|timeout)"
    r"(?: (?:at all|needed|whatsoever))?|(?:(?:,|and) )?(?:however long it takes|no matter how long"
    r"(?: it takes)?)"
)
_LATER = r"not later than(?= #dur)"


def alerting(tokens: Sequence[Token]) -> list[Token]:
    """`…, then mail me` as `…, mail me`; `max one per host every 5 minutes` as a deduplication."""
    return rewritten(_without_then(tokens), *_WORDINGS)


def _without_then(tokens: Sequence[Token]) -> list[Token]:
    """The text without a `then` behind a condition that only leads to what is done."""
    made: list[Token] = []
    for sentence in _sentences(tokens):
        rule: Rewriting = (_THEN_DO, lambda f: [mark(",", f.tokens[0])])
        made += rewritten(sentence, rule) if Phrase(sentence).has(_IF) else sentence
    return made


def _sentences(tokens: Sequence[Token]) -> list[list[Token]]:
    sentences: list[list[Token]] = [[]]
    for token in tokens:
        sentences[-1].append(token)
        if token.norm in (".", ";", "!", "?"):
            sentences.append([])
    return sentences


def _one(found: Found) -> list[Token] | None:
    """`max one per host`: the others are repetitions."""
    number = found.groups["n"][0]
    alone = number.norm == "once" or number.value == 1
    return [mark(";", number), word("deduplicate", number)] if alone else None


def _one_in(found: Found) -> list[Token] | None:
    """`at most once every 5 minutes per host`, with the key first."""
    told = _one(found)
    return [*told, *found.groups["per"], *found.groups["in"]] if told else None


def _one_every(found: Found) -> list[Token] | None:
    number = found.groups["n"][0]
    return _one(found) if number.value == 1 and number.text.lower() in ("1", "one") else None


def _again_after(found: Found) -> list[Token]:
    """`keep quiet for an hour after that`: what comes again within it is a repetition."""
    first, time = found.tokens[0], found.groups["t"][0]
    told = [mark(";", first), word("deduplicate", first), *found.groups.get("per", ())]
    return [*told, word("within", first), time, mark(";", first)]


_WORDINGS: tuple[Rewriting, ...] = (
    (_ALARM, lambda found: [word("alert", found.tokens[0])]),
    (_NO_LIMIT, lambda _: []),
    (_NO_SPAM, lambda found: [mark(";", found.tokens[0])]),
    (_AT_MOST_IN, _one_in),
    (_AT_MOST_ONE, _one),
    (_ONE_EVERY, _one_every),
    (_HUSH, _again_after),
    (_QUIET, _again_after),
    (_COOLDOWN, _again_after),
    (_NOT_OFTENER, _again_after),
    (_LATER, lambda found: [word("no", found.tokens[0]), *found.tokens[1:]]),
)
"""One after the other: what one makes may be what the next one finds."""

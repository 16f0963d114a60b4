"""Clauses of edits as people speak: corrections, reasons told last, what is enough then."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .edit_reasons import TOO
from .phrase import Found, Phrase
from .tokens import Token

_NEW_VALUE = (
    r"(?:(?:(?:make|let|call|use|take|say|i mean|i meant|better|rather|actually|it is|it should be|"
    r"it must be|set)(?: (?:that|it|this|be|is|to|rather|better))*) )?(?P<v>#\w+)"
    r"(?: (?:please|instead|then|rather))?(?P<end>$| (?:,|and|;|\.|-) .*$)"
)
_GOES = (
    r"(?:please |also )*(?:remove|delete|drop|get rid of|take out|throw out|scrap|kick out|forget)"
)
_ALL_COUNT = (
    r"(?:,|-|so|and|because|since)(?: (?:,|so|and|then|now|that|because|since))*"
    r" (?:every\w*|all|any)(?: \w+){0,2}? "
    r"(?:should|must|shall|can|may|will|is to|are to|has to|have to|needs to)"
    r"(?: (?:be|just|now|simply))* (?:count|counted|matter|pass|considered|go through|included|"
    r"through|used)(?: (?:now|again|then))*$"
)
_TAKE_BACK = (
    r"(?:,|-|and)? ?(?:undo|revert|take back)(?: (?:that|this|it|the))+(?: (?:part|bit|one|step|"
    r"thing|change))?(?= (?:,|-|;)|$)"
)
_LATER_WHY = rf"(?P<what>(?:\S+ )+?)(?:,|-|because|since|as|:) (?P<why>(?:\S+ ){{1,6}}{TOO})$"
_ONLY_LAST = (
    r"(?P<lead>(?:goes?|send|sent|write|written|is|are|go|mailed|posted)(?: (?:it|them))?)"
    r" (?P<to>to|into) (?P<a>#mail|#name|#channel|#url|#path) (?:only|alone|exclusively)"
)
_NOTHING = (
    r"(?:nothing|no (?:rows?|events?|records?|orders?|payments?|readings?|logins?|ones?|more))"
    r"(?: (?:with|having|whose|where|that has|that have|of))+(?: (?:an?|the))? (?P<c>[a-z_]\w*)"
    r"(?: (?:is|of|goes))?"
    r" (?P<how>under|below|less than|lower than|over|above|more than|greater than|higher than) "
    r"(?P<n>#num)"
)
_SUBJECT = 3
"""Words of a node's name, at most."""
_OPPOSITE = {"under": "least", "below": "least", "less": "least", "lower": "least"}
_CHECK = (
    rf"(?P<do>{_GOES}) (?:the |our |that )?(?P<c>[a-z_]\w*) (?:check|test|rule|limit|condition|"
    r"restriction|criterion|cut ?off)(?: (?:any ?more|now|please|completely|altogether))*$"
)
_FIELD_TO = (
    r"(?P<f>threshold|window|limit|timeout|length|gap|within|duration|count|bar) (?:up|down|back)"
    r"(?= to #(?:num|dur))"
)
_MAIL_ALL = (
    r"(?P<lead>.*?)(?P<do>mail|e ?mail|send)(?: (?:all|the|every|each|any|of|our|these|those))*"
    r" (?:hits?|matches|match|alerts?|results?|findings|detections|cases|hit) to (?P<a>#mail)"
)


def spoken(found: Sequence[Phrase], columns: Collection[str]) -> list[Phrase]:
    """The clauses in the words and the order in which edits are usually told."""
    made = [_reordered(part) for phrase in found for part in _dashed(_settled(phrase))]
    return [_worded(phrase, {c.lower() for c in columns}) for phrase in made if phrase]


def corrected(before: Phrase, after: Phrase) -> tuple[Phrase, Phrase] | None:
    """`… at 500` and `make that 250, and …`: the former with the new value, and the rest; None
    where no value is said anew."""
    new = after.at(_NEW_VALUE)
    value = new.groups["v"][0] if new else None
    alike = [n for n, t in enumerate(before.tokens) if value and t.norm == value.norm]
    if new is None or value is None or not alike:
        return None
    place = alike[-1]
    tokens = (*before.tokens[:place], value, *before.tokens[place + 1 :])
    end = after.tokens.index(value) + 1
    while end < len(after) and after.tokens[end].norm in (",", "and", ";", "-", "please", "then"):
        end += 1
    after.use(0, end)
    before.use(place, place + 1)
    return Phrase(tokens, before.used), after.part(end)


def _dashed(phrase: Phrase) -> list[Phrase]:
    """`filter first - swap Once and Paid` as two clauses; a dash between numbers is none."""
    for n, token in enumerate(phrase.tokens[1:-1], 1):
        around = {phrase.tokens[n - 1].kind, phrase.tokens[n + 1].kind}
        apart = token.place > phrase.tokens[n - 1].place + len(phrase.tokens[n - 1].text)
        if token.norm == "-" and apart and "num" not in around and "dur" not in around:
            phrase.use(n, n + 1)
            return [phrase.part(0, n), *_dashed(phrase.part(n + 1))]
    return [phrase]


def _settled(phrase: Phrase) -> Phrase:
    """A removal without what it is for, and without `undo that part` behind it."""
    if not phrase.at(_GOES):
        return phrase
    for cue in (_ALL_COUNT, _TAKE_BACK):
        found = phrase.find(cue)
        if found is not None and found.start:
            phrase.use(found.start, found.end)
            phrase = phrase.without(found)
    return phrase


def _reordered(phrase: Phrase) -> Phrase:
    """`hourly please, 15 minutes is too fine`: the reason first."""
    found = phrase.at(_LATER_WHY)
    if found is None:
        return phrase
    what, why = found.groups["what"], found.groups["why"]
    what = tuple(t for t in what if t.norm not in ("please", "pls", "so", "then"))
    comma = why[0]._replace(kind="punct", text=",", norm=",", value=None)
    return Phrase((*why, comma, *what), phrase.used) if what else phrase


def _worded(phrase: Phrase, columns: Collection[str]) -> Phrase:
    """One clause with the usual words for what it says."""
    found = phrase.find(_ONLY_LAST)
    if found is not None:
        told, only = found.groups, phrase.tokens[found.end - 1]
        moved = (*told["lead"], only._replace(norm="only", text="only"), *told["to"], *told["a"])
        phrase = _with(phrase, found, moved)
    while (found := phrase.find(_FIELD_TO)) is not None:
        phrase = _with(phrase, found, found.groups["f"])
    found = phrase.find(_NOTHING)
    if found is not None and found.groups["c"][0].norm in columns:
        column, how = found.groups["c"][0], found.groups["how"][0]
        bound = _OPPOSITE.get(how.norm, "most")
        must = [how._replace(text=w, norm=w) for w in ("must", "be", "at", bound)]
        said = (*_subject(phrase, found.start, how), column, *must, *found.groups["n"])
        phrase = _with(phrase, found, said)
    found = phrase.at(_CHECK)
    if found is not None and found.groups["c"][0].norm in columns:
        column = found.groups["c"][0]
        said_ = [column._replace(text=w, norm=w) for w in ("stop", "filtering", "on")]
        phrase = _with(phrase, found, (*said_, column))
    found = phrase.at(_MAIL_ALL)
    if found is not None:
        lead, verb = found.groups.get("lead", ()), found.groups["do"][0]
        kept = tuple(t for t in lead if t.norm in ("also", "and", "then", "please", ","))
        mail = verb._replace(text="mail", norm="mail")
        phrase = _with(phrase, found, (*kept, mail, *found.groups["a"]))
    return phrase


def _subject(phrase: Phrase, end: int, at: Token) -> tuple[Token, ...]:
    """`Paid :` of `Paid should …, and nothing with a total under 5`, which is of Paid too."""
    modal = phrase.part(0, end).find(r"should|must|shall|has to|may|can|needs? to|to")
    if modal is None or not 0 < modal.start <= _SUBJECT:
        return ()
    return (*phrase.tokens[: modal.start], at._replace(kind="punct", text=":", norm=":"))


def _with(phrase: Phrase, found: Found, tokens: Sequence[Token]) -> Phrase:
    """A phrase with other tokens in the place of what was found, which counts as understood."""
    kept = {token.place for token in tokens if token.norm.startswith("#")}
    places = {t.place for t in phrase.tokens[found.start : found.end]} - kept
    phrase.used.update(places - {t.place for t in tokens})
    return Phrase(
        (*phrase.tokens[: found.start], *tokens, *phrase.tokens[found.end :]), phrase.used
    )

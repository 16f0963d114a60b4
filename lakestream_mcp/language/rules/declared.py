"""Columns that a text declares: `with machine, temperature, at`; `columns: id string, at date`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from .clauses import COMMAND
from .names import parts_of, singular
from .phrase import Found, Phrase
from .talk import Talk
from .tokens import Token
from .typed import typed_columns
from .words import COLUMN_TYPES, ENTITIES, STOP, UNIT_COLUMNS, word_set

_LEAD = (
    r"(?:(?:the|its|their|each|every|all|events?|rows?|records?|messages?|lines?|data|files?|table|"
    r"stream|which|that|it|they|with|has|have|having|contains?|containing|are|is|of|our|these|"
    r"following|this|come|comes) )*"
    r"(?:columns?|fields?|attributes?)(?: (?:are|is|named|called|:|=|includes?|there))*(?: \()?"
)
_OPENS = (
    r"(?:(?:events?|rows?|records?|each|every|row|line|it|they|which|that|has|have) )*"
    r"(?:with|having|has|have|contains?|containing|holds?|holding|carry|carries|carrying|gives?|"
    r"delivers?|brings?|including|of|:|\()(?: the)?"
)
_TYPE = rf"(?:\( )?(?P<t>{'|'.join(COLUMN_TYPES)})(?: \))?"
_MORE = r"(?:,(?: and)?|and|&)"
_END = rf"[.;:)!?]|->|$|,? ?(?:and|then)* ?{COMMAND}(?!\S)|,? ?(?:when|if|whenever)(?!\S)"
_TIMES = word_set("at ts time timestamp datetime date occurred")
_NUMBERS = word_set(
    "quantity qty count humidity level score percent pct size weight height depth length width "
    "magnitude mag value number rating distance capacity volume load rate ratio odometer fuel rpm "
    "lat lon latitude longitude altitude balance fee tax discount total subtotal points steps "
    "vibration co2 noise wind rain brightness current signal rssi clicks views likes age duration"
) | {word for words in UNIT_COLUMNS.values() for word in words}
_COMPARED = (
    r"(?: (?:is|are|of|goes|was|that|rises|drops|falls|stays|stay|value|reading|level|gets|has|"
    r"been|over)){0,4} (?:above|below|over|under|exceeds?|more than|less than|at least|at most|"
    r"between|>|<|>=|<=|higher than|lower than|greater than|by|reaches) (?:#num|#pct|#dur)"
)
MOST = 200


class Declared(NamedTuple):
    """Columns with their types, and the text without what declared them."""

    types: dict[str, str]
    tokens: list[Token]


def declared(tokens: Sequence[Token], talk: Talk) -> Declared:
    """The columns that a text declares; none where it declares none."""
    types, rest = typed_columns(tokens)
    marks = [at for at, token in enumerate(rest) if token.kind == "columns"]
    for at in reversed(marks):
        rest = _without_mark(rest, at)
    if types:
        return Declared(types, rest)
    phrase = Phrase(tokens)
    for cue, least in ((_LEAD, 2), (_OPENS, 2)):
        for found in islice(phrase.all(cue), MOST):
            items, end = _items(phrase, found.end)
            marked = cue == _LEAD or _marked(items)
            if len(items) >= least and marked and phrase.at(_END, end):
                return _taken(phrase, found, items, end, talk)
            if len(items) == 1 and cue == _LEAD and items[0][1]:
                return _taken(phrase, found, items, end, talk)
    return Declared({}, list(tokens))


def _without_mark(rest: Sequence[Token], at: int) -> list[Token]:
    """The text without the mark of a declaration; what follows it begins anew."""
    phrase = Phrase(rest)
    tail = list(rest[at + 1 :])
    opens = tail and (tail[0].norm == ":" or phrase.at(COMMAND, at + 1))
    boundary = [tail[0]._replace(kind="punct", text=";", norm=";")] if opens else []
    tail = tail[tail[0].norm == ":" :] if tail else tail
    before = list(rest[:at])
    while before and before[-1].norm in (",", ";"):
        before.pop()
    return [*before, *boundary, *tail]


def _items(phrase: Phrase, at: int) -> tuple[list[tuple[str, str]], int]:
    """Names, each with a type or none, with commas between them, and where they end."""
    items: list[tuple[str, str]] = []
    end = at
    while at < len(phrase) and len(items) < MOST:
        article = phrase.at("an?|the", at)
        at = article.end if article and article.end < len(phrase) else at
        token = phrase.tokens[at]
        named = token.kind in ("word", "name") or (token.kind == "str" and token.text[:1] == "`")
        kind = phrase.at(_TYPE, at + 1)
        plain = token.norm in STOP - _TIMES and "_" not in token.text
        if not named or (plain and not kind):
            break
        after = kind.end if kind else at + 1
        more = phrase.at(_MORE, after)
        if more is None and not phrase.at(_END, after):
            break
        said = COLUMN_TYPES[kind.groups["t"][0].norm] if kind else ""
        items.append((str(token.value) if token.kind == "str" else token.text, said))
        end = after
        if more is None or (
            phrase.at(COMMAND, more.end) and not phrase.at(f"{_MORE}|{_TYPE}", more.end + 1)
        ):
            break
        at = more.end
    return items, end


def _marked(items: Sequence[tuple[str, str]]) -> bool:
    """Whether names look like columns: one has a type, says when, or is written like one."""
    return any(kind or "_" in name or set(parts_of(name)) & _TIMES for name, kind in items)


def _taken(
    phrase: Phrase, found: Found, items: Sequence[tuple[str, str]], end: int, talk: Talk
) -> Declared:
    types = {name: kind or type_of(name, phrase) for name, kind in items}
    guessed = [f"{name} {types[name]}" for name, kind in items if not kind]
    if guessed:
        talk.assume(f"The types of columns were not given: I took {', '.join(guessed)}.")
    start = found.start
    if phrase.at(r"\)", end):
        opened = start and phrase.tokens[start - 1].norm == "("
        start, end = start - bool(opened), end + 1
    rest = list(phrase.tokens[end:])
    if rest and rest[0].norm == ":":
        rest[0] = rest[0]._replace(text=";", norm=";")
    if phrase.at(COMMAND, end):
        rest.insert(0, phrase.tokens[end]._replace(kind="punct", text=";", norm=";"))
    before = list(phrase.tokens[:start])
    while before and before[-1].norm in (",", ";"):
        before.pop()
    return Declared(types, [*before, *rest])


def type_of(name: str, phrase: Phrase) -> str:
    """The type that a column's name, or what is said of it, tells."""
    parts = parts_of(name)
    if set(parts) & _TIMES and parts[-1] not in ("id", "zone"):
        return "timestamp"
    if parts[:1] in (("is",), ("has",)):
        return "boolean"
    if parts[-1:] and parts[-1] in ("id", "name", "type", "status", "code", "key"):
        return "string"
    if set(parts) & ENTITIES:
        return "string"
    compared = phrase.has(rf"(?:{' '.join(parts)}|{re.escape(name.lower())})s?{_COMPARED}")
    measured = any(part in _NUMBERS or singular(part) in _NUMBERS for part in parts)
    return "double" if compared or measured else "string"

"""Columns that a text declares with their types: `id string, v double`, wherever that stands."""

from __future__ import annotations

from collections.abc import Sequence

from .phrase import Phrase
from .tokens import Token
from .words import COLUMN_TYPES

_KINDS = "|".join(COLUMN_TYPES)
_TYPED = (
    rf"(?P<name>\w+|#name|#str) :? ?(?:\( (?=(?:#type|{_KINDS}) \)))?(?P<type>#type|"
    rf"{_KINDS})(?: \))?"
)
_REACH = 25
_DEEPEST = 6
_HOLDING = ("array", "struct", "map")
_MORE = r"(?:, and|,|and|&)"
_LEADING = (
    r"(?:with|having|has|have|and|the|its|payload|of|each|both|all|columns?|fields?|schema|are|is|"
    r":|,)"
)
_LEAD = rf"(?:{_LEADING} ){{0,5}}{_LEADING}$"


def typed_columns(tokens: Sequence[Token]) -> tuple[dict[str, str], list[Token]]:
    """Columns that are told with their types, and the text with a mark for each declaration."""
    phrase, types = Phrase(_with_nested(tokens)), dict[str, str]()
    at = 0
    while (found := phrase.find(_TYPED, at)) is not None:
        items, end = {}, found.start
        item = phrase.at(_TYPED, end)
        while item is not None:
            name = item.groups["name"][0]
            said = str(name.value) if name.kind == "str" else name.text
            items[said] = _type_of(item.groups["type"])
            end = item.end
            more = phrase.at(_MORE, end)
            item = phrase.at(_TYPED, more.end) if more else None
        if len(items) < 2:
            at = found.end
            continue
        types |= items
        phrase, at = _cut(phrase, found.start, end, items)
    return types, list(phrase.tokens if types else tokens)


def _type_of(said: Sequence[Token]) -> str:
    """A type as Spark has it: `number`, `array<text>`."""
    return str(said[0].value) if said[0].kind == "type" else COLUMN_TYPES[said[0].norm]


def _with_nested(tokens: Sequence[Token]) -> list[Token]:
    """The text with each type that holds others as one token: `array<struct<a: int, b text>>`."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        told = _nested(tokens, at, _DEEPEST) if tokens[at].norm in _HOLDING else None
        if told is None:
            made.append(tokens[at])
            at += 1
        else:
            text = "".join(t.text for t in tokens[at : told[1]])
            made.append(Token("type", text, "#type", told[0], place=tokens[at].place))
            at = told[1]
    return made


def _nested(tokens: Sequence[Token], at: int, deep: int) -> tuple[str, int] | None:
    """A type as Spark writes it, and where it ends; None where none stands there."""
    norms = [t.norm for t in tokens[at : at + 2]]
    if not norms or not deep:
        return None
    if norms[0] not in _HOLDING:
        return (COLUMN_TYPES[norms[0]], at + 1) if norms[0] in COLUMN_TYPES else None
    inner, at = list[str](), at + 2
    while norms[1:] == ["<"] and (told := _part(tokens, at, norms[0] == "struct", deep - 1)):
        inner.append(told[0])
        after = tokens[told[1]].norm if told[1] < len(tokens) else ""
        at = told[1] + 1
        if after == ">":
            return f"{norms[0]}<{', '.join(inner)}>", at
        if after != ",":
            break
    return None


def _part(tokens: Sequence[Token], at: int, named: bool, deep: int) -> tuple[str, int] | None:
    """A type within another, with its name where it is a field; and where it ends."""
    name = ""
    if named:
        if at + 1 >= len(tokens) or tokens[at].kind not in ("word", "str"):
            return None
        name = f"{tokens[at].value or tokens[at].text}: "
        at += 2 if tokens[at + 1].norm == ":" else 1
    told = _nested(tokens, at, deep)
    return (name + told[0], told[1]) if told else None


def _opened(phrase: Phrase, end: int) -> int | None:
    """The last bracket before a place that nothing closes."""
    depth = 0
    for at in range(end - 1, max(-1, end - _REACH), -1):
        norm = phrase.tokens[at].norm
        depth += (norm == ")") - (norm == "(")
        if depth < 0:
            return at
    return None


def _cut(phrase: Phrase, start: int, end: int, types: dict[str, str]) -> tuple[Phrase, int]:
    """The phrase with a mark for a declaration, the words that lead there and its brackets."""
    lead = phrase.part(0, start).find(_LEAD)
    if lead is not None and not phrase.part(lead.start, start).has(r"#\w+"):
        start = lead.start
    inside = [token.norm for token in phrase.tokens[start:end]]
    taken = inside.count(")") > inside.count("(")
    if (
        start
        and phrase.tokens[start - 1].norm in ("(", "[")
        and (taken or phrase.at(r"[)\]]", end))
    ):
        start, end = start - 1, end + (not taken)
    elif taken and (opened := _opened(phrase, start)) is not None:
        phrase, start, end = phrase.outside(opened, opened + 1), start - 1, end - 1
    place = phrase.tokens[min(start, len(phrase) - 1)].place
    mark = Token("columns", ",", "#columns", types, place=place)
    return Phrase((*phrase.tokens[:start], mark, *phrase.tokens[end:])), start + 1

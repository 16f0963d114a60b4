"""Columns that a text declares with their types: `id string, v double`, wherever that stands."""

from __future__ import annotations

from collections.abc import Sequence

from .phrase import Phrase
from .tokens import Token
from .words import COLUMN_TYPES

_KINDS = "|".join(COLUMN_TYPES)
_TYPED = rf"(?P<name>\w+|#name|#str) :? ?(?:\( )?(?P<type>{_KINDS}|array < (?:{_KINDS}) >)(?: \))?"
_REACH = 25
_MORE = r"(?:, and|,|and|&)"
_LEADING = (
    r"(?:with|having|has|have|and|the|its|payload|of|each|both|all|columns?|fields?|schema|are|is|"
    r":|,)"
)
_LEAD = rf"(?:{_LEADING} ){{0,5}}{_LEADING}$"


def typed_columns(tokens: Sequence[Token]) -> tuple[dict[str, str], list[Token]]:
    """Columns that are told with their types, and the text with a mark for each declaration."""
    phrase, types = Phrase(tokens), dict[str, str]()
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
    return types, list(phrase.tokens)


def _type_of(said: Sequence[Token]) -> str:
    """A type as Spark has it: `number`, `array<text>`."""
    inner = COLUMN_TYPES[said[-2 if len(said) > 1 else 0].norm]
    return f"array<{inner}>" if len(said) > 1 else inner


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

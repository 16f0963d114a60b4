"""State machines: which states follow one another, and which column or condition says so."""

from __future__ import annotations

from typing import NamedTuple

from ..rules.names import Columns
from ..rules.phrase import Phrase
from ..rules.scene import Made, text
from ..rules.states import machine
from ..rules.tokens import Token
from .atoms import Atoms

_STATE = r"(?:#str|[a-z_]\w*)"
_WAY = (
    rf"(?P<a>{_STATE})(?: (?:goes|moves|changes|turns|switches|passes|returns))?(?: back)? "
    rf"(?:->|to|into|becomes)(?: back to)? (?P<b>{_STATE})"
)
_COLUMNS = (
    r"(?:column|on|of|in|using|via|state is|field|states by) (?P<c>\w+)",
    r"by (?P<c>\w+)",
)
"""Words that lead to the column of states; `by` may lead to the key as well."""
_NO_STATE = frozenset(["from", "goes", "back", "then", "when", "per", "by", "sink", "output"])


class Way(NamedTuple):
    """A move from one state to another, and where it is told."""

    start: int
    end: int
    left: str
    right: str


def read_states(atoms: Atoms) -> list[Made] | None:
    """A state machine of the ways that a text tells."""
    phrase = atoms.phrase
    ways = [w for w in ways_of(phrase) if not {w.left, w.right} & _NO_STATE]
    if not ways:
        return None
    told, bare = _told(atoms.bare(), atoms.scene.columns)
    key, rest = atoms.key(bare)
    column = told or column_of_states(rest, atoms.scene.columns, {*key})
    if not key or (column is None and len(atoms.conditions) != len(ways)):
        return None
    when = {}
    if len(atoms.conditions) == len(ways):
        for way, condition in zip(ways, atoms.conditions, strict=True):
            when[way.left, way.right] = text(condition.tree)
    elif atoms.conditions:
        return None
    times = atoms.times()
    if len(times) > 1:
        return None
    moves = list(dict.fromkeys((w.left, w.right) for w in ways))
    return [machine(atoms.scene, key, column or "", moves, times[0] if times else None, when)]


def ways_of(phrase: Phrase) -> list[Way]:
    """Every `a -> b`; the end of one may be the start of the next."""
    found, at = [], 0
    while (way := phrase.find(_WAY, at)) is not None:
        left, right = way.groups["a"][0], way.groups["b"][0]
        found.append(Way(way.start, way.end, _said(left), _said(right)))
        at = way.end - 1
    return found


def _said(token: Token) -> str:
    return str(token.value) if token.kind == "str" else token.text


def _told(bare: Phrase, columns: Columns) -> tuple[str | None, Phrase]:
    """The column that is named as that of the state, and the text without it."""
    for found in (f for cue in _COLUMNS for f in bare.all(cue)):
        named = columns.exactly([found.groups["c"][0].norm])
        led = bare.part(max(0, found.start - 2), found.start).has("key|keyed|each|matched|group")
        if named and named.name not in columns.key_candidates() and not led:
            return named.name, bare.outside(found.start, found.end)
    return None, bare


def column_of_states(rest: Phrase, columns: Columns, key: set[str]) -> str | None:
    """The column of texts that a phrase names, or the one that tells kinds or states."""
    texts = [n for n in columns.of_type("string") if n not in key]
    told = [n for n in texts if rest.has(n.lower())]
    if len(told) == 1:
        return told[0]
    likely = columns.status_column() or columns.kind_column()
    return likely if likely in texts else texts[0] if len(texts) == 1 else None

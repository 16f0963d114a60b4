"""What one event has to do with an earlier one: `from a different country`, `twice as large`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .measure_words import plain_number
from .names import parts_of, singular
from .phrase import Phrase
from .scene import Scene
from .words import EVENT_IDS, THINGS

if TYPE_CHECKING:
    from sqlglot import exp

_LED = r"(?:(?:from|in|with|on|at|to|of|by|using|via|for|but|and|a|an|the|some|this time|has) )*"
_OTHER = rf"{_LED}(?P<how>different|another|other|new|same|identical) (?P<w>\w+)(?: than before)?"
_THAT = (
    r"(?:(?:the|that|of|its|their|as|it|was|in|amount|value|one) )*"
    r"(?:first|previous|earlier|last|before|one before|prior|other|initial|original|that|it)"
    r"(?: (?:one|amount|value|payment|event|reading|order|transaction|price))?"
)
_SIGN = (
    r"(?:(?:that|which|who|is|are|it|one|an?|the|amount|for|of|by) )*"
    r"(?P<sign>at least|more than|over|at most|no more than|less than|exactly)?"
)
_SIZE = (
    r"large|big|high|much|expensive|long|great|small|low|little|fast|amount|size|value|price|total"
)
_TIMES = (
    rf"{_SIGN} ?(?P<n>#times|#factor|half)(?: (?:as|the|that|larger|bigger|higher|more|greater|of|"
    rf"than|{_SIZE})){{1,5}}(?: {_THAT})?"
)
_MORE = (
    r"higher|larger|bigger|greater|more|more expensive|faster|hotter|warmer|later|stronger|heavier|"
    r"longer|older"
)
_FEWER = r"lower|smaller|less|cheaper|slower|colder|cooler|weaker|lighter|shorter|fewer"
_THAN = (
    rf"{_SIGN} ?(?P<way>{_MORE}|{_FEWER})(?: (?P<w>\w+))? than {_THAT}|"
    rf"(?:{_SIGN} ?)?an? (?:even |still |much )?(?P<bare>{_MORE}|{_FEWER})(?: (?:one|\w+))?$"
).replace("(?P<sign>", "(?:")
_KINDS = {"at least": ">=", "more than": ">", "over": ">", "at most": "<=", "less than": "<",
          "no more than": "<=", "exactly": "="}  # fmt: skip


def take_relations(
    scene: Scene, phrase: Phrase, steps: Sequence[Mapping[str, Any]], key: Sequence[str]
) -> tuple[list[exp.Expr], Phrase]:
    """The conditions that compare an event with an earlier one, and the phrase without them."""
    earlier = [s for s in steps if not s.get("negated") and not s.get("optional")]
    if not earlier or scene.columns.open:
        return [], phrase
    about = _told_of(earlier, scene)
    before = next((s for s in reversed(earlier) if s.get("max", 1) == 1), earlier[-1])["name"]
    made: list[exp.Expr] = []
    for read in (_multiple, _compared, _other):
        tree, phrase = read(scene, phrase, before, key if read is _other else about)
        made += [tree] if tree is not None else []
    return made, phrase


def _other(
    scene: Scene, phrase: Phrase, before: str, key: Sequence[str]
) -> tuple[exp.Expr | None, Phrase]:
    """`from a different country`, `with the same merchant`."""
    from sqlglot import exp

    from ...relational.sql import column

    for found in phrase.all(_OTHER):
        word = found.groups["w"][0].norm
        named = scene.columns.exactly([word])
        if named is None or len(named.names) > 1:
            continue
        if singular(word) in THINGS and word not in scene.columns.types:
            continue
        if named.name in key or parts_of(named.name)[0] in EVENT_IDS:
            continue
        phrase.use(found.start, found.end)
        same = found.groups["how"][0].norm in ("same", "identical")
        kind = exp.EQ if same else exp.NEQ
        tree = kind(this=column(named.name), expression=column(named.name, before))
        return tree, phrase.without(found)
    return None, phrase


def _multiple(
    scene: Scene, phrase: Phrase, before: str, about: Sequence[str]
) -> tuple[exp.Expr | None, Phrase]:
    """`at least 50 times as large`: so many times the earlier number."""
    from sqlglot import exp

    from ...relational.sql import column

    found = phrase.find(_TIMES)
    if found is None or not phrase.part(found.start, found.end).has(rf"{_SIZE}|{_MORE}|that|first"):
        return None, phrase
    name = number_of(scene, phrase.part(found.start, found.end), about)
    if name is None:
        return None, phrase
    phrase.use(found.start, found.end)
    token = found.groups["n"][0]
    factor = Fraction(1, 2) if token.norm == "half" else Fraction(token.value)
    said = " ".join(t.norm for t in found.groups.get("sign", ()))
    other = exp.Mul(this=column(name, before), expression=exp.Literal.number(plain_number(factor)))
    tree = _kind(_KINDS.get(said, ">="))(this=column(name), expression=other)
    return tree, phrase.without(found)


def _compared(
    scene: Scene, phrase: Phrase, before: str, about: Sequence[str]
) -> tuple[exp.Expr | None, Phrase]:
    """`higher than the first one`."""
    from ...relational.sql import column

    found = phrase.find(_THAN)
    name = number_of(scene, phrase.part(found.start, found.end), about) if found else None
    if found is None or name is None:
        return None, phrase
    phrase.use(found.start, found.end)
    more = Phrase(found.groups.get("way") or found.groups["bare"]).has(_MORE)
    tree = _kind(">" if more else "<")(this=column(name), expression=column(name, before))
    return tree, phrase.without(found)


def _told_of(earlier: Sequence[Mapping[str, Any]], scene: Scene) -> list[str]:
    """The columns of numbers that earlier steps compare."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    told = [parse_expression(s["where"], None) for s in earlier if "where" in s]
    names = {c.name for tree in told for c in tree.find_all(exp.Column)}
    return [n for n in scene.columns.numeric() if n in names]


def number_of(scene: Scene, phrase: Phrase, about: Sequence[str] = ()) -> str | None:
    """The column of numbers that is compared: the one named, the one that earlier steps are about,
    the only one, or the amount."""
    numbers = scene.columns.numeric()
    for token in phrase.tokens:
        named = scene.columns.exactly([token.norm]) if token.kind == "word" else None
        if named and len(named.names) == 1 and named.name in numbers:
            phrase.used.add(token.place)
            return named.name
    if len(about) == 1:
        return about[0]
    usual = [n for n in numbers if {"amount", "total", "price"} & set(parts_of(n))]
    chosen = numbers if len(numbers) == 1 else usual
    return chosen[0] if len(chosen) == 1 else None


def _kind(sign: str) -> Any:
    from sqlglot import exp

    return {">": exp.GT, ">=": exp.GTE, "<": exp.LT, "<=": exp.LTE, "=": exp.EQ}[sign]

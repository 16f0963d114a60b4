"""Several sources in one text: merged, joined, or correlated, by what is said of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..rules.measure_words import duration_of
from ..rules.names import parts_of, singular
from ..rules.phrase import Phrase
from ..rules.scene import Made, kept, text
from ..rules.tokens import Token
from .atoms import Atoms, Condition
from .counts import together
from .places import Places
from .sides import Pairs, pairs_told, shared, spans

if TYPE_CHECKING:
    from sqlglot import exp

UNION = (
    r"union\w*|(?:merged?|merging)(?! (?:by|on|keys?|mode))|unite\w*|combine[ds]?|"
    r"(?:put|bring|brought|throw|take|taken) (?:\S+ ){0,14}?together|together|"
    r"(?:in)?to (?:one|#num|a single|#num single|a common|a) (?:stream|flow|feed|source)|"
    r"unif\w+|fan in"
)
JOIN = r"join\w*"
CORRELATED = r"correlat\w*|pair\w*"
_ORDER = r"(?:after (?:it|that|this|the)|then|followed|(?<!no )(?<!not )later|afterwards)"
_SIDES = (("left", r"left(?: outer)?(?! :)"), ("right", r"right(?: outer)?(?! :)"))
_ALONE = (
    r"(?:without|that have no|with no|lacking)(?: (?:an?|any|its|their|matching))* \w+ "
    r"(?:stay|stays|remain|remains|are kept|is kept|come|go|too|also|still|should stay)"
)
_LATER = ("after", "follow", "follows")
_FULL = r"full(?: outer)?|outer"


def read_streams(atoms: Atoms, places: Places) -> list[Made] | None:
    """What joins the sources of a text; None where that is not said."""
    pairs, rest = pairs_told(atoms.phrase, places.types)
    atoms = Atoms(atoms.scene, rest) if pairs else atoms
    phrase = atoms.phrase
    if pairs is None:
        key, _ = atoms.key(atoms.bare())
        known = {n for types in places.types for n in types}
        both = all(n in types for n in key for types in places.types)
        key = key if both or not known else []
        alike = shared(places.types)
        key = key or (alike if len(alike) == 1 else [])
        pairs = Pairs(key, key)
    if phrase.has(CORRELATED) or (not phrase.has(f"{UNION}|{JOIN}") and len(places.sources) == 2):
        return _correlation(atoms, places, pairs)
    return _join(atoms, places, pairs) if phrase.has(JOIN) else None


def _order(bare: Phrase, places: Places) -> str | None:
    """Which stream's events come first; None where that is not said."""
    named = _named_order(bare, places)
    return named or ("left-first" if bare.has(_ORDER) else None)


def _join(atoms: Atoms, places: Places, pairs: Pairs) -> list[Made] | None:
    """A join of two streams over equal columns, not further apart than is said."""
    times = atoms.times()
    if not pairs.left or len(times) != 1:
        return None
    kind = next((name for name, cue in _SIDES if atoms.phrase.has(f"{cue} join|{cue} outer")), None)
    kind = kind or ("full" if atoms.phrase.has(_FULL) else "inner")
    kind = "left" if kind == "inner" and atoms.phrase.has(_ALONE) else kind
    keys = [a if a == b else {"left": a, "right": b} for a, b in zip(*pairs, strict=True)]
    config: dict[str, Any] = {"keys": keys, "join": kind}
    config |= spans(times[0], _order(atoms.bare(), places))
    left, right = (*places.types, {}, {})[:2]
    alike = {a for a, b in zip(*pairs, strict=True) if a == b}
    doubled = (left.keys() & right.keys()) - alike
    if doubled:
        config["right_prefix"] = "right_"
    join = Made("stream-stream-join", config, "Join")
    kept_after = _after_join(atoms, doubled)
    return None if kept_after is None else [join, *kept_after]


def _after_join(atoms: Atoms, doubled: Collection[str]) -> list[Made] | None:
    """The comparisons of a text as a filter of joined rows; None for a column of both sides."""
    from sqlglot import exp

    told = [c for c in atoms.conditions if not _is_equal_keys(c.tree)]
    columns = {c.name for condition in told for c in condition.tree.find_all(exp.Column)}
    if columns & {*doubled}:
        return None
    tree = together(told)
    return [] if tree is None else [Made("filter", {"condition": text(tree)}, "Filter")]


def _is_equal_keys(tree: exp.Expr) -> bool:
    """Whether a comparison only says by what rows are joined."""
    from sqlglot import exp

    return isinstance(tree, exp.EQ) and isinstance(tree.expression, exp.Column)


def _of(atoms: Atoms, condition: Condition) -> tuple[Token, ...]:
    return atoms.phrase.tokens[condition.start : condition.end]


def _correlation(atoms: Atoms, places: Places, pairs: Pairs) -> list[Made] | None:
    """Events of two streams near one another; a comparison each says which of them count."""
    times = atoms.times()
    names = {name.lower() for name in pairs.left}
    told = [c for c in atoms.conditions if not names & {t.norm for t in _of(atoms, c)}]
    sides = _sides(told, places)
    if not pairs.left or len(times) != 1 or sides is None:
        return None
    config = {
        "key": pairs.left,
        "right_key": None if pairs.are_alike else pairs.right,
        "left": sides[0],
        "right": sides[1],
        "within": duration_of(times[0]),
        "order": _order(atoms.bare(), places),
    }
    return [Made("temporal-correlation", kept(config))]


def _sides(told: list[Condition], places: Places) -> tuple[str | None, str | None] | None:
    """The comparison of either stream: the one that alone has its columns, or in their order."""
    from sqlglot import exp

    if (apart := _apart(told, places)) is not None:
        return apart
    if not told or len(told) == 2:
        left, right = [text(c.tree) for c in told] or (None, None)
        return left, right
    if len(told) != 1 or len(places.types) != 2:
        return None
    columns = {c.name for c in told[0].tree.find_all(exp.Column)}
    has = [columns <= types.keys() for types in places.types]
    if has[0] == has[1]:
        return None
    return (text(told[0].tree), None) if has[0] else (None, text(told[0].tree))


def _apart(told: list[Condition], places: Places) -> tuple[str | None, str | None] | None:
    """The comparisons of either stream, where the columns of each are those of one alone."""
    from sqlglot import exp

    sides: tuple[list[exp.Expr], list[exp.Expr]] = ([], [])
    trees = [c.tree.unnest() for c in told]
    for part in (p for t in trees for p in (t.flatten() if isinstance(t, exp.And) else (t,))):
        columns = {c.name for c in part.find_all(exp.Column)}
        has = [n for n, types in enumerate(places.types[:2]) if columns <= types.keys()]
        if len(has) != 1:
            return None
        sides[has[0]].append(part.copy())
    if not trees or len(places.types) != 2:
        return None
    left, right = (text(exp.and_(*side, copy=False)) if side else None for side in sides)
    return left, right


def _named_order(bare: Phrase, places: Places) -> str | None:
    """`a booking within 2 hours after a search`: which stream's events come first."""
    for found in bare.all(
        r"(?P<way>after|before|follows?|precedes?) (?:an? |the |its )?(?P<it>\w+)"
    ):
        said = {singular(part) for part in parts_of(found.groups["it"][0].norm)}
        at = [n for n, place in enumerate(places.sources) if said <= _words(place)]
        if len(at) == 1:
            first = at[0] == 0 if found.groups["way"][0].norm in _LATER else at[0] == 1
            return "left-first" if first else "right-first"
    return None


def _words(place: Made) -> set[str]:
    """The words of a topic's or table's name."""
    names = [*place.config.get("topics", ()), str(place.config.get("table", "")).split(".")[-1]]
    return {singular(part) for name in names for part in parts_of(name)}

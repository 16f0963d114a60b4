"""Rows that part ways: each condition with where its rows go, and the rest with another place."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from ..rules.names import column_name
from ..rules.phrase import Phrase
from ..rules.rewriting import word
from ..rules.scene import Made, Scene, text
from ..rules.words import word_set
from .atoms import Atoms
from .patterns import literal
from .places import Places, cut_places
from .soundness import nested

REST = (
    r"(?:(?:all|the|any|those) )*(?:rest|remainder|remaining(?: \w+)?|(?:every|any)(?:thing|one) "
    r"else|others|other \w+|otherwise|else|what is left|unmatched)"
)
_GOOD_ONES = (
    r"(?:(?:all|the|any|those) )*(?:good|valid|clean|correct|proper|healthy|okay|ok|fine|normal) "
    r"(?:ones|rows|records|events|data|readings|payments|orders)"
)
_OTHERS = f"{REST}|{_GOOD_ONES}"
_SPLIT = r"rout\w+|route|split\w*|separat\w*|divid\w*|fork"
_BY = rf"(?:{_SPLIT})(?: \w+){{0,3}} (?:by|on) (?:the )?(?P<c>\w+)"
_TELLS = r"#(?:num|dur|times|dist|pct|factor|str)"
_SAYS = rf"[<>=]|is|are|has|have|no|without|missing|{_TELLS}|{REST}|valid|invalid|good|bad"
_BOUND = (
    r"between #num and #num|(?:over|above|below|under|more than|less than|at least|at most) #num"
)
_IDLE = word_set("and also plus too to into in go goes -> : with the then or as well both a , ;")


class Part(NamedTuple):
    """What is said before some places, and these."""

    phrase: Phrase
    sinks: list[Made]


class Parted(NamedTuple):
    """Sources, the steps to where rows part, and where each way leads; the sinks of the rest."""

    sources: list[Made]
    steps: list[Made]
    routes: list[tuple[str, Made]]
    sinks: list[Made]


def parts_of_text(rest: Phrase) -> list[Part]:
    """The text cut at its places, each with what is said of it; places side by side as one."""
    made: list[Part] = []
    start = 0
    for at, token in enumerate(rest.tokens):
        if token.kind != "place" or token.value is None:
            continue
        before = rest.part(start, at)
        start = at + 1
        if made and {t.norm for t in before.tokens} <= _IDLE:
            made[-1].sinks.append(token.value)
        else:
            made.append(Part(before, [token.value]))
    first = made[0].phrase if made else rest
    label = first.find(":")
    valued = label is not None and bool(first.part(label.end).content())
    behind = len(made) > 1 and not first.has(_SAYS) and not valued
    return _told_behind(made, rest.part(start)) if behind else made


def _told_behind(parts: list[Part], tail: Phrase) -> list[Part]:
    """The parts of `to this table if a = 1, to that one if a = 2, otherwise to a third`."""
    said = [part.phrase for part in parts[1:]]
    rest = said[-1].find(REST)
    if rest is not None and not tail.has(_SAYS):
        said[-1:] = [said[-1].part(0, rest.start), said[-1].part(rest.start)]
    else:
        said.append(tail)
    return [Part(phrase, part.sinks) for phrase, part in zip(said, parts, strict=True)]


def read_router(scene: Scene, phrase: Phrase, given: bool) -> Parted | None:
    """`a = 1 to this table, a = 2 to that one, everything else to a third`."""
    told = phrase.has(f"{_OTHERS}|{_SPLIT}")
    if not told and phrase.has("#dur|then|followed"):
        return None
    places = cut_places(scene, phrase, given)
    if places is None or len(places.sinks) < 2 or len(places.sources) > 1:
        return None
    by = phrase.find(_BY)
    named = scene.columns.exactly([by.groups["c"][0].norm]) if by else None
    return _routed(scene, places, named.name if named else None, phrase.has(_SPLIT))


def _routed(scene: Scene, places: Places, column: str | None, split: bool) -> Parted | None:
    routes: list[dict[str, str]] = []
    ways: list[tuple[str, Made]] = []
    rest = False
    for part in parts_of_text(places.rest):
        condition = _condition(scene, part.phrase, column)
        condition = condition or _again(scene, part.phrase, routes)
        if condition is None and not part.phrase.has(_OTHERS):
            return None
        name = "other" if condition is None else _name(condition, routes)
        rest |= condition is None
        if condition is not None:
            routes.append({"name": name, "condition": condition})
        ways += [(name, sink) for sink in part.sinks]
    apart = len(routes) > 1 and (split or _are_apart(routes))
    if not routes or not (rest or apart):
        return None
    router = Made("split-router", {"routes": routes, "default_route": "other"}, "Router")
    return Parted(places.sources, [router], ways, [])


def _are_apart(routes: Sequence[dict[str, str]]) -> bool:
    """Whether conditions are of one column, so that each row has one way: `v > 5`, `v <= 5`."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    trees = [parse_expression(route["condition"], None) for route in routes]
    names = {column.name for tree in trees for column in tree.find_all(exp.Column)}
    return len(names) == 1 and not any(nested(a, b) for a, b in combinations(trees, 2))


def _condition(scene: Scene, said: Phrase, column: str | None) -> str | None:
    """The only comparison of some words, or a value of the column that rows are parted by."""
    atoms = Atoms(scene, said)
    bare = atoms.bare()
    if len(atoms.conditions) == 1 and not bare.has(_TELLS):
        return text(atoms.conditions[0].tree)
    last = said.split(r"[.;:]")[-1:]
    told = last[0].tokens if last else ()
    words = [t for t in told if t.kind in ("word", "str") and t.norm not in _IDLE]
    if column is None or atoms.conditions or len(words) != 1 or said.has(REST):
        return None
    from ..rules.equalities import one_of

    value = words[0].value if words[0].kind == "str" else words[0].text
    said.use()
    return text(one_of(column, [literal(str(value))], False))


def _again(scene: Scene, said: Phrase, routes: Sequence[dict[str, str]]) -> str | None:
    """`if between 10 and 50` after `if amount > 50`: of the column that was compared before."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    bound = said.find(_BOUND)
    if bound is None or not routes:
        return None
    tree = parse_expression(routes[-1]["condition"], None)
    names = sorted({column.name for column in tree.find_all(exp.Column)})
    if len(names) != 1:
        return None
    column = word(names[0], said.tokens[bound.start])._replace(norm=names[0].lower())
    return _condition(scene, Phrase((column, *said.tokens[bound.start :]), said.used), None)


def _name(condition: str, routes: Sequence[dict[str, str]]) -> str:
    """A name for a way out: the value that it is told by."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    tree = parse_expression(condition, None)
    told = tree.find(exp.Literal)
    column = tree.find(exp.Column)
    said = told.name if told is not None and told.is_string else column.name if column else ""
    name = column_name([said])
    name = name if name[0].isalpha() and name not in ("other", "value") else "matching"
    taken = {route["name"] for route in routes}
    return name if name not in taken else f"{name}_{len(routes) + 1}"

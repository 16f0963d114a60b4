"""A row held against those before it: `20 % larger than the previous one`, `twice the average`."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .measure_words import duration_of, plain_number
from .modifiers import take_time
from .numbers import DOWN, UP
from .phrase import Found, Phrase
from .rates import counted
from .relations import number_of
from .scene import UNSURE, Made, Scene, kept, text

if TYPE_CHECKING:
    from sqlglot import exp

_MORE = (
    r"higher|larger|bigger|greater|more|longer|faster|hotter|warmer|stronger|heavier|above|"
    r"more expensive|increase|jump|rise|growth"
)
_LESS = (
    r"lower|smaller|less|shorter|slower|colder|cooler|weaker|lighter|cheaper|below|fewer|decrease|"
    r"drop|fall"
)
_EARLIER = (
    r"(?:(?:the|its|their|his|her|that|it|was|were|at|in|of|on|for) )*"
    r"(?:(?:previous|prior|preceding|earlier|last)(?! (?:#dur|#num))(?: (?:one|\w+))?|before|"
    r"(?:the )?\w+ before(?: it| that)?|directly before(?: it)?|(?P<ago>#dur) (?:ago|before|"
    r"earlier))"
)
EARLIER = r"previous|prior|preceding|earlier|before|ago|last|average|mean|avg"
"""Words without which nothing is held against what was before."""
_SIGN = r"(?P<sign>at least|more than|over|at most|less than|no more than|by more than|by at least)"
_AMOUNT = r"(?P<n>#pct|#factor|#times|#num)(?: or more)?"
_THAN = (
    rf"(?:(?:is|are|was|be|by|with|has|an?|that|which) )*(?:{_SIGN} )?(?:{_AMOUNT} )?(?:as )?"
    rf"(?:(?P<way>{_MORE}|{_LESS})(?: \w+)? (?:than|over|from|on|compared (?:to|with)|versus|vs|"
    rf"as)|"
    rf"(?P<side>above|below|over|under)) {_EARLIER}"
)
_MOVED = (
    rf"(?:(?:has|have|is|was) )*(?:(?P<f>doubles|doubled|triples|tripled|halves|halved)|"
    rf"(?P<way>{UP}|{DOWN}))(?: (?:by|of))?(?: {_SIGN})?(?: {_AMOUNT})? "
    rf"(?:,? ?(?:as )?(?:compared|relative|in comparison) (?:to|with)|from|since|versus|vs|"
    rf"against) "
    rf"{_EARLIER}"
)
_MEAN = (
    rf"(?:(?:is|are|was|that|which) )*(?:{_SIGN} )?(?:{_AMOUNT} )?(?:(?P<way>{_MORE}|{_LESS}) "
    rf"than |(?P<side>above|below|over|under) )?"
    r"(?:(?:as|much|large|big|high|the|its|their|an?) )*(?:average|mean|avg)(?: \w+)? "
    r"(?:of|over) (?:the |its )?(?:last |previous |preceding )?(?P<count>#num)(?: "
    r"(?:previous|preceding|earlier|last|other))?(?: \w+)?(?: (?:before|preceding)(?: (?:it|"
    r"that))?)?"
)
_FACTORS = {"d": "2", "t": "3", "h": "0.5"}
_DIFFERS = r"(?:customer|user|card|\w+)? ?(?:orders|pays|buys|logs in|reports|comes) again"


def previous(scene: Scene, phrase: Phrase) -> Made | None:
    """A row and the one before it of the same key, compared by a number."""
    if phrase.has("then|followed by|in a row|consecutive|standard deviations?|sigmas?"):
        return None
    if counted(phrase, scene.columns):
        return None
    mean = phrase.find(_MEAN)
    found = mean or phrase.find(_THAN) or phrase.find(_MOVED)
    if found is None or not _says(found):
        return None
    name = number_of(scene, phrase) if not scene.columns.open else None
    if name is None:
        return None
    quiet = phrase.outside(found.start, found.end)
    key, rest = scene.key(quiet, "comparison")
    phrase.use(found.start, found.end)
    time, rest = take_time(rest)
    ago = found.token("ago")
    tree = _tree(name, found, phrase, mean is not None)
    if tree is None:
        return UNSURE
    rest = rest.without(rest.take(_DIFFERS))
    own = scene.events(tuple(key)).conditions.clauses(rest)
    return _sequence(key, [c.tree for c in own], tree, found, time or ago)


def _says(found: Found) -> bool:
    return bool({"way", "side", "n", "f"} & set(found.groups))


def _tree(name: str, found: Found, phrase: Phrase, mean: bool) -> exp.Expr | None:
    """The number compared with the earlier one, or with the mean of the earlier ones."""
    from sqlglot import exp

    from ...relational.sql import column

    way = Phrase(found.groups.get("way") or found.groups.get("side", ()))
    down = bool(way) and way.has(f"{_LESS}|{DOWN}|under")
    earlier: exp.Expr = column(name, "previous")
    if mean:
        earlier = exp.func("AVG", earlier)
    said = phrase.part(found.start, found.end)
    least = said.has("at least|by at least|or more")
    now, number = column(name), found.token("n")
    kinds: dict[tuple[bool, bool], Any] = {
        (False, False): exp.GT, (False, True): exp.GTE, (True, False): exp.LT, (True, True): exp.LTE
    }  # fmt: skip
    kind = kinds[down, least]
    if (word := found.token("f")) is not None:
        times = exp.Literal.number(_FACTORS[word.norm[0]])
        scaled = exp.Mul(this=earlier, expression=times)
        return (exp.LTE if word.norm[0] == "h" else exp.GTE)(this=now, expression=scaled)
    if number is None:
        return kind(this=now, expression=earlier)  # type: ignore[no-any-return]
    if number.norm == "#num":
        gap: exp.Expr = exp.Sub(this=earlier if down else now, expression=now if down else earlier)
        limit = exp.Literal.number(plain_number(Fraction(number.value)))
        return (exp.GTE if least else exp.GT)(this=gap, expression=limit)
    factor = Fraction(number.value)
    if number.norm == "#pct":
        factor = 1 + (-1 if down else 1) * factor / 100
    elif down:
        factor = 1 / factor
    scaled = exp.Mul(this=earlier, expression=exp.Literal.number(plain_number(factor)))
    return kind(this=now, expression=scaled)  # type: ignore[no-any-return]


def _sequence(key: list[str], own: list[exp.Expr], tree: exp.Expr, found: Found, time: Any) -> Made:
    from sqlglot import exp

    first: dict[str, Any] = {"name": "previous"}
    if own:
        first["where"] = text(exp.and_(*[t.copy() for t in own], copy=False))
    last: dict[str, Any] = {"name": "current", "where": text(exp.and_(*own, tree, copy=False))}
    if count := found.token("count"):
        first |= {"min": int(count.value), "max": int(count.value), "inner": "strict"}
    if "ago" not in found.groups:
        last["contiguity"] = "strict"
    config = {
        "key": key,
        "steps": [first, last],
        "within": duration_of(time) if time else None,
        "after_match": "skip-to-next",
    }
    return Made("sequence", kept(config))

"""A hand-written join of two streams: the join as a node, and what is made of it by further ones.

The interval is read from comparisons of the two event times, in whatever way they are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlglot import exp

from ...graph.duration import duration_text
from ...graph.model import Relation
from ...relational.intervals import interval_us
from ...relational.sql import sql
from .draft import Port
from .shapes import Shape, assumed_relation

if TYPE_CHECKING:
    from .split import Splitter

TYPE = "stream-stream-join"
SIDES = ("in_0", "in_1")
WORDS = {"in_0": "left", "in_1": "right"}
PREFIX = "right_"
KEPT_SIDES = {"": (0, 1), "LEFT": (0,), "RIGHT": (1,)}
"""Sides whose keys are never NULL for want of a partner. A full join of streams differs in Spark
from what SQL says, so it is not read."""
MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
}


class Times(NamedTuple):
    """The event times of both sides."""

    left: str
    right: str

    def moment(self, value: exp.Expr) -> tuple[int, int] | None:
        """Side and microseconds of `time ± interval`; None for anything else."""
        if isinstance(value, exp.Paren):
            return self.moment(value.this)
        if isinstance(value, exp.Column):
            known = [(s, name.lower()) for s, name in zip(SIDES, self, strict=True)]
            place = (value.table, value.name.lower())
            return (known.index(place), 0) if place in known else None
        if not isinstance(value, exp.Add | exp.Sub):
            return None
        start, length = self.moment(value.this), interval_us(value.expression)
        if isinstance(value, exp.Add) and start is None:
            start, length = self.moment(value.expression), interval_us(value.this)
        if start is None or length is None:
            return None
        return start[0], start[1] + (length if isinstance(value, exp.Add) else -length)


class Bounds:
    """How far the left time may be before and after the right one, in microseconds."""

    def __init__(self, times: Times) -> None:
        self.times = times
        self.before: int | None = None
        self.after: int | None = None

    def take(self, part: exp.Expr) -> bool:
        """Read a comparison of the two times; whether the bounds say all of it."""
        if isinstance(part, exp.Between):
            low = exp.GTE(this=part.this, expression=part.args["low"])
            high = exp.LTE(this=part.this, expression=part.args["high"])
            taken = [self.take(low), self.take(high)]
            return all(taken)
        if type(part) not in MIRRORED:
            return False
        ends = self.times.moment(part.this), self.times.moment(part.expression)
        if ends[0] is None or ends[1] is None or ends[0][0] == ends[1][0]:
            return False
        kind, (first, second) = type(part), (ends[0], ends[1])
        if first[0] == 1:
            kind, first, second = MIRRORED[kind], second, first
        return self._bound(kind, second[1] - first[1])

    def _bound(self, kind: type[exp.Expr], difference: int) -> bool:
        """`left - right` is at least, or at most, so much."""
        exact = kind in (exp.GTE, exp.LTE)
        if kind in (exp.GT, exp.GTE):
            wanted = max(-difference, 0)
            self.before = wanted if self.before is None else min(self.before, wanted)
            return exact and difference <= 0
        wanted = max(difference, 0)
        self.after = wanted if self.after is None else min(self.after, wanted)
        return exact and difference >= 0


def streams_joined(
    splitter: Splitter, shape: Shape, ports: Sequence[Port], wanted: str
) -> Port | None:
    """The join as a stream-stream-join, then the rest; None where that cannot be."""
    query = shape.query.copy()
    joins = query.args.get("joins") or []
    if TYPE not in splitter.draft.catalog.types() or len(joins) != 1 or len(ports) != len(SIDES):
        return None
    join, start = joins[0], query.args["from_"].this
    if (start.name, join.this.name) != SIDES or join.side not in KEPT_SIDES or not join.args["on"]:
        return None
    known = [splitter.draft.relations[node] for node, _ in ports]
    relations = [r or assumed_relation(shape, i) for i, r in enumerate(known)]
    times = _times(splitter, ports, known)
    if times is None or not _qualified(query, relations, known):
        return None
    config = _config(join, times)
    if config is None:
        return None
    names = Names(relations, config, None in known)
    if names.prefixed:
        config["right_prefix"] = PREFIX
    rest = _rest(query, names, KEPT_SIDES[join.side])
    if rest is None:
        return None
    node = splitter.draft.add(splitter.draft.id(f"{wanted}_join"), TYPE, config, ports), "out"
    return splitter.fitted(Shape(rest, ("in_0",), {}), [node], wanted)


def _times(
    splitter: Splitter, ports: Sequence[Port], known: Sequence[Relation | None]
) -> Times | None:
    """The event time of each side, as its relation or its source has it."""
    found = []
    for (node, _), relation in zip(ports, known, strict=True):
        given = splitter.draft.nodes[node].config.get("event_time")
        found.append(relation.event_time if relation is not None else given)
    left, right = found
    return Times(str(left), str(right)) if left and right else None


def _qualified(
    query: exp.Query, relations: Sequence[Relation], known: Sequence[Relation | None]
) -> bool:
    """Give each column the side it is of, and write stars out; whether that can be done."""
    owners: dict[str, list[str]] = {}
    for side, relation in zip(SIDES, relations, strict=True):
        for name in relation.names:
            owners.setdefault(name.lower(), []).append(side)
    for column in list(query.find_all(exp.Column)):
        if isinstance(column.this, exp.Star) or column.table in SIDES:
            continue
        found = owners.get(column.name.lower(), [])
        if column.table or len(found) != 1 or None in known:
            return False
        column.set("table", exp.to_identifier(found[0]))
    items: list[exp.Expr] = []
    for item in query.expressions:
        if not item.is_star:
            items.append(item)
            continue
        side = item.table if isinstance(item, exp.Column) else ""
        star = item.this if isinstance(item, exp.Column) else item
        if star.args.get("except_") or star.args.get("replace") or None in known:
            return False
        items += [
            exp.column(name, s)
            for s, relation in zip(SIDES, relations, strict=True)
            for name in (relation.names if side in ("", s) else ())
        ]
    query.set("expressions", items)
    return True


def _config(join: exp.Join, times: Times) -> dict[str, Any] | None:
    """Keys, bounds and what else is asked; None where there is no key or no bound."""
    bounds, keys, others = Bounds(times), [], []
    on = join.args["on"]
    for part in on.flatten() if isinstance(on, exp.And) else [on]:
        key = _key(part)
        if key is not None:
            keys.append(key)
        elif not bounds.take(part):
            others.append(part)
    if not keys or bounds.before is None or bounds.after is None:
        return None
    config: dict[str, Any] = {"keys": keys, "within_before": duration_text(bounds.before)}
    if bounds.after:
        config["within_after"] = duration_text(bounds.after)
    if join.side:
        config["join"] = join.side.lower()
    if others:
        condition = exp.and_(*others, copy=True)
        for column in condition.find_all(exp.Column):
            column.set("table", exp.to_identifier(WORDS[column.table]))
        config["condition"] = sql(condition)
    return config


def _key(part: exp.Expr) -> str | dict[str, str] | None:
    """The columns of `left.a = right.b`."""
    if isinstance(part, exp.Paren):
        return _key(part.this)
    ends = [part.this, part.expression] if isinstance(part, exp.EQ) else []
    sides = {end.table: end.name for end in ends if isinstance(end, exp.Column)}
    if sides.keys() != set(SIDES):
        return None
    left, right = (sides[side] for side in SIDES)
    return left if left == right else {"left": left, "right": right}


class Names:
    """The columns of the join by those of its sides."""

    def __init__(
        self, relations: Sequence[Relation], config: dict[str, Any], assumed: bool
    ) -> None:
        self.shared = {key.lower() for key in config["keys"] if isinstance(key, str)}
        left, right = ({n.lower() for n in r.names} - self.shared for r in relations)
        self.prefixed = assumed or bool(left & right)

    def of(self, side: str, name: str) -> str:
        """What a column of a side is called behind the join."""
        prefixed = side == SIDES[1] and self.prefixed and name.lower() not in self.shared
        return f"{PREFIX}{name}" if prefixed else name


def _rest(query: exp.Query, names: Names, kept: Sequence[int]) -> exp.Query | None:
    """The query over the rows of the join. A shared key of the side that may be missing is NULL
    there in SQL, and not in the join's one column: then there is no such query."""
    query.set("joins", None)
    for column in list(query.find_all(exp.Column)):
        side = SIDES.index(column.table)
        if column.name.lower() in names.shared and side not in kept:
            return None
        named = exp.column(names.of(column.table, column.name))
        output = isinstance(column.parent, exp.Select) and named.name != column.name
        column.replace(exp.alias_(named, column.name) if output else named)
    return query

"""Rows to choose from: values that a pipeline's conditions mention, and their neighbours.

Nothing is solved symbolically: combinations of likely values are sent through the nodes before the
pattern, and what comes out is looked at. So examples pass filters and joins as real rows do.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..cep.near_miss import is_number
from ..errors import LakestreamError
from ..graph.model import Relation

ROWS = 2_000
ROWS_OF_VALUES = 40
PLAIN: dict[str, tuple[Any, ...]] = {
    "string": ("other", "else"),
    "boolean": (True, False),
    "double": (1.0, 2.5, 10.0, 100.0, 1000.0, 0.0, -1.0),
    "int": (1, 2, 5, 10, 100, 1000, 0, -1),
    "date": (dt.date(2026, 1, 1), dt.date(2026, 1, 2)),
    "timestamp": (dt.datetime(2026, 1, 1, tzinfo=dt.UTC),),
}
ALIKE = {
    "tinyint": "int",
    "smallint": "int",
    "bigint": "int",
    "float": "double",
    "decimal": "double",
    "varchar": "string",
    "char": "string",
}
LITERAL = re.compile(r"'[^']*'|(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
SMALL = {"tinyint": 127, "smallint": 32_767, "int": 2**31 - 1}


def texts(value: Any) -> Iterator[str]:
    """Every text in a configuration."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


class Mentioned:
    """Literals in conditions: by the column they are compared with, and all of them; and the
    columns that are asked whether they are NULL."""

    def __init__(self, conditions: Iterator[str]) -> None:
        self.by_column: dict[str, list[Any]] = defaultdict(list)
        self.every: list[Any] = []
        self.maybe_null: set[str] = set()
        for text in conditions:
            self._read(text)

    def _read(self, text: str) -> None:
        from sqlglot import exp

        from ..relational.sql import parse_expression

        try:
            tree = parse_expression(text, None, aggregates=True)
        except LakestreamError:
            # A clause of several expressions, or text that is none.
            self.every += [_literal(found) for found in LITERAL.findall(text)]
            return
        for null in tree.find_all(exp.Is):
            if isinstance(null.expression, exp.Null):
                self.maybe_null |= {c.name.lower() for c in null.find_all(exp.Column)}
        for literal in tree.find_all(exp.Literal):
            value = _value(literal)
            self.every.append(value)
            holder = literal.find_ancestor(exp.Predicate)
            for column in holder.find_all(exp.Column) if holder is not None else ():
                self.by_column[column.name.lower()].append(value)

    def pools(self, relation: Relation, only: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """Likely values of each column; `only`: all that a column can hold, where that is known."""
        found = {c.name: self.pool(c.name, c.type) or [None] for c in relation.columns}
        for name, possible in only.items():
            likely = [value for value in found[name] if value in possible]
            found[name] = list(dict.fromkeys([*likely, *possible]))
        return found

    def pool(self, name: str, column_type: str) -> list[Any]:
        """Likely values of a column, those it is compared with first."""
        kind = column_type.partition("(")[0]
        family = ALIKE.get(kind, kind)
        own = self.by_column.get(name.lower(), [])
        found: list[Any] = []
        for value in [*own, *self.every]:
            found += _neighbours(value, family)
        found += _products(own, self.every, family)
        found += PLAIN.get(family, ())
        stored = [storable(value, column_type) for value in found]
        known = [value for value in dict.fromkeys(stored) if value is not None][:24]
        return [*known, None] if name.lower() in self.maybe_null else known


def storable(value: Any, column_type: str) -> Any:
    """A value as a column can hold it, decimals rounded; None where it is too large."""
    kind, _, rest = column_type.partition("(")
    if kind in SMALL:
        return value if abs(value) <= SMALL[kind] else None
    if kind == "decimal" and rest:
        digits, scale = (int(part) for part in rest.rstrip(")").split(","))
        return round(float(value), scale) if abs(value) < 10 ** (digits - scale) - 1 else None
    return value


def _value(literal: Any) -> Any:
    text = str(literal.this)
    return text if literal.args.get("is_string") else _number(text)


def _literal(text: str) -> Any:
    return text[1:-1] if text.startswith("'") else _number(text)


def _number(text: str) -> int | float:
    return float(text) if "." in text or "e" in text.lower() else int(text)


def _neighbours(value: Any, family: str) -> list[Any]:
    """A literal and what lies just beside it, as values of a family of types."""
    if family == "string" and isinstance(value, str):
        plain = value.replace("%", "").replace("_", "x")
        return [value, plain, plain + "x"] if "%" in value or "_" in value else [value]
    if isinstance(value, str):
        return []
    if family == "double":
        return [float(value), value + 1.0, value - 1.0]
    if family == "int":
        return [int(value), int(value) + 1, int(value) - 1]
    return []


def _products(own: list[Any], every: list[Any], family: str) -> list[Any]:
    """Products and sums of literals, for conditions such as `amount > 100 * small.amount`."""
    if family not in ("int", "double"):
        return []
    numbers = [v for v in dict.fromkeys([*own, *every]) if not isinstance(v, str)][:6]
    cast = int if family == "int" else float
    return [cast(a * b + c) for a in numbers for b in numbers for c in (0, 1)]


def candidate_rows(
    relation: Relation,
    mentioned: Mentioned,
    fixed: dict[str, Any],
    wanted: Sequence[dict[str, Any]],
    only: Mapping[str, Sequence[Any]],
) -> list[dict[str, Any]]:
    """Random combinations, always the same, the likeliest first. fixed: columns with one value.

    wanted: values that go together; each comes with a sample of all combinations of the others.
    only: as `pools` has it.
    """
    draw = random.Random(20_260_101)
    pools = mentioned.pools(relation, only)
    ranked = []
    for _ in range(ROWS):
        places = {name: draw.randrange(len(pool)) for name, pool in pools.items()}
        ranked.append((sum(places.values()), places))
    ranked.sort(key=lambda pair: pair[0])
    rows = [{n: pools[n][at] for n, at in places.items()} | fixed for _, places in ranked]
    names = {name.lower(): name for name in pools}
    together = [
        {names[n.lower()]: v for n, v in values.items() if n.lower() in names} for values in wanted
    ]
    sample = rows[:: ROWS // ROWS_OF_VALUES]
    return [*(row | values for values in together for row in sample), *rows]


class Line(NamedTuple):
    """A number computed from a row that depends on one column: offset + slope * column."""

    column: str
    slope: float
    offset: float
    whole: bool

    def at(self, value: float) -> float:
        """What the column must be for a value; the nearest whole number where it has only those."""
        found = (value - self.offset) / self.slope
        return round(found) if self.whole else found


def finite(value: Any) -> float | None:
    """A packed value as a number, perhaps a decimal in text; None where it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def line_of(rows: Sequence[dict[str, Any]], values: Sequence[Any]) -> Line | None:
    """The first column of which all values are a linear function, if there is one."""
    pairs = [(row, finite(value)) for row, value in zip(rows, values, strict=True)]
    known = [(row, value) for row, value in pairs if value is not None]
    for column in known[0][0] if known else ():
        points = {row[column]: value for row, value in known if is_number(row[column])}
        if len(points) < 2:
            continue
        (x, y), (other_x, other_y) = list(points.items())[:2]
        slope = (other_y - y) / (other_x - x)
        offset = y - slope * x
        fits = all(
            is_number(row[column])
            and math.isclose(value, offset + slope * row[column], rel_tol=1e-6, abs_tol=1e-9)
            for row, value in known
        )
        if slope and fits:
            whole = all(isinstance(x, int) for x in points)
            return Line(column, slope, offset, whole)
    return None

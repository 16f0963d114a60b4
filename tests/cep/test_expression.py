"""Expressions that read earlier events: the Python written for them against Sail and by hand."""

from __future__ import annotations

import ast
import math
import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakestream_mcp.cep import sqlnull
from lakestream_mcp.cep.expression import (
    PackedValues,
    Scope,
    Sql,
    function_source,
    measure_code,
    part_condition,
)
from lakestream_mcp.cep.pattern_type import Value
from lakestream_mcp.errors import InvalidSql, LakestreamError, Unsupported
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.relational.sql import check_columns, parse_expression, sql

COLUMNS = {"x": "double", "n": "int", "k": "bigint", "s": "string", "b": "boolean", "d": "double"}
RELATION = Relation(
    (
        *(Column(name, kind) for name, kind in COLUMNS.items()),
        Column("at", "timestamp"),
        Column("price", "decimal(10,2)"),
        Column("f", "float"),
    )
)
STEPS = ("a", "b2", "not c")
ARROW = {"double": pa.float64(), "int": pa.int32(), "bigint": pa.int64(), "string": pa.string(),
         "boolean": pa.bool_()}  # fmt: skip
VALUES: dict[str, list[Any]] = {
    "double": [None, 0.0, 0.5, 1.5, -2.0, 3.0, 1e9],
    "int": [None, 0, 1, -1, 3, 7],
    "bigint": [None, 0, 2, -3, 3],
    "string": [None, "", "x", "X", "é", "it's"],
    "boolean": [None, True, False],
}


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    """A running engine."""
    running = LocalEngine()
    yield running
    running.close()


@pytest.fixture(scope="module")
def resolver(engine: LocalEngine) -> SailResolver:
    """Types from the engine."""
    return SailResolver(engine)


def scope_of(resolver: SailResolver, current: bool = True) -> Scope:
    """A scope over RELATION whose first values are its columns, in order."""
    from sqlglot import exp

    def type_of(tree: exp.Expr) -> str:
        query = exp.select(tree.copy().as_("value")).from_("in_0")
        return resolver.columns(query, [RELATION])[0].type

    given = [Value(c.name, c.name, c.type, "keep") for c in RELATION.columns]
    access = Sql(
        sql, lambda tree, whole: check_columns(tree, RELATION, "where", whole=whole), type_of
    )
    return Scope(RELATION, STEPS, PackedValues(given), access, "where", current)


def parsed(text: str) -> Any:
    return parse_expression(text, "where", aggregates=True)


def call(code: str, bound: Any, row: Any) -> Any:
    """Execute a function as it would stand in generated code."""
    source = function_source("asked", "bound, row", code, "told")
    names: dict[str, Any] = dict(vars(sqlnull))
    exec(compile(source, "generated", "exec"), names)
    return names["asked"](bound, row)


def packed(values: dict[str, Any]) -> tuple[Any, ...]:
    """A row as the matcher gets it, without computed values."""
    return (0, *(values.get(c.name) for c in RELATION.columns))


def ask(resolver: SailResolver, text: str, bound: list[Any], row: dict[str, Any]) -> Any:
    """The answer of a condition that reads only columns and steps as they are."""
    scope = scope_of(resolver)
    parted = part_condition(parsed(text), scope)
    assert parted.code is not None
    assert not scope.values.computed, "the text should need no computed values"
    return call(parted.code, tuple((step, 0, packed(r)) for step, r in bound), packed(row))


# Against Sail


def numeric(draw: random.Random, depth: int) -> str:
    if depth == 0 or draw.random() < 0.3:
        return draw.choice(("a.x", "b2.d", "x", "a.n", "b2.k", "n", "2", "0.5", "-3", "NULL"))
    left, right = numeric(draw, depth - 1), numeric(draw, depth - 1)
    return draw.choice(
        (
            f"({left} + {right})",
            f"({left} - {right})",
            f"({left} * ({right} + 7))",
            f"coalesce({left}, {right})",
            f"nullif({left}, {right})",
            f"greatest({left}, {right}, a.x)",
            f"least({left}, {right}, b2.d)",
            f"abs({left})",
            f"if({boolean(draw, depth - 1)}, {left}, {right})",
            f"CASE {left} WHEN {right} THEN a.x WHEN 3 THEN {left} END",
            f"({left}) / 4",
            f"({left}) % 3D",
            f"(0 - {left})",
        )
    )


def boolean(draw: random.Random, depth: int) -> str:
    if depth == 0:
        return draw.choice(("a.b", "b", "b2.b", "a.s = s", "a.s < b2.s", "TRUE", "a.x > x"))
    left, right = boolean(draw, depth - 1), boolean(draw, depth - 1)
    one, two = numeric(draw, depth - 1), numeric(draw, depth - 1)
    return draw.choice(
        (
            f"({left} AND {right})",
            f"({left} OR {right})",
            f"(NOT {left})",
            *(f"({one} {op} {two})" for op in ("=", "<>", "<", "<=", ">", ">=", "<=>")),
            f"({one} IS NULL)",
            f"({left} IS NOT NULL)",
            f"({left} IS TRUE)",
            f"({one} BETWEEN {two} AND a.x)",
            f"({one} IN ({two}, a.x, 3))",
            "(a.s IN ('x', s, 'it''s'))",
        )
    )


def rows_of(draw: random.Random, count: int = 40) -> list[dict[str, dict[str, Any]]]:
    return [
        {
            place: {name: draw.choice(VALUES[kind]) for name, kind in COLUMNS.items()}
            for place in ("a", "b2", "row")
        }
        for _ in range(count)
    ]


def by_sail(engine: LocalEngine, text: str, rows: list[Any]) -> list[Any]:
    """The same expression with every step's one event in columns of its own."""
    columns, names = [], []
    for place, prefix in (("a", "a_"), ("b2", "b2_"), ("row", "")):
        for name, kind in COLUMNS.items():
            names.append(prefix + name)
            columns.append(pa.array([r[place][name] for r in rows], ARROW[kind]))
    table = pa.table(columns, names=names)
    flat = text.replace("b2.", "b2_").replace("a.", "a_")
    query = sql(parse_expression(flat, "where"))
    return engine.run(f"SELECT {query} AS v FROM in_0", {"in_0": table})["v"].to_pylist()


def alike(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    return bool(left == right) and (left is None) == (right is None)


@pytest.mark.parametrize("seed", range(12))
def test_random_conditions_as_sail(engine: LocalEngine, resolver: SailResolver, seed: int) -> None:
    draw = random.Random(seed)
    rows, tried = rows_of(draw), 0
    while tried < 15:
        text = f"{boolean(draw, 3)} AND a.x <=> a.x"
        scope = scope_of(resolver)
        try:
            parted = part_condition(parsed(text), scope)
            expected = by_sail(engine, text, rows)
        except LakestreamError:
            continue  # e.g. decimals meet whole numbers
        tried += 1
        compare(engine, text, parted, scope, rows, expected)


def compare(
    engine: LocalEngine, text: str, parted: Any, scope: Scope, rows: list[Any], expected: Any
) -> None:
    """The two parts together, with computed values from the engine, give Sail's answer."""
    extra = computed_values(engine, scope, rows)
    current = by_sail(engine, parted.current or "TRUE", rows)
    for i, row in enumerate(rows):
        bound = tuple(
            (STEPS.index(place), 0, (*packed(row[place]), *extra[place][i]))
            for place in ("a", "b2")
        )
        now = (*packed(row["row"]), *extra["row"][i])
        answer = sqlnull.sql_and(call(parted.code, bound, now), lambda i=i: current[i])
        assert alike(answer is True, expected[i] is True), (text, row, answer, expected[i])


def computed_values(engine: LocalEngine, scope: Scope, rows: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for place in ("a", "b2", "row"):
        columns = [
            pa.array([r[place][name] for r in rows], ARROW[kind]) for name, kind in COLUMNS.items()
        ]
        table = pa.table(columns, names=list(COLUMNS))
        asked = [f"{v.sql} AS v{i}" for i, v in enumerate(scope.values.computed)] or ["1 AS v0"]
        answer = engine.run(f"SELECT {', '.join(asked)} FROM in_0", {"in_0": table})
        cells = [column.to_pylist() for column in answer.columns]
        found[place] = list(zip(*cells)) if scope.values.computed else [()] * len(rows)
    return found


# By hand

A1, A2 = {"x": 2.0, "n": 1, "s": "p"}, {"x": 5.0, "n": None, "s": "q"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.x = 5", True),
        ("FIRST(a.x) = 2", True),
        ("LAST(a.x) = 5", True),
        ("COUNT(a) = 2", True),
        ("COUNT(a.n) = 1", True),
        ("SUM(a.x) + x = 8", True),
        ("AVG(a.x) = 3.5", True),
        ("MIN(a.x) = 2 AND MAX(a.s) = 'q'", True),
        ("SUM(a.n) = 1", True),
        ("a.n = 1", None),
        ("FIRST(a.n) = 1", True),
        ("SUM(b2.x) = 0 AND COUNT(b2) = 0 AND COUNT(b2.x) = 0", True),
        ("AVG(b2.x) IS NULL AND MIN(b2.x) IS NULL AND b2.x IS NULL", True),
        ("b2.x > 1", None),
        ("`not c`.x IS NULL", True),
        ("A.X = 5", True),
        ("n / SUM(a.n) = 3", True),
        ("COUNT(a) < 2.5", True),
        ("SUM(a.x * a.x) > 0", "computed"),
    ],
)
def test_reading_bound_events(resolver: SailResolver, text: str, expected: Any) -> None:
    if expected == "computed":
        scope = scope_of(resolver)
        part_condition(parsed(text), scope)
        assert [v.sql for v in scope.values.computed] == ["x * x"]
        return
    assert ask(resolver, text, [(0, A1), (0, A2)], {"x": 1.0, "n": 3}) is expected


NAN = math.nan


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("a.x = x", NAN, True),
        ("a.x > 1e300", NAN, True),
        ("a.x < 1e300", NAN, False),
        ("a.x <= x", NAN, True),
        ("1e300 < a.x", NAN, True),
        ("a.x <> x", NAN, False),
        ("a.x IN (1.5, x)", NAN, True),
        ("greatest(a.x, 3D) <=> x", NAN, True),
        ("least(a.x, 3D) = 3", NAN, True),
        ("MAX(a.x) <=> x AND MIN(a.x) <=> x", NAN, True),
        ("a.x = 0", -0.0, True),
        ("-a.x IN (0D)", 0.0, True),
        ("nullif(a.x, 0D) IS NULL", -0.0, True),
        ("a.x % 3D <=> a.x % 3D", math.inf, True),
        ("a.x % 3D = -1", -4.0, True),
        ("a.x / 4 = -1", -4.0, True),
        ("CAST(COUNT(a) AS DOUBLE) / 2 = 0.5", 1.0, True),
        ("a.x + 10L = 11", 1.0, True),
    ],
)
def test_numbers_as_spark(resolver: SailResolver, text: str, value: float, expected: Any) -> None:
    """NaN equals NaN and is greatest, -0.0 equals 0.0; Sail differs where a NaN has a sign."""
    assert ask(resolver, text, [(0, {"x": value})], {"x": value}) is expected


def test_parts(resolver: SailResolver) -> None:
    """What reads only the current row stays SQL; what may fail is computed only where it counts."""
    scope = scope_of(resolver)
    parted = part_condition(parsed("n > 0 AND a.x > x / n AND s = 'v'"), scope)
    assert parted.current == "n > 0 AND s = 'v'"
    assert [v.sql for v in scope.values.computed] == ["CASE WHEN n > 0 AND s = 'v' THEN x / n END"]
    alone = part_condition(parsed("n > 0 AND s = 'v'"), scope_of(resolver))
    assert alone == ("n > 0 AND s = 'v'", None)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a.n * 2147483647 + 1 > 0", OverflowError),
        ("a.k * a.k * a.k * a.k > 0", OverflowError),
        ("1 / a.d > 0", ZeroDivisionError),
        ("a.n % (a.n - a.n) = 0", ZeroDivisionError),
    ],
)
def test_ansi_errors(resolver: SailResolver, text: str, error: type[Exception]) -> None:
    row = {"n": 3, "k": 1 << 40, "d": 0.0, "x": 1.0}
    with pytest.raises(error):
        ask(resolver, text, [(0, row)], row)


@pytest.mark.parametrize(
    ("text", "error", "code", "hint"),
    [
        ("aa.x > 1", InvalidSql, "UNKNOWN_STEP", "a"),
        ("not_c.x > 1", InvalidSql, "UNKNOWN_STEP", "not c"),
        ("a.pricee IS NULL", InvalidSql, "UNKNOWN_COLUMN", "price"),
        ("a.x > pricee", InvalidSql, "UNKNOWN_COLUMN", "price"),
        ("SUM(x) > 1", InvalidSql, "STEP_MISSING", "SUM(step.column)"),
        ("a.price > price", Unsupported, "UNSUPPORTED", "DOUBLE"),
        ("a.n * 1.5 > 2", Unsupported, "UNSUPPORTED", "DOUBLE"),
        ("a.n / 1.5 > 2", Unsupported, "UNSUPPORTED", "DOUBLE"),
        ("a.f + f > 2", Unsupported, "UNSUPPORTED", "DOUBLE"),
        ("a.s > n", Unsupported, "UNSUPPORTED", "CAST"),
        ("a.at - at > 1", Unsupported, "UNSUPPORTED", "unix_micros"),
        ("stddev(a.x) > 1", Unsupported, "UNSUPPORTED", "map-select"),
        ("COUNT(DISTINCT a.x) > 1", Unsupported, "UNSUPPORTED", None),
        ("SUM(SUM(a.x)) > 1", Unsupported, "UNSUPPORTED", None),
        ("a.x + 1", InvalidSql, "INVALID_SQL", None),
        ("a.x AND b", InvalidSql, "INVALID_SQL", None),
        ("a.x > (SELECT 1)", InvalidSql, "SQL_NOT_ALLOWED", None),
    ],
)
def test_refused(
    resolver: SailResolver, text: str, error: type[LakestreamError], code: str, hint: str | None
) -> None:
    with pytest.raises(error) as caught:
        part_condition(parsed(text), scope_of(resolver))
    assert caught.value.code == code
    assert caught.value.where == {"field": "where"}
    if hint is not None:
        assert hint in (caught.value.hint or "")


def test_measures(resolver: SailResolver) -> None:
    scope = scope_of(resolver, current=False)
    kinds = {
        "SUM(a.x)": "double",
        "SUM(a.n)": "bigint",
        "COUNT(a)": "bigint",
        "FIRST(a.at)": "timestamp",
        "a.price": "decimal(10,2)",
        "MAX(a.s)": "string",
        "a.x > 1": "boolean",
        "coalesce(NULL, a.n, a.x)": "double",
        "CASE WHEN a.b THEN NULL WHEN a.x > 1 THEN a.n ELSE a.x END": "double",
        "if(a.b, NULL, a.n)": "int",
        "a.n + 2147483647": "int",
        "a.n + 2147483648": "bigint",
        "n / 2": None,
        "1.5": None,
    }
    for text, kind in kinds.items():
        if kind is None:
            with pytest.raises(InvalidSql):
                measure_code(parsed(text), scope)
        else:
            assert measure_code(parsed(text), scope)[1] == kind


HOSTILE = ["'", '"', "\\", "\n", "\r", "{x}", "%s", "é", "\u2028", "'''", '"""', "\\n", "#", "`"]


@settings(max_examples=60)
@given(text=st.lists(st.sampled_from([*HOSTILE, "a", " "]), max_size=8).map("".join))
def test_hostile_text_stays_a_literal(resolver: SailResolver, text: str) -> None:
    from lakestream_mcp.relational.dialect import string_literal

    scope = scope_of(resolver)
    condition = f"a.s = {string_literal(text)} OR a.s = s"
    parted = part_condition(parsed(condition), scope)
    assert parted.code is not None
    source = function_source("asked", "bound, row", parted.code, condition)
    tree = ast.parse(source)
    assert len(tree.body) == 1
    literals = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    assert text in literals
    assert call(parted.code, ((0, 0, packed({"s": text})),), packed({"s": text + "!"})) is True


def test_timestamps_compare_as_microseconds(resolver: SailResolver) -> None:
    bound = [(0, {"at": 10_000_000})]
    assert ask(resolver, "at > a.at", bound, {"at": 10_000_001}) is True
    assert ask(resolver, "a.at = FIRST(a.at)", bound, {}) is True
    scope = scope_of(resolver)
    part_condition(parsed("unix_seconds(at) - unix_seconds(a.at) > 5"), scope)
    assert [v.sql for v in scope.values.computed] == ["UNIX_SECONDS(at)"]


def test_a_function_tells_what_it_answers_in_ninety_characters() -> None:
    for length, shown in ((90, "x" * 90), (91, "x" * 89 + "…")):
        source = function_source("asked", "row", "True", "x" * length)
        assert source.splitlines()[1] == f"    # {shown}"


def test_a_number_beyond_doubles_is_refused(resolver: SailResolver) -> None:
    for text in ("a.x > 1e400", "a.x < 123456789012345.6"):
        with pytest.raises(LakestreamError):
            part_condition(parsed(text), scope_of(resolver))
    for text in ("a.x < 12345678901234.5", "a.x < 1.00000000000000001e5"):
        assert part_condition(parsed(text), scope_of(resolver)).code is not None


def test_a_function_is_one_line_under_one_comment() -> None:
    wanted = "def f(bound, row):\n    # a b\n    return x\n"
    assert function_source("f", "bound, row", "(x)", "a\nb") == wanted
    for length, shown in ((90, "x" * 90), (91, "x" * 89 + "…")):
        comment = function_source("f", "row", "x", "x" * length).splitlines()[1]
        assert comment == f"    # {shown}"

"""What SQL text may contain: walked over the parsed tree before anything runs or is generated.

Sail can read and write any file it is named, so nothing but expressions and SELECTs over relations
we registered may reach it. What is not on a list here is refused.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from sqlglot import exp

from ..errors import InvalidSql, nearest
from .dialect import ParseError, TokenError, generate, nodes, parse, tokenize
from .functions import allowed_function

MAX_TEXT = 20_000
MAX_TOKENS = 4_000
MAX_NESTING = 60
REMEMBERED, REMEMBERED_TEXT = 4096, 200

PLAIN = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.And, exp.Or,
    exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Is, exp.Between, exp.In, exp.Like, exp.ILike, exp.RegexpLike, exp.Escape, exp.Tuple,
    exp.Case, exp.If, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam, exp.ColumnDef,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.BitwiseAnd,
    exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot, exp.BitwiseLeftShift, exp.BitwiseRightShift,
    exp.DPipe, exp.Interval, exp.IntervalSpan, exp.Var, exp.Dot, exp.Bracket, exp.Lambda,
    exp.PropertyEQ, exp.HexString, exp.TsOrDsToDate,
)  # fmt: skip
QUERY = (
    exp.Select, exp.Subquery, exp.SetOperation, exp.From, exp.Join, exp.Where, exp.Group,
    exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Table, exp.TableAlias, exp.With, exp.CTE,
    exp.Alias, exp.Aliases, exp.Star, exp.Values, exp.Distinct, exp.Window, exp.WindowSpec,
)  # fmt: skip
AGGREGATE = (exp.Distinct, exp.Star, exp.IgnoreNulls, exp.RespectNulls)
FUNCTION_NAMES: dict[type[exp.Expr], str] = {
    exp.TsOrDsAdd: "date_add",
    exp.TimestampAdd: "dateadd",
    exp.DateDiff: "datediff",
    exp.TimestampDiff: "timestampdiff",
    exp.StrPosition: "locate",
    exp.VarMap: "map",
    exp.Map: "map",
    exp.CurrentTimestamp: "current_timestamp",
    exp.CurrentDate: "current_date",
    exp.CurrentUser: "current_user",
    exp.Concat: "concat",
}


def function_name(node: exp.Func) -> str:
    """The SQL name a call is written with."""
    if isinstance(node, exp.Anonymous):
        return str(node.this)
    return FUNCTION_NAMES.get(type(node)) or node.sql_names()[0]


def syntax_error(message: str, text: str, field: str | None, hint: str | None = None) -> InvalidSql:
    """An InvalidSql about text that is no SQL we take."""
    return InvalidSql(message, where={"field": field} if field else {}, got=text[:500], hint=hint)


def parsed(text: str, field: str | None, room: int = 1) -> exp.Expr:
    """The one statement or expression of a text. Raises InvalidSql naming place and trouble.

    room: how many times the usual length it may have, where it was made of what an author wrote.
    """
    if not isinstance(text, str) or not text.strip():
        raise syntax_error("a SQL expression is missing", str(text), field)
    if len(text) > MAX_TEXT * room:
        raise syntax_error(f"SQL is limited to {MAX_TEXT} characters", text, field)
    if any(ord(c) < 32 and c not in "\t\n\r" for c in text) or not text.isascii():
        _check_characters(text, field)
    try:
        if len(text) <= REMEMBERED_TEXT:
            return _remembered(text).copy()
        return _read(text, room)
    except InvalidSql as error:
        error.where = {"field": field} if field else {}
        raise
    except ParseError as error:
        raise syntax_error(_parse_message(error, text), text, field) from None
    except TokenError:
        raise syntax_error("a quote or bracket is not closed", text, field) from None
    except RecursionError:
        raise syntax_error("SQL is nested too deeply", text, field) from None


def _read(text: str, room: int = 1) -> exp.Expr:
    tokens = tokenize(text)
    _check_size(len(tokens), text, room)
    trees = [tree for tree in parse(tokens, text) if tree is not None]
    if len(trees) != 1:
        raise syntax_error("one expression is expected, without `;`", text, None)
    for node in nodes(trees[0]):
        if node.meta_get("line"):
            node.meta.clear()  # places in the text, which every copy would carry along
    return trees[0]


_remembered = lru_cache(maxsize=REMEMBERED)(_read)
"""The same few short texts are read again and again: checked, typed, written, traced."""


def _check_characters(text: str, field: str | None) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise syntax_error("SQL is not valid Unicode text", ascii(text), field) from None
    if any(ord(c) < 32 and c not in "\t\n\r" for c in text):
        raise syntax_error("SQL holds a control character", ascii(text), field)


def _check_size(tokens: int, text: str, room: int) -> None:
    depth = deepest = 0
    for char in text:
        if char in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif char in ")]":
            depth -= 1
    if tokens > MAX_TOKENS * room or deepest > MAX_NESTING:
        raise syntax_error("SQL is too long or nested too deeply", text, None)


def _parse_message(error: ParseError, text: str) -> str:
    first = error.errors[0] if error.errors else {}
    word = first.get("highlight")
    if word and word.strip():
        return f"SQL does not parse at `{word.strip()[:60]}`"
    return "SQL is incomplete" if text.strip() else "SQL is missing"


def check_expression(
    tree: exp.Expr, field: str | None, aggregates: bool, nondeterministic: bool
) -> None:
    """Refuse whatever is not an expression over the row's columns."""
    for node in nodes(tree):
        _check_node(node, field, aggregates, nondeterministic, query=False)


def _check_node(
    node: exp.Expr, field: str | None, aggregates: bool, nondeterministic: bool, query: bool
) -> None:
    if isinstance(node, exp.Query) and not query:
        raise _refused("a subquery reads other rows than the one at hand", node, field)
    if isinstance(node, exp.Identifier) and "${" in node.name:
        raise _refused("Spark replaces `${…}` in SQL, so a name cannot hold it", node, field)
    if isinstance(node, (exp.Cast, exp.TryCast)) and node.args.get("format"):
        raise _refused("CAST with FORMAT is not Spark SQL", node, field)
    if isinstance(node, PLAIN) or (query and isinstance(node, QUERY)):
        return
    if aggregates and isinstance(node, AGGREGATE):
        return
    if isinstance(node, exp.Alias) and isinstance(node.parent, exp.Struct):
        return
    if isinstance(node, exp.Any) and isinstance(node.parent, (exp.Like, exp.ILike)):
        return
    if isinstance(node, exp.Func) and not isinstance(node, NAMED_REASONS):
        allowed_function(function_name(node), field, aggregates or query, nondeterministic)
        return
    raise _refused(_reason(node), node, field)


REASONS: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.Alias, "a name (`AS …`) has no place here"),
    (exp.Placeholder, "parameters have no place here; write the value"),
    (exp.Parameter, "parameters have no place here; write the value"),
    (exp.Window, "a window function reads other rows than the one at hand"),
    (exp.Star, "`*` has no place here"),
    (exp.JSONExtract, "`->` reads no JSON here; write get_json_object(x, '$.name')"),
    (exp.AtTimeZone, "AT TIME ZONE is not Spark SQL; write from_utc_timestamp(x, zone)"),
)


NAMED_REASONS = tuple(kind for kind, _ in REASONS)


def _reason(node: exp.Expr) -> str:
    known = (reason for kind, reason in REASONS if isinstance(node, kind))
    return next(known, f"{type(node).__name__} is not part of the SQL allowed here")


def _refused(reason: str, node: exp.Expr, field: str | None) -> InvalidSql:
    return InvalidSql(
        reason,
        code="SQL_NOT_ALLOWED",
        where={"field": field} if field else {},
        got=generate(node)[:300],
    )


def check_query(tree: exp.Expr, relations: Collection[str]) -> exp.Query:
    """The tree, if it is a SELECT over the given relations and its own WITH names alone."""
    if not isinstance(tree, (exp.Select, exp.SetOperation)):
        raise _refused("only SELECT is run", tree, None)
    names = {*relations, *(cte.alias for cte in tree.find_all(exp.CTE))}
    for node in nodes(tree):
        if isinstance(node, exp.Table):
            _check_table(node, names)
        else:
            _check_node(node, None, aggregates=True, nondeterministic=True, query=True)
    return tree


def _check_table(node: exp.Table, names: Collection[str]) -> None:
    plain = isinstance(node.this, exp.Identifier) and not node.db and not node.catalog
    extra = {k for k, v in node.args.items() if v} - {"this", "alias", "joins"}
    if plain and not extra and node.name in names:
        return
    raise InvalidSql(
        f"`{node.name[:100]}` is not a relation of this query",
        code="UNKNOWN_RELATION",
        got=generate(node)[:300],
        expected=sorted(names),
        hint=nearest(node.name, names),
    )

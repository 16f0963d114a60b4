"""SQL as trees: read within bounds, names checked, written the same each time.

Light to import: sqlglot is loaded when the first text is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import InvalidSql, nearest
from ..graph.model import Column, Problem, Relation

if TYPE_CHECKING:
    from sqlglot import exp


def parse_expression(
    text: str, field: str | None, *, aggregates: bool = False, nondeterministic: bool = False
) -> exp.Expr:
    """An expression over one row's columns, as a sqlglot tree.

    `aggregates` also lets calls like `COUNT(v)` through, whose meaning is the caller's.
    `nondeterministic` lets `current_timestamp()` and its kin through.
    Raises InvalidSql and Unsupported with `where={"field": field}`.
    """
    from . import guard

    tree = guard.parsed(text, field)
    guard.check_expression(tree, field, aggregates, nondeterministic)
    return tree


def parse_projections(text: str, field: str | None) -> list[exp.Expr]:
    """The list after SELECT: columns, `*`, and expressions named with AS."""
    from sqlglot import exp

    from . import guard

    tree = guard.parsed(f"SELECT {text}", field)
    extra = {k for k, v in tree.args.items() if v} - {"expressions", "kind"}
    if not isinstance(tree, exp.Select) or extra:
        raise guard.syntax_error(
            "a list of columns and expressions is expected", text, field, "a, b + 1 AS c"
        )
    found: list[exp.Expr] = []
    for item in tree.expressions:
        named = item.this if isinstance(item, exp.Alias) else item
        if not isinstance(named, exp.Star):
            guard.check_expression(named, field, aggregates=False, nondeterministic=True)
        if not isinstance(item, (exp.Alias, exp.Column, exp.Star)):
            raise InvalidSql(
                "an expression needs a name: write `… AS name`",
                where={"field": field} if field else {},
                got=sql(item)[:300],
            )
        found.append(item)
    return found


def sql(tree: exp.Expr) -> str:
    """The text of a tree in Spark's dialect; the same tree gives the same text."""
    from .dialect import generate

    return generate(tree)


def identifier(name: str) -> exp.Identifier:
    """A name as an identifier, back-quoted unless it is a plain word."""
    from sqlglot import exp

    from .dialect import DIALECT

    plain = name.isascii() and name.isidentifier()
    reserved = name.upper() in DIALECT.tokenizer_class.KEYWORDS
    return exp.Identifier(this=name, quoted=not plain or reserved)


def column(name: str, relation: str | None = None) -> exp.Column:
    """A column by name, of a relation if given."""
    from sqlglot import exp

    return exp.Column(this=identifier(name), table=identifier(relation) if relation else None)


def select(columns: Iterable[exp.Expr], relation: str = "in_0") -> exp.Select:
    """`SELECT columns FROM relation`, of trees that are part of no other: nothing is copied."""
    from sqlglot import exp

    table = exp.Table(this=exp.Identifier(this=relation, quoted=False))
    return exp.Select(expressions=list(columns), from_=exp.From(this=table))


def filtered(rows: exp.Select, condition: exp.Expr) -> exp.Select:
    """A SELECT that has no WHERE yet with this one, a tree that is part of no other."""
    from sqlglot import exp

    rows.set("where", exp.Where(this=condition))
    return rows


def cast(value: exp.Expr, column_type: str) -> exp.Cast:
    """CAST of a value to a canonical type."""
    from sqlglot import exp

    return exp.Cast(this=value, to=_data_type(column_type).copy())


@lru_cache(maxsize=512)
def _data_type(column_type: str) -> exp.DataType:
    """A type as a tree: the same few are asked for again and again. Not to be changed."""
    from sqlglot import exp

    from .dialect import DIALECT

    return exp.DataType.build(column_type, dialect=DIALECT)


def check_columns(
    tree: exp.Expr,
    relation: Relation,
    field: str | None = None,
    qualifiers: Iterable[str] = (),
    whole: bool = True,
    copy: bool = True,
) -> exp.Expr:
    """The tree with each column written as it was declared. Raises UNKNOWN_COLUMN.

    A column may carry a qualifier from `qualifiers` (a relation's name), which stays. Spark's names
    ignore case. The error's `fix` is the expression with the nearest name in it, unless it is not
    the `whole` of the field: then it would take the place of the rest. Without `copy` the tree
    itself is changed.
    """
    from sqlglot import exp

    from .dialect import nodes

    declared = {name.lower(): name for name in relation.names}
    known_qualifiers = set(qualifiers)
    checked = tree.copy() if copy else tree
    unknown: exp.Identifier | None = None
    for found in [node for node in nodes(checked) if isinstance(node, exp.Column)]:
        parts = [part for part in found.parts if isinstance(part, exp.Identifier)]
        if len(parts) > 1 and parts[0].name in known_qualifiers:
            parts = parts[1:]
        name = declared.get(parts[0].name.lower()) if parts else None
        if name is not None:
            parts[0].replace(identifier(name))
        elif parts:
            unknown = unknown or parts[0]
    if unknown is not None:
        error = _unknown_column(checked, unknown, relation, field)
        error.fix = error.fix if whole else None
        raise error
    return checked


def _unknown_column(
    tree: exp.Expr, unknown: exp.Identifier, relation: Relation, field: str | None
) -> InvalidSql:
    near = nearest(unknown.name, relation.names)
    got = unknown.name
    corrected = None
    if near:
        # The name may be the whole tree, which `replace` cannot reach: it has no parent.
        unknown.set("this", near)
        unknown.set("quoted", identifier(near).quoted)
        corrected = sql(tree)
    top = field if field and field.isidentifier() else None
    return InvalidSql(
        f"there is no column `{got}`" + (f"; did you mean `{near}`?" if near else ""),
        code="UNKNOWN_COLUMN",
        where={"field": field} if field else {},
        got=got,
        expected=list(relation.names),
        hint=near,
        fix=[{"op": "update_node", "config": {top: corrected}}] if corrected and top else None,
    )


def find_column(
    name: str, relation: Relation, field: str | None, columns: Sequence[str] | None = None
) -> str:
    """The declared name of a column given by name alone. Raises UNKNOWN_COLUMN."""
    declared = {known.lower(): known for known in relation.names}
    found = declared.get(name.lower())
    if found is not None:
        return found
    near = nearest(name, relation.names)
    fixed: object = near
    # A place inside a field is no key of a patch.
    top = field if field and field.isidentifier() else None
    if near and columns is not None:
        fixed = list(dict.fromkeys(near if each == name else each for each in columns))
    raise InvalidSql(
        f"there is no column `{name}`" + (f"; did you mean `{near}`?" if near else ""),
        code="UNKNOWN_COLUMN",
        where={"field": field} if field else {},
        got=name,
        expected=list(relation.names),
        hint=near,
        fix=[{"op": "update_node", "config": {field: fixed}}] if near and top else None,
    )


def cast_outputs(query: exp.Query, columns: Sequence[Column]) -> exp.Query:
    """The query with every output cast to its declared type, so that both hosts give it alike.

    A bare column of a SELECT keeps its type and is left alone, as is what is cast to it already; a
    UNION is cast branch by branch, since Sail takes the first branch's types where Spark widens.
    """
    from sqlglot import exp

    if isinstance(query, exp.SetOperation):
        united = query.copy()
        united.set("this", cast_outputs(united.left, columns))
        united.set("expression", cast_outputs(united.right, columns))
        return united
    if not isinstance(query, exp.Select) or len(query.expressions) != len(columns):
        raise ValueError("a SELECT with its columns written out is needed")
    outputs = []
    for item, output in zip(query.expressions, columns, strict=True):
        value = item.this if isinstance(item, exp.Alias) else item
        bare = isinstance(value, exp.Column) and len(value.parts) <= 2
        same = bare and item.alias_or_name == output.name
        typed = type(value) is exp.Cast and value.to == _data_type(output.type)
        made = value if typed else cast(value, output.type)
        outputs.append(item if same else named(made, output.name))
    if all(made is item for made, item in zip(outputs, query.expressions, strict=True)):
        return query
    return query.copy().select(*outputs, append=False, copy=False)


def named(value: exp.Expr, name: str) -> exp.Expr:
    """`value AS name`, or the bare column where that is its name already."""
    from sqlglot import exp

    if isinstance(value, exp.Column) and value.name == name:
        return value
    return exp.Alias(this=value, alias=identifier(name))


def plain_select(query: exp.Query, *clauses: str) -> bool:
    """Whether a query is `SELECT … FROM in_0`, with none but the named clauses."""
    from sqlglot import exp

    start = query.args.get("from_")
    said = {name for name, value in query.args.items() if value}
    return (
        isinstance(query, exp.Select)
        and said <= {"expressions", "from_", *clauses}
        and start is not None
        and isinstance(start.this, exp.Table)
        and start.this.name == "in_0"
    )


def notes(tree: exp.Expr) -> list[str]:
    """What may differ from Spark on unusual input when this is tried locally; one line each."""
    from sqlglot import exp

    from . import guard
    from .functions import functions

    known = functions()
    names = {
        guard.function_name(node).lower()
        for node in tree.find_all(exp.Func)
        if not isinstance(node, exp.Cast) or node.to.is_type("string")
    }
    found = (known[name] for name in sorted(names) if name in known)
    return [f"{f.name}: {f.note}" for f in found if f.answers == "edge"]


def may_differ(trees: Iterable[exp.Expr], field: str) -> Iterator[Problem]:
    """The notes on some expressions as findings that hinder nothing."""
    for note in dict.fromkeys(note for tree in trees for note in notes(tree)):
        yield Problem(
            "MAY_DIFFER",
            f"a local test may differ from Spark on unusual input: {note}",
            field=field,
            hint="Spark's answer counts; where such input occurs, bring it to one form before",
            severity="info",
        )

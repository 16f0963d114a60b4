"""SQL over the tables of the world: parsed as Databricks' dialect, run by Sail."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp

from lakestream_mcp.cep.events import table_of
from lakestream_mcp.graph.model import Relation
from lakestream_mcp.relational.column_types import nested_parts, parse_columns
from lakestream_mcp.relational.local import LocalEngine

from .principals import User
from .refusals import Refused, invalid
from .unity import Securable, Unity

PARAMETER_TYPE = re.compile(r"\w+(\(\d+(,\s*\d+)?\))?")


class Sql:
    """Runs statements as a user; what the user may not read is refused as a warehouse does."""

    def __init__(self, world: Any) -> None:
        self.world = world

    @property
    def unity(self) -> Unity:
        """The tables."""
        unity: Unity = self.world.unity
        return unity

    def run(self, user: User, asked: dict[str, Any]) -> Any:
        """The rows of one statement as an Arrow table. Raises Refused and LakestreamError."""
        tree = _parsed(asked["statement"])
        _bind(tree, asked.get("parameters", []))
        if isinstance(tree, exp.Drop):
            return self._drop(user, tree)
        if not isinstance(tree, exp.Query):
            raise invalid(f"[UNSUPPORTED] The stand-in does not run {tree.key.upper()}.")
        tables = {}
        for n, table in enumerate(_tables(tree)):
            found = self.unity.use(user, "TABLE", self._full_name(table, asked), "SELECT")
            tables[f"t{n}"] = _rows(found)
            alias = table.alias or table.name
            table.replace(exp.alias_(exp.to_table(f"t{n}"), alias, table=True, quoted=True))
        if limit := asked.get("row_limit"):
            tree = exp.select("*").from_(tree.subquery("q")).limit(limit)
        return engine().run(tree.sql("spark"), tables)

    def _drop(self, user: User, tree: exp.Drop) -> Any:
        import pyarrow as pa

        (table,) = tree.args["tables"]
        name = ".".join(part.name for part in table.parts)
        if ("TABLE", name.lower()) in self.unity.known or not tree.args.get("exists"):
            thing = self.unity.one("TABLE", name)
            if not self.unity.may(user, thing, "MANAGE"):
                raise Refused(403, "PERMISSION_DENIED", f"User is not an owner of '{name}'.")
            del self.unity.known["TABLE", name.lower()]
        return pa.table({})

    def _full_name(self, table: exp.Table, asked: dict[str, Any]) -> str:
        parts = [part.name for part in table.parts]
        above = [asked.get("catalog"), asked.get("schema")][: 3 - len(parts)]
        if None in above:
            raise invalid(f"[TABLE_OR_VIEW_NOT_FOUND] {'.'.join(parts)} cannot be found.")
        return ".".join([*above, *parts])  # type: ignore[list-item]


@cache
def engine() -> LocalEngine:
    """One engine for all worlds of the process; its child ends with the process."""
    return LocalEngine()


def _parsed(text: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(text, dialect="databricks")
    except sqlglot.ParseError as error:
        raise invalid(f"[PARSE_SYNTAX_ERROR] {error}") from None


def _bind(tree: exp.Expr, parameters: list[dict[str, Any]]) -> None:
    """Put values in the places of named parameters; each is a literal, cast to its type."""
    given = {parameter["name"]: parameter for parameter in parameters}
    for place in list(tree.find_all(exp.Placeholder)):
        if place.name not in given:
            raise invalid(f"[UNBOUND_SQL_PARAMETER] {place.name} has no value.")
        value, kind = given[place.name].get("value"), given[place.name].get("type", "STRING")
        if not PARAMETER_TYPE.fullmatch(kind):
            raise invalid(f"{kind} is no type of a parameter.")
        literal = exp.null() if value is None else exp.Literal.string(value)
        place.replace(exp.cast(literal, kind, dialect="databricks"))


def _tables(tree: exp.Expr) -> list[exp.Table]:
    """The tables that are read, without names that the statement itself defines."""
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    return [t for t in tree.find_all(exp.Table) if t.db or t.name not in own]


def _rows(thing: Securable) -> Any:
    columns = parse_columns(thing.ddl)
    rows = [{c.name: _value(row.get(c.name), c.type) for c in columns} for row in thing.rows]
    return table_of(rows, Relation(columns), thing.full_name)[0]


def _value(value: Any, kind: str) -> Any:
    """A value as Arrow takes it: times may be text, at any depth."""
    form, parts = nested_parts(kind)
    if form == "array" and value is not None:
        return [_value(each, parts[0].type) for each in value]
    if form == "struct" and value is not None:
        return {part.name: _value(value.get(part.name), part.type) for part in parts}
    if kind.startswith("timestamp") and isinstance(value, str):
        return dt.datetime.fromisoformat(value)
    return value

"""Each row of a stream, with values looked up in a table, or defaults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ....cep.events import table_of
from ....cep.physical import is_packable
from ....errors import InvalidEvents, InvalidSql
from ....graph.model import Column, Problem, Relation
from ....graph.node_type import ColumnResolver
from ....relational.column_types import parse_columns
from ....relational.sql import cast, column, find_column
from ...fields import NewName
from ...static_tables import StaticTableConfig, StaticTableType

if TYPE_CHECKING:
    from sqlglot import exp

Scalar = str | int | float | bool


class LookupEnrichmentConfig(StaticTableConfig):
    """The table, the keys, what is added, and what stands for rows that are not there."""

    defaults: dict[NewName, Scalar] = Field(
        default={},
        max_length=200,
        description="Values by column of the table, for rows of the stream that have no partner "
        "there; without one it is NULL",
    )


class LookupEnrichment(StaticTableType):
    """The join, with a value for what is not found."""

    type = "lookup-enrichment"
    title = "Lookup enrichment"
    summary = "Looks up columns by key in a table, with defaults for what is not there"
    Config = LookupEnrichmentConfig
    aliases = ("lookup", "enrich")
    field_aliases = {"lookupTable": "table", "joinKeys": "keys", "joinType": "join"}

    def sentence(self, config: StaticTableConfig) -> str:
        names = ", ".join(k if isinstance(k, str) else k.stream for k in config.keys)
        return f"looks up {names} in {config.table}"

    def check(self, config: StaticTableConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        yield from super().check(config, inputs)
        if _defaults(config) and config.join == "inner":
            yield Problem(
                "UNUSED_CONFIG",
                "`defaults` have no use: with `inner`, rows that are not found are dropped",
                field="defaults",
                fix={"join": "left"},
            )

    def added(self, config: Any, value: exp.Column, static: Relation, key: str) -> exp.Expr:
        """The value, or its default where there is no partner: there the key is NULL, too."""
        from sqlglot import exp

        known = {find_column(n, static, "defaults"): v for n, v in config.defaults.items()}
        if value.name not in known:
            return value
        kind = static.type_of(value.name) or ""
        default = cast(exp.Literal.string(_text(known[value.name])), kind)
        missing = exp.Is(this=column(key, "in_1"), expression=exp.Null())
        return exp.Case(ifs=[exp.If(this=missing, true=default)], default=cast(value, kind))

    def relation(
        self, config: StaticTableConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """The stream's columns, then the table's, once all defaults fit their columns."""
        static = Relation(parse_columns(config.static_columns))
        for given, value in _defaults(config).items():
            name = find_column(given, static, "defaults")
            _refuse_unfit(Column(name, static.type_of(name) or ""), value)
        return super().relation(config, inputs, resolver)


def _defaults(config: StaticTableConfig) -> dict[str, Scalar]:
    return config.defaults if isinstance(config, LookupEnrichmentConfig) else {}


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_unfit(known: Column, value: Scalar) -> None:
    """Raise InvalidSql where a default is no value of its column's type."""
    try:
        if is_packable(known.type):
            table_of([{known.name: value}], Relation((known,)), "defaults")
            return
    except InvalidEvents:
        pass
    raise InvalidSql(
        f"`{value}` is no value for `{known.name}`, which is of type {known.type}",
        code="DEFAULT_TYPE",
        where={"field": f"defaults.{known.name}"},
        got=value,
        expected=known.type,
    )


NODE = LookupEnrichment()

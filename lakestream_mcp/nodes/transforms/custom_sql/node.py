"""An author's own SELECT over the inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ....errors import LakestreamError
from ....graph.model import Problem, Relation
from ....graph.node_parts import Reading
from ....graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ....graph.reads import Reads
from ....relational.query_naming import QUERY
from ....relational.sql import sql

if TYPE_CHECKING:
    from sqlglot import exp

INPUTS_MAX = 8


class CustomSqlConfig(NodeConfig):
    """The query."""

    query: Annotated[str, Field(min_length=1, max_length=20_000), Reads(QUERY)] = Field(
        description="Spark SQL SELECT over the inputs `in_0`, `in_1` … in the order of their "
        "edges; row by row: WHERE, expressions, WITH, UNION ALL",
    )


class CustomSql(RelationalType):
    """A query of the author's, row by row."""

    type = "custom-sql"
    title = "Custom SQL"
    summary = "Runs your own SELECT over 1 to 8 streams, row by row"
    Config = CustomSqlConfig
    max_inputs = INPUTS_MAX
    aliases = ("sql", "sql-transform")
    field_aliases = {"sql": "query"}

    def sentence(self, config: CustomSqlConfig) -> str:
        text = " ".join(config.query.split())
        return f"runs {text if len(text) <= 80 else text[:79] + '…'}"

    def check(self, config: CustomSqlConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        from ....relational.sql import may_differ
        from .streaming import streaming_problems

        try:
            tree = _parsed(config, inputs)
        except LakestreamError:
            return  # `relation` raises it
        yield from streaming_problems(tree)
        yield from _unread(tree, inputs)
        yield from may_differ([tree], "query")

    def query(self, config: CustomSqlConfig, inputs: Sequence[Relation]) -> exp.Query:
        from ....relational.stars import without_stars

        names = {f"in_{i}": rows.names for i, rows in enumerate(inputs)}
        try:
            return without_stars(_parsed(config, inputs), names)
        except LakestreamError as error:
            error.where = {"field": "query"} | error.where
            raise

    def relation(
        self, config: CustomSqlConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """Event time goes on where all inputs have the same; the largest delay decides."""
        found = super().relation(config, inputs, resolver)
        if len({rows.event_time for rows in inputs}) > 1:
            return Relation(found.columns)
        delays = [rows.delay_ms for rows in inputs]
        known = [delay for delay in delays if delay is not None]
        kept = found.event_time is not None and len(known) == len(delays)
        return found._replace(delay_ms=max(known) if kept else None)

    def read(
        self, query: exp.Query, inputs: Sequence[Relation], tables: Mapping[str, str]
    ) -> Reading | None:
        """Any query, if it reads nothing but inputs."""
        return None if tables else Reading({"query": sql(query)})


def _parsed(config: CustomSqlConfig, inputs: Sequence[Relation]) -> exp.Query:
    from ....relational.guard import check_query, parsed

    try:
        return check_query(parsed(config.query, "query"), [f"in_{i}" for i in range(len(inputs))])
    except LakestreamError as error:
        error.where = {"field": "query"} | error.where
        raise


def _unread(tree: exp.Query, inputs: Sequence[Relation]) -> Iterator[Problem]:
    from sqlglot import exp

    read = {table.name.lower() for table in tree.find_all(exp.Table)}
    for i in range(len(inputs)):
        if f"in_{i}" not in read:
            yield Problem(
                "INPUT_NOT_READ",
                f"input {i + 1} is connected, but the query does not read `in_{i}`",
                field="query",
                expected=[f"in_{n}" for n in range(len(inputs))],
                hint="read it, or disconnect it",
            )


NODE = CustomSql()

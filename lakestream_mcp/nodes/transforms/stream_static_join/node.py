"""Each row of a stream, completed from a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ....graph.model import Relation
from ....graph.node_parts import Reading
from ...static_tables import StaticTableConfig, StaticTableType

if TYPE_CHECKING:
    from sqlglot import exp


class StreamStaticJoinConfig(StaticTableConfig):
    """The table, the keys, and what is added."""


class StreamStaticJoin(StaticTableType):
    """The join as it is: a row without partner has NULL for the table's columns."""

    type = "stream-static-join"
    title = "Stream-static join"
    summary = "Adds columns of a static table to each row of a stream"
    Config = StreamStaticJoinConfig
    unsaid = ("static_columns", "static_rows", "static_file")
    aliases = ("static-join",)
    field_aliases = {"staticTable": "table", "joinKeys": "keys", "joinType": "join"}

    def read(
        self, query: exp.Query, inputs: Sequence[Relation], tables: Mapping[str, str]
    ) -> Reading | None:
        """`SELECT … FROM in_0 [LEFT] JOIN in_1 ON in_0.a = in_1.b AND …`."""
        from .reading import reading

        return reading(query, inputs, tables)


NODE = StreamStaticJoin()

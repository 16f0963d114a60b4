"""Several streams as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ....errors import InvalidSql
from ....graph.model import Column, Problem, Relation
from ....graph.node_parts import Reading
from ....graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ....relational.sql import cast, column, named

if TYPE_CHECKING:
    from sqlglot import exp

WIDER = (("tinyint", "smallint", "int", "bigint"), ("float", "double"))


class UnionMergeConfig(NodeConfig):
    """How rows are merged."""

    kind: Literal["all", "distinct"] = Field(
        "all", description="`all` keeps every row; `distinct` needs endless memory and is refused"
    )
    missing: Literal["error", "null"] = Field(
        "error", description="A column that an input lacks: an error, or NULL in its rows"
    )


class UnionMerge(RelationalType):
    """`UNION ALL` by name."""

    type = "union-merge"
    title = "Union / merge"
    summary = "Merges 2 to 8 streams by column name"
    Config = UnionMergeConfig
    max_inputs = 8
    aliases = ("union", "merge")
    field_aliases = {"unionType": "kind"}

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        kind = config.get("kind")
        return config | {"kind": kind.removeprefix("union-")} if isinstance(kind, str) else config

    def sentence(self, config: UnionMergeConfig) -> str:
        filled = ", filling missing columns with NULL" if config.missing == "null" else ""
        return f"merges its inputs by column name{filled}"

    def check(self, config: UnionMergeConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        if config.kind == "distinct":
            yield Problem(
                "UNSUPPORTED",
                "a distinct union of streams would have to remember every row for ever",
                field="kind",
                got="distinct",
                expected="all",
                hint="merge all rows, then remove repeats by key within a time",
                fix={"kind": "all"},
            )
        if len(inputs) < 2:
            yield Problem(
                "ONE_INPUT",
                "there is nothing to merge with one input",
                hint="connect a second input, or take the node out",
                severity="warning",
            )
        if len({rows.event_time for rows in inputs}) > 1:
            yield Problem(
                "EVENT_TIMES_DIFFER",
                "the inputs have different event-time columns",
                got=[rows.event_time for rows in inputs],
                hint="rename them to one name with rename-cast nodes",
            )
        elif len({rows.delay_ms is None for rows in inputs}) > 1:
            yield Problem(
                "WATERMARK_MISSING",
                "some inputs have a watermark and some have none",
                hint="give every source a `watermark_delay`, or none and add a watermark node",
            )

    def query(self, config: UnionMergeConfig, inputs: Sequence[Relation]) -> exp.Query:
        from sqlglot import exp

        outputs = _outputs(config, inputs)
        selects: list[exp.Query] = [
            exp.select(*(_value(c, rows) for c in outputs)).from_(f"in_{i}")
            for i, rows in enumerate(inputs)
        ]
        united = selects[0]
        for select in selects[1:]:
            united = exp.Union(this=united, expression=select, distinct=False)
        return united

    def read(
        self, query: exp.Query, inputs: Sequence[Relation], tables: Mapping[str, str]
    ) -> Reading | None:
        """`SELECT … FROM in_0 UNION ALL SELECT … FROM in_1 …`; NULL is a column it lacks."""
        from sqlglot import exp

        if not isinstance(query, exp.Union) or query.args.get("distinct"):
            return None
        return Reading({"missing": "null"} if query.find(exp.Null) else {})

    def relation(
        self,
        config: UnionMergeConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> Relation:
        """The columns of all inputs; the largest delay, since the slowest input decides."""
        columns = _outputs(config, inputs)
        if len({rows.event_time for rows in inputs}) > 1:
            return Relation(columns)
        delays = [rows.delay_ms for rows in inputs]
        known = [delay for delay in delays if delay is not None]
        delay = max(known) if len(known) == len(delays) else None
        return Relation(columns, inputs[0].event_time, delay)


def _outputs(config: UnionMergeConfig, inputs: Sequence[Relation]) -> tuple[Column, ...]:
    """Columns by name, in the order of the first input, then of those that add some."""
    merged: dict[str, str] = {}
    for i, rows in enumerate(inputs):
        for name, kind in rows.columns:
            merged[name] = _common_type(name, merged.get(name, kind), kind, i)
    if config.missing == "error":
        for i, rows in enumerate(inputs):
            lacking = [name for name in merged if name not in rows.names]
            if lacking:
                raise InvalidSql(
                    f"input {i + 1} lacks the column `{lacking[0]}`, which another input has",
                    code="COLUMNS_DIFFER",
                    got=list(rows.names),
                    expected=list(merged),
                    hint="add it with a map-select node, or set `missing` to `null`",
                    fix=[{"op": "update_node", "config": {"missing": "null"}}],
                    where={"field": "missing"},
                )
    return tuple(Column(name, kind) for name, kind in merged.items())


def _common_type(name: str, one: str, other: str, index: int) -> str:
    if one == other:
        return one
    for family in WIDER:
        if one in family and other in family:
            return max(one, other, key=family.index)
    raise InvalidSql(
        f"column `{name}` is {one} in one input and {other} in input {index + 1}",
        code="TYPES_DIFFER",
        got=[one, other],
        expected="one type",
        hint="cast it with a rename-cast node before the union",
    )


def _value(output: Column, rows: Relation) -> exp.Expr:
    from sqlglot import exp

    given = rows.type_of(output.name)
    if given is None:
        return named(cast(exp.Null(), output.type), output.name)
    value: exp.Expr = column(output.name)
    return value if given == output.type else named(cast(value, output.type), output.name)


NODE = UnionMerge()

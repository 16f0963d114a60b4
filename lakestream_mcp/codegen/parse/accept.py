"""The safety net: a configuration counts only if its query is the one that was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import JsonValue

from ...errors import EngineFailed, LakestreamError
from ...graph.config import canonical, parse
from ...graph.model import Column, Relation
from ...graph.node_parts import Reading
from ...graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ...relational.column_types import canonical_type, parse_columns
from ...relational.sql import cast_outputs, sql
from .shapes import Shape, assumed_relation, normal
from .uncast import without_needless_casts, without_outer_casts

if TYPE_CHECKING:
    from sqlglot import exp

Config = dict[str, JsonValue]
CHECKED = "checked"
"""Stands for the rows that a node states expectations on; their table is named after it."""


class Accepted(NamedTuple):
    """A configuration, and the required fields that SQL does not say, with what was assumed."""

    config: Config
    missing: dict[str, Any]


class Situation(NamedTuple):
    """A query to be read as one node. A relation is None where its columns are not known.

    hints: configurations to prefer, or to take what SQL does not say from: the best first.
    generated: whether the query is in generated code, whose casts say the types of what they cast.
    """

    shape: Shape
    relations: tuple[Relation | None, ...]
    hints: tuple[Mapping[str, Any], ...] = ()
    generated: bool = False

    @property
    def inputs(self) -> list[Relation]:
        """The relations, in place of an unknown one what the query mentions."""
        return [
            relation or assumed_relation(self.shape, i) for i, relation in enumerate(self.relations)
        ]

    @property
    def beside(self) -> list[Relation]:
        """The tables that are read beside, as far as they are known."""
        given = next((h["static_columns"] for h in self.hints if h.get("static_columns")), None)
        if isinstance(given, str) and len(self.shape.tables) == 1:
            return [Relation(parse_columns(given))]
        assumed = [
            assumed_relation(self.shape, len(self.relations) + i)
            for i in range(len(self.shape.tables))
        ]
        return [_cast_types(self.shape, rows) for rows in assumed] if self.generated else assumed


def _cast_types(shape: Shape, rows: Relation) -> Relation:
    """The relation with the types that its columns are cast to."""
    from sqlglot import exp

    types = {
        cast.this.name: canonical_type(sql(cast.to))
        for cast in shape.query.find_all(exp.Cast)
        if isinstance(cast.this, exp.Column)
    }
    return Relation(tuple(Column(c.name, types.get(c.name, c.type)) for c in rows.columns))


def read_as(
    kind: RelationalType, situation: Situation, resolver: ColumnResolver
) -> Accepted | None:
    """The configuration under which this type's query is the one given; None if there is none."""
    for hint in situation.hints:
        if says(kind, hint, situation, resolver):
            return Accepted(dict(hint), {})
    known = [*situation.inputs, *situation.beside]
    for query in _plainer(situation, resolver):
        plain = situation._replace(shape=situation.shape._replace(query=query))
        reading = kind.read(query, known, situation.shape.tables)
        for config in _candidates(reading, situation.hints):
            assumed = reading.assumed if reading is not None else {}
            missing = {k: v for k, v in assumed.items() if config.get(k) is None}
            full = config | missing
            if says(kind, full, plain, resolver) or says(kind, full, situation, resolver):
                return Accepted(config, missing)
    return None


def _plainer(situation: Situation, resolver: ColumnResolver) -> list[exp.Query]:
    """The query without casts that change nothing, as it is, and without any outer cast."""
    query = situation.shape.query
    known = [relation for relation in situation.relations if relation is not None]
    if len(known) < len(situation.relations):
        return [query]
    found = [without_needless_casts(query, [*known, *situation.beside], resolver), query]
    found += [without_outer_casts(query)] if situation.generated else []
    return [each for at, each in enumerate(found) if each not in found[:at]]


def _candidates(reading: Reading | None, hints: Sequence[Mapping[str, Any]]) -> list[Config]:
    """What SQL says, first with the rest of a known configuration."""
    if reading is None:
        return []
    return [*({**hint, **reading.config} for hint in hints), dict(reading.config)]


def typed(kind: Any, config: Mapping[str, Any]) -> NodeConfig | None:
    """The configuration as the type's model, or None where it is not right."""
    try:
        return parse(kind, canonical(kind, config)).config
    except LakestreamError:
        return None


def says(
    kind: RelationalType,
    config: Mapping[str, Any],
    situation: Situation,
    resolver: ColumnResolver,
    port: str | None = None,
) -> bool:
    """Whether this type's query for a configuration, or for one of its ports, is the one given."""
    made = typed(kind, config)
    inputs = situation.inputs
    if made is None or not _same_tables(kind, made, situation.shape.tables):
        return False
    beside = dict(zip(situation.shape.tables, situation.beside, strict=True))
    rows = {f"in_{i}": relation for i, relation in enumerate(inputs)} | beside
    names = {name: relation.names for name, relation in rows.items()}
    try:
        wanted = normal(situation.shape.query, names)
        query = _query(kind, made, inputs, port)
        if normal(query, names) == wanted:
            return True
        if not situation.generated or None in situation.relations:
            return False
        output = kind.relation(made, inputs, resolver)
        return normal(cast_outputs(query, output.columns), names) == wanted
    except EngineFailed:
        raise  # it says nothing about the configuration
    except (LakestreamError, ValueError):
        return False


def _query(
    kind: RelationalType, made: NodeConfig, inputs: Sequence[Relation], port: str | None
) -> exp.Query:
    if port == CHECKED:
        return kind.unchecked_query(made, inputs)
    return kind.query(made, inputs) if port is None else kind.port_query(made, inputs, port)


def _same_tables(kind: RelationalType, made: NodeConfig, tables: Mapping[str, str]) -> bool:
    own = kind.static_tables(made)
    return {k: v.lower() for k, v in own.items()} == {k: v.lower() for k, v in tables.items()}

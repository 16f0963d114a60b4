"""What each node becomes in a declarative pipeline: statements, decided before any text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import InvalidPipeline, LakestreamError, Unsupported
from ...graph.model import Edge, Node, PipelineDocument, Relation, flow_name
from ...graph.node_type import NodeType, RelationalType, SinkType, SourceType, no_declarative_form
from ...graph.validate import Validation

if TYPE_CHECKING:
    from sqlglot import exp

    from ...relational.declarative.statements import Expectation, Query, Statement


class Part(NamedTuple):
    """One node: what it reads, by dataset name, and what it becomes."""

    node: Node
    type: NodeType
    config: Any
    statements: tuple[Statement, ...]


def plan_parts(
    document: PipelineDocument,
    validation: Validation,
    catalog: Any,
    known: Mapping[str, tuple[Statement, ...]],
) -> tuple[Part, ...]:
    """Every node's statements, in order of flow. Raises Unsupported, InvalidPipeline.

    known: the statements of nodes for which routing has asked already.
    """
    from .targets import shared_tables

    nodes, into = {node.id: node for node in document.nodes}, document.edges_into()
    parts = []
    for node_id in validation.order:
        node, kind = nodes[node_id], catalog.get(nodes[node_id].type)
        made = known.get(node_id) or node_statements(into[node_id], validation, kind, node_id)
        parts.append(Part(node, kind, validation.configs[node_id], made))
    _refuse_equal_names(parts)
    return shared_tables(parts)


def node_statements(
    into: Sequence[Edge], validation: Validation, kind: NodeType, node_id: str
) -> tuple[Statement, ...]:
    """What one node becomes. Raises Unsupported, naming the node, where it has no form."""
    edges = sorted(into, key=lambda e: kind.input_ports.index(e.target_port))
    inputs = tuple(flow_name(e.source, e.source_port) for e in edges)
    relations = tuple(validation.relations[e.source] for e in edges)
    relation, config = validation.relations[node_id], validation.configs[node_id]
    try:
        if "sdp" not in kind.targets:
            raise no_declarative_form(kind)
        if isinstance(kind, SourceType):
            query = kind.declarative(config, relation)
            return (_view(node_id, query, relation, declares=True),)
        if isinstance(kind, RelationalType):
            return _transform(kind, config, node_id, inputs, relations, relation)
        if isinstance(kind, SinkType):
            from ...relational.declarative.trees import rows_of

            return tuple(kind.declarative(config, relation, node_id, rows_of(inputs[0])))
        raise no_declarative_form(kind)
    except Unsupported as error:
        error.where = {"node": node_id, **error.where}
        _complete_fix(error, node_id)
        raise


def _complete_fix(error: LakestreamError, node_id: str) -> None:
    """A node type's fix does not know which node it is about."""
    if error.fix:
        error.fix = [{**change, "id": node_id} for change in error.fix]


def _transform(
    kind: RelationalType,
    config: Any,
    node_id: str,
    inputs: Sequence[str],
    relations: Sequence[Relation],
    relation: Relation,
) -> tuple[Statement, ...]:
    """A view for each output port, over the datasets of the inputs."""
    from ...relational.build import node_query
    from ...relational.sql import cast_outputs

    tables = kind.static_tables(config)
    streams = {f"in_{i}": name for i, name in enumerate(inputs)}
    declares = all(rows.delay_ms is None for rows in relations)
    expected = kind.expectations(config, relations)
    made: list[Statement] = []
    for port in kind.output_ports(config):
        if port == "out" and expected:
            rows = cast_outputs(kind.unchecked_query(config, relations), relation.columns)
            rows = over_datasets(rows, streams, tables)
            made += _checked(node_id, rows, relation, tuple(expected))
            continue
        query = node_query(kind, config, relations, relation, port)
        query = over_datasets(query, streams, tables)
        made.append(_view(flow_name(node_id, port), query, relation, declares))
    return tuple(made)


def _checked(
    name: str, rows: exp.Query, relation: Relation, expected: tuple[Expectation, ...]
) -> tuple[Statement, ...]:
    """A table that states what is expected, since a view cannot, and the view that reads it.

    What is read from a table has no watermark any more, so the view declares it again.
    """
    from ...relational.declarative.statements import Dataset
    from ...relational.declarative.statements import Query as Declared
    from ...relational.declarative.trees import rows_of

    table = Dataset("private_table", f"{name}_checked", Declared(rows), expected)
    return table, _view(name, rows_of(table.name), relation, declares=True)


def over_datasets(
    query: exp.Query, streams: Mapping[str, str], tables: Mapping[str, str]
) -> exp.Query:
    """The query, changed to read datasets and static tables in place of `in_0`, `in_1` …

    A name that the query's columns mention stays as an alias.
    """
    from sqlglot import exp

    from ...relational.declarative.trees import stream, table
    from ...relational.dialect import nodes

    mentioned: set[str] = set()
    tables_read: list[exp.Table] = []
    for part in nodes(query):
        if isinstance(part, exp.Column):
            mentioned.add(part.table)
        elif isinstance(part, exp.Table):
            tables_read.append(part)
    for read in tables_read:
        known_as = read.alias or (read.name if read.name in mentioned else None)
        if read.args.get("db"):
            continue
        if read.name in streams:
            read.replace(stream(table(streams[read.name], known_as)))
        elif read.name in tables:
            read.replace(table(tables[read.name], known_as))
    return query


def _view(name: str, query: exp.Query, relation: Relation, declares: bool) -> Statement:
    from ...relational.declarative.statements import Dataset
    from ...relational.declarative.statements import Query as Declared

    watermarked = declares and relation.delay_ms is not None
    made = _watermarked(name, query, relation) if watermarked else Declared(query)
    return Dataset("temporary_view", name, made)


def _watermarked(name: str, query: exp.Query, relation: Relation) -> Query:
    """All columns of a query as a relation of its own, behind which the watermark stands.

    A function that reads has no place for a watermark, and neither has a computed event time.
    """
    from sqlglot import exp

    from ...relational.declarative.statements import Query as Declared
    from ...relational.declarative.statements import Watermark
    from ...relational.declarative.write import interval_text
    from ...relational.sql import column, identifier

    assert relation.event_time is not None
    assert relation.delay_ms is not None
    interval_text(relation.delay_ms)
    alias = exp.TableAlias(this=identifier(f"{name}_rows"))
    outer = exp.select(*map(column, relation.names)).from_(exp.Subquery(this=query, alias=alias))
    mark = Watermark(f"{name}_rows", relation.event_time, relation.delay_ms)
    return Declared(outer, (mark,))


def _refuse_equal_names(parts: Sequence[Part]) -> None:
    """A view hides a table of the same name, so a bare table name must not be a node's."""
    from sqlglot import exp

    from ...relational.declarative.statements import Dataset

    views = {
        made.name
        for part in parts
        for made in part.statements
        if isinstance(made, Dataset) and made.kind == "temporary_view"
    }
    for part in parts:
        named: set[str] = set()
        for made in part.statements:
            if isinstance(made, Dataset) and made.kind != "temporary_view":
                named.add(made.name)
            query = getattr(made, "query", None)
            read = query.tree.find_all(exp.Table) if query is not None else ()
            if not part.type.input_ports:
                named |= {table.name for table in read if not table.args.get("db")}
        if isinstance(part.type, RelationalType):
            named |= set(part.type.static_tables(part.config).values())
        taken = sorted(name for name in named if name.lower() in views)
        if taken:
            raise InvalidPipeline(
                f"Table `{taken[0]}` is called like a node, whose view would hide it.",
                code="VIEW_HIDES_TABLE",
                where={"node": part.node.id},
                got=taken[0],
                expected="`catalog.schema.table`, or another id for that node",
            )

"""Where columns come from, through every node type; and what a node does not read, it can lack."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.analysis import Analysis, analyse
from lakestream_mcp.graph.config import canonical
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.graph.node_reads import node_reads
from lakestream_mcp.graph.node_type import NodeType
from lakestream_mcp.relational.column_types import parse_columns
from tests.codegen.bench import Bench
from tests.codegen.cases import BASES, CHANGES, COLUMNS, document

Json = dict[str, Any]
CATALOG = Catalog.load()
NEW = "new name"
BY_NAME = {"union-merge"}
"""What puts its inputs together by the names of their columns reads each of them."""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def lineage(bench: Bench, nodes: list[Json], edges: list[tuple[str, str]]) -> Any:
    from lakestream_mcp.graph.model import PipelineDocument
    from lakestream_mcp.graph.validate import validate
    from lakestream_mcp.relational.column_lineage import Lineage

    made = [{"name": n["id"], **n} for n in nodes]
    joined = []
    for source, place in edges:
        target, _, port = place.partition(":")
        joined.append({"source": source, "target": target, "target_port": port or "in"})
    parsed = PipelineDocument.model_validate({"name": "T", "nodes": made, "edges": joined})
    validation = validate(parsed, bench.catalog, bench.resolver, bench.cache)
    assert set(validation.relations) == {node["id"] for node in nodes}, validation.errors
    return Lineage(parsed, validation, bench.catalog, bench.resolver)


def feed(columns: str, name: str = "pay") -> Json:
    timed = {"path": "in", "columns": columns, "event_time": "at", "watermark_delay": "1 minute"}
    return {"id": name, "type": "auto-loader", "config": timed}


def told(found: Any) -> set[str]:
    return {f"{s.node}.{s.column} {s.kind}" for s in found}


def test_through_transforms_a_join_a_pattern_and_a_sink(bench: Bench) -> None:
    people = {
        "table": "main.crm.people",
        "keys": ["card"],
        "static_columns": "card string, country string, score int",
    }
    measures = {"total": "SUM(event.cents)", "last_country": "LAST(event.country)"}
    nodes = [
        feed("card string, amount double, kind string, at timestamp"),
        {"id": "paid", "type": "filter", "config": {"condition": "kind = 'pay'"}},
        {
            "id": "cents",
            "type": "map-select",
            "config": {"columns": "card, at, CAST(amount * 100 AS BIGINT) AS cents, kind AS what"},
        },
        {"id": "known", "type": "stream-static-join", "config": people},
        {"id": "it", "type": "session", "config": {"key": ["card"], "measures": measures}},
        {"id": "out", "type": "delta-table-sink", "config": {"table": "main.out.t"}},
    ]
    ids = [n["id"] for n in nodes]
    found = lineage(bench, nodes, list(pairwise(ids)))
    assert told(found.sources("out", "card")) == {"pay.card copied"}
    assert told(found.sources("out", "total")) == {"pay.amount aggregated"}
    assert told(found.sources("out", "last_country")) == {"main.crm.people.country aggregated"}
    assert told(found.sources("out", "started_at")) == {"pay.at copied"}
    shown = told(found.sources("out", "events"))
    assert {"pay.amount computed", "pay.kind copied", "main.crm.people.score copied"} <= shown
    decided = {(d.node, d.column, d.read_by) for d in found.deciding("out")}
    assert {("pay", "kind", "paid"), ("pay", "card", "it"), ("pay", "at", "it")} <= decided
    assert not [d for d in decided if d[1] == "amount"]
    used = found.followed("pay")
    assert set(used["card"]) == {"known.keys.0.stream", "it.key.0", "cents.columns"}
    assert set(used["amount"]) == {"cents.columns", "it.measures.total"}


def test_a_pattern_with_two_inputs(bench: Bench) -> None:
    config = {
        "key": ["card"],
        "right_key": ["number"],
        "left": "amount > 5",
        "on": "left.amount = right.paid",
    }
    nodes = [
        feed("card string, amount double, at timestamp", "order"),
        feed("number string, paid double, at timestamp", "pay"),
        {"id": "it", "type": "temporal-correlation", "config": config},
    ]
    found = lineage(bench, nodes, [("order", "it:left"), ("pay", "it:right")])
    assert told(found.sources("it", "card")) == {"order.card copied", "pay.number copied"}
    assert {(d.node, d.column) for d in found.deciding("it")} == {
        ("order", "card"),
        ("order", "amount"),
        ("order", "at"),
        ("pay", "number"),
        ("pay", "paid"),
        ("pay", "at"),
    }


def test_a_row_pattern(bench: Bench) -> None:
    clause = (
        "PARTITION BY card ORDER BY at MEASURES SUM(B.amount) AS total, LAST(B.kind) AS last "
        "PATTERN (A B+) DEFINE A AS kind = 'a', B AS amount > PREV(amount)"
    )
    nodes = [
        feed("card string, amount double, kind string, note string, at timestamp"),
        {"id": "it", "type": "match-recognize", "config": {"clause": clause, "keep": []}},
    ]
    found = lineage(bench, nodes, [("pay", "it")])
    assert told(found.sources("it", "total")) == {"pay.amount aggregated"}
    assert told(found.sources("it", "last")) == {"pay.kind computed"}
    assert {d.column for d in found.deciding("it")} == {"card", "at", "kind", "amount"}
    assert told(found.sources("it", "events")) == {"pay.at copied"}


CASES = [
    pytest.param(node_type, base | change, id=f"{node_type}-{field}")
    for node_type, base in BASES.items()
    if CATALOG.get(node_type).category != "source" and node_type not in BY_NAME
    for field, change in [("base", {}), *CHANGES[node_type].items()]
]


class Node:
    """A node type with a configuration, over inputs that have all columns of the cases."""

    def __init__(self, bench: Bench, node_type: str, config: Json) -> None:
        self.bench = bench
        self.kind: NodeType = CATALOG.get(node_type)
        self.config = canonical(self.kind, copy.deepcopy(config))
        rows = Relation(parse_columns(COLUMNS), "at", 10_000)
        if node_type == "watermark":
            rows = Relation(rows.columns)
        self.inputs = tuple(rows for _ in self.kind.input_ports)

    def analysed(self, inputs: tuple[Relation, ...]) -> Analysis:
        bench = self.bench
        return analyse(self.kind, self.config, inputs, bench.resolver, bench.cache)

    def with_new_name(self, place: int, column: str) -> tuple[Relation, ...]:
        """The inputs, one column of one of them renamed; Avro has no names with a space."""
        rows = self.inputs[place]
        new = NEW.replace(" ", "_") if self.config.get("format") == "avro" else NEW
        columns = tuple(Column(new, c.type) if c.name == column else c for c in rows.columns)
        time = new if rows.event_time == column else rows.event_time
        renamed = rows._replace(columns=columns, event_time=time)
        return (*self.inputs[:place], renamed, *self.inputs[place + 1 :])

    def read(self) -> set[tuple[int, str]]:
        ported = list(zip(self.kind.input_ports, self.inputs, strict=True))
        parsed = self.kind.Config.model_validate(self.config)
        return {(r.input, r.column) for r in node_reads(self.kind, parsed, ported)}


def wrong(analysis: Analysis) -> bool:
    return analysis.relation is None or any(p.severity == "error" for p in analysis.problems)


def types(analysis: Analysis, column: str, node: Node) -> list[str]:
    """Types of the outputs, whatever the column is called."""
    assert analysis.relation is not None
    found = [
        c.type for c in analysis.relation.columns if c.name != "events" or len(node.inputs) < 2
    ]
    return [text.replace(f"`{NEW}`", "?").replace(column, "?") for text in found]


@pytest.mark.parametrize(("node_type", "config"), CASES)
def test_a_node_can_lack_exactly_what_it_does_not_read(
    bench: Bench, node_type: str, config: Json
) -> None:
    node = Node(bench, node_type, config)
    before = node.analysed(node.inputs)
    if wrong(before):
        return
    read = node.read()
    for place, rows in enumerate(node.inputs):
        for column in rows.names:
            after = node.analysed(node.with_new_name(place, column))
            if (place, column) in read:
                assert wrong(after), f"{column} is said to be read"
                continue
            assert not wrong(after), f"{column} is said not to be read: {after.problems}"
            assert types(after, column, node) == types(before, column, node)


def test_every_text_that_holds_sql_is_marked() -> None:
    """A field whose description speaks of SQL over rows says so with a mark, too."""
    from lakestream_mcp.graph.reads import leaves

    unmarked = []
    for name in CATALOG.types():
        kind = CATALOG.get(name)
        given = kind.Config.model_validate(canonical(kind, full(name)))
        marked = {leaf.path[0] for leaf in leaves(given)}
        for field, info in kind.Config.model_fields.items():
            said = (info.description or "").replace("SQL warehouse", "")
            holds_sql = "SQL" in said and getattr(given, field) is not None
            if holds_sql and field not in marked:
                unmarked.append(f"{name}.{field}")
    assert not unmarked, "annotate them with Condition or Expression"


def full(node_type: str) -> Json:
    """A configuration with every field set that can be set at once."""
    kind = CATALOG.get(node_type)
    found = dict(BASES[node_type])
    for change in CHANGES[node_type].values():
        with suppress(ValidationError, LakestreamError):
            kind.Config.model_validate(canonical(kind, found | change))
            found |= change
    return found


def test_documents_of_the_cases_have_lineage(bench: Bench) -> None:
    """Every column of every case comes from something, but for what only says the node's name."""
    from lakestream_mcp.graph.model import PipelineDocument
    from lakestream_mcp.graph.validate import validate
    from lakestream_mcp.relational.column_lineage import Lineage

    for node_type, config in BASES.items():
        parsed = PipelineDocument.model_validate(document(node_type, config))
        validation = validate(parsed, bench.catalog, bench.resolver, bench.cache)
        found = Lineage(parsed, validation, bench.catalog, bench.resolver)
        for column in validation.relations["it"].names:
            assert bool(found.sources("it", column)) == (column != "pattern"), (node_type, column)

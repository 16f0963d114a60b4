"""Output ports: connected by name, counted, and the same rows in both hosts' code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.cep.report import report_of
from lakestream_mcp.errors import InvalidChange
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate
from tests.codegen.bench import Bench, chain, sink, source

ROUTES = [
    {"name": "big", "condition": "amount >= 100"},
    {"name": "a", "condition": "kind = 'A'"},
]
EVENTS = [
    {"id": n, "kind": kind, "amount": amount, "at": f"2026-03-01T00:00:{n:02d}Z"}
    for n, (kind, amount) in enumerate(
        [("A", 250.0), ("A", 5.0), (None, None), ("B", 100.0), ("B", 1.0)]
    )
]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def router(mode: str = "first") -> dict[str, Any]:
    config = {"routes": ROUTES, "mode": mode}
    return {"id": "split", "type": "split-router", "name": "Split", "config": config}


def pipeline(mode: str = "first") -> dict[str, Any]:
    """A sink at each port but one, which nobody reads."""
    made = chain(source(), router(mode))
    made["nodes"] = [*made["nodes"][:-1], sink("to_big"), sink("to_other")]
    made["edges"] = [
        made["edges"][0],
        {"source": "split", "target": "to_big", "source_port": "big"},
        {"source": "split", "target": "to_other", "source_port": "other"},
    ]
    return made


@pytest.mark.parametrize(
    ("mode", "ports"),
    [
        ("first", {"big": [0, 3], "a": [1], "other": [2, 4]}),
        ("all", {"big": [0, 3], "a": [0, 1], "other": [2, 4]}),
    ],
)
def test_rows_leave_by_port(bench: Bench, mode: str, ports: dict[str, list[int]]) -> None:
    made = bench.make(pipeline(mode))
    tables = bench.tables(made, {"events": EVENTS})
    run = bench.on_host(made, tables)
    assert {p: t["id"].to_pylist() for p, t in run.ports["split"].items()} == ports
    assert run.tables["split"].num_rows == len(EVENTS)
    assert run.tables["to_big"]["id"].to_pylist() == ports["big"]


def test_reports_count_the_rows_of_every_port(bench: Bench) -> None:
    from lakestream_mcp.cep.host import Host, Options

    made = bench.make(pipeline())
    host = Host(
        made.document,
        made.validation,
        bench.catalog,
        bench.engine,
        bench.resolver,
        lambda *_: None,
    )
    tables = bench.tables(made, {"events": EVENTS})
    nodes = report_of(host, host.run(tables, Options()), tables, {})["nodes"]
    assert nodes["split"] == {
        "rows_in": 5,
        "rows_out": 5,
        "ports": {"big": 2, "a": 1, "other": 2},
    }
    assert nodes["to_other"] == {"rows_in": 2, "rows_out": 2}


def test_frames_are_named_after_their_ports(bench: Bench) -> None:
    frames = bench.make(pipeline()).generated.frames
    named = {name: frame for name, frame in frames.items() if name.startswith("split")}
    assert named == {name: name for name in ("split_big", "split_a", "split_other")}


def edited(bench: Bench, *changes: dict[str, Any]) -> PipelineDocument:
    document = PipelineDocument.model_validate(pipeline())
    return apply(document, list(changes), bench.catalog).document


def test_an_unknown_port_is_refused_with_those_there_are(bench: Bench) -> None:
    change = {"op": "connect", "source": "split", "target": "to_big", "source_port": "bog"}
    with pytest.raises(InvalidChange) as caught:
        edited(bench, change)
    assert caught.value.expected == ["big", "a", "other"]
    assert caught.value.hint == "did you mean `big`?"


def test_a_port_that_is_not_named_is_the_first_nobody_reads(bench: Bench) -> None:
    node = {"id": "x", "type": "file-sink", "name": "X", "config": {"path": "x"}}
    document = edited(bench, {"op": "add_node", "node": node, "after": "split"})
    assert document.edges[-1].text() == "split:a -> x"


def test_a_renamed_route_leaves_its_edge_with_a_finding(bench: Bench) -> None:
    config = {"routes": [ROUTES[1]]}
    document = edited(bench, {"op": "update_node", "id": "split", "config": config})
    errors = validate(document, bench.catalog, bench.resolver).errors
    assert [(e.code, e.got) for e in errors] == [("UNKNOWN_PORT", "split:big -> to_big")]
    fixed = apply(document, errors[0].fix or [], bench.catalog).document
    codes = [e.code for e in validate(fixed, bench.catalog, bench.resolver).errors]
    assert codes == ["SINK_NOT_CONNECTED"]


def test_no_other_node_has_the_name_of_a_port(bench: Bench) -> None:
    made = pipeline()
    made["nodes"].append(
        {"id": "split_a", "type": "filter", "name": "F", "config": {"condition": "true"}}
    )
    made["edges"].append({"source": "split", "target": "split_a", "source_port": "a"})
    document = PipelineDocument.model_validate(made)
    errors = validate(document, bench.catalog, bench.resolver).errors
    assert [(e.code, e.node, e.got) for e in errors] == [("PORT_NAME_TAKEN", "split", "a")]


def test_earlier_configurations_are_read(bench: Bench) -> None:
    node = {
        "id": "old",
        "type": "split-router",
        "config": {
            "routes": '[{"name": "Big orders", "expression": "amount > 1"}]',
            "defaultRoute": "Rest",
        },
    }
    found = edited(bench, {"op": "add_node", "node": node}).node("old")
    assert found is not None
    assert found.config == {
        "routes": [{"name": "big_orders", "condition": "amount > 1"}],
        "default_route": "rest",
    }

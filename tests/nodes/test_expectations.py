"""Expectations: counted, dropped, quarantined, or the end of the query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.cep.host import Host, Options
from lakestream_mcp.cep.report import report_of
from lakestream_mcp.errors import InvalidEvents
from lakestream_mcp.graph.config import canonical
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate
from tests.codegen.bench import Bench, chain, sink, source

POSITIVE = {"name": "positive", "constraint": "amount > 0", "action": "drop"}
KNOWN = {"name": "known", "constraint": "kind <> 'Z'"}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def quality(*expectations: dict[str, Any], **config: Any) -> dict[str, Any]:
    """A pipeline with a sink at each port."""
    given = {"expectations": list(expectations), **config}
    node = {"id": "q", "type": "data-quality-expectations", "name": "Q", "config": given}
    made = chain(source(), node)
    if config.get("quarantine"):
        made["nodes"].append(sink("bad"))
        made["edges"].append({"source": "q", "target": "bad", "source_port": "quarantine"})
    return made


def rows(*values: tuple[float | None, str | None]) -> list[dict[str, Any]]:
    return [
        {"id": n, "amount": amount, "kind": kind, "at": f"2026-03-01T00:00:{n:02d}Z"}
        for n, (amount, kind) in enumerate(values)
    ]


def played(bench: Bench, document: dict[str, Any], events: Any) -> tuple[dict[str, Any], Any]:
    """What the report says of the node, and the run."""
    made = bench.make(document)
    host = Host(
        made.document,
        made.validation,
        bench.catalog,
        bench.engine,
        bench.resolver,
        lambda *_: None,
    )
    tables = bench.tables(made, {"events": events})
    run = host.run(tables, Options())
    return report_of(host, run, tables, {})["nodes"]["q"], run


def test_rows_are_counted_dropped_and_quarantined_with_reasons(bench: Bench) -> None:
    events = rows((1.0, "A"), (None, "A"), (2.0, "Z"), (-1.0, None))
    said, run = played(bench, quality(POSITIVE, KNOWN, quarantine=True, reasons="why"), events)
    assert said == {
        "rows_in": 4,
        "rows_out": 2,
        "failed": {"positive": 2, "known": 2},
        "ports": {"quarantine": 2},
    }
    assert run.tables["q"]["why"].to_pylist() == [[], ["known"]]
    bad = run.tables["bad"]
    assert bad["id"].to_pylist() == [1, 3]
    assert bad["why"].to_pylist() == [["positive"], ["positive", "known"]]


def test_one_failure_is_enough(bench: Bench) -> None:
    document = quality(POSITIVE, {**KNOWN, "action": "drop"}, quarantine=True)
    _, run = played(bench, document, rows((1.0, "A"), (-1.0, "A"), (1.0, "Z"), (-1.0, "Z")))
    assert run.tables["q"]["id"].to_pylist() == [0]
    assert run.tables["bad"]["id"].to_pylist() == [1, 2, 3]


def test_a_row_that_must_not_be_ends_the_test(bench: Bench) -> None:
    document = quality({**POSITIVE, "action": "fail"})
    played(bench, document, rows((1.0, "A")))
    with pytest.raises(InvalidEvents) as caught:
        played(bench, document, rows((1.0, "A"), (None, "A")))
    assert caught.value.code == "EXPECTATION_FAILED"
    assert "event 1 " in caught.value.message


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"expectations": [POSITIVE, POSITIVE]}, "INVALID_CONFIG"),
        ({"expectations": [{**POSITIVE, "name": "Bad name"}]}, "INVALID_CONFIG"),
        ({"expectations": [{**POSITIVE, "name": "rows"}]}, "INVALID_CONFIG"),
        ({"expectations": [{**POSITIVE, "constraint": "amount"}]}, "NOT_A_CONDITION"),
        ({"expectations": [{**POSITIVE, "constraint": "amont > 1"}]}, "UNKNOWN_COLUMN"),
        ({"expectations": [POSITIVE], "reasons": "KIND"}, "DUPLICATE_COLUMN"),
        ({"expectations": [KNOWN], "quarantine": True}, "UNUSED_CONFIG"),
    ],
)
def test_wrong_expectations(bench: Bench, config: dict[str, Any], code: str) -> None:
    document = quality()
    document["nodes"][1]["config"] = config
    found = validate(PipelineDocument.model_validate(document), bench.catalog, bench.resolver)
    assert [e.code for e in found.errors] == [code]


def test_earlier_configurations_are_read(bench: Bench) -> None:
    text = '[{"name": "Has amount", "expression": "amount > 0", "action": "DROP ROW"}]'
    assert canonical(bench.catalog.get("data-quality-expectations"), {"expectations": text}) == {
        "expectations": [{"name": "has_amount", "constraint": "amount > 0", "action": "drop"}]
    }

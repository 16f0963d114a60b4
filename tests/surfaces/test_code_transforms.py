"""Nodes that carry Python, by way of the operations: previews, tests and hashes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.operations import call, find
from lakestream_mcp.surfaces.host import Host

ROWS = [
    {"id": n, "card": "ab"[n % 2], "amount": n * 10, "at": f"2026-01-01T10:00:0{n}Z"}
    for n in range(6)
]
LEVEL = "def level(amount):\n    return 'high' if 600 // (amount - 20) > 20 else 'low'\n"
NODES: list[dict[str, Any]] = [
    {
        "id": "rows",
        "type": "auto-loader",
        "name": "Rows",
        "config": {
            "path": "/data",
            "columns": "id bigint, card string, amount bigint, at timestamp",
            "event_time": "at",
            "watermark_delay": "1 second",
        },
    },
    {
        "id": "level",
        "type": "custom-python-udf",
        "name": "Level",
        "config": {
            "code": LEVEL,
            "input_columns": ["amount"],
            "output_column": "level",
            "output_type": "string",
            "on_error": "null",
        },
    },
    {
        "id": "risk",
        "type": "ml-model-endpoint",
        "name": "Risk",
        "config": {
            "endpoint": "fraud",
            "input_columns": ["level"],
            "output_column": "risk",
            "sample_predictions": [
                {"when": {"level": "high"}, "prediction": 0.9},
                {"prediction": 0},
            ],
        },
    },
    {
        "id": "often",
        "type": "count-threshold",
        "name": "Often",
        "config": {"key": ["card"], "where": "risk > 0.5", "threshold": 2, "window": "1 minute"},
    },
    {"id": "out", "type": "file-sink", "name": "Out", "config": {"path": "/out"}},
]


def run(host: Host, operation: str, **arguments: Any) -> Mapping[str, Any]:
    return call(find(operation), host.caller({}), arguments).to_json()


@pytest.fixture(scope="module")
def scored(host: Host) -> str:
    """A pipeline whose pattern reads what a model predicts from what a function made."""
    ids = [node["id"] for node in NODES]
    edges = [{"source": a, "target": b} for a, b in pairwise(ids)]
    document = {"name": "Scored", "nodes": NODES, "edges": edges}
    run(host, "create_pipeline", name="Scored", id="scored", document=document)
    return "scored"


def test_a_preview_shows_what_python_makes(host: Host, scored: str) -> None:
    shown = run(host, "preview_node", pipeline_id=scored, node="risk", events=ROWS)
    found = [(row["level"], row["risk"]) for row in shown["rows"]]
    assert found == [
        ("low", 0.0),
        ("low", 0.0),
        (None, 0.0),
        ("high", 0.9),
        ("high", 0.9),
        ("low", 0.0),
    ]
    (warning,) = shown["warnings"]
    assert warning.startswith("risk: the endpoint was not called: 6 rows answered")


def test_a_pattern_reads_it_and_the_hashes_agree(host: Host, scored: str) -> None:
    report = run(
        host,
        "test_pattern",
        pipeline_id=scored,
        events=[*ROWS, ROWS[3] | {"id": 9, "at": "2026-01-01T10:00:09Z"}],
    )
    assert len(report["matches"]) == 1
    assert any("the endpoint was not called" in warning for warning in report["warnings"])
    code = run(host, "generate_code", pipeline_id=scored)
    stored = run(host, "get_run", run_id=report["run_id"])
    hashes = stored["report"]["code_hash"]
    assert hashes["level"] == code["hashes"]["level"]
    assert hashes["often"] == code["hashes"]["often"]


def test_a_failing_function_names_its_line(host: Host, scored: str) -> None:
    change = {"op": "update_node", "id": "level", "config": {"on_error": "fail"}}
    run(host, "edit_pipeline", pipeline_id=scored, changes=[change])
    with pytest.raises(LakestreamError) as caught:
        run(host, "preview_node", pipeline_id=scored, node="risk", events=ROWS)
    assert caught.value.code == "CODE_RAISED"
    assert caught.value.where == {"node": "level", "field": "code", "line": 2, "row": 2}

"""Code to graph through the front door: new pipelines, edits of whole files and of one node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

SQL = """
CREATE TEMPORARY VIEW raw AS
SELECT * FROM STREAM read_files('/in', schema => 'id BIGINT, amount DOUBLE, at TIMESTAMP')
  WATERMARK at DELAY OF INTERVAL 10 MINUTES;
CREATE OR REFRESH STREAMING TABLE main.out.big AS
SELECT id, amount * 2 AS twice, at FROM STREAM(raw) WHERE amount > 100;
"""


@pytest.fixture(scope="module")
def mcp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpCaller]:
    """A client of a server with a store of its own."""
    folder: Path = tmp_path_factory.mktemp("parse")
    host = Host.local(Settings(data_dir=folder))
    yield McpCaller(host)
    host.workspace.close()


def made(mcp: McpCaller, name: str, sql: str = SQL) -> str:
    answer = mcp.call("create_pipeline", {"name": name, "code": sql})
    assert "error" not in answer, answer
    return str(answer["pipeline_id"])


def nodes(mcp: McpCaller, pipeline_id: str) -> dict[str, Any]:
    exported = mcp.call("get_pipeline", {"pipeline_id": pipeline_id, "detail": "full"})
    return {node["id"]: node for node in exported["document"]["nodes"]}


def code(mcp: McpCaller, pipeline_id: str) -> str:
    answer = mcp.call(
        "generate_code", {"pipeline_id": pipeline_id, "target": "sdp", "content": True}
    )
    (text,) = (text for name, text in answer["files"].items() if name.endswith(".sql"))
    return str(text)


def test_a_pipeline_of_code(mcp: McpCaller) -> None:
    pipeline_id = made(mcp, "From code")
    found = nodes(mcp, pipeline_id)
    assert {node_id: node["type"] for node_id, node in found.items()} == {
        "raw_source": "auto-loader",
        "big_filter": "filter",
        "big_rows": "map-select",
        "big": "delta-table-sink",
    }
    assert found["raw_source"]["config"]["watermark_delay"] == "10 minutes"
    assert mcp.call("validate_pipeline", {"pipeline_id": pipeline_id})["counts"]["errors"] == 0


def test_code_that_would_be_lost_makes_no_pipeline(mcp: McpCaller) -> None:
    lost = SQL + "\nGRANT SELECT ON TABLE x TO y;"
    answer = mcp.call("create_pipeline", {"name": "Lost", "code": lost})
    assert answer["error"]["code"] == "STATEMENT_NOT_READ"
    assert answer["error"]["where"] == {"argument": "code", "line": 8, "column": 1}
    both = {"name": "Both", "code": SQL, "document": {"name": "x"}}
    assert mcp.call("create_pipeline", both)["error"]["code"] == "INVALID_ARGUMENT"


def test_without_a_pipeline_the_answer_is_a_document(mcp: McpCaller) -> None:
    answer = mcp.call("parse_code", {"sql": SQL})
    (change,) = answer["changes"]
    assert change["op"] == "replace_document"
    name = "Replaced"
    pipeline_id = mcp.call("create_pipeline", {"name": name})["pipeline_id"]
    edited = mcp.call("edit_pipeline", {"pipeline_id": pipeline_id, "changes": answer["changes"]})
    assert sorted(edited["changed"]["added"]) == ["big", "big_filter", "big_rows", "raw_source"]
    assert [s["nodes"] for s in answer["statements"]] == [
        ["raw_source"],
        ["big_filter", "big_rows", "big"],
    ]


def test_generated_code_changes_nothing_and_an_edit_changes_its_node(mcp: McpCaller) -> None:
    pipeline_id = made(mcp, "Edited as a whole")
    before = nodes(mcp, pipeline_id)
    text = code(mcp, pipeline_id)
    same = mcp.call("parse_code", {"sql": text, "pipeline_id": pipeline_id})
    assert (same["changes"], same["counts"]["errors"]) == ([], 0)
    edited = text.replace("amount > 100", "amount > 250")
    assert edited != text
    answer = mcp.call("parse_code", {"sql": edited, "pipeline_id": pipeline_id, "apply": True})
    assert answer["applied"]
    after = nodes(mcp, pipeline_id)
    assert after["big_filter"]["config"] == {"condition": "amount > 250"}
    changed = {n for n in after if after[n] != before[n]}
    assert changed == {"big_filter"}


def test_a_node_edited_by_its_code(mcp: McpCaller) -> None:
    pipeline_id = made(mcp, "Edited by node")
    sql = (
        "CREATE TEMPORARY VIEW big_rows AS SELECT id, amount * 3 AS thrice FROM STREAM big_filter;"
    )
    given = {"sql": sql, "pipeline_id": pipeline_id, "node": "big_rows"}
    answer = mcp.call("parse_code", given)
    assert answer["changes"] == [
        {
            "op": "update_node",
            "id": "big_rows",
            "config": {"columns": "id, amount * 3 AS thrice"},
            "replace_config": True,
        }
    ]
    assert nodes(mcp, pipeline_id)["big_rows"]["config"]["columns"] != "id, amount * 3 AS thrice"
    assert mcp.call("parse_code", given | {"apply": True})["applied"]
    assert nodes(mcp, pipeline_id)["big_rows"]["config"]["columns"] == "id, amount * 3 AS thrice"


def test_a_node_is_found_in_the_code_of_all(mcp: McpCaller) -> None:
    pipeline_id = made(mcp, "Found in all")
    text = code(mcp, pipeline_id)
    edited = text.replace("amount > 100", "amount > 250")
    given = {"sql": edited, "pipeline_id": pipeline_id, "node": "big_filter"}
    answer = mcp.call("parse_code", given)
    assert (answer["counts"]["errors"], len(answer["changes"])) == (0, 1)
    assert answer["changes"][0]["config"] == {"condition": "amount > 250"}
    assert [s["nodes"] for s in answer["statements"] if s["nodes"]] == [["big_filter"]]
    assert len(answer["statements"]) > 1


def test_what_a_node_cannot_say(mcp: McpCaller) -> None:
    pipeline_id = made(mcp, "Refused")
    sql = "CREATE TEMPORARY VIEW big_filter AS\nSELECT COUNT(*) AS n FROM STREAM raw_source"
    given = {"sql": sql, "pipeline_id": pipeline_id, "node": "big_filter", "apply": True}
    answer = mcp.call("parse_code", given)
    assert not answer["applied"]
    assert [f["code"] for f in answer["findings"]] == ["NOT_THIS_TYPE"]
    broken = mcp.call("parse_code", given | {"sql": "CREATE TEMPORARY VIEW big_filter AS\n SELEC"})
    assert [(f["code"], f["line"], f["column"]) for f in broken["findings"]] == [
        ("STATEMENT_NOT_READ", 2, 2)
    ]
    unknown = mcp.call("parse_code", given | {"node": "bigfilter"})
    assert unknown["error"]["code"] == "NOT_FOUND"
    assert "big_filter" in unknown["error"]["hint"]
    nowhere = mcp.call("parse_code", {"sql": SQL, "apply": True})
    assert nowhere["error"]["where"] == {"argument": "pipeline_id"}


def test_errors_keep_a_pipeline_as_it_is(mcp: McpCaller) -> None:
    pipeline_id = made(mcp, "Kept")
    before = nodes(mcp, pipeline_id)
    text = code(mcp, pipeline_id) + "\nOPTIMIZE main.out.big;"
    answer = mcp.call("parse_code", {"sql": text, "pipeline_id": pipeline_id, "apply": True})
    assert not answer["applied"]
    assert answer["counts"]["errors"] == 1
    assert nodes(mcp, pipeline_id) == before
    misspelt = {"sql": "CREATE STREAMIN TABLE a AS SELECT 1", "pipeline_id": pipeline_id}
    assert mcp.call("parse_code", misspelt)["changes"] == []


def test_nodes_without_sql_stay(mcp: McpCaller) -> None:
    """A pattern is not in SQL; parsing the SQL of the rest keeps it where it is."""
    pipeline_id = made(mcp, "With a pattern")
    pattern = {
        "op": "add_node",
        "node": {
            "id": "spike",
            "type": "count-threshold",
            "config": {"key": ["id"], "where": "twice > 0", "threshold": 3, "within": "1 hour"},
        },
        "after": "big_rows",
    }
    text = code(mcp, pipeline_id)
    edited = mcp.call("edit_pipeline", {"pipeline_id": pipeline_id, "changes": [pattern]})
    assert "error" not in edited, edited
    answer = mcp.call("parse_code", {"sql": text, "pipeline_id": pipeline_id})
    assert answer["changes"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT a, count(*) FROM t GROUP BY a", "a query alone makes no table"),
        ("from pyspark.sql import functions as F", "this is Python, and SQL is read"),
    ],
)
def test_of_what_is_no_pipeline_no_change_is_made(mcp: McpCaller, text: str, said: str) -> None:
    answer = mcp.call("parse_code", {"sql": text})
    assert answer["changes"] == [] and said in answer["findings"][0]["message"]


def test_rows_without_columns_are_an_error_of_their_source_alone(mcp: McpCaller) -> None:
    sql = (
        "CREATE TEMPORARY VIEW raw AS SELECT * FROM STREAM read_kafka("
        "bootstrapServers => 'b:9092', subscribe => 'events');"
        "CREATE TEMPORARY VIEW read AS SELECT upper(CAST(value AS STRING)) AS t FROM STREAM(raw)"
    )
    made = mcp.call("create_pipeline", {"name": "No columns", "code": sql})
    codes = [f["code"] for f in made["findings"] if f["severity"] == "error"]
    assert "MISSING_CONFIG" in codes and "SQL_FAILED" not in codes


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE OR REFRESH STREAMING TABLE a AS SELECT 1",
        "CREATE VIEW a AS SELECT 1 AS x",
        "CREATE STREAMING TABLE a AS SELECT * FROM (SELECT 1 AS x)",
        "CREATE STREAMING TABLE a AS SELECT x FROM VALUES (1) AS t(x)",
    ],
)
def test_a_query_that_reads_nothing_is_told(mcp: McpCaller, sql: str) -> None:
    answer = mcp.call("parse_code", {"sql": sql})
    assert "error" not in answer, answer
    errors = [f for f in answer["findings"] if f["severity"] == "error"]
    assert [f["code"] for f in errors] == ["NOT_STREAMING"]


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("cdc-stream", {"envelope": "debezium", "include_before": True}),
        ("cdc-stream", {"envelope": "maxwell"}),
        ("cdc-stream", {"envelope": "spark-cdc", "on_malformed": "fail"}),
        ("kinesis", {"streams": "s", "region": "eu-west-1"}),
        ("pubsub", {"project": "shop-1", "subscription": "lake", "topic": "orders"}),
        ("rest-webhook-source", {"landing_path": "/Volumes/main/raw/hooks"}),
    ],
)
def test_unchanged_code_of_a_source_changes_nothing(mcp: McpCaller, kind: str, config: Any) -> None:
    whole = {"columns": "id bigint, at timestamp", **config}
    if kind == "cdc-stream":
        whole |= {"topics": "db.t", "bootstrap_servers": "a:9092", "primary_keys": ["id"]}
    out = {"id": "out", "type": "delta-table-sink", "config": {"table": "main.out.t"}}
    nodes = [{"id": "changes", "type": kind, "config": whole}, out]
    document = {"nodes": nodes, "edges": [["changes", "out"]]}
    name = f"back from {kind} {config.get('envelope')}"
    pipeline_id = mcp.call("create_pipeline", {"name": name, "document": document})["pipeline_id"]
    text = code(mcp, pipeline_id)
    back = mcp.call("parse_code", {"sql": text, "pipeline_id": pipeline_id})
    assert (back["changes"], back["findings"]) == ([], [])
    alone = mcp.call("create_pipeline", {"name": f"{name} again", "code": text})
    assert code(mcp, alone["pipeline_id"]).split("\nCREATE", 1)[1] == text.split("\nCREATE", 1)[1]

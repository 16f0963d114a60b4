"""Whole generated notebooks on Spark, as they are: files in, Delta tables and files out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy.local import verify_pipeline
from lakestream_mcp.deploy.replay import Cuts, plain_rows
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.errors import EngineFailed
from tests.codegen.bench import Bench, Made, chain, rows_of, source
from tests.codegen.bench import sink as files_to

pytestmark = pytest.mark.spark
Rows = list[dict[str, Any]]
QUIET: dict[str, Any] = {
    "id": "quiet",
    "type": "absence",
    "name": "Quiet",
    "config": {
        "key": ["key"],
        "trigger": "kind = 'A'",
        "expected": "kind = 'B'",
        "within": "5 minutes",
        "on_repeat": "each",
    },
}


def shocks(minutes: list[int], kind: str = "A") -> Rows:
    return [
        {
            "id": m,
            "key": f"k{m % 3}",
            "kind": kind,
            "at": f"2026-03-01T{m // 60:02d}:{m % 60:02d}:00Z",
        }
        for m in minutes
    ]


def write(folder: Path, name: str, rows: Rows) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath(name).write_text("".join(json.dumps(r) + "\n" for r in rows))


def run(spark: SparkProcess, made: Made, folder: Path) -> dict[str, Any]:
    answer: dict[str, Any] = spark.request(
        "run",
        notebook=next(iter(made.generated.files.values())),
        parameters={"checkpoints": str(folder / "state"), "tables": str(folder / "tables")},
    )
    return answer


def feed(path: Path) -> dict[str, Any]:
    made = source("1 second")
    made["config"]["path"] = str(path)
    return made


def into(folder: Path, *sinks: dict[str, Any], pattern: dict[str, Any] = QUIET) -> dict[str, Any]:
    """Files, a pattern, and all the sinks behind it."""
    document = chain(feed(folder / "in"), pattern)
    document["nodes"] = [*document["nodes"][:2], *sinks]
    document["edges"] = document["edges"][:1]
    document["edges"] += [{"source": "quiet", "target": s["id"]} for s in sinks]
    return document


def table_sink(node_id: str, mode: str) -> dict[str, Any]:
    config = {"table": f"main.out.{node_id}", "mode": mode}
    return {"id": node_id, "type": "delta-table-sink", "name": node_id, "config": config}


def count(spark: SparkProcess, folder: Path, table: str) -> tuple[int, int]:
    path = folder / "tables" / f"main.out.{table}"
    text = f"SELECT COUNT(*) AS n, COUNT(DISTINCT match_id) AS ids FROM delta.`{path}`"
    row = spark.request("sql", text=text)[0]
    return row["n"], row["ids"]


def test_what_fails_in_a_batch_is_told_in_the_first_line(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    made = bench.make(into(tmp_path, table_sink("merged", "merge")))
    write(tmp_path / "in", "a.json", shocks([0, 20, 40]))
    folder = tmp_path / "tables" / "main.out.merged"
    spark.request("sql", text=f"CREATE TABLE delta.`{folder}` (other INT) USING delta")
    with pytest.raises(EngineFailed) as failed:
        run(spark, made, tmp_path)
    assert "match_id" in str(failed.value).splitlines()[0]


def test_tables_grow_and_a_second_run_goes_on(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    sinks = table_sink("appended", "append"), table_sink("merged", "merge")
    made = bench.make(into(tmp_path, *sinks))
    write(tmp_path / "in", "a.json", shocks([0, 1, 2, 20]))
    answer = run(spark, made, tmp_path)
    assert {q["name"] for q in answer["queries"]} == {"appended", "merged"}
    assert count(spark, tmp_path, "appended") == (3, 3)
    assert count(spark, tmp_path, "merged") == (3, 3)
    write(tmp_path / "in", "b.json", shocks([21, 40]))
    run(spark, made, tmp_path)
    assert count(spark, tmp_path, "appended") == (5, 5)
    assert count(spark, tmp_path, "merged") == (5, 5)


def test_a_merge_of_the_same_matches_changes_nothing(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    document = chain(feed(tmp_path / "in"), QUIET)
    document["nodes"][-1] = table_sink("merged", "merge")
    document["edges"][-1]["target"] = "merged"
    made = bench.make(document)
    write(tmp_path / "in", "a.json", shocks([0, 1, 2, 20]))
    run(spark, made, tmp_path)
    tmp_path.joinpath("state").rename(tmp_path / "lost")
    run(spark, made, tmp_path)
    assert count(spark, tmp_path, "merged") == (3, 3)


def test_files_hold_what_flowed(bench: Bench, spark: SparkProcess, tmp_path: Path) -> None:
    keep = {"id": "odd", "type": "filter", "name": "Odd", "config": {"condition": "id % 2 = 1"}}
    document = chain(feed(tmp_path / "in"), keep)
    document["nodes"][-1]["config"]["path"] = str(tmp_path / "out")
    made = bench.make(document)
    write(tmp_path / "in", "a.json", shocks([0, 1, 2, 3]))
    run(spark, made, tmp_path)
    lines = [json.loads(x) for p in tmp_path.glob("out/*.json") for x in p.open()]
    assert sorted(row["id"] for row in lines) == [1, 3]


def test_the_same_rows_are_late(bench: Bench, spark: SparkProcess) -> None:
    made = bench.make(chain(source("1 minute"), QUIET))
    rows = shocks([0, 10, 5, 11, 30, 12, 29, 31, 3])
    tables = bench.tables(made, {"events": rows})
    on_host = bench.on_host(made, tables, batch_rows=2)
    late = len(on_host.patterns["quiet"].late_rows)
    on_spark = bench.on_spark(spark, made, tables, ["quiet"], cuts=Cuts(batch_rows=2))
    metrics = [p["observedMetrics"]["lakestream_quiet"] for p in on_spark.progress["quiet"]]
    assert late > 0
    assert sum(m["late_rows"] for m in metrics) == late
    expected = rows_of(made, on_host.tables["quiet"], "quiet")
    assert rows_of(made, on_spark.tables["quiet"], "quiet") == expected


def test_verify_names_both_sides(bench: Bench, spark: SparkProcess) -> None:
    made = bench.make(chain(source("1 minute"), QUIET))
    host = bench.host(made)
    tables = bench.tables(made, {"events": shocks([0, 10, 20])})
    result = verify_pipeline(host, made.generated, spark, tables)
    assert result.same
    assert [(n.node, n.host_rows, n.spark_rows) for n in result.nodes] == [("quiet", 3, 3)]


TIMED = {
    "id": "timed",
    "type": "watermark",
    "name": "Timed",
    "config": {"event_time": "at", "delay": "1 minute"},
}
KEPT = {"id": "kept", "type": "filter", "name": "Kept", "config": {"condition": "id < 20"}}
RENAMED = {
    "id": "renamed",
    "type": "rename-cast",
    "name": "Renamed",
    "config": {"columns": [{"column": "at", "name": "moment"}]},
}
BACK = {
    "id": "back",
    "type": "rename-cast",
    "name": "Back",
    "config": {"columns": [{"column": "moment", "name": "at"}]},
}


@pytest.mark.parametrize(
    ("between", "matches"), [([], 3), ([KEPT], 2), ([RENAMED, BACK], 3), ([RENAMED, BACK, KEPT], 2)]
)
def test_a_watermark_behind_the_source_is_closed_where_the_row_comes_to_it(
    bench: Bench, spark: SparkProcess, between: Rows, matches: int
) -> None:
    events = source()
    events["config"]["watermark_delay"] = None
    document = chain(events, *between, TIMED, QUIET)
    document["nodes"].append(files_to("seen"))
    document["edges"].append({"source": "timed", "target": "seen"})
    made = bench.make(document)
    host = bench.host(made)
    tables = bench.tables(made, {"events": shocks([0, 10, 19])})
    result = verify_pipeline(host, made.generated, spark, tables)
    assert result.same
    counts = {n.node: (n.host_rows, n.spark_rows) for n in result.nodes}
    assert counts == {"timed": (3, 3), "quiet": (matches, matches)}


def test_no_filter_slips_below_the_watermark(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    keep = {"id": "as", "type": "filter", "name": "As", "config": {"condition": "kind = 'A'"}}
    made = bench.make(chain(source(), keep, QUIET))
    tmp_path.joinpath("in").mkdir()
    answer = spark.request(
        "measure",
        notebook=next(iter(made.generated.files.values())),
        parameters={"checkpoints": str(tmp_path / "state"), "tables": str(tmp_path / "tables")},
        sources={
            "events": {
                "frame": "events",
                "folder": _events_folder(bench, made, tmp_path),
                "schema": ", ".join(
                    f"`{c.name}` {c.type}" for c in made.validation.relations["events"].columns
                ),
            }
        },
        frame="quiet",
    )
    plan = answer["plan"].split("== Physical Plan ==")[1].splitlines()
    nodes = [line.lstrip(" +-:*()0123456789") for line in plan if line.strip()]
    watermark = next(i for i, line in enumerate(nodes) if line.startswith("EventTimeWatermark"))
    filters = [i for i, line in enumerate(nodes) if line.startswith("Filter")]
    assert filters
    assert max(filters) < watermark, "plans read from the last operator to the first"


def _events_folder(bench: Bench, made: Made, tmp_path: Path) -> str:
    import pyarrow.parquet as pq

    table = bench.tables(made, {"events": shocks([0, 1])})["events"].drop_columns(["__row"])
    pq.write_table(table, tmp_path / "in" / "a.parquet")
    return str(tmp_path / "in")


def test_change_feeds_and_avro_files_are_read(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    table = f"delta.`{tmp_path}/tables/main.shop.orders`"
    for text in (
        f"CREATE TABLE {table} (id BIGINT, note STRING) USING delta "
        "TBLPROPERTIES (delta.enableChangeDataFeed = true)",
        f"INSERT INTO {table} VALUES (1, 'a'), (2, 'b')",
        f"UPDATE {table} SET note = 'c' WHERE id = 1",
        f"DELETE FROM {table} WHERE id = 2",
        f"INSERT OVERWRITE DIRECTORY '{tmp_path}/in' USING avro "
        "SELECT 7L AS id, TIMESTAMP'2026-01-01 00:00:00Z' AS at, 1.5D AS left_out",
    ):
        spark.request("sql", text=text)
    feed = {
        "table": "main.shop.orders",
        "columns": "id int, note string",
        "change_feed": True,
        "starting_version": 1,
    }
    files = {"path": str(tmp_path / "in"), "format": "avro", "columns": "at timestamp, id bigint"}
    document = {
        "name": "Read",
        "nodes": [
            {"id": "feed", "type": "delta-table-source", "name": "Feed", "config": feed},
            {"id": "files", "type": "auto-loader", "name": "Files", "config": files},
            table_sink("changes", "append"),
            table_sink("rows", "append"),
        ],
        "edges": [
            {"source": "feed", "target": "changes"},
            {"source": "files", "target": "rows"},
        ],
    }
    run(spark, bench.make(document), tmp_path)
    out = f"delta.`{tmp_path}/tables/main.out"
    changes = spark.request(
        "sql", text=f"SELECT * FROM {out}.changes` ORDER BY _commit_version, _change_type DESC, id"
    )
    assert [(c["id"], c["note"], c["_change_type"], c["_commit_version"]) for c in changes] == [
        (1, "a", "insert", 1),
        (2, "b", "insert", 1),
        (1, "a", "update_preimage", 2),
        (1, "c", "update_postimage", 2),
        (2, "b", "delete", 3),
    ]
    rows = spark.request("sql", text=f"SELECT id, unix_micros(at) AS at FROM {out}.rows`")
    assert rows == [{"id": 7, "at": 1_767_225_600_000_000}]


def test_what_only_databricks_reads_is_refused_when_it_is_run(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    shared = {"columns": "id int"}
    sources = {
        "event-hub-kinesis": {"provider": "kinesis", "streams": "s", **shared},
        "google-pubsub": {
            "project_id": "shop-prod",
            "topic_id": "orders",
            "subscription_id": "all-orders",
            **shared,
        },
        "auto-loader": {"path": str(tmp_path), "rescued_column": "rest", **shared},
    }
    for kind, config in sources.items():
        node = {"id": "it", "type": kind, "name": "It", "config": config}
        with pytest.raises(EngineFailed, match="LOCAL_RUN_IMPOSSIBLE"):
            run(spark, bench.make(chain(node)), tmp_path)


SIMULATED: dict[str, dict[str, Any]] = {
    "payments": {"profile": "financial-transactions", "planted_share": 0.3},
    "clicks": {"profile": "clickstream", "keys": 3, "duplicate_share": 0.2},
    "changes": {"profile": "cdc", "keys": 4, "late_share": 0.3, "malformed_share": 0.3},
    "own": {
        "profile": "custom",
        "columns": [
            {"name": "x", "type": "double", "generator": "normal(20, 1.5)"},
            {"name": "n", "type": "int", "generator": "sequence(9, -2)"},
            {"name": "t", "type": "timestamp", "generator": "timestamp(2026-01-01, 2026-03-01)"},
        ],
    },
}


def simulators() -> dict[str, Any]:
    """One pipeline of several simulators, each with a table."""
    nodes, edges = [], []
    shared = {"events_per_second": 200, "max_events": 200, "seed": 7}
    for name, config in SIMULATED.items():
        own = {"watermark_delay": "1 second", **shared, **config}
        nodes.append({"id": name, "type": "stream-simulator", "name": name, "config": own})
        sink = {"table": f"{name}_rows"}
        nodes.append(
            {"id": f"{name}_out", "type": "delta-table-sink", "name": name, "config": sink}
        )
        edges.append({"source": name, "target": f"{name}_out"})
    return {"name": "Simulated", "nodes": nodes, "edges": edges}


def test_simulated_events_are_the_same(bench: Bench, spark: SparkProcess, tmp_path: Path) -> None:
    import pyarrow as pa

    from lakestream_mcp.cep.testing import read_sources

    made = bench.make(simulators())
    asked = {name: {"simulate": 200} for name in SIMULATED}
    tables, _ = read_sources(bench.host(made), asked, Path)
    text = next(iter(made.generated.files.values()))
    spark.request(
        "run_for",
        notebook=text,
        parameters={
            "checkpoints": str(tmp_path / "state"),
            "tables": str(tmp_path / "tables"),
            "trigger": "1 second",
        },
        rows=200,
    )
    for name in SIMULATED:
        names = made.validation.relations[name].names
        output = str(tmp_path / f"{name}.arrow")
        query = f"SELECT * FROM delta.`{tmp_path}/tables/{name}_rows`"
        spark.request("sql", text=query, output=output)
        with pa.OSFile(output) as file:
            on_spark = pa.ipc.open_file(file).read_all()
        assert plain_rows(on_spark, names) == plain_rows(tables[name], names), name


SHARED = """
plan = quiet._jdf.queryExecution().analyzed()
while plan.nodeName() != "TransformWithStateInPySpark":
    plan = plan.children().head()
shared = set(plan.functionExpr().func().envVars().keySet())
assert shared == set(spark.sparkContext.environment), shared
"""


def test_queries_add_nothing_to_the_variables_they_share(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    made = bench.make(into(tmp_path, table_sink("appended", "append")))
    write(tmp_path / "in", "a.json", shocks([0, 20]))
    folders = {"checkpoints": str(tmp_path / "state"), "tables": str(tmp_path / "tables")}
    notebook = next(iter(made.generated.files.values()))
    spark.request("run", notebook=notebook + SHARED, parameters=folders)

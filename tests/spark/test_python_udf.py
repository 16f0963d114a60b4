"""Authors' functions give the same column in the tester and on Spark, for every type."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from lakestream_mcp.cep.events import with_arrivals
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.relational.column_types import ddl
from tests.codegen.bench import Bench, chain, rows_of, source
from tests.nodes.udfs import COLUMNS, random_table, row_nodes, series_nodes

pytestmark = pytest.mark.spark


def sorted_maps(table: pa.Table) -> pa.Table:
    """The same with the entries of maps in one order: Spark keeps none."""
    for place, field in enumerate(table.schema):
        if pa.types.is_map(field.type):
            rows = [row and sorted(row) for row in table.column(place).to_pylist()]
            table = table.set_column(place, field.name, pa.array(rows, field.type))
    return table


@pytest.mark.parametrize("style", ["row", "pandas"])
def test_same_answers(bench: Bench, spark: SparkProcess, style: str) -> None:
    nodes = row_nodes() if style == "row" else series_nodes()
    made = bench.make(chain(source("1 day", ddl(COLUMNS)), *nodes))
    table = random_table(random.Random(len(style)), 60)
    tables = with_arrivals({"events": table}, {"events": "at"})
    last = nodes[-1]["id"]
    expected = bench.on_host(made, tables).tables[last]
    on_spark = bench.on_spark(spark, made, tables, [last]).tables[last]
    assert rows_of(made, sorted_maps(on_spark), last) == rows_of(made, sorted_maps(expected), last)
    same = [n for n in nodes if n["id"].startswith(("same_", "s_")) and n["id"] != "s_share"]
    for node in same:
        (name,) = node["config"]["input_columns"].split(",")
        maps = sorted_maps(expected)
        assert maps[f"{node['id']}_out"].to_pylist() == maps[name].to_pylist(), name

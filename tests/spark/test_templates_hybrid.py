"""Templates cut in two: declarative SQL runs, then the notebook on what it left in its tables.

The stories' events are files in the place of the sources. The notebook finds the matches that the
stories tell of, and no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lakestream_mcp.cep.events import with_arrivals
from lakestream_mcp.cep.host import Host
from lakestream_mcp.cep.pattern_type import PatternType
from lakestream_mcp.cep.testing import read_sources
from lakestream_mcp.cep.watermark import CLOSING_US
from lakestream_mcp.codegen import Generated, generate
from lakestream_mcp.codegen.settings import CodeSettings
from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.local import static_tables
from lakestream_mcp.deploy.replay import Cuts, closing_rows, replay_on_spark
from lakestream_mcp.deploy.spark_files import write_batch, write_static
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.graph.model import Relation, flow_name
from lakestream_mcp.relational.column_types import ddl
from lakestream_mcp.templates.library import built_in
from lakestream_mcp.templates.model import Template
from tests import witness
from tests.codegen.bench import Bench, Made
from tests.sdp.harness import Pipelines
from tests.sdp.open_source import one_part

from .test_templates import ALL_AT_ONCE, SAMPLE, without_services

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def pipelines() -> Iterator[Pipelines]:
    """A Spark for declarative pipelines."""
    with Pipelines(spark_env.find()) as made:
        yield made


class Cut(NamedTuple):
    """What flows from the declarative side to the notebook: a table, and what its rows are."""

    flow: str
    table: str
    relation: Relation


def of_files(made: Made, folder: Path) -> dict[str, Any]:
    """The document with files in the place of its sources."""
    document = made.document.model_dump()
    fed = {edge.target for edge in made.document.edges}
    for node in document["nodes"]:
        if node["id"] in fed:
            continue
        relation = made.validation.relations[node["id"]]
        config = {
            "path": str(folder / node["id"]),
            "format": "parquet",
            "columns": ddl(relation.columns),
            "event_time": relation.event_time,
        }
        if relation.delay_ms is not None:
            config["watermark_delay"] = f"{relation.delay_ms} milliseconds"
        node.update(type="auto-loader", config=config)
    return document


def cuts(code: Generated, made: Made, prefix: str) -> list[Cut]:
    """The flows that are cut."""
    target = {route.node: route.target for route in code.routes}
    found = {}
    for edge in made.document.edges:
        if (target[edge.source], target[edge.target]) == ("sdp", "sss"):
            flow = flow_name(edge.source, edge.source_port)
            relation = made.validation.relations[edge.source]
            found[flow] = Cut(flow, f"{prefix}_{flow}", relation)
    return list(found.values())


def declared(pipelines: Pipelines, code: Generated, found: list[Cut], state: Path) -> Any:
    """Run the SQL; the rows at the cuts, without those that closed the sources."""
    pipelines.run(code, state)
    tables = {}
    for cut in found:
        rows = pipelines.table(f"SELECT * FROM {one_part(cut.table)}")
        rows = rows.select(list(cut.relation.names))
        if (time := cut.relation.event_time) is not None:
            last = pa.scalar(CLOSING_US, pa.timestamp("us", tz="UTC"))
            times = rows[time].cast(last.type)
            rows = rows.filter(pc.fill_null(pc.not_equal(times, last), fill_value=True))
        tables[cut.flow] = rows
    return with_arrivals(tables, {cut.flow: cut.relation.event_time for cut in found})


def write_sources(made: Made, tables: Mapping[str, Any], folder: Path) -> None:
    """A file of a source's rows, and one of the row that closes it."""
    for name, table in tables.items():
        relation = made.validation.relations[name]
        (folder / name).mkdir(parents=True)
        write_batch(table.select(list(relation.names)), relation, folder / name, 0)
        if relation.event_time is not None:
            write_batch(closing_rows(relation), relation, folder / name, 1)


def in_two(
    bench: Bench, pipelines: Pipelines, spark: SparkProcess, template: Template, folder: Path
) -> None:
    """Run both sides; the patterns' matches are those told of, and as many."""
    pipelines.apart(short := template.id.replace("-", "_"))
    original = bench.make(without_services(template.pipeline, bench.catalog).model_dump())
    made = bench.make(of_files(original, folder))
    host = Host(
        made.document, made.validation, bench.catalog, bench.engine, bench.resolver, lambda *_: None
    )
    tables, _ = read_sources(host, template.events(), lambda name: None)  # type: ignore[arg-type, return-value]
    write_sources(made, tables, folder)
    beside = static_tables(host)
    for file, place in write_static(beside, folder / "beside", folder / "static"):
        name = next(n for n in beside if place.endswith(n))
        text = f"CREATE TABLE IF NOT EXISTS {one_part(name)} USING delta AS SELECT * FROM "
        pipelines.request("sql", text=f"{text}parquet.`{file}`")
    code = generate(
        made.document, made.validation, bench.catalog, short, 1, bench.resolver, "hybrid"
    )
    witness.generated(code, made.document)
    assert [task.kind for task in code.tasks] == ["pipeline", "notebook"]
    settings = CodeSettings.of(made.document, short)
    found = cuts(code, made, f"{settings.catalog}.{settings.schema}.{short}")
    types = {n.id: bench.catalog.get(n.type) for n in made.document.nodes}
    patterns = [node for node, kind in types.items() if isinstance(kind, PatternType)]
    replay = replay_on_spark(
        spark,
        code.model_copy(update={"files": {"code": code.files[f"{short}.py"]}}),
        made.validation.relations | {cut.flow: cut.relation for cut in found},
        declared(pipelines, code, found, folder / "state"),
        patterns,
        cuts=Cuts(batch_rows=ALL_AT_ONCE),
        static=beside,
    )
    expected = Counter(pattern for pattern, _, _ in template.expected())
    rows = {node: table.num_rows if table else 0 for node, table in replay.tables.items()}
    assert rows == {node: expected[node] for node in patterns}


@pytest.mark.parametrize("name", SAMPLE[:1])
def test_the_cut_finds_the_same(
    bench: Bench, pipelines: Pipelines, spark: SparkProcess, tmp_path: Path, name: str
) -> None:
    in_two(bench, pipelines, spark, built_in()[name], tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(set(built_in()) - set(SAMPLE[:1])))
def test_every_other_cut_finds_the_same(
    bench: Bench, pipelines: Pipelines, spark: SparkProcess, tmp_path: Path, name: str
) -> None:
    in_two(bench, pipelines, spark, built_in()[name], tmp_path)

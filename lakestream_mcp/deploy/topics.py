"""The newest records of Kafka topics, read once by a local Spark as generated code reads them."""

from __future__ import annotations

import datetime as dt

from ..codegen import Generated
from ..errors import NotFound
from ..graph.node_parts import Latest
from ..nodes.kafka_read import milliseconds
from ..nodes.probes import ConnectionRefused
from .spark_env import SparkEnvironment
from .spark_files import read_arrow
from .spark_process import SparkProcess


def newest_records(
    generated: Generated,
    source: str,
    count: int,
    since: dt.datetime | None,
    environment: SparkEnvironment,
) -> Latest:
    """At most `count` rows of a source, all newer than `since`. Offsets of no group are moved.

    Raises NotFound for a topic that is not there, ConnectionRefused where no broker lets us in.
    """
    with SparkProcess(environment) as spark:
        file = spark.work / "newest.arrow"
        answer = spark.request(
            "newest",
            output=str(file),
            notebook=next(iter(generated.files.values())),
            parameters={"checkpoints": str(spark.work), "tables": str(spark.work)},
            node=source,
            frame=generated.frames[source],
            count=count,
            since_ms=None if since is None else milliseconds(since),
        )
        table = read_arrow(file)
    if answer["refused"] is None:
        until = answer["until"] or (since and since.isoformat())
        return Latest(table.to_pylist(), f"the last {table.num_rows} records; since: {until}")
    where = {"node": source}
    if answer["missing"] is not None:
        raise NotFound(
            f"There is no topic `{answer['missing']}`.",
            code="TOPIC_NOT_FOUND",
            where=where | {"field": "topics"},
            got=answer["missing"],
        )
    raise ConnectionRefused(f"The topic cannot be read: {answer['refused']}"[:500], where=where)

"""Declarative pipelines on open-source Spark in one process. Run by the Spark environment's Python.

One JSON object per line comes in and goes out: `graph` registers SQL and Python and runs it, dry or
really; `sql` answers with rows, `parquet` with a file of them.
"""
# mypy: ignore-errors

import json
import os
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def session(conf):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.remote("local[2]")
    for name, value in conf.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def graph(spark, sql, python, dry, storage):
    """Register a graph and run it; the messages of its events."""
    from pyspark.pipelines.add_pipeline_analysis_context import add_pipeline_analysis_context
    from pyspark.pipelines.block_session_mutations import block_session_mutations
    from pyspark.pipelines.graph_element_registry import graph_element_registration_context
    from pyspark.pipelines.spark_connect_graph_element_registry import (
        SparkConnectGraphElementRegistry,
    )
    from pyspark.pipelines.spark_connect_pipeline import create_dataflow_graph, start_run

    made = create_dataflow_graph(spark, None, None, {})
    registry = SparkConnectGraphElementRegistry(spark, made)
    with graph_element_registration_context(registry):
        context = add_pipeline_analysis_context(spark=spark, dataflow_graph_id=made, flow_name=None)
        with context, block_session_mutations():
            for number, text in enumerate(python):
                names = {"spark": spark, "__name__": "pipeline"}
                exec(compile(text, f"part{number}.py", "exec"), names)
        for number, text in enumerate(sql):
            registry.register_sql(text, pathlib.Path(f"part{number}.sql"))
    events = start_run(
        spark,
        made,
        full_refresh=[],
        full_refresh_all=False,
        refresh=[],
        dry=dry,
        storage=storage,
    )
    return [
        answer["pipeline_event_result"].event.message
        for answer in events
        if "pipeline_event_result" in answer
    ]


def main():
    spark = None
    for line in sys.stdin:
        asked = json.loads(line)
        kind = asked.pop("request")
        try:
            if kind == "start":
                spark = session(**asked)
                answer = spark.version
            elif kind == "graph":
                answer = graph(spark, **asked)
            elif kind == "parquet":
                import pyarrow.parquet

                pyarrow.parquet.write_table(spark.sql(asked["text"]).toArrow(), asked["path"])
                answer = asked["path"]
            else:
                answer = [row.asDict(recursive=True) for row in spark.sql(asked["text"]).collect()]
            said = {"done": answer}
        except Exception as error:  # noqa: BLE001  every failure is an answer
            said = {"failed": f"{type(error).__name__}: {error}".split("\n\nJVM")[0]}
        ANSWERS.write(json.dumps(said, default=str) + "\n")
        ANSWERS.flush()


main()

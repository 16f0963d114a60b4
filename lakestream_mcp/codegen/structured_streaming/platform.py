"""All that differs between Databricks and a local Spark, chosen when the code runs.

Generated code carries only the functions it uses, and what those use.
"""
# mypy: ignore-errors
# ruff: noqa: N812, F821, PTH112, PTH119, PTH120, ARG001

import os
import re
import sys
from pathlib import Path

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

# --- carried ---
RUNTIME = "databricks" if "DATABRICKS_RUNTIME_VERSION" in os.environ else "local"
spark = SparkSession.builder.getOrCreate()
queries = []


def parameter(name, default):
    """A job parameter: a widget on Databricks; else `--name=value`, then LAKESTREAM_NAME."""
    if RUNTIME == "databricks":
        from pyspark.dbutils import DBUtils

        widgets = DBUtils(spark).widgets
        widgets.text(name, default)
        return widgets.get(name)
    for argument in sys.argv[1:]:
        if argument.startswith(f"--{name}="):
            return argument.partition("=")[2]
    return os.environ.get(f"LAKESTREAM_{name.upper()}", default)


def checkpoint(query):
    """Where a query remembers its progress and state."""
    return f"{CHECKPOINTS.rstrip('/')}/{query}"


def local_folder(name):
    """The Delta folder that stands for a table on a local Spark."""
    return f"{TABLES.rstrip('/')}/{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}"


def quoted(name):
    """A column name, quoted."""
    return "`" + name.replace("`", "``") + "`"


def quoted_name(name):
    """A dotted table name with every part quoted."""
    return ".".join(map(quoted, name.split(".")))


def table_exists(name):
    """Whether a table is there to be read."""
    if RUNTIME == "databricks":
        return spark.catalog.tableExists(quoted_name(name))
    return Path(local_folder(name), "_delta_log").is_dir()


def read_files(path, file_format, schema, options=None):
    """New files of a folder, or one file, as rows of a declared schema."""
    if RUNTIME == "databricks":
        reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", file_format)
        return reader.options(**(options or {})).schema(schema).load(path)
    own = {k: v for k, v in (options or {}).items() if not k.startswith("cloudFiles.")}
    if not os.path.isdir(path) and not any(c in path for c in "*?[{"):
        # The file source reads folders: a pattern in its folder picks the one file.
        own["pathGlobFilter"] = re.sub(r"([\\*?\[\]{}])", r"\\\1", os.path.basename(path))
        path = os.path.dirname(path) or "."
    return spark.readStream.format(file_format).options(**own).schema(schema).load(path)


def read_table(name, options=None):
    """Rows appended to a table."""
    reader = spark.readStream.format("delta").options(**(options or {}))
    return (
        reader.table(quoted_name(name))
        if RUNTIME == "databricks"
        else reader.load(local_folder(name))
    )


def static_table(name):
    """A table as it is when a batch starts."""
    if RUNTIME == "databricks":
        return spark.read.table(quoted_name(name))
    return spark.read.format("delta").load(local_folder(name))


def kafka_login(mechanism, username, password):
    """Kafka options for a login by name and password. Databricks keeps its Kafka client apart."""
    scram = mechanism.startswith("SCRAM")
    module = "scram.ScramLoginModule" if scram else "plain.PlainLoginModule"
    shaded = "kafkashaded." if RUNTIME == "databricks" else ""
    name, word = (v.replace("\\", "\\\\").replace('"', '\\"') for v in (username, password))
    return {
        "kafka.sasl.mechanism": mechanism,
        "kafka.sasl.jaas.config": f"{shaded}org.apache.kafka.common.security.{module} required "
        f'username="{name}" password="{word}";',
    }


def read_kafka(options):
    """Records of Kafka topics."""
    return spark.readStream.format("kafka").options(**options).load()


def secret(scope, key):
    """A secret's value; on a local Spark the environment variable SCOPE_KEY."""
    if RUNTIME == "databricks":
        from pyspark.dbutils import DBUtils

        return DBUtils(spark).secrets.get(scope, key)
    name = re.sub(r"\W", "_", f"{scope}_{key}").upper()
    if name not in os.environ:
        raise KeyError(f"secret {scope}/{key}: set the environment variable {name}")
    return os.environ[name]


def started(writer, query, name=None):
    """Start a query with its checkpoint and the trigger asked for; `name` is a table's."""
    writer = writer.queryName(query).option("checkpointLocation", checkpoint(query))
    if TRIGGER == "available now":
        writer = writer.trigger(availableNow=True)
    else:
        writer = writer.trigger(processingTime=TRIGGER)
    queries.append(writer.start() if name is None else writer.toTable(quoted_name(name)))
    return queries[-1]


def write_table(frame, query, name, options=None, partition_by=(), cluster_by=()):
    """Append rows to a table."""
    create_table(frame, name, options, partition_by, cluster_by)
    writer = frame.writeStream.format("delta").outputMode("append").options(**(options or {}))
    if RUNTIME == "databricks":
        return started(writer, query, name)
    return started(writer.option("path", local_folder(name)), query)


def merge_table(
    frame, query, name, keys, sequence_by=None, options=None, partition_by=(), cluster_by=()
):
    """Merge rows into a table by key: a batch that is written twice leaves it as it was.

    sequence_by: a column; of rows with equal keys the one with the greatest value stays.
    """
    create_table(frame, name, options, partition_by, cluster_by)
    target = quoted_name(name) if RUNTIME == "databricks" else f"delta.`{local_folder(name)}`"
    evolving = " WITH SCHEMA EVOLUTION" if (options or {}).get("mergeSchema") == "true" else ""
    same = " AND ".join(f"t.{quoted(key)} <=> b.{quoted(key)}" for key in keys)
    newer = (
        "" if sequence_by is None else f" AND b.{quoted(sequence_by)} >= t.{quoted(sequence_by)}"
    )

    def merge(rows, batch_id):
        if sequence_by is not None:
            last = Window.partitionBy(*map(quoted, keys)).orderBy(F.col(quoted(sequence_by)).desc())
            rows = rows.withColumn("lakestream_place", F.row_number().over(last))
            rows = rows.where("lakestream_place = 1").drop("lakestream_place")
        else:
            rows = rows.dropDuplicates(list(keys))
        rows.createOrReplaceTempView("lakestream_batch")
        rows.sparkSession.sql(
            f"MERGE{evolving} INTO {target} t USING lakestream_batch b ON {same} "
            f"WHEN MATCHED{newer} THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        )

    return started(frame.writeStream.outputMode("append").foreachBatch(merge), query)


def create_table(frame, name, options, partition_by, cluster_by):
    """Create a table with the frame's columns, unless it is there."""
    if table_exists(name):
        return
    writer = (
        spark.createDataFrame([], frame.schema).write.format("delta").options(**(options or {}))
    )
    writer = writer.partitionBy(*partition_by) if partition_by else writer
    writer = writer.clusterBy(*cluster_by) if cluster_by else writer
    if RUNTIME == "databricks":
        writer.saveAsTable(quoted_name(name))
    else:
        writer.save(local_folder(name))


def write_files(frame, query, path, file_format, options=None, partition_by=()):
    """Append rows to files of a folder."""
    writer = frame.writeStream.format(file_format).outputMode("append").options(**(options or {}))
    writer = writer.partitionBy(*partition_by) if partition_by else writer
    return started(writer.option("path", path), query)


def write_kafka(frame, query, options):
    """Produce rows with the columns `key` and `value` to a Kafka topic."""
    writer = frame.writeStream.format("kafka").outputMode("append").options(**options)
    return started(writer, query)


def await_queries():
    """Wait until all queries have ended, or one has failed."""
    for query in queries:
        query.awaitTermination()

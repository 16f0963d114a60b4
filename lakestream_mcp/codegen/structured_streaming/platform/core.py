"""All that differs between Databricks and a local Spark, chosen when the code runs.

Generated code carries only the functions it uses, and what those use; constants from here always.
"""
# mypy: ignore-errors
# ruff: noqa: F821

import os
import re
import sys
from pathlib import Path

from pyspark.sql import SparkSession

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


def await_queries():
    """Wait until all queries have ended, or one has failed."""
    for query in queries:
        query.awaitTermination()

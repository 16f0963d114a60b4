"""What a backtest carries into its job: scratch tables in Unity Catalog, and their end."""
# mypy: ignore-errors
# ruff: noqa: N812, F821

import json
import os
import shutil
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

# --- carried ---
spark = SparkSession.builder.getOrCreate()


class Tables:
    """The tables of a backtest. names: table → its full name, quoted. physical: what is given →
    SQL for its values. A source is {schema, last?, copy?}: `last` the row that ends it, as SQL;
    `copy` a table and its version."""

    def __init__(self, notebook, checkpoints, names, physical):
        self.notebook, self.checkpoints = notebook, checkpoints
        self.names, self.physical = names, physical
        self.given = {}

    def code(self):
        """The names of the generated code, executed once more."""
        names = {"__name__": "__main__"}
        exec(compile(self.notebook, "pipeline.py", "exec"), names)
        return names

    def open_sources(self, sources):
        """Make the tables that will end the sources, and copy versions that are asked for."""
        for name, source in sources.items():
            self.save(spark.createDataFrame([], source["schema"]), f"closing/{name}")
            if source["copy"]:
                table, version = source["copy"]
                old = spark.read.format("delta").option("versionAsOf", version).table(table)
                self.save(old, f"copy/{name}")

    def close_sources(self, sources):
        """A last row per source lets the watermark decide what is open."""
        for name, source in sources.items():
            if source["last"]:
                last = spark.range(1).selectExpr(*source["last"])
                last.write.format("delta").mode("append").saveAsTable(self.names[f"closing/{name}"])

    def stream(self, frame, query, table):
        """Start to append a frame to a table."""
        writer = to_its_end(frame, query, f"{self.checkpoints}/{query}")
        return writer.toTable(self.names[table])

    def ended(self, query):
        """Wait for a query; what its batches told."""
        query.awaitTermination()
        return progress_of(query)

    def read(self, table):
        """A table."""
        return spark.read.table(self.names[table])

    def save(self, frame, table):
        """Make a table."""
        frame.write.format("delta").saveAsTable(self.names[table])

    def give(self, frame, name):
        """Rows for whoever asked for the backtest, as JSON of their physical values."""
        values = frame.selectExpr(*self.physical[name])
        row = F.to_json(F.struct("*"), {"ignoreNullFields": "false"})
        self.given[name] = values.select(F.lit(name).alias("part"), row.alias("row"))

    def finish(self, answer):
        """Write all that was given, and the answer, into the one table that is read from outside:
        when it is there, it is whole."""
        told = json.dumps({**answer, "given": list(self.given)})
        rows = spark.createDataFrame([("answer", told)], "part string, row string")
        for given in self.given.values():
            rows = rows.unionByName(given)
        rows = rows.withColumn("n", F.monotonically_increasing_id())
        self.save(rows, "results")


def forget(tables, results, checkpoints, folder, hold_s, pause_s=2):
    """Drop all tables of a backtest, once its results have been read, or for so long have not.

    Whoever reads them drops them: that is the word that they are read.
    """
    until = time.monotonic() + hold_s
    while time.monotonic() < until and spark.catalog.tableExists(results):
        time.sleep(pause_s)
    for table in tables:
        spark.sql(f"DROP TABLE IF EXISTS {table}")
    shutil.rmtree(checkpoints, ignore_errors=True)
    if "DATABRICKS_RUNTIME_VERSION" in os.environ:
        from databricks.sdk import WorkspaceClient

        WorkspaceClient().workspace.delete(folder, recursive=True)

"""How rows are written."""
# mypy: ignore-errors
# ruff: noqa: N812, F821, ARG001

from pyspark.sql import Window
from pyspark.sql import functions as F


# --- carried ---
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
        rows = last_rows(rows, keys, sequence_by)
        rows.createOrReplaceTempView("lakestream_batch")
        rows.sparkSession.sql(
            f"MERGE{evolving} INTO {target} t USING lakestream_batch b ON {same} "
            f"WHEN MATCHED{newer} THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        )

    return started(frame.writeStream.outputMode("append").foreachBatch(merge), query)


def last_rows(rows, keys, sequence_by):
    """One row of each key: the one with the greatest value of `sequence_by`, or any."""
    if sequence_by is None:
        return rows.dropDuplicates(list(keys))
    last = Window.partitionBy(*map(quoted, keys)).orderBy(F.col(quoted(sequence_by)).desc())
    rows = rows.withColumn("lakestream_place", F.row_number().over(last))
    return rows.where("lakestream_place = 1").drop("lakestream_place")


def write_feature_table(frame, query, name, columns, keys, timeseries, sequence_by, comment):
    """Merge rows into a feature table. columns: (name, type); keys: all columns of its key."""
    target = quoted_name(name) if RUNTIME == "databricks" else f"delta.`{local_folder(name)}`"
    lines = [f"{quoted(c)} {kind}{' NOT NULL' if c in keys else ''}" for c, kind in columns]
    if RUNTIME == "databricks":  # elsewhere Delta knows no keys
        parts = [quoted(key) + (" TIMESERIES" if key == timeseries else "") for key in keys]
        lines.append(f"PRIMARY KEY ({', '.join(parts)})")
    text = (comment or "").replace("\\", "\\\\").replace("'", "\\'")
    said = f" COMMENT '{text}'" if text else ""
    spark.sql(f"CREATE TABLE IF NOT EXISTS {target} ({', '.join(lines)}) USING delta{said}")
    return merge_table(frame, query, name, keys, sequence_by)


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


def dead_letter_rows(frame, error, source, include_error):
    """Rows as JSON, with what is wrong with them. error: a SQL expression, or None."""
    row = F.to_json(F.struct(*map(quoted, frame.columns))).alias("row")
    if not include_error:
        return frame.select(row)
    reason = F.lit(None) if error is None else F.expr(error)
    about = [reason.cast("string").alias("error"), F.lit(source).alias("source")]
    return frame.select(*about, row, F.current_timestamp().alias("at"))


def write_files(frame, query, path, file_format, options=None, partition_by=()):
    """Append rows to files of a folder."""
    writer = frame.writeStream.format(file_format).outputMode("append").options(**(options or {}))
    writer = writer.partitionBy(*partition_by) if partition_by else writer
    return started(writer.option("path", path), query)


def write_kafka(frame, query, options):
    """Produce rows with the columns `key` and `value` to a Kafka topic."""
    writer = frame.writeStream.format("kafka").outputMode("append").options(**options)
    return started(writer, query)

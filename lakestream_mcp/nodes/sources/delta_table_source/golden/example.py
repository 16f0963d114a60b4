# lakestream:node=it
# Node: Under test
# Summary: reads rows appended to main.raw.orders

it = read_table(
    "main.raw.orders",
).selectExpr(
    "CAST(id AS BIGINT) AS id",
    "CAST(key AS STRING) AS key",
    "CAST(kind AS STRING) AS kind",
    "CAST(amount AS DOUBLE) AS amount",
    "CAST(note AS STRING) AS note",
    "CAST(at AS TIMESTAMP) AS at",
    "CAST(other AS TIMESTAMP) AS other",
)

# Late by more than the delay is too late. Nothing moves below an observation: were a filter moved
# below the watermark, the rows it drops would no longer advance it.
it = it.withWatermark("at", "10000 milliseconds").observe(
    "lakestream_it",
    F.count(F.lit(1)).alias("rows"),
    F.count("`at`").alias("timed_rows"),
)

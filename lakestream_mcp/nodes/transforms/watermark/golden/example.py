# lakestream:node=it
# Node: Under test
# Summary: takes at as event time, rows up to 20 seconds late

it = spark.sql(
    """
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other
FROM {in_0} AS in_0
""",
    in_0=feed,
)

# Late by more than the delay is too late. Nothing moves below an observation: were a filter moved
# below the watermark, the rows it drops would no longer advance it.
it = it.withWatermark("at", "20000 milliseconds").observe(
    "lakestream_it",
    F.count(F.lit(1)).alias("rows"),
    F.count("`at`").alias("timed_rows"),
)

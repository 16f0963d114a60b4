# lakestream:node=it
# Node: Under test
# Summary: drops rows without positive

it_rows = feed.observe(
    "lakestream_it",
    F.count(F.lit(1)).alias("rows"),
    F.count(F.when(~F.expr("COALESCE(amount > 0, FALSE)"), 1)).alias("positive"),
)

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
WHERE
  COALESCE(amount > 0, FALSE)
""",
    in_0=it_rows,
)

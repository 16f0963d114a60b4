# lakestream:node=it
# Node: Under test
# Summary: selects *, amount * 2 AS twice

it = spark.sql(
    """
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other,
  CAST(amount * 2 AS DOUBLE) AS twice
FROM {in_0} AS in_0
""",
    in_0=feed,
)

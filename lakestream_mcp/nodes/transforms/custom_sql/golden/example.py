# lakestream:node=it
# Node: Under test
# Summary: runs SELECT *, amount * 2 AS doubled FROM in_0 WHERE amount > 1

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
  CAST(amount * 2 AS DOUBLE) AS doubled
FROM {in_0} AS in_0
WHERE
  amount > 1
""",
    in_0=feed,
)

# lakestream:node=it
# Node: Under test
# Summary: sends rows to the first route that matches of big, the rest to other

it_big = spark.sql(
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
  COALESCE(amount > 1, FALSE)
""",
    in_0=feed,
)

it_other = spark.sql(
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
  NOT COALESCE(amount > 1, FALSE)
""",
    in_0=feed,
)

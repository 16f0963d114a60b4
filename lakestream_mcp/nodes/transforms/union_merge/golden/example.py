# lakestream:node=it
# Node: Under test
# Summary: merges its inputs by column name

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
UNION ALL
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other
FROM {in_1} AS in_1
""",
    in_0=feed,
    in_1=other,
)

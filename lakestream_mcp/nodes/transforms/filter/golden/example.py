# lakestream:node=it
# Node: Under test
# Summary: keeps rows where amount > 1

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
  amount > 1
""",
    in_0=feed,
)

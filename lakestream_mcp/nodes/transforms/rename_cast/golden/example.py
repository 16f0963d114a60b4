# lakestream:node=it
# Node: Under test
# Summary: turns note to remark as string

it = spark.sql(
    """
SELECT
  id,
  key,
  kind,
  amount,
  note AS remark,
  at,
  other
FROM {in_0} AS in_0
""",
    in_0=feed,
)

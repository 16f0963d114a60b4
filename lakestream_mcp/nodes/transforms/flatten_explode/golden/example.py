# lakestream:node=it
# Node: Under test
# Summary: flattens items

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
  tags,
  readings,
  CAST(element.`sku` AS STRING) AS sku,
  CAST(element.`n` AS INT) AS n
FROM (
  SELECT
    id,
    key,
    kind,
    amount,
    note,
    at,
    other,
    items,
    tags,
    readings,
    POSEXPLODE(items) AS (position, element)
  FROM {in_0} AS in_0
) AS exploded
""",
    in_0=feed,
)

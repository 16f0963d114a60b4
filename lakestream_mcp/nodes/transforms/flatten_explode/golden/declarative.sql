-- lakestream:node=it type=flatten-explode
-- Node: Under test
-- Summary: flattens items
-- lakestream:config={"column": "items"}
CREATE TEMPORARY VIEW it AS
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
  FROM STREAM feed
) AS exploded;

-- lakestream:node=it type=map-select
-- Node: Under test
-- Summary: selects *, amount * 2 AS twice
CREATE TEMPORARY VIEW it AS
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other,
  CAST(amount * 2 AS DOUBLE) AS twice
FROM STREAM feed;

-- lakestream:node=it type=custom-sql
-- Node: Under test
-- Summary: runs SELECT *, amount * 2 AS doubled FROM in_0 WHERE amount > 1
CREATE TEMPORARY VIEW it AS
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other,
  CAST(amount * 2 AS DOUBLE) AS doubled
FROM STREAM feed
WHERE
  amount > 1;

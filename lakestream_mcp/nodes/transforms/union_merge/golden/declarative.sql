-- lakestream:node=it type=union-merge
-- Node: Under test
-- Summary: merges its inputs by column name
CREATE TEMPORARY VIEW it AS
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other
FROM STREAM feed
UNION ALL
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other
FROM STREAM other;

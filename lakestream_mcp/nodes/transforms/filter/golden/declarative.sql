-- lakestream:node=it type=filter
-- Node: Under test
-- Summary: keeps rows where amount > 1
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
WHERE
  amount > 1;

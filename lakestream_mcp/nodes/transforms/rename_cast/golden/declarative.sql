-- lakestream:node=it type=rename-cast
-- Node: Under test
-- Summary: turns note to remark as string
CREATE TEMPORARY VIEW it AS
SELECT
  id,
  key,
  kind,
  amount,
  note AS remark,
  at,
  other
FROM STREAM feed;

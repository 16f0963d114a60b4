-- lakestream:node=it type=watermark
-- Node: Under test
-- Summary: takes at as event time, rows up to 20 seconds late
CREATE TEMPORARY VIEW it AS
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other
FROM (
  SELECT
    id,
    key,
    kind,
    amount,
    note,
    at,
    other
  FROM STREAM feed
) WATERMARK at DELAY OF INTERVAL 20 SECONDS AS it_rows;

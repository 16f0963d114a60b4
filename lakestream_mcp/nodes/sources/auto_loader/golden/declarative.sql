-- lakestream:node=it type=auto-loader
-- Node: Under test
-- Summary: reads new json files of /data/in
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
  FROM STREAM READ_FILES(
    '/data/in',
    format => 'json',
    schema => 'id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp'
  )
) WATERMARK at DELAY OF INTERVAL 10 SECONDS AS it_rows;

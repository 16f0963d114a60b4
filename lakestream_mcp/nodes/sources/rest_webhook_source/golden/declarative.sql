-- lakestream:node=it type=rest-webhook-source
-- Node: Under test
-- Summary: takes posted events (none) by way of /Volumes/main/raw/hooks
-- lakestream:config={"columns": "id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp", "event_time": "at", "landing_path": "/Volumes/main/raw/hooks", "watermark_delay": "10 seconds"}
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
    '/Volumes/main/raw/hooks',
    format => 'json',
    schema => 'id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp'
  )
) WATERMARK at DELAY OF INTERVAL 10 SECONDS AS it_rows;

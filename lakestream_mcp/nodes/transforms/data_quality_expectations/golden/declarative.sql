-- lakestream:node=it type=data-quality-expectations
-- Node: Under test
-- Summary: drops rows without positive
-- lakestream:config={"expectations": [{"action": "drop", "constraint": "amount > 0", "name": "positive"}]}
CREATE OR REFRESH PRIVATE STREAMING TABLE it_checked (
  CONSTRAINT positive EXPECT (COALESCE(amount > 0, FALSE)) ON VIOLATION DROP ROW
) AS
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other
FROM STREAM feed;

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
    *
  FROM STREAM it_checked
) WATERMARK at DELAY OF INTERVAL 10 SECONDS AS it_rows;

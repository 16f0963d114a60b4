-- lakestream:node=it type=delta-table-source
-- Node: Under test
-- Summary: reads rows appended to main.raw.orders
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
    CAST(id AS BIGINT) AS id,
    CAST(key AS STRING) AS key,
    CAST(kind AS STRING) AS kind,
    CAST(amount AS DOUBLE) AS amount,
    CAST(note AS STRING) AS note,
    CAST(at AS TIMESTAMP) AS at,
    CAST(other AS TIMESTAMP) AS other
  FROM STREAM main.raw.orders
) WATERMARK at DELAY OF INTERVAL 10 SECONDS AS it_rows;

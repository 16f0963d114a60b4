-- lakestream:node=it type=kafka-topic
-- Node: Under test
-- Summary: reads JSON records of orders from latest
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
    parsed.id AS id,
    parsed.key AS key,
    parsed.kind AS kind,
    parsed.amount AS amount,
    parsed.note AS note,
    parsed.at AS at,
    parsed.other AS other
  FROM (
    SELECT
      *,
      FROM_JSON(
        CAST(value AS STRING),
        'id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp',
        MAP('mode', 'PERMISSIVE')
      ) AS parsed
    FROM STREAM READ_KAFKA(
      bootstrapServers => 'kafka:9092',
      subscribe => 'orders',
      failOnDataLoss => 'true',
      startingOffsets => 'latest'
    )
  ) AS records
) WATERMARK at DELAY OF INTERVAL 10 SECONDS AS it_rows;

-- lakestream:node=it type=cdc-stream
-- Node: Under test
-- Summary: reads debezium changes of changes
-- lakestream:config={"bootstrap_servers": "kafka:9092", "columns": "id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp", "primary_keys": ["id"], "topics": "changes", "watermark_delay": "10 seconds"}
CREATE TEMPORARY VIEW it AS
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other,
  op,
  source_time
FROM (
  SELECT
    IF(op = 'd', before.id, after.id) AS id,
    IF(op = 'd', before.key, after.key) AS key,
    IF(op = 'd', before.kind, after.kind) AS kind,
    IF(op = 'd', before.amount, after.amount) AS amount,
    IF(op = 'd', before.note, after.note) AS note,
    IF(op = 'd', before.at, after.at) AS at,
    IF(op = 'd', before.other, after.other) AS other,
    op,
    source_time
  FROM (
    SELECT
      COALESCE(parsed.payload.op, parsed.op) AS op,
      TIMESTAMP_MILLIS(
        COALESCE(parsed.payload.source.ts_ms, parsed.source.ts_ms, parsed.payload.ts_ms, parsed.ts_ms)
      ) AS source_time,
      COALESCE(parsed.payload.before, parsed.before) AS before,
      COALESCE(parsed.payload.after, parsed.after) AS after
    FROM (
      SELECT
        *,
        FROM_JSON(
          CAST(value AS STRING),
          'before struct<id:bigint,key:string,kind:string,amount:double,note:string,at:timestamp,other:timestamp>, after struct<id:bigint,key:string,kind:string,amount:double,note:string,at:timestamp,other:timestamp>, op string, ts_ms bigint, source struct<ts_ms:bigint>, payload struct<before:struct<id:bigint,key:string,kind:string,amount:double,note:string,at:timestamp,other:timestamp>,after:struct<id:bigint,key:string,kind:string,amount:double,note:string,at:timestamp,other:timestamp>,op:string,ts_ms:bigint,source:struct<ts_ms:bigint>>',
          MAP('mode', 'PERMISSIVE')
        ) AS parsed
      FROM STREAM READ_KAFKA(
        bootstrapServers => 'kafka:9092',
        subscribe => 'changes',
        failOnDataLoss => 'true',
        startingOffsets => 'latest'
      )
    ) AS records
  ) AS changes
  WHERE
    op IN ('c', 'u', 'd', 'r') AND NOT IF(op = 'd', before.id, after.id) IS NULL
) WATERMARK source_time DELAY OF INTERVAL 10 SECONDS AS it_rows;

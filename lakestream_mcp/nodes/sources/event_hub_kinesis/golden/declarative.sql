-- lakestream:node=it type=event-hub-kinesis
-- Node: Under test
-- Summary: reads json records of orders in Event Hubs
-- lakestream:config={"columns": "id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp", "connection_string": "secret://azure/orders", "event_time": "at", "namespace": "plant-north", "provider": "event-hub", "streams": "orders", "watermark_delay": "10 seconds"}
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
      bootstrapServers => 'plant-north.servicebus.windows.net:9093',
      `kafka.security.protocol` => 'SASL_SSL',
      subscribe => 'orders',
      startingOffsets => 'latest',
      `kafka.sasl.mechanism` => 'PLAIN',
      `kafka.sasl.jaas.config` => CONCAT(
        'kafkashaded.org.apache.kafka.common.security.plain.PlainLoginModule required username="$ConnectionString" password="',
        REPLACE(REPLACE(SECRET('azure', 'orders'), '\\', '\\\\'), '"', '\\"'),
        '";'
      )
    )
  ) AS records
) WATERMARK at DELAY OF INTERVAL 10 SECONDS AS it_rows;

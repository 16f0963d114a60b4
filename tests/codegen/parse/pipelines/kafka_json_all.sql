-- The same without a condition: the whole query is the source.
CREATE OR REFRESH STREAMING TABLE readings AS
SELECT data.* FROM (
  SELECT from_json(CAST(value AS STRING), 'sensor_id STRING, temperature DOUBLE') AS data
  FROM STREAM(read_kafka(bootstrapServers => 'broker:9092', subscribe => 'a, b', `kafka.group.id` => 'lake'))
);

-- JSON of a Kafka topic, parsed where it is read.
CREATE OR REFRESH STREAMING TABLE readings AS
SELECT parsed.* FROM (
  SELECT from_json(CAST(value AS STRING), 'sensor_id STRING, temperature DOUBLE, at TIMESTAMP') AS parsed
  FROM STREAM read_kafka(
    bootstrapServers => 'broker-1:9092,broker-2:9092',
    subscribe => 'readings',
    startingOffsets => 'earliest'
  )
)
WHERE parsed.temperature > 0;

-- A login whose password is in a secret scope.
CREATE OR REFRESH STREAMING TABLE payments AS
SELECT v.* FROM (
  SELECT from_json(CAST(value AS STRING), 'id BIGINT, amount DOUBLE') AS v
  FROM STREAM read_kafka(
    bootstrapServers => 'broker:9093',
    subscribe => 'payments',
    `kafka.security.protocol` => 'SASL_SSL',
    `kafka.sasl.mechanism` => 'SCRAM-SHA-512',
    `kafka.sasl.jaas.config` => concat('kafkashaded.org.apache.kafka.common.security.scram.ScramLoginModule required username="app" password="', secret('kafka', 'password'), '";'),
    failOnDataLoss => false,
    maxOffsetsPerTrigger => 10000
  )
);

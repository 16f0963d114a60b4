-- An option that no field has: the statement is not read as a Kafka source.
CREATE OR REFRESH STREAMING TABLE t AS
SELECT * FROM STREAM read_kafka(bootstrapServers => 'b:9092', subscribePattern => 'orders-.*');

-- Records as they are: the columns of the value are not said.
CREATE OR REFRESH STREAMING TABLE raw_events AS
SELECT * FROM STREAM read_kafka(bootstrapServers => 'broker:9092', subscribe => 'events');

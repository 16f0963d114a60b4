-- Partitions, clustering, properties, schedules: what a node has a place for is kept.
CREATE OR REFRESH STREAMING TABLE main.silver.events
PARTITIONED BY (day)
COMMENT 'per day'
TBLPROPERTIES ('pipelines.reset.allowed' = 'false')
AS SELECT *, CAST(at AS DATE) AS day FROM STREAM(main.raw.events);
CREATE OR REFRESH STREAMING TABLE main.silver.clustered
CLUSTER BY AUTO
SCHEDULE EVERY 1 HOUR
AS SELECT * FROM STREAM(main.raw.events);

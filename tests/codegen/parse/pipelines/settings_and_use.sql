-- SET and USE: schema and catalog complete the names that follow.
USE CATALOG main;
USE SCHEMA raw;
SET pipelines.trigger.interval = '10 seconds';
CREATE OR REFRESH STREAMING TABLE big AS SELECT * FROM STREAM(events) WHERE size > 10;

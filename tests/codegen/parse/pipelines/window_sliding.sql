-- Sliding windows with a condition before and after, and sessions: aggregates, then columns of them.
CREATE TEMPORARY VIEW readings AS
SELECT * FROM STREAM read_files('/r', schema => 'sensor_id STRING, temperature DOUBLE, at TIMESTAMP')
WATERMARK at DELAY OF INTERVAL 2 MINUTES;
CREATE OR REFRESH STREAMING TABLE per_minute AS
SELECT window.start AS since, sensor_id, SUM(temperature) / COUNT(*) AS mean, COUNT(DISTINCT sensor_id) AS sensors
FROM STREAM(readings)
WHERE temperature > 0
GROUP BY window(at, '10 minutes', '5 minutes'), sensor_id
HAVING COUNT(*) > 5;
CREATE OR REFRESH STREAMING TABLE sessions AS
SELECT session_window(at, '5 minutes').end AS until, sensor_id, max(temperature) AS hottest
FROM STREAM(readings)
GROUP BY session_window(at, '5 minutes'), sensor_id;

-- Counts per window: needs a node that keeps windows.
CREATE OR REFRESH STREAMING TABLE per_minute AS
SELECT window(at, '1 minute') AS w, sensor_id, AVG(temperature) AS mean
FROM STREAM(main.iot.readings) WATERMARK at DELAY OF INTERVAL 2 MINUTES
GROUP BY window(at, '1 minute'), sensor_id;

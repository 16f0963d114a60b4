-- Sensors: hints, conversion, quality by condition, alarm table.
CREATE OR REFRESH STREAMING TABLE sensor_bronze AS
SELECT * FROM STREAM read_files('/Volumes/iot/landing', format => 'json', schemaHints => 'reading DOUBLE', maxFilesPerTrigger => 50);
CREATE OR REFRESH STREAMING TABLE sensor_silver AS
SELECT device_id, reading * 1.8 + 32 AS fahrenheit, CAST(ts AS TIMESTAMP) AS at
FROM STREAM(sensor_bronze) WHERE device_id IS NOT NULL AND reading BETWEEN -40 AND 125;
CREATE OR REFRESH STREAMING TABLE sensor_alarms AS
SELECT device_id, at, CASE WHEN fahrenheit > 200 THEN 'critical' ELSE 'warning' END AS level
FROM STREAM(sensor_silver) WHERE fahrenheit > 150;

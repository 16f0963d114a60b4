-- Common table expressions become nodes of their own.
CREATE OR REFRESH STREAMING TABLE hot AS
WITH readings AS (
  SELECT sensor_id, (temperature - 32) * 5 / 9 AS celsius, at FROM STREAM(main.iot.raw)
),
checked AS (
  SELECT * FROM readings WHERE celsius BETWEEN -50 AND 150
)
SELECT sensor_id, celsius FROM checked WHERE celsius > 40;

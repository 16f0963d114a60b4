-- Two dimensions, one after the other.
CREATE OR REFRESH STREAMING TABLE trips AS
SELECT * FROM STREAM read_files('/trips', schema => 'trip_id BIGINT, driver_id BIGINT, zone_id INT, fare DOUBLE');
CREATE OR REFRESH STREAMING TABLE trips_full AS
SELECT t.trip_id, d.driver, z.zone, t.fare
FROM STREAM(trips) t
LEFT JOIN main.dim.drivers d ON t.driver_id = d.driver_id
LEFT JOIN main.dim.zones z ON t.zone_id = z.zone_id;

-- A watermark behind what is read for the first time belongs to the source.
CREATE OR REFRESH STREAMING TABLE events AS
SELECT id, at FROM STREAM(main.raw.events) WATERMARK at DELAY OF INTERVAL 10 MINUTES WHERE id > 0;

-- A temporary live view between two tables.
CREATE TEMPORARY STREAMING LIVE VIEW clean AS
SELECT * FROM STREAM(LIVE.events) WHERE event_id IS NOT NULL;
CREATE STREAMING LIVE TABLE events AS SELECT * FROM STREAM read_files('/events', schema => 'event_id STRING, kind STRING');
CREATE STREAMING LIVE TABLE clicks AS SELECT event_id FROM STREAM(LIVE.clean) WHERE kind = 'click';

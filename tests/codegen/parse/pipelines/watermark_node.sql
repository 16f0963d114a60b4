-- A watermark over a dataset of the file is a node.
CREATE OR REFRESH STREAMING TABLE raw AS SELECT * FROM STREAM read_files('/raw', schema => 'id BIGINT, at TIMESTAMP');
CREATE OR REFRESH STREAMING TABLE timed AS
SELECT * FROM STREAM(raw) WATERMARK at DELAY OF INTERVAL '1' HOUR AS r WHERE r.id IS NOT NULL;

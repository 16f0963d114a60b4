-- Columns under other names and types, all of them named: types are known from the reader.
CREATE TEMPORARY VIEW raw AS
SELECT * FROM STREAM read_files('/in', format => 'csv', header => true, schema => 'a STRING, b STRING, c STRING');
CREATE OR REFRESH STREAMING TABLE typed AS
SELECT CAST(a AS BIGINT) AS id, b, TRY_CAST(c AS DOUBLE) AS price FROM STREAM(raw);
CREATE OR REFRESH STREAMING TABLE renamed AS
SELECT a AS id, CAST(b AS INT) AS b, c FROM STREAM(raw);

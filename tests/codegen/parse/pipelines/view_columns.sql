-- A view whose column list renames by order: refused, since a renamed column would be lost.
CREATE TEMPORARY VIEW named (number, what) AS
SELECT id, kind FROM STREAM read_files('/x', schema => 'id BIGINT, kind STRING');
CREATE OR REFRESH STREAMING TABLE t AS SELECT number FROM STREAM(named);

-- row_number over a stream: refused, with the node that does it.
CREATE OR REFRESH STREAMING TABLE newest AS
SELECT * FROM STREAM(main.raw.users) QUALIFY row_number() OVER (PARTITION BY id ORDER BY at DESC) = 1;

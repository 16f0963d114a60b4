-- UNION without ALL would have to remember every row.
CREATE OR REFRESH STREAMING TABLE ids AS
SELECT id FROM STREAM(main.raw.a) UNION SELECT id FROM STREAM(main.raw.b);

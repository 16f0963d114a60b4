-- A stream has no order and no end.
CREATE OR REFRESH STREAMING TABLE top AS
SELECT id, amount FROM STREAM(main.raw.orders) ORDER BY amount DESC LIMIT 10;

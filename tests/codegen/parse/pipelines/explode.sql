-- Several rows of one, in a view between tables.
CREATE OR REFRESH STREAMING TABLE items AS
SELECT order_id, explode(items) AS item FROM STREAM(main.raw.orders);

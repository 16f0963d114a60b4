-- Columns of a dimension for each row of a stream.
CREATE OR REFRESH STREAMING TABLE orders AS
SELECT * FROM STREAM read_files('/orders', schema => 'order_id BIGINT, customer_id BIGINT, amount DOUBLE');
CREATE OR REFRESH STREAMING TABLE orders_enriched AS
SELECT o.*, c.region, c.segment
FROM STREAM(orders) AS o
LEFT JOIN main.crm.customers AS c ON o.customer_id = c.id;

-- Both sides have a column of the same name.
CREATE OR REFRESH STREAMING TABLE orders AS
SELECT * FROM STREAM read_files('/orders', schema => 'id BIGINT, customer_id BIGINT, name STRING');
CREATE OR REFRESH STREAMING TABLE named AS
SELECT o.id, o.name AS product, c.name AS customer
FROM STREAM(orders) o INNER JOIN main.crm.customers c ON c.id = o.customer_id;

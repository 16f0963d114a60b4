-- USING, and columns of both sides without qualifiers.
CREATE OR REFRESH STREAMING TABLE orders AS
SELECT * FROM STREAM read_files('/orders', schema => 'order_id BIGINT, product_id BIGINT, quantity INT');
CREATE OR REFRESH STREAMING TABLE priced AS
SELECT order_id, quantity * price AS total
FROM STREAM(orders)
JOIN main.shop.products USING (product_id)
WHERE discontinued = false;

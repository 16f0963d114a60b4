-- One table that keeps some rows of another one.
CREATE OR REFRESH STREAMING TABLE big_orders AS
SELECT * FROM STREAM(main.sales.orders) WHERE amount > 1000 AND country IN ('DE', 'FR');

-- A gold aggregate: no stream can do this without a window.
CREATE OR REFRESH STREAMING TABLE sales AS
SELECT * FROM STREAM read_files('/sales', schema => 'region STRING, amount DOUBLE, at TIMESTAMP');
CREATE OR REFRESH MATERIALIZED VIEW sales_by_region AS
SELECT region, SUM(amount) AS total, COUNT(*) AS orders FROM sales GROUP BY region;

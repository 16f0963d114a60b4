-- A join that is not by equal keys: kept as SQL, and refused.
CREATE OR REFRESH STREAMING TABLE orders AS
SELECT * FROM STREAM read_files('/orders', schema => 'id BIGINT, amount DOUBLE');
CREATE OR REFRESH STREAMING TABLE banded AS
SELECT o.id, b.band FROM STREAM(orders) o JOIN main.dim.bands b ON o.amount BETWEEN b.low AND b.high;

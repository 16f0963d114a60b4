-- A join of streams without a bound on their times keeps rows for ever: kept as SQL, and refused.
CREATE OR REFRESH STREAMING TABLE a AS
SELECT * FROM STREAM read_files('/a', format => 'json', schema => 'id BIGINT, at TIMESTAMP');
CREATE OR REFRESH STREAMING TABLE b AS
SELECT * FROM STREAM read_files('/b', format => 'json', schema => 'id BIGINT, at TIMESTAMP');
CREATE OR REFRESH STREAMING TABLE c AS
SELECT a.id, b.at FROM STREAM(a) WATERMARK at DELAY OF INTERVAL 1 HOUR
JOIN STREAM(b) WATERMARK at DELAY OF INTERVAL 1 HOUR ON a.id = b.id AND b.at >= a.at;

-- Impressions and the clicks on them, within an hour: a join of two streams, each with its watermark.
CREATE OR REFRESH STREAMING TABLE impressions AS
SELECT * FROM STREAM read_files('/Volumes/ads/raw/imp', format => 'json', schema => 'ad_id STRING, imp_time TIMESTAMP, cost DOUBLE');
CREATE OR REFRESH STREAMING TABLE clicks AS
SELECT * FROM STREAM read_files('/Volumes/ads/raw/clicks', format => 'json', schema => 'ad_id STRING, click_time TIMESTAMP, cost DOUBLE');
CREATE OR REFRESH STREAMING TABLE joined AS
SELECT i.ad_id, imp_time, c.cost AS paid
FROM STREAM(impressions) WATERMARK imp_time DELAY OF INTERVAL 2 HOURS AS i
LEFT JOIN STREAM(clicks) WATERMARK click_time DELAY OF INTERVAL 3 HOURS AS c
ON c.ad_id = i.ad_id AND c.click_time > i.imp_time AND c.click_time <= i.imp_time + INTERVAL 1 HOUR
WHERE i.cost > 0.5;

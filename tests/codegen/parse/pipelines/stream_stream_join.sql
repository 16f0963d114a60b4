-- Two streams: rows wait for their partners.
CREATE OR REFRESH STREAMING TABLE matched AS
SELECT i.ad_id, c.clicked_at
FROM STREAM(main.ads.impressions) WATERMARK shown_at DELAY OF INTERVAL 10 MINUTES AS i
JOIN STREAM(main.ads.clicks) WATERMARK clicked_at DELAY OF INTERVAL 20 MINUTES AS c
ON i.ad_id = c.ad_id AND c.clicked_at BETWEEN i.shown_at AND i.shown_at + INTERVAL 1 HOUR;

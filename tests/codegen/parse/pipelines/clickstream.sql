-- Clicks with campaign names; strings with quotes, semicolons and remarks inside.
CREATE OR REFRESH STREAMING TABLE clicks AS
SELECT * FROM STREAM read_files('/clicks', format => 'json', schema => 'user STRING, url STRING, campaign STRING, at TIMESTAMP');
CREATE OR REFRESH STREAMING TABLE campaigns /* a remark; with a semicolon */ AS
SELECT user, split(url, '\\?')[0] AS page, coalesce(campaign, 'it''s; -- none') AS campaign -- the default
FROM STREAM(clicks)
WHERE url NOT LIKE '%/health%';

-- Each branch says where its rows came from.
CREATE OR REFRESH STREAMING TABLE events AS
SELECT id, at, 'web' AS channel FROM STREAM(main.raw.web)
UNION ALL
SELECT id, at, 'app' AS channel FROM STREAM(main.raw.app) WHERE NOT test
UNION ALL
SELECT number AS id, created AS at, 'shop' AS channel FROM STREAM(main.raw.shop);

-- lakestream:node=it type=window-aggregate
-- Node: Under test
-- Summary: computes sum(amount) every 5 minutes by key
-- lakestream:config={"aggregations": [{"column": "amount", "function": "sum"}], "duration": "5 minutes", "group_by": ["key"]}
CREATE TEMPORARY VIEW it AS
SELECT
  CAST(WINDOW(`at`, '5 minutes').start AS TIMESTAMP) AS window_start,
  CAST(WINDOW(`at`, '5 minutes').end AS TIMESTAMP) AS window_end,
  key,
  CAST(SUM(amount) AS DOUBLE) AS sum_amount
FROM STREAM feed
GROUP BY
  key,
  WINDOW(`at`, '5 minutes');

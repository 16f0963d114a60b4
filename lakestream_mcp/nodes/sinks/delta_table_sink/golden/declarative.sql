-- lakestream:node=it type=delta-table-sink
-- Node: Under test
-- Summary: appends rows to main.out.matches
CREATE OR REFRESH STREAMING TABLE main.`out`.matches AS
SELECT
  *
FROM STREAM feed;

-- lakestream:node=it type=split-router
-- Node: Under test
-- Summary: sends rows to the first route that matches of big, the rest to other
-- lakestream:config={"routes": [{"condition": "amount > 1", "name": "big"}]}
CREATE TEMPORARY VIEW it_big AS
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other
FROM STREAM feed
WHERE
  COALESCE(amount > 1, FALSE);

CREATE TEMPORARY VIEW it_other AS
SELECT
  id,
  key,
  kind,
  amount,
  note,
  at,
  other
FROM STREAM feed
WHERE
  NOT COALESCE(amount > 1, FALSE);

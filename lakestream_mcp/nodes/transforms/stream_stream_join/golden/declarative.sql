-- lakestream:node=it type=stream-stream-join
-- Node: Under test
-- Summary: joins left and right by key, left at most 5 minutes before and 0 seconds after right
-- lakestream:config={"keys": ["key"], "right_prefix": "r_", "within_before": "5 minutes"}
CREATE TEMPORARY VIEW it AS
SELECT
  CAST(COALESCE(in_0.key, in_1.key) AS STRING) AS key,
  in_0.id,
  in_0.kind,
  in_0.amount,
  in_0.note,
  in_0.at,
  in_0.other,
  in_1.id AS r_id,
  in_1.kind AS r_kind,
  in_1.amount AS r_amount,
  in_1.note AS r_note,
  in_1.at AS r_at,
  in_1.other AS r_other
FROM (
  SELECT
    id,
    key,
    kind,
    amount,
    note,
    at,
    other
  FROM STREAM feed_left AS in_0
  WHERE
    NOT at IS NULL
) AS in_0
JOIN (
  SELECT
    id,
    key,
    kind,
    amount,
    note,
    at,
    other
  FROM STREAM feed_right AS in_1
  WHERE
    NOT at IS NULL
) AS in_1
  ON in_0.key = in_1.key
  AND in_0.at >= in_1.at - INTERVAL '300' SECOND
  AND in_0.at <= in_1.at + INTERVAL '0' SECOND;

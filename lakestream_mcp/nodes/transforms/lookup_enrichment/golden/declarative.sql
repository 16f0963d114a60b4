-- lakestream:node=it type=lookup-enrichment
-- Node: Under test
-- Summary: looks up key in main.shop.people
CREATE TEMPORARY VIEW it AS
SELECT
  in_0.id,
  in_0.key,
  in_0.kind,
  in_0.amount,
  in_0.note,
  in_0.at,
  in_0.other,
  in_1.region,
  in_1.age
FROM STREAM feed AS in_0
LEFT JOIN main.shop.people AS in_1
  ON in_0.key = in_1.name;

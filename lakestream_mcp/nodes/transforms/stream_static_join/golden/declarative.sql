-- lakestream:node=it type=stream-static-join
-- Node: Under test
-- Summary: adds columns of main.shop.people by key
-- lakestream:config={"static_columns": "name string, region string, age int"}
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

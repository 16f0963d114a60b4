# lakestream:node=it
# Node: Under test
# Summary: looks up key in main.shop.people

it = spark.sql(
    """
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
FROM {in_0} AS in_0
LEFT JOIN {in_1} AS in_1
  ON in_0.key = in_1.name
""",
    in_0=feed,
    in_1=static_table("main.shop.people"),
)

# lakestream:node=it
# Node: Under test
# Summary: computes sum(amount) every 5 minutes by key

it = spark.sql(
    """
SELECT
  CAST(WINDOW(`at`, '5 minutes').start AS TIMESTAMP) AS window_start,
  CAST(WINDOW(`at`, '5 minutes').end AS TIMESTAMP) AS window_end,
  key,
  CAST(SUM(amount) AS DOUBLE) AS sum_amount
FROM {in_0} AS in_0
GROUP BY
  key,
  WINDOW(`at`, '5 minutes')
""",
    in_0=feed,
)

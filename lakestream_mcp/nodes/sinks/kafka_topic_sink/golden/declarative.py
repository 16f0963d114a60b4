# lakestream:node=it
# Node: Under test
# Summary: writes rows as JSON to topic alerts

dp.create_sink(
    "it",
    "kafka",
    {"kafka.bootstrap.servers": "kafka:9092", "topic": "alerts"},
)


@dp.append_flow(target="it")
def flow_it():
    return spark.sql("""
SELECT
  TO_JSON(
    STRUCT(id AS id, key AS key, kind AS kind, amount AS amount, note AS note, at AS at, other AS other)
  ) AS value
FROM STREAM feed
""")

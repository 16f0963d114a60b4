# lakestream:node=it
# Node: Under test
# Summary: writes rows as JSON to topic alerts

write_kafka(
    feed.selectExpr("TO_JSON(STRUCT(id, key, kind, amount, note, at, other)) AS value"),
    "it",
    {
        "kafka.bootstrap.servers": "kafka:9092",
        "topic": "alerts",
    },
)

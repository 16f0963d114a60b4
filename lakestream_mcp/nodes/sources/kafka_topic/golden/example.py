# lakestream:node=it
# Node: Under test
# Summary: reads JSON records of orders from latest

it = (
    read_kafka(
        {
            "kafka.bootstrap.servers": "kafka:9092",
            "subscribe": "orders",
            "failOnDataLoss": "true",
            "startingOffsets": "latest",
        }
    )
    .withColumn(
        "parsed",
        json_value(
            F.col("value"),
            "id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp",
            {"mode": "PERMISSIVE"},
        ),
    )
    .selectExpr(
        "parsed.id AS id",
        "parsed.key AS key",
        "parsed.kind AS kind",
        "parsed.amount AS amount",
        "parsed.note AS note",
        "parsed.at AS at",
        "parsed.other AS other",
    )
)

# Late by more than the delay is too late. Nothing moves below an observation: were a filter moved
# below the watermark, the rows it drops would no longer advance it.
it = it.withWatermark("at", "10000 milliseconds").observe(
    "lakestream_it",
    F.count(F.lit(1)).alias("rows"),
    F.count("`at`").alias("timed_rows"),
)

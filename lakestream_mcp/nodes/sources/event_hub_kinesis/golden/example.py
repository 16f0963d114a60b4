# lakestream:node=it
# Node: Under test
# Summary: reads json records of orders in Event Hubs

it = (
    read_kafka(
        {
            "kafka.bootstrap.servers": "plant-north.servicebus.windows.net:9093",
            "kafka.security.protocol": "SASL_SSL",
            "subscribe": "orders",
            "startingOffsets": "latest",
            **kafka_login("PLAIN", "$ConnectionString", secret("azure", "orders")),
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

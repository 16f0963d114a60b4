# lakestream:node=it
# Node: Under test
# Summary: reads debezium changes of changes

it = (
    read_kafka(
        {
            "kafka.bootstrap.servers": "kafka:9092",
            "subscribe": "changes",
            "failOnDataLoss": "true",
            "startingOffsets": "latest",
        }
    )
    .withColumn(
        "parsed",
        json_value(
            F.col("value"),
            "before struct<id:bigint,key:string,kind:string,amount:double,note:string,at:timestamp,other:timestamp>, after struct<id:bigint,key:string,kind:string,amount:double,note:string,at:timestamp,other:timestamp>, op string, ts_ms bigint, source struct<ts_ms:bigint>, payload struct<before:struct<id:bigint,key:string,kind:string,amount:double,note:string,at:timestamp,other:timestamp>,after:struct<id:bigint,key:string,kind:string,amount:double,note:string,at:timestamp,other:timestamp>,op:string,ts_ms:bigint,source:struct<ts_ms:bigint>>",
            {"mode": "PERMISSIVE"},
        ),
    )
    .selectExpr(
        "value",
        "COALESCE(parsed.payload.op, parsed.op) AS op",
        "TIMESTAMP_MILLIS(COALESCE(parsed.payload.source.ts_ms, parsed.source.ts_ms, parsed.payload.ts_ms, parsed.ts_ms)) AS source_time",
        "COALESCE(parsed.payload.before, parsed.before) AS before",
        "COALESCE(parsed.payload.after, parsed.after) AS after",
    )
    .withColumn(
        "known",
        F.coalesce(
            F.expr("op IN ('c', 'u', 'd', 'r') AND NOT IF(op = 'd', before.id, after.id) IS NULL"),
            F.lit(False),
        ),
    )
    .observe(
        "lakestream_it_changes",
        F.count_if(F.col("value").isNull()).alias("tombstones"),
        F.count_if(F.col("value").isNotNull() & ~F.col("known")).alias("skipped"),
    )
    .where("known")
    .selectExpr(
        "IF(op = 'd', before.id, after.id) AS id",
        "IF(op = 'd', before.key, after.key) AS key",
        "IF(op = 'd', before.kind, after.kind) AS kind",
        "IF(op = 'd', before.amount, after.amount) AS amount",
        "IF(op = 'd', before.note, after.note) AS note",
        "IF(op = 'd', before.at, after.at) AS at",
        "IF(op = 'd', before.other, after.other) AS other",
        "op",
        "source_time",
    )
)

# Late by more than the delay is too late. Nothing moves below an observation: were a filter moved
# below the watermark, the rows it drops would no longer advance it.
it = it.withWatermark("source_time", "10000 milliseconds").observe(
    "lakestream_it",
    F.count(F.lit(1)).alias("rows"),
    F.count("`source_time`").alias("timed_rows"),
)

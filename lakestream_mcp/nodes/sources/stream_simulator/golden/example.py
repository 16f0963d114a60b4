# lakestream:node=it
# Node: Under test
# Summary: makes up 10 iot-sensors events per second

# The source counts; every value is computed from the count, so that a test sees the same events.
it = (
    spark.readStream.format("rate-micro-batch")
    .options(
        rowsPerBatch=10,
        advanceMillisPerBatch=1000,
        numPartitions=4,
    )
    .load()
    .selectExpr("value AS id")
    .selectExpr(
        "CAST(concat('sensor_', lpad(CAST(CAST((xxhash64('0:sensor_id', id) & 9007199254740991) / 9007199254740992D * 50 AS BIGINT) + 1 AS STRING), 2, '0')) AS STRING) AS sensor_id",
        "CAST(concat('device_', lpad(CAST(CAST((xxhash64('0:device_id', id) & 9007199254740991) / 9007199254740992D * 20 AS BIGINT) + 1 AS STRING), 2, '0')) AS STRING) AS device_id",
        "CAST(CAST(CAST((xxhash64('0:temperature', id) & 9007199254740991) / 9007199254740992D * 8001 AS BIGINT) + 1500 AS DOUBLE) / 100D AS DOUBLE) AS temperature",
        "CAST(CAST(CAST((xxhash64('0:humidity', id) & 9007199254740991) / 9007199254740992D * 7001 AS BIGINT) + 2000 AS DOUBLE) / 100D AS DOUBLE) AS humidity",
        "timestamp_micros(1767225600000000 + id * 1000000 DIV 10) AS event_time",
    )
)

# Late by more than the delay is too late. Nothing moves below an observation: were a filter moved
# below the watermark, the rows it drops would no longer advance it.
it = it.withWatermark("event_time", "10000 milliseconds").observe(
    "lakestream_it",
    F.count(F.lit(1)).alias("rows"),
    F.count("`event_time`").alias("timed_rows"),
)

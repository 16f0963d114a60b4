# lakestream:node=it
# Node: Under test
# Summary: prediction = fraud(amount, kind), double

it = feed.withColumn(
    "prediction",
    endpoint_column(
        Endpoint(
            endpoint_access(),
            "fraud",
            output="double",
            returns="double",
            timeout_s=30.0,
            retries=5,
            on_error="fail",
        ),
        inputs=[("amount", "double"), ("kind", "string")],
        batch_rows=100,
        concurrency=4,
    ),
)

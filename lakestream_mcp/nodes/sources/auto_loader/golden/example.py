# lakestream:node=it
# Node: Under test
# Summary: reads new json files of /data/in

it = read_files(
    "/data/in",
    "json",
    "id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp",
)

# Late by more than the delay is too late. Nothing moves below an observation: were a filter moved
# below the watermark, the rows it drops would no longer advance it.
it = it.withWatermark("at", "10000 milliseconds").observe(
    "lakestream_it",
    F.count(F.lit(1)).alias("rows"),
    F.count("`at`").alias("timed_rows"),
)

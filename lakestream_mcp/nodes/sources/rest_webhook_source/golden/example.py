# lakestream:node=it
# Node: Under test
# Summary: takes posted events (none) by way of /Volumes/main/raw/hooks

it = read_files(
    "/Volumes/main/raw/hooks",
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

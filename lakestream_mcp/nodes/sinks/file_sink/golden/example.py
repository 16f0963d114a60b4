# lakestream:node=it
# Node: Under test
# Summary: writes json files to /data/out

write_files(
    feed,
    "it",
    "/data/out",
    "json",
)

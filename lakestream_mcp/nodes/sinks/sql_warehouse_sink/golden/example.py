# lakestream:node=it
# Node: Under test
# Summary: merges rows into main.out.matches by warehouse w1

write_warehouse(
    feed,
    "it",
    "main.out.matches",
    columns=[
        ("id", "bigint"),
        ("key", "string"),
        ("kind", "string"),
        ("amount", "double"),
        ("note", "string"),
        ("at", "timestamp"),
        ("other", "timestamp"),
    ],
    keys=["key"],
    sequence_by="at",
    warehouse_id="w1",
    staging="/Volumes/main/default/lakestream/staging",
)

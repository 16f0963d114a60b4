# lakestream:node=it
# Node: Under test
# Summary: merges features into main.out.features by key

write_feature_table(
    feed,
    "it",
    "main.out.features",
    columns=[
        ("id", "bigint"),
        ("key", "string"),
        ("kind", "string"),
        ("amount", "double"),
        ("note", "string"),
        ("at", "timestamp"),
        ("other", "timestamp"),
    ],
    keys=["key", "at"],
    timeseries="at",
    sequence_by=None,
    comment=None,
)

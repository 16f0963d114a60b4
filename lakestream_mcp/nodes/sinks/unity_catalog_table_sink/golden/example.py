# lakestream:node=it
# Node: Under test
# Summary: appends rows to main.out.matches

write_table(
    feed,
    "it",
    "main.out.matches",
)

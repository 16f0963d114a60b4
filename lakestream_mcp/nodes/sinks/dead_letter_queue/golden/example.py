# lakestream:node=it
# Node: Under test
# Summary: keeps refused rows in main.out.dead

write_table(
    dead_letter_rows(
        feed,
        None,
        "it",
        True,
    ),
    "it",
    "main.out.dead",
)

# lakestream:node=it
# Node: Under test
# Summary: writes rows to public.matches of db.example.com

write_postgres(
    feed,
    "it",
    {
        "host": "db.example.com",
        "port": 5432,
        "dbname": "databricks_postgres",
        "sslmode": "require",
        "sslrootcert": "",
    },
    lambda: {"user": "me", "password": secret("db", "password")},
    ["public", "matches"],
    columns=[
        ("id", "bigint"),
        ("key", "text"),
        ("kind", "text"),
        ("amount", "double precision"),
        ("note", "text"),
        ("at", "timestamptz"),
        ("other", "timestamptz"),
    ],
    keys=["key"],
    sequence_by="at",
    update=True,
)

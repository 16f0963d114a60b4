# lakestream:node=it
# Node: Under test
# Summary: sends each row to https://example.com/hook

send_alerts(
    feed,
    "it",
    webhook_message(),
    HttpEndpoint(
        url="https://example.com/hook",
        method="POST",
        timeout_s=10.0,
    ),
    log_table="main.default.lakestream_deliveries",
    id_column=None,
    remember_s=604800,
    max_per_minute=600,
    over_limit="wait",
    connections=1,
    tries=5,
    longest_wait_s=60.0,
    give_up_after=3,
)

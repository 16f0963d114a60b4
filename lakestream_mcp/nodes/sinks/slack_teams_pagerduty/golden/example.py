# lakestream:node=it
# Node: Under test
# Summary: sends a message per row to Slack

send_alerts(
    feed,
    "it",
    slack_message(
        text="{key}: {amount:.2}",
    ),
    HttpEndpoint(
        url=secret("alerts", "slack"),
        timeout_s=10.0,
    ),
    summary=slack_message(
        text="{count} more alerts were held back by the rate limit; the log of deliveries has them.",
    ),
    log_table="main.default.lakestream_deliveries",
    id_column=None,
    remember_s=604800,
    max_per_minute=60,
    over_limit="summary",
    connections=1,
    tries=5,
    longest_wait_s=60.0,
    give_up_after=3,
)

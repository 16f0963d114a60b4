# lakestream:node=it
# Node: Under test
# Summary: sends an e-mail per row to ops@example.com

send_alerts(
    feed,
    "it",
    mail_message(
        sender="lake@example.com",
        to=["ops@example.com"],
        subject="{key}",
        body="{kind} at {at}",
    ),
    SmtpEndpoint(
        host="smtp.example.com",
        port=587,
        security="starttls",
        timeout_s=10.0,
    ),
    summary=mail_message(
        sender="lake@example.com",
        to=["ops@example.com"],
        subject="{count} more alerts were held back by the rate limit; the log of deliveries has them.",
        body="{count} more alerts were held back by the rate limit; the log of deliveries has them.",
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

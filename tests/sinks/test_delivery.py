"""Messages against real servers: refused, slow, broken, then good. Without Spark."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pytest

from .carried import carried
from .servers import Answer, http_server, smtp_server

NAMES = carried("messages", "alerts")
LABELS = {"sink": "here", "batch": 7}
FAST = {
    "tries": 4,
    "longest_wait_s": 1.0,
    "give_up_after": 2,
    "allowed": 100,
    "pace_s": None,
}


def batches(rows: Iterable[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    """Rows as Spark hands them to a partition."""
    yield pa.RecordBatch.from_pylist(
        [{**row, "lakestream_id": row.get("match_id", "x")} for row in rows]
    )


def sent(
    endpoint: Any,
    rows: Iterable[dict[str, Any]],
    message: Any = None,
    summary: Any = None,
    **more: Any,
) -> list[dict[str, Any]]:
    """The log of deliveries of some rows."""
    made = message or NAMES["webhook_message"]()
    log = NAMES["sent_partition"](batches(rows), made, endpoint, LABELS, summary, FAST | more)
    return [entry for batch in log for entry in batch.to_pylist()]


def rows(count: int) -> list[dict[str, Any]]:
    return [{"match_id": f"m{n}", "card": f"c{n}"} for n in range(count)]


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(429, {"Retry-After": "0"}),
        Answer(429, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}),
        Answer(500),
        Answer(503, {"Retry-After": "soon"}),
        Answer(hang_up=True),
        Answer(delay_s=0.6),
    ],
    ids=["429", "429 with a date", "500", "503", "broken", "slow"],
)
def test_trouble_is_tried_again(trouble: Answer) -> None:
    with http_server(trouble, trouble) as server:
        endpoint = NAMES["HttpEndpoint"](server.url, timeout_s=0.3)
        log = sent(endpoint, rows(2))
    assert [(e["id"], e["status"], e["tries"], e["row"]) for e in log] == [
        ("m0", "sent", 3, None),
        ("m1", "sent", 1, None),
    ]
    keys = [r.headers["Idempotency-Key"] for r in server.requests]
    assert keys == ["m0", "m0", "m0", "m1"]
    assert {b["match_id"] for b in server.taken()} == {"m0", "m1"}


def test_a_server_that_keeps_ids_takes_each_message_once() -> None:
    with http_server(Answer(delay_s=0.6), Answer(), Answer(delay_s=0.6)) as server:
        sent(NAMES["HttpEndpoint"](server.url, timeout_s=0.3), rows(3))
    arrived = [r.headers["Idempotency-Key"] for r in server.requests]
    assert len(arrived) == 5
    assert list(dict.fromkeys(arrived)) == ["m0", "m1", "m2"]


def test_one_connection_serves_a_partition() -> None:
    with http_server() as server:
        sent(NAMES["HttpEndpoint"](server.url), rows(50))
    assert server.connections == 1
    assert [r.body["match_id"] for r in server.requests] == [f"m{n}" for n in range(50)]


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413])
def test_what_is_final_is_not_tried_again(status: int) -> None:
    with http_server(Answer(status, {"Location": "http://127.0.0.1:1/"})) as server:
        log = sent(NAMES["HttpEndpoint"](server.url), rows(2))
    assert [(e["status"], e["tries"]) for e in log] == [("failed", 1), ("sent", 1)]
    assert log[0]["error"].startswith(f"{status}: ")
    assert log[0]["row"] == '{"match_id":"m0","card":"c0"}'


def test_a_server_that_asks_for_too_long_a_wait_is_left() -> None:
    with http_server(Answer(429, {"Retry-After": "3600"})) as server:
        log = sent(NAMES["HttpEndpoint"](server.url), rows(1))
    assert (log[0]["status"], log[0]["tries"]) == ("failed", 1)


def test_a_dead_server_costs_a_batch_little() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    endpoint = NAMES["HttpEndpoint"](f"http://127.0.0.1:{port}/")
    log = sent(endpoint, rows(1000), tries=2, longest_wait_s=0.01)
    assert [e["tries"] for e in log] == [2, 2] + [0] * 998
    assert {e["status"] for e in log} == {"failed"}
    assert all(e["row"] for e in log)
    assert log[-1]["error"] == "not tried: 2 messages failed before it"


def test_ten_thousand_alerts_do_not_flood() -> None:
    said = NAMES["slack_message"]("{card}")
    held = NAMES["slack_message"]("{count} more")
    with http_server() as server:
        log = sent(NAMES["HttpEndpoint"](server.url), rows(10_000), said, held, allowed=60)
    assert len(server.requests) == 61
    assert server.requests[-1].body["text"] == "9940 more"
    assert sum(e["status"] == "held" and e["row"] is not None for e in log) == 9940
    assert log[-1]["status"] == "summary sent"


def test_a_pace_is_kept_where_nothing_may_be_lost() -> None:
    with http_server() as server:
        log = sent(NAMES["HttpEndpoint"](server.url), rows(5), allowed=2, pace_s=0.05)
    assert [e["status"] for e in log] == ["sent"] * 5
    assert len(server.requests) == 5


def test_logins_and_keys_reach_the_server() -> None:
    with http_server() as server:
        for login in ({"token": "t"}, {"user": "me", "password": "p:w"}):
            endpoint = NAMES["HttpEndpoint"](
                server.url, "PUT", {"X-Team": "ops"}, login, {"routing_key": "r"}
            )
            sent(endpoint, rows(1))
    first, second = server.requests
    assert (first.method, first.path) == ("PUT", "/hook?to=ops")
    assert first.headers["Authorization"] == "Bearer t"
    assert second.headers["Authorization"] == "Basic " + base64.b64encode(b"me:p:w").decode()
    assert first.headers["X-Team"] == "ops"
    assert first.body == {"match_id": "m0", "card": "c0", "routing_key": "r"}


def test_a_row_that_makes_no_message_ends_nothing() -> None:
    with http_server() as server:
        message = NAMES["slack_message"]("{absent}")
        log = sent(NAMES["HttpEndpoint"](server.url), rows(2), message)
    assert [e["status"] for e in log] == ["failed", "failed"]
    assert not server.requests


MAIL = NAMES["mail_message"]("a@b.c", ["d@e.f"], "{card}", "Card {card}\n.\nend")


def smtp(port: int, **more: Any) -> Any:
    return NAMES["SmtpEndpoint"]("127.0.0.1", port, "none", timeout_s=1.0, **more)


def test_mail_is_sent_by_one_connection_after_a_login() -> None:
    with smtp_server() as server:
        log = sent(smtp(server.port, user="me", password="pw"), rows(3), MAIL)
    assert [e["status"] for e in log] == ["sent"] * 3
    assert server.connections == 1
    assert base64.b64decode(server.logins[0].split()[1]) == b"\0me\0pw"
    assert "Subject: c0" in server.mails[0]
    assert "Card c0" in server.mails[0]


@pytest.mark.parametrize("trouble", ["451 later", "hang up", "421 busy"])
def test_mail_is_tried_again(trouble: str) -> None:
    with smtp_server(trouble) as server:
        log = sent(smtp(server.port), rows(1), MAIL)
    assert [(e["status"], e["tries"]) for e in log] == [("sent", 2)]


def test_mail_that_is_refused_is_logged() -> None:
    with smtp_server("554 spam") as server:
        log = sent(smtp(server.port), rows(1), MAIL)
    assert [(e["status"], e["tries"]) for e in log] == [("failed", 1)]
    assert "spam" in log[0]["error"]

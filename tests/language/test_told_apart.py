"""What is told in passing and makes another thing of the rest: where rows come from, by what two
belong together, what a pattern spares, and what must be asked."""

from __future__ import annotations

from typing import Any

import pytest

from .test_reworded import METRICS, PAYMENTS, said
from .test_rule_edits import changed, configs, draft, judge
from .test_slots import config, edges, types

__all__ = ["judge"]
ORDERS = {"order_id": "string", "customer_id": "string", "status": "string", "total": "double",
          "items": "array<string>", "ts": "timestamp"}  # fmt: skip
CLICKS = {"userId": "string", "page": "string", "eventName": "string", "ts": "timestamp"}
TRUCKS = {"truck_id": "string", "lat": "double", "lon": "double", "ts": "timestamp"}
SENSORS = {"device_id": "string", "humidity": "double", "ts": "timestamp"}
JOINED = "main.a.l (id string, v double, at timestamp) with main.a.r (no string, seen_at timestamp)"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Meter data arrives in /v/raw as json: m string, kwh double, at timestamp. Rows with kwh "
         "> 100 to /v/high as parquet.", {"path": "/v/raw", "format": "json"}),
        ("Tickets are dropped as CSV files under /v/in (plate string, paid double, at timestamp). "
         "Keep paid > 20 and write to main.p.dear.", {"path": "/v/in", "format": "csv"}),
        ("Scanners post to a webhook that lands in /v/scans (parcel string, hub string, at "
         "timestamp). hub = 'x' to main.p.hub.", {"landing_path": "/v/scans"}),
        ("match_recognize over main.b.atm (card string, act string, at timestamp): partition by "
         "card order by at pattern (A{2,} B) within interval '10' minute define A as act = 'no', "
         "B as act = 'ok'. Alert slack.", {"table": "main.b.atm"}),
    ],
)  # fmt: skip
def test_rows_come_from_the_place_whose_columns_are_told(text: str, source: dict[str, Any]) -> None:
    made = said(text)
    first = next(c.node.config for c in made.changes if c.op == "add_node")
    assert {name: first.get(name) for name in source} == source
    assert len(types(made)) == 3


def test_a_row_pattern_keeps_its_time() -> None:
    text = (
        "match_recognize on main.b.atm (card string, act string, at timestamp) partition by card "
        "order by at pattern (A B) within 10 minutes define A as act = 'no', B as act = 'ok'. Slack"
    )
    assert "WITHIN INTERVAL '10' MINUTE" in config(said(text), "match-recognize")["clause"]


@pytest.mark.parametrize(
    ("text", "node", "expected"),
    [
        (f"Left join {JOINED}, id = no, seen at most 2 days after l. To main.a.j.",
         "stream-stream-join",
         {"keys": [{"left": "id", "right": "no"}], "join": "left", "within_before": "2 days",
          "within_after": "0 seconds"}),
        (f"Correlate {JOINED} where the id of l is the no of r, within 1 minute. Slack.",
         "temporal-correlation", {"key": ["id"], "right_key": ["no"], "within": "1 minute"}),
        (f"Correlate {JOINED} where id = no within 1 minute; pair each with the closest one. Slack",
         "temporal-correlation", {"pairing": "nearest"}),
        ("Union of two topics on k:9092, t_a and t_b, read separately, both with id string, v "
         "double, at timestamp. v > 5 to Slack.", "filter", {"condition": "v > 5"}),
    ],
)  # fmt: skip
def test_two_sources_belong_together_as_is_told(
    text: str, node: str, expected: dict[str, Any]
) -> None:
    made = config(said(text), node)
    assert {name: made.get(name) for name in expected} == expected


def test_a_list_of_topics_is_read_as_a_whole() -> None:
    made = said(
        "Read the kafka topics d_a, d_b and d_c at d:9092 separately (door string, at timestamp), "
        "union them, door = 'x' to Slack"
    )
    assert types(made)[:4] == ["kafka-topic", "kafka-topic", "kafka-topic", "union-merge"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("static join with main.r.m (merchant string, city string) on merchant, inner. Then city = "
         "'Oslo' to main.p.o", {"keys": ["merchant"], "select": ["city"], "join": "inner"}),
        ("broadcast join with main.r.m (shop string, city string, size int), merchant = shop, "
         "then size > 3 to main.p.o",
         {"keys": [{"stream": "merchant", "static": "shop"}], "select": ["city", "size"]}),
    ],
)  # fmt: skip
def test_all_columns_of_a_table_that_is_declared_are_added(
    text: str, expected: dict[str, Any]
) -> None:
    made = said(text, PAYMENTS)
    told = config(made, "stream-static-join")
    assert {name: told.get(name) for name in expected} == expected
    assert ("stream-static-join", "filter") in edges(made)
    assert "city" not in config(made, "delta-table-source")["columns"]


@pytest.mark.parametrize(
    ("text", "schema", "node", "expected"),
    [
        ("z-score outlier of humidity per device_id over the last 50 readings. A device without "
         "readings for a week may be forgotten. Slack", SENSORS, "outlier",
         {"forget_after": "7 days"}),
        ("A stuck sensor is one whose humidity stays flat for 20 readings, give or take 1 %, per "
         "device_id. Slack", SENSORS, "trend", {"length": 20, "tolerance_percent": 1}),
        ("Visits of a userId are over after 25 minutes without activity. Visits with fewer than 3 "
         "events are ignored. One row per visit in main.w.v", CLICKS, "session",
         {"gap": "25 minutes", "min_events": 3}),
        ("lifecycle of order_id: status new -> paid, paid -> sent. Every transition to main.a.b",
         ORDERS, "state-machine", {"emit_on": "transition"}),
        ("state machine per order_id on status: new -> paid, new -> void. Slack only when it "
         "reaches void", ORDERS, "state-machine", {"emit_on": ["void"]}),
        ("the rate of orders of a customer_id more than triples compared with the 10 minutes "
         "before: Slack", ORDERS, "velocity", {"comparison": "changed", "factor": 3}),
        ("One row per item of each order (the array is called items; name the new column item) "
         "into main.a.b", ORDERS, "flatten-explode", {"column": "items", "alias": "item"}),
        ("geofence truck_id; zone port: 53.5/9.9 r=1.5km; zone yard: 53.6/10.1 r=300m; slack",
         TRUCKS, "geofence",
         {"zones": [{"name": "port", "latitude": 53.5, "longitude": 9.9, "radius_m": 1500},
                    {"name": "yard", "latitude": 53.6, "longitude": 10.1, "radius_m": 300}]}),
    ],
)  # fmt: skip
def test_what_is_told_beside_a_pattern_is_in_it(
    text: str, schema: dict[str, str], node: str, expected: dict[str, Any]
) -> None:
    made = config(said(text, schema), node)
    assert {name: made.get(name) for name in expected} == expected


def test_a_count_stands_beside_the_sums() -> None:
    text = "per host and hour the average of cpu and how many readings, to main.a.b"
    made = config(said(text, METRICS), "window-aggregate")["aggregations"]
    assert [told["function"] for told in made] == ["avg", "count"]


def test_fields_of_an_array_are_columns_after_it() -> None:
    made = said(
        "kafka topic labs, host l:9092, columns p string, res array<struct<code: string, val: "
        "double>>, at timestamp. Explode res, keep code = 'K' with val > 6, Slack."
    )
    assert config(made, "filter") == {"condition": "code = 'K' AND val > 6"}
    assert config(made, "kafka-topic")["topics"] == ["labs"]


def test_every_way_of_a_route_has_its_own_condition() -> None:
    text = (
        "Route the orders: total >= 1000 go to Slack, status = 'void' go to main.a.v, all the rest "
        "to main.a.r"
    )
    assert [r["condition"] for r in config(said(text, ORDERS), "split-router")["routes"]] == [
        "total >= 1000",
        "status = 'void'",
    ]


@pytest.mark.parametrize(
    ("text", "schema", "about"),
    [
        ("Use our own StatefulProcessor per merchant to score them, to main.a.b", PAYMENTS, "code"),
        ("sessions of userId, 20 minutes gap, that contain a 'buy' (eventName), to main.a.b",
         CLICKS, "session"),
    ],
)  # fmt: skip
def test_what_no_node_does_is_asked_about(text: str, schema: dict[str, str], about: str) -> None:
    made = said(text, schema)
    assert not made.changes
    assert about in " ".join(q.text for q in made.questions).lower()


@pytest.mark.parametrize(
    ("name", "text", "node", "expected"),
    [
        ("revenue", "Make the window slide: one hour long, every 10 minutes.", "sums",
         {"window_type": "sliding", "duration": "1 hour", "slide": "10 minutes"}),
        ("revenue", "a sliding window of one hour with a slide of 10 minutes, please", "sums",
         {"window_type": "sliding", "duration": "1 hour", "slide": "10 minutes"}),
        ("clean", "The table is to be merged by order_id (the newest created_at wins) and moved to "
         "main.sales.v2.", "table",
         {"mode": "merge", "merge_keys": ["order_id"], "sequence_by": "created_at",
          "table": "main.sales.v2"}),
        ("clean", "Repeated orders can come two days later, so remember them that long.", "once",
         {"within": "2 days"}),
        ("takeover", "Put soc@corp.example on the mail as a second recipient.", "mail",
         {"to": ["sec@corp.example", "soc@corp.example"]}),
        ("fraud", "Count at least 5 instead of 3.", "burst", {"threshold": 5}),
    ],
)  # fmt: skip
def test_edits_say_several_things_of_one_node(
    judge: Any, name: str, text: str, node: str, expected: dict[str, Any]
) -> None:
    made = configs(changed(judge, name, text))[node]
    assert {field: made.get(field) for field in expected} == expected


@pytest.mark.parametrize("text", ["set the filter to > 30", "the condition must be below 12"])
def test_one_of_several_filters_is_asked_for(judge: Any, text: str) -> None:
    made = draft(judge, "two_filters", text)
    assert not made.changes
    assert set(made.questions[0].options) == {"warm", "humid"}

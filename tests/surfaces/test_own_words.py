"""What agents write in their own words is read where it can mean one thing, and told."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

Json = dict[str, Any]
AT = "2026-01-01T10:{:02d}:00Z"
FEED: Json = {
    "bootstrap_servers": ["broker-1:9092", "broker-2:9092"],
    "topic": "payments",
    "schema": {"card": "string", "amount": "double", "type": "string", "at": "timestamp"},
}
SEQUENCE: Json = {
    "partition_by": "card",
    "within_minutes": 5,
    "steps": [
        {"name": "small", "condition": "amount < 2"},
        {"name": "large", "where": "amount > 500"},
    ],
}
CHANGES: list[Json] = [
    {"op": "add_node", "id": "feed", "type": "kafka-source", "config": FEED},
    {"op": "add", "node_id": "timed", "type": "watermark", "config": {"column": "at"}}
    | {"after": ["feed"]},
    {"op": "add_node", "id": "probe", "type": "sequence", "config": SEQUENCE, "after": "timed"},
    {"op": "add_node", "id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}},
    {"op": "add_edge", "from": "probe", "to": "out"},
]
ROWS: list[Json] = [
    {"card": "c1", "amount": 1.0, "at": AT.format(0)},
    {"card": "c1", "amount": 900.0, "at": AT.format(3)},
    {"card": "c2", "amount": 1.0, "at": AT.format(3)},
]


@pytest.fixture(scope="module")
def caller(host: Host) -> McpCaller:
    """A client with the pipeline `cards`, made in its own words."""
    caller = McpCaller(host)
    caller.call("create_pipeline", {"id": "cards", "name": "Cards"})
    caller.call("edit_pipeline", {"pipeline_id": "cards", "changes": CHANGES})
    return caller


def ask(caller: McpCaller, operation: str, **arguments: Any) -> Json:
    """An answer about `cards`, which must be no error."""
    answer = caller.call(operation, {"pipeline_id": "cards", **arguments})
    assert "error" not in answer, answer
    return answer


def text_of(caller: McpCaller, operation: str, **arguments: Any) -> str:
    """What a model reads."""
    result = caller.result(operation, {"pipeline_id": "cards", **arguments})
    return "\n".join(getattr(part, "text", "") for part in result.content)


def test_changes_are_read_and_stored_as_declared(caller: McpCaller) -> None:
    document = ask(caller, "get_pipeline", detail="document")["document"]
    configs = {node["id"]: node["config"] for node in document["nodes"]}
    assert configs["feed"]["columns"] == "card string, amount double, type string, at timestamp"
    assert configs["timed"] == {"event_time": "at"}
    assert configs["probe"]["key"] == "card"
    assert configs["probe"]["within"] == "5 minutes"
    assert [step["where"] for step in configs["probe"]["steps"]] == ["amount < 2", "amount > 500"]
    edges = [(edge["source"], edge["target"]) for edge in document["edges"]]
    assert edges == [("feed", "timed"), ("timed", "probe"), ("probe", "out")]
    assert ask(caller, "validate_pipeline")["counts"]["errors"] == 0


def test_what_was_read_is_told(caller: McpCaller) -> None:
    patch = {"time_limit": "4 minutes"}
    changes = [{"op": "update_node", "node": "probe", "config": patch}]
    said = ask(caller, "edit_pipeline", changes=changes, dry_run=True)
    assert said["changed"]["updated"] == ["probe"]
    assert said["notes"] == ["read `node` as `id`", "read `time_limit` as `within` in `probe`"]


def test_a_word_that_may_mean_two_fields_is_not_read(caller: McpCaller) -> None:
    config = {"where": "amount > 1", "threshold": 3, "window": "1 minute", "within": "2 minutes"}
    node = {"id": "many", "type": "count-threshold", "config": config}
    changes = [{"op": "add_node", "node": node, "after": "timed"}]
    said = ask(caller, "edit_pipeline", changes=changes, dry_run=True)
    assert [f["field"] for f in said["findings"] if f["code"] == "UNKNOWN_CONFIG"] == ["within"]
    assert not said["notes"]


@pytest.mark.parametrize(
    ("type_name", "config", "field", "fixed"),
    [
        ("geofence", {"zones": [{"name": "a", "lo": 13.4}]}, "zones.0.lo", None),
        ("window-aggregate", {"aggregations": ["count(*)"], "slid": 3}, "slid", None),
        ("match-recognize", {"phrase": "PATTERN (A) DEFINE A AS TRUE"}, "phrase", "clause"),
        ("session", {"key": "card", "gapp": "5 minutes"}, "gapp", "gap"),
    ],
)
def test_a_fix_gives_a_field_a_value_that_it_takes(
    caller: McpCaller, type_name: str, config: Json, field: str, fixed: str | None
) -> None:
    node = {"id": "tried", "type": type_name, "config": config}
    changes = [{"op": "add_node", "node": node, "after": "timed"}]
    said = ask(caller, "edit_pipeline", changes=changes, dry_run=True)
    (found,) = [f for f in said["findings"] if f.get("field") == field]
    fix = found.get("fix")
    assert (fix is None) if fixed is None else (fixed in fix[0]["config"])


def test_a_comparison_with_null_is_mended(caller: McpCaller) -> None:
    condition = "amount != null AND card <> 'x = NULL'"
    node = {"id": "known", "type": "filter", "config": {"condition": condition}}
    added = ask(caller, "edit_pipeline", changes=[{"op": "add_node", "node": node}])
    (found,) = [f for f in added["findings"] if f["code"] == "NULL_COMPARISON"]
    ask(caller, "edit_pipeline", changes=found["fix"])
    stored = ask(caller, "get_pipeline", detail="node", node="known")["node"]["config"]
    assert stored["condition"] == "amount IS NOT NULL AND card <> 'x = NULL'"
    ask(caller, "edit_pipeline", changes=[{"op": "remove_node", "id": "known"}])


def test_a_document_needs_no_titles_and_a_port_may_follow_its_node(host: Host) -> None:
    expectation = {"name": "sound", "expression": "amount > 0", "action": "quarantine"}
    feed = {"bootstrap_servers": "b:9092", "topics": "t", "columns": "amount double"}
    document = {
        "nodes": [
            {"id": "feed", "type": "kafka-topic", "config": feed},
            {"id": "checked", "type": "data-quality", "config": {"expectations": [expectation]}},
            {"id": "good", "type": "delta-table-sink", "config": {"table": "a.b.good"}},
            {"id": "bad", "type": "delta-table-sink", "config": {"table": "a.b.bad"}},
        ],
        "edges": [
            {"from": "feed", "to": "checked"},
            {"from": "checked", "to": "good"},
            {"source": "checked.quarantine", "target": "bad"},
        ],
    }
    caller = McpCaller(host)
    made = caller.call("create_pipeline", {"name": "Sound rows", "document": document})
    assert made["counts"]["errors"] == 0, made["findings"]
    rows = [{"amount": 1.0}, {"amount": -1.0}]
    asked = {"pipeline_id": "sound-rows", "events": rows}
    said = caller.result("test_pattern", asked).content[0]
    assert "good 1" in getattr(said, "text", "")
    shown = caller.call("preview_node", asked | {"node": "bad"})["rows"]
    assert [row["amount"] for row in shown] == [-1.0]


def test_a_port_that_a_switch_opens_is_opened(host: Host) -> None:
    config: Json = {
        "expectations": [{"name": "sound", "constraint": "amount > 0", "action": "drop"}]
    }
    config["quarantine"] = True
    feed = {"bootstrap_servers": "b:9092", "topics": "t", "columns": "amount double"}
    changes: list[Json] = [
        {"op": "add_node", "id": "feed", "type": "kafka-topic", "config": feed},
        {"op": "add_node", "id": "checked", "type": "expectations", "config": config}
        | {"after": "feed"},
        {"op": "add_node", "id": "bad", "type": "delta-sink", "config": {"table": "a.b.bad"}},
        {"op": "connect", "source": "checked:quarantine", "target": "bad"},
    ]
    caller = McpCaller(host)
    caller.call("create_pipeline", {"id": "opened", "name": "Opened"})
    caller.call("edit_pipeline", {"pipeline_id": "opened", "changes": changes})
    closed = [{"op": "update_node", "id": "checked", "config": {"quarantine": False}}]
    broken = caller.call("edit_pipeline", {"pipeline_id": "opened", "changes": closed})
    assert "UNKNOWN_PORT" in [finding["code"] for finding in broken["findings"]]
    mended = caller.call("validate_pipeline", {"pipeline_id": "opened", "autofix": "apply"})
    assert mended["counts"]["errors"] == 0, mended["findings"]


def test_a_revision_alone_is_the_one_to_restore(host: Host) -> None:
    caller = McpCaller(host)
    for name in ("First", "Second", "Third"):
        change = {"op": "set_pipeline", "name": name}
        if name == "First":
            caller.call("create_pipeline", {"id": "named", "name": name})
        else:
            caller.call("edit_pipeline", {"pipeline_id": "named", "changes": [change]})
    caller.call("restore_revision", {"pipeline_id": "named", "revision": 1})
    assert caller.call("get_pipeline", {"pipeline_id": "named"})["name"] == "First"
    asked = {"pipeline_id": "named", "revision": 1, "mode": "redo"}
    assert caller.call("restore_revision", asked)["error"]["code"] == "INVALID_ARGUMENT"


def test_a_pipeline_is_copied_like_a_template(caller: McpCaller) -> None:
    made = caller.call("create_pipeline", {"template": "cards", "name": "Cards again"})
    assert made["changed"]["added"] == ["feed", "timed", "probe", "out"]
    events = {"pipeline_id": "cards-again", "events": ROWS}
    assert caller.call("test_pattern", events)["counts"]["matches"] == 1


def test_examples_have_times_where_a_node_declares_them(caller: McpCaller) -> None:
    told = ask(caller, "test_pattern", events={"examples": "all"})["examples"]
    within = [e for e in told if e["clause"] == "within"]
    assert {e["expected"]: bool(e["matches"]) for e in within} == {"match": True, "no match": False}
    assert len({row["at"] for row in within[0]["rows"]}) == 2


def test_questions_about_the_newest_run(caller: McpCaller) -> None:
    ask(caller, "test_pattern", events=ROWS)
    missed = ask(caller, "explain_match", key={"card": "c2"})
    assert "c2" in missed["sentences"][0]
    unknown = ask(caller, "explain_match", key={"card": "c9"})
    assert "card = c1; card = c2" in unknown["sentences"][0]
    numbers = [row | {"card": str(number)} for number, row in enumerate(ROWS)]
    ask(caller, "test_pattern", events=numbers)
    assert "card = 2" in ask(caller, "explain_match", key={"card": 2})["sentences"][0]


def test_a_test_tells_what_helps_next(caller: McpCaller) -> None:
    unsorted = [*ROWS, ROWS[0] | {"at": "2026-01-01T09:00:00Z"}]
    said = text_of(caller, "test_pattern", events=unsorted, watermark_delay="1 second")
    assert f"Next: test_pattern(…, batch_rows={len(unsorted)})" in said
    mended = ask(caller, "test_pattern", events=unsorted, batch_rows=len(unsorted))
    assert mended["counts"]["late"] == 0
    nothing = text_of(caller, "test_pattern", events=ROWS[2:])
    assert "rows out of each node: feed 1, timed 1, probe 0, out 0" in nothing
    assert "says why nothing matched" in nothing


def test_an_argument_of_the_wrong_kind_says_which_it_may_be(caller: McpCaller) -> None:
    error = caller.call("test_pattern", {"pipeline_id": "cards", "events": 7})["error"]
    assert error["message"] == "`events` cannot be int."
    assert '{"file": "path"}' in error["expected"]
    error = caller.call("explain_match", {"pipeline_id": "cards", "key": "c1"})["error"]
    assert '{"card": 4711}' in error["expected"]
    listed = caller.call("describe_node_types", {"types": "filter"})
    assert [t["type"] for t in listed["types"]] == ["filter"]


def test_findings_say_each_thing_once(caller: McpCaller) -> None:
    wrong = [
        {"id": "near", "type": "filter", "config": {"condition": "amoun > 1"}},
        {"id": "long", "type": "session", "config": {"key": "card", "gap": 300}},
    ]
    changes = [{"op": "add_node", "node": node, "after": "timed"} for node in wrong]
    said = text_of(caller, "edit_pipeline", changes=changes, dry_run=True)
    lines = [line for line in said.splitlines() if line.startswith("- error")]
    assert [line.count("`amount`") for line in lines if "amoun" in line] == [1]
    assert [line.count("write `6 hours`") for line in lines if "300" in line] == [1]
    assert not any(line.endswith("(amount)") for line in lines)


def test_an_op_may_be_the_key_and_inputs_stand_in_the_node(host: Host) -> None:
    feed = {"bootstrap.servers": "b:9092", "subscribe": "t", "columns": "n int, at timestamp"}
    other = {"path": "more", "format": "json", "columns": "n int, at timestamp"}
    changes: list[Json] = [
        {"add_node": {"id": "feed", "type": "KafkaSource", "config": feed}},
        {"add_node": {"id": "more", "type": "file", "config": other}},
        {"add_node": {"id": "all", "type": "union", "inputs": ["feed", "more"]}},
        {
            "add_node": {"id": "big", "type": "filter", "config": {"predicate": "n > 3"}},
            "after": "all",
        },
        {
            "add_node": {"id": "out", "type": "delta-sink", "config": {"table": "a.b.c"}},
            "after": "big",
        },
        {"rename_node": {"id": "out", "name": "Numbers"}},
    ]
    caller = McpCaller(host)
    caller.call("create_pipeline", {"id": "keyed", "name": "Keyed"})
    made = caller.call("edit_pipeline", {"pipeline_id": "keyed", "changes": changes})
    assert made["counts"]["errors"] == 0, made
    wanted = ["+ feed -> all", "+ more -> all", "+ all -> big", "+ big -> out"]
    assert made["changed"]["edges"] == wanted
    caller.call("edit_pipeline", {"pipeline_id": "keyed", "changes": [{"remove_node": "more"}]})
    read = caller.call("get_pipeline", {"pipeline_id": "keyed", "detail": "document"})["document"]
    assert [n["id"] for n in read["nodes"]] == ["feed", "all", "big", "out"]


@pytest.mark.parametrize(
    ("told", "edges"),
    [
        ("edges_as_pairs", [["feed", "big"], ["big", "out"]]),
        ("edges_as_arrows", ["feed -> big", "big -> out"]),
        ("edges_in_nodes", None),
    ],
)
def test_edges_of_a_document_may_be_written_in_short(host: Host, told: str, edges: Any) -> None:
    feed = {"bootstrap_servers": "b:9092", "topics": "t", "columns": "n int"}
    nodes: list[Json] = [
        {"id": "feed", "type": "kafka-topic", "config": feed},
        {"id": "big", "type": "filter", "config": {"condition": "n > 3"}},
        {"id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}},
    ]
    document: Json = {"nodes": nodes, "edges": edges}
    if edges is None:
        del document["edges"]
        nodes[1]["inputs"], nodes[2]["after"] = ["feed"], "big"
    caller = McpCaller(host)
    made = caller.call("create_pipeline", {"id": told, "name": told, "document": document})
    assert "error" not in made, made
    assert made["counts"]["errors"] == 0, made
    read = caller.call("get_pipeline", {"pipeline_id": told, "detail": "document"})["document"]
    ends = [(edge["source"], edge["target"]) for edge in read["edges"]]
    assert ends == [("feed", "big"), ("big", "out")]


def test_a_node_that_is_there_is_changed_by_the_fix(caller: McpCaller) -> None:
    node = {"id": "timed", "type": "watermark", "config": {"event_time": "at", "delay": "1 minute"}}
    asked = {"pipeline_id": "cards", "changes": [{"op": "add_node", "node": node}]}
    fix = caller.call("edit_pipeline", asked)["error"]["fix"]
    said = ask(caller, "edit_pipeline", changes=fix, dry_run=True)
    assert said["changed"]["updated"] == ["timed"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Time.minutes(10)", "10 minutes"),
        ("Duration.ofHours(2)", "2 hours"),
        ("timedelta(seconds=90)", "90 seconds"),
        ("time(5 min)", "5 minutes"),
    ],
)
def test_durations_of_programs(caller: McpCaller, written: str, meant: str) -> None:
    change = {"op": "update_node", "id": "timed", "config": {"delay": written}}
    for text in (written, meant):
        change["config"]["delay"] = text
        said = ask(caller, "edit_pipeline", changes=[change], dry_run=True)
        assert said["counts"]["errors"] == 0, said["findings"]


def test_a_wrong_kind_of_value_is_told_in_words(caller: McpCaller) -> None:
    config = {"states": {"a": {}}, "transitions": [{"from": "a", "to": "b", "when": "TRUE"}]}
    node = {"id": "life", "type": "state-machine", "config": config}
    said = ask(caller, "edit_pipeline", changes=[{"op": "add_node", "node": node}], dry_run=True)
    (found,) = [f for f in said["findings"] if f.get("field") == "states"]
    assert found["message"] == "`states`: must be a list" and found["hint"] == "Names of all states"


def test_long_code_is_shown_node_by_node(caller: McpCaller) -> None:
    outline = text_of(caller, "get_pipeline", detail="code")
    assert len(outline) < 1_000 and "- probe: lines " in outline
    whole = ask(caller, "generate_code", target="sss", content=True)["files"]["cards.py"]
    part = ask(caller, "get_pipeline", detail="code", node="feed")["shown"]
    assert part.split("\n", 1)[1] in whole and "payments" in part


def test_edges_of_a_document_take_free_ports(host: Host) -> None:
    feed = {"bootstrap_servers": "b:9092", "columns": "p string, at timestamp", "event_time": "at"}
    feed["watermark_delay"] = "1 minute"
    pairing = {"key": "p", "left": "TRUE", "right": "TRUE", "within": "2 min"}
    nodes = [
        {"id": "badge", "type": "kafka", "config": feed | {"topics": "badge"}},
        {"id": "seen", "type": "kafka", "config": feed | {"topics": "seen"}},
        {"id": "both", "type": "correlation", "config": pairing, "inputs": ["badge", "seen"]},
        {"id": "out", "type": "delta", "config": {"table": "a.b.c"}, "inputs": ["both"]},
    ]
    caller = McpCaller(host)
    made = caller.call(
        "create_pipeline", {"id": "doors", "name": "Doors", "document": {"nodes": nodes}}
    )
    assert made["counts"]["errors"] == 0, made
    events = {"badge": [{"p": "a", "at": AT.format(0)}], "seen": [{"p": "a", "at": AT.format(1)}]}
    asked = {"pipeline_id": "doors", "events": events}
    assert caller.call("test_pattern", asked)["counts"]["matches"] == 1


KAFKA: Json = {"bootstrap_servers": "b:9092", "columns": "id bigint, kind string, at timestamp"}
TIMED: Json = {"event_time": "at", "watermark_delay": "1 minute"}


def test_a_type_is_a_sink_where_rows_flow_in(host: Host) -> None:
    routes = {"branches": {"urgent": "kind = 'P1'"}, "default": "rest"}
    changes: list[Json] = [
        {
            "op": "add_source",
            "id": "feed",
            "type": "kafka",
            "config": KAFKA | {"topics": "t"} | TIMED,
        },
        {"op": "add_node", "id": "table", "type": "delta", "config": {"table": "a.b.c"} | TIMED},
        {"op": "add_node", "id": "way", "type": "switch", "config": routes, "after": "feed"},
        {"op": "add_sink", "id": "out", "type": "kafka", "after": "way.urgent"}
        | {"config": {"bootstrap_servers": "b:9092", "topic": "u"}},
        {"op": "add_sink", "id": "kept", "type": "delta", "config": {"table": "a.b.kept"}},
        {"op": "connect", "from": "way:rest", "to": "kept"},
        {"op": "add_sink", "id": "told", "type": "slack", "after": "way.urgent"}
        | {"config": {"webhook": "secret://a/b", "text": "{id}"}},
    ]
    caller = McpCaller(host)
    caller.call("create_pipeline", {"id": "ways", "name": "Ways"})
    caller.call("edit_pipeline", {"pipeline_id": "ways", "changes": changes})
    read = caller.call("get_pipeline", {"pipeline_id": "ways", "detail": "document"})["document"]
    types = {node["id"]: node["type"] for node in read["nodes"]}
    assert types["feed"] == "kafka-topic" and types["table"] == "delta-table-source"
    assert types["out"] == "kafka-topic-sink" and types["kept"] == "delta-table-sink"
    configs = {node["id"]: node["config"] for node in read["nodes"]}
    assert configs["told"]["provider"] == "slack"
    made = caller.call("create_pipeline", {"name": "Copy of ways", "document": read})
    assert (
        made["counts"]["errors"]
        == caller.call("validate_pipeline", {"pipeline_id": "ways"})["counts"]["errors"]
    )


def test_an_unknown_type_names_those_that_are_alike(caller: McpCaller) -> None:
    changes = [{"op": "add_node", "node": {"type": "join"}}]
    error = caller.call("edit_pipeline", {"pipeline_id": "cards", "changes": changes})["error"]
    assert "`stream-static-join` or `stream-stream-join`" in error["hint"]


def test_a_test_tells_how_many_rows_fail_each_expectation(host: Host) -> None:
    caller = McpCaller(host)
    rules = {"positive": "amount > 0", "known": "id IS NOT NULL"}
    feed = {"bootstrap_servers": "b:9092", "topics": "t", "columns": "id string, amount double"}
    nodes = [
        {"id": "feed", "type": "kafka-topic", "config": feed},
        {"id": "checked", "type": "data-quality", "config": {"expectations": rules}},
        {"id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}},
    ]
    document = {"nodes": nodes, "edges": [["feed", "checked"], ["checked", "out"]]}
    made = caller.call("create_pipeline", {"name": "Checked", "document": document})
    rows = [{"id": "a", "amount": -1.0}, {"id": None, "amount": -2.0}, {"id": "b", "amount": 3.0}]
    arguments = {"pipeline_id": made["pipeline_id"], "events": rows}
    run = caller.call("test_pattern", arguments)
    assert run["nodes"]["checked"]["failed"] == {"positive": 2, "known": 1}
    said = [getattr(part, "text", "") for part in caller.result("test_pattern", arguments).content]
    assert 'checked: rows that fail: {"positive":2,"known":1}' in "\n".join(said)

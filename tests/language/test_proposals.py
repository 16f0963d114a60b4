"""A proposal's life: shown, kept for its author alone, accepted into whatever is newest then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakestream_mcp.identity import Identity, LocalUser
from lakestream_mcp.surfaces.host import Host

from ..surfaces.callers import CliCaller, Json, McpCaller, RestCaller
from .conftest import COLUMNS, Asker, Opener
from .drafts import BURST, SOURCE

FILLED: list[dict[str, Any]] = [
    {"op": "add_node", "node": {"id": "orders", "type": "kafka-topic", "config": SOURCE}},
    {
        "op": "add_node",
        "node": {"id": "burst", "type": "count-threshold", "config": BURST},
        "after": "orders",
    },
    {
        "op": "add_node",
        "node": {"id": "alerts", "type": "delta-table-sink", "config": {"table": "main.d.a"}},
        "after": "burst",
    },
]
TEXT = "many big orders of a customer"


@pytest.fixture
def agent(opened: Opener) -> Asker:
    """The calling agent, which fills the form itself."""
    return Asker(opened(), "agent")


def head(host: Host, pipeline_id: str) -> Json:
    return McpCaller(host).call("get_pipeline", {"pipeline_id": pipeline_id, "detail": "document"})


@pytest.mark.parametrize("surface", [McpCaller, RestCaller, CliCaller])
def test_a_proposal_stores_nothing_until_it_is_accepted(surface: Any, agent: Asker) -> None:
    caller = surface(agent.host)
    said = caller.call("nl_generate", {"text": TEXT, "filled": FILLED})
    assert said["status"] == "proposed"
    assert caller.call("list_pipelines", {})["pipelines"] == []
    done = caller.call("nl_generate", {"accept": said["proposal"]})
    assert (done["status"], done["revision"]) == ("applied", 1)
    nodes = head(agent.host, done["pipeline_id"])["document"]["nodes"]
    assert [n["id"] for n in nodes] == ["orders", "burst", "alerts"]
    again = caller.call("nl_generate", {"accept": said["proposal"]})
    assert again["error"]["code"] == "PROPOSAL_NOT_FOUND"


def test_a_proposal_accepted_by_several_at_once_is_stored_once(agent: Asker) -> None:
    said = agent.ask(TEXT, filled=FILLED)
    ready = Barrier(4)

    def accept(_: int) -> Json:
        caller = McpCaller(agent.host)
        ready.wait()
        return caller.call("nl_generate", {"accept": said["proposal"]})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(accept, range(4)))
    refused = [a["error"]["code"] for a in answers if "error" in a]
    assert refused == ["PROPOSAL_NOT_FOUND"] * 3
    assert len(McpCaller(agent.host).call("list_pipelines", {})["pipelines"]) == 1


def test_every_pattern_of_a_proposal_is_tried(agent: Asker) -> None:
    many = {"id": "flood", "type": "count-threshold", "config": BURST | {"threshold": 4}}
    said = agent.ask(TEXT, filled=[*FILLED, {"op": "add_node", "node": many, "after": "orders"}])
    told = {(example["pattern"], example["expected"]) for example in said["examples"]}
    assert told == {(p, e) for p in ("burst", "flood") for e in ("match", "no match")}


def test_apply_stores_at_once_what_leaves_nothing_open(agent: Asker) -> None:
    done = agent.ask(TEXT, filled=FILLED, apply=True)
    assert done["status"] == "applied"
    assert done["examples"]
    window = {"op": "update_node", "id": "burst", "config": {"window": "2 hours"}}
    where = {"pipeline_id": done["pipeline_id"]}
    changed = agent.ask("two hours", filled=[window], apply=True, **where)
    assert changed["revision"] == 2
    assert [c["id"] for c in changed["diff"]["nodes_changed"]] == ["burst"]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (
            "From trips.csv: when a bike's battery falls three times in a row, tell me",
            ["trips-csv-bike-battery", "trips-csv-bike-battery-2"],
        ),
        ("Alert me when a card is used 3 times", ["card-used"]),
        ("when is this", ["when-is-this"]),
        ("3 logins", ["pipeline-3-logins"]),
        ("Überweisungen", ["uberweisungen"]),
        ("x" * 200, ["x" * 24]),
    ],
)
def test_a_new_pipeline_has_a_short_id(words: str, ids: list[str], agent: Asker) -> None:
    """Every later call repeats it."""
    done = [agent.ask(words, filled=FILLED, apply=True)["pipeline_id"] for _ in ids]
    assert done == ids


def test_apply_keeps_what_leaves_something_open_for_another_look(agent: Asker) -> None:
    broken = {"op": "add_node", "node": {"type": "filter", "config": {"condition": "nope > 1"}}}
    said = agent.ask(TEXT, filled=[*FILLED, broken], apply=True)
    assert said["status"] == "proposed"
    assert said["counts"]["errors"]
    assert McpCaller(agent.host).call("list_pipelines", {})["pipelines"] == []


def test_a_proposal_is_accepted_into_what_others_made_meanwhile(agent: Asker) -> None:
    done = agent.ask(TEXT, filled=FILLED, apply=True)
    here = {"pipeline_id": done["pipeline_id"]}
    window = {"op": "update_node", "id": "burst", "config": {"window": "2 hours"}}
    said = agent.ask("two hours", filled=[window], **here)
    threshold = {"op": "update_node", "id": "burst", "config": {"threshold": 9}}
    caller = McpCaller(agent.host)
    caller.call("edit_pipeline", here | {"changes": [threshold]})
    assert caller.call("nl_generate", {"accept": said["proposal"]})["revision"] == 3
    burst = head(agent.host, done["pipeline_id"])["document"]["nodes"][1]["config"]
    assert (burst["window"], burst["threshold"]) == ("2 hours", 9)


def test_a_proposal_that_no_longer_fits_is_refused_and_kept(agent: Asker) -> None:
    done = agent.ask(TEXT, filled=FILLED, apply=True)
    here = {"pipeline_id": done["pipeline_id"]}
    window = {"op": "update_node", "id": "burst", "config": {"window": "2 hours"}}
    said = agent.ask("two hours", filled=[window], **here)
    caller = McpCaller(agent.host)
    caller.call("edit_pipeline", here | {"changes": [{"op": "remove_node", "id": "burst"}]})
    for _ in range(2):
        error = caller.call("nl_generate", {"accept": said["proposal"]})["error"]
        assert error["code"] == "INVALID_CHANGE"


def test_another_user_cannot_accept(agent: Asker) -> None:
    said = agent.ask(TEXT, filled=FILLED)
    other = LocalUser()
    other.identity = Identity("somebody-else", "deployer")
    host = Host(agent.host.workspace.with_caller(other.identity), other)
    error = McpCaller(host).call("nl_generate", {"accept": said["proposal"]})["error"]
    assert error["code"] == "PROPOSAL_NOT_FOUND"


def test_proposals_are_bounded(agent: Asker) -> None:
    window = {"op": "set_pipeline", "name": "Only a name"}
    first = agent.ask(TEXT, filled=[window])["proposal"]
    store = agent.host.workspace.store
    actor = agent.host.workspace.identity.name
    with store.transaction(write=True) as tx:
        for number in range(60):
            tx.add_proposal(
                actor=actor, pipeline_id="", revision=0, backend="x", changes=[], text=str(number)
            )
    error = McpCaller(agent.host).call("nl_generate", {"accept": first})["error"]
    assert error["code"] == "PROPOSAL_NOT_FOUND"


def test_the_form_says_what_an_agent_needs(agent: Asker) -> None:
    said = agent.ask(TEXT)
    assert said["status"] == "form"
    assert "count-threshold" in said["form"]
    assert '"customer": "string"' in said["form"]


def test_one_change_fills_the_form_too(agent: Asker) -> None:
    said = agent.ask(TEXT, filled=FILLED[0])
    assert [n["id"] for n in said["diff"]["nodes_added"]] == ["orders"]


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_nothing_is_asked_for_kindly(text: str, agent: Asker) -> None:
    said = agent.ask(text)
    assert said["status"] == "refused"
    assert said["refusal"].startswith("Say")


@pytest.mark.parametrize(
    "schema",
    [
        COLUMNS,
        {"customer": "string", "amount": "double", "at": "timestamp"},
        [{"name": "customer", "type": "string"}, {"name": "at", "type": "timestamp"}],
        ["customer string", "at timestamp"],
    ],
)
def test_a_schema_may_come_in_any_form(schema: Any, agent: Asker) -> None:
    assert '"customer": "string"' in agent.ask(TEXT, schema=schema)["form"]


def test_sample_rows_show_the_columns(agent: Asker) -> None:
    rows = [{"customer": "zebra-7", "amount": 1.5, "at": "2026-01-01T00:00:00Z"}]
    form = agent.ask(TEXT, schema="", events=rows)["form"]
    assert '"amount": "double"' in form
    assert "zebra-7" not in form


@pytest.mark.parametrize("events", [{"file": "nowhere.jsonl"}, [1, 2], {"rows": []}])
def test_events_that_show_nothing_are_refused(events: Any, agent: Asker) -> None:
    assert agent.ask(TEXT, schema="", events=events)["error"]["where"] == {"argument": "events"}


def test_a_bad_schema_says_what_would_do(agent: Asker) -> None:
    assert agent.ask(TEXT, schema={"a": "nonsense"})["error"]["code"]
    for columns in ([{"type": "int"}], ["a int", {"name": "b", "type": "int"}], [["a", "int"]]):
        error = agent.ask(TEXT, schema=columns)["error"]
        assert (error["code"], error["where"]) == ("INVALID_ARGUMENT", {"argument": "schema"})


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=4000),
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=300),
)
def test_answers_stay_short_whatever_is_said(text: str, name: str, agent: Asker) -> None:
    from lakestream_mcp.errors import LakestreamError
    from lakestream_mcp.operations import call, find

    sink = {"type": "delta-table-sink", "config": {"table": name or "t", "note": name}}
    changes = [{"op": "add_node", "node": {"id": f"n{i}", **sink}} for i in range(30)]
    for arguments in ({"text": text, "filled": changes}, {"text": text, "backend": "agent"}):
        try:
            said = call(find("nl_generate"), agent.host.workspace, arguments)
        except LakestreamError:
            continue
        assert len(said.text()) <= 8_000


def test_an_unknown_pipeline_says_how_a_new_one_is_made(agent: Asker) -> None:
    error = agent.ask(TEXT, pipeline_id="nowhere")["error"]
    assert error["code"] == "PIPELINE_NOT_FOUND"
    assert "list_pipelines" in error["hint"] and "leave `pipeline_id` out" in error["hint"]


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("undo that", "restore_revision"),
        ("deploy it", "deploy"),
        ("generate the code", "generate_code"),
        ("why is the window an hour?", "get_pipeline"),
    ],
)
def test_what_is_no_edit_names_the_operation_that_does_it(
    agent: Asker, text: str, operation: str
) -> None:
    made = agent.ask(TEXT, filled=FILLED, apply=True)
    said = agent.ask(text, pipeline_id=made["pipeline_id"], backend="rules")
    assert said["status"] == "refused"
    assert said["next"].startswith(operation)

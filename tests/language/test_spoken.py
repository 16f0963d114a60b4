"""Words in, a pipeline out, without any model: through the front door."""

from __future__ import annotations

from typing import Any

import pytest

from evals.cases import cases
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.language.allowed import OWN_CODE
from lakestream_mcp.operations import call, find

from ..surfaces.callers import Json, McpCaller
from .conftest import Asker, Opener

pytestmark = pytest.mark.usefixtures("no_models")
WISH = (
    "more than 5 failed payments by one customer within 10 minutes, reading Kafka topic payments "
    "at broker:9092, write to main.fraud.alerts"
)


@pytest.fixture
def spoken(opened: Opener) -> Asker:
    """A caller without models."""
    return Asker(opened(), "auto")


def nodes(asker: Asker, pipeline_id: str) -> dict[str, Json]:
    asked = {"pipeline_id": pipeline_id, "detail": "document"}
    document = McpCaller(asker.host).call("get_pipeline", asked)["document"]
    return {node["type"]: node["config"] for node in document["nodes"]}


def test_words_become_a_pipeline_that_words_change(spoken: Asker) -> None:
    made = spoken.ask(WISH, schema="", apply=True)
    assert (made["status"], made["backend"]) == ("applied", "rules")
    assert set(made["others"]) == {"client", "anthropic", "databricks"}
    assert {e["expected"] for e in made["examples"]} == {"match", "no match"}
    here = {"pipeline_id": made["pipeline_id"], "schema": ""}
    said = spoken.ask("make the window an hour and send it to Slack too", **here)
    assert nodes(spoken, made["pipeline_id"])["count-threshold"]["window"] == "10 minutes"
    McpCaller(spoken.host).call("nl_generate", {"accept": said["proposal"]})
    now = nodes(spoken, made["pipeline_id"])
    assert now["count-threshold"]["window"] == "1 hour"
    assert "slack-teams-pagerduty" in now


def test_what_is_made_from_words_passes_its_own_test(spoken: Asker) -> None:
    made = spoken.ask(WISH, schema="", apply=True)
    arguments = {"pipeline_id": made["pipeline_id"], "events": {"examples": "all"}}
    run = McpCaller(spoken.host).call("test_pattern", arguments)
    assert run["result"] == "matched"
    assert all(bool(e["matches"]) == (e["expected"] == "match") for e in run["examples"])


@pytest.mark.parametrize(
    "text",
    [
        "what is the weather like",
        "write me a poem about rivers",
        "Who won the world cup in 2014?",
        "What is 2 + 2?",
        "Tell me a joke about 3 cats",
        "How many people live in Tokyo in 2020?",
        "Write python code that sorts a list of 10 numbers",
        "Set a timer for 10 minutes",
        "Remind me to call mum in 2 hours",
        "Give me 10 recipes with eggs",
    ],
)
def test_other_wishes_are_refused_kindly(text: str, spoken: Asker) -> None:
    said = spoken.ask(text, apply=True)
    assert said["status"] == "refused"
    assert "form" in said["next"]


def test_hostile_words_store_nothing_that_runs_code_or_removes(spoken: Asker) -> None:
    """Applied at once, as a careless agent would."""
    ws = spoken.host.workspace
    for number, case in enumerate(cases("hostile")):
        document: Json = case.document.model_dump(mode="json")
        made: Any = call(
            find("create_pipeline"), ws, {"name": f"Case {number}", "document": document}
        )
        arguments = {"text": case.text, "pipeline_id": made.pipeline_id, "apply": True}
        try:
            call(find("nl_generate"), ws, arguments)
        except LakestreamError as error:
            assert error.code != "INTERNAL", case.text
        with ws.reading() as store:
            after = store.load(made.pipeline_id).document
        assert {n.id for n in case.document.nodes} <= {n.id for n in after.nodes}, case.text
        added = {n.type for n in after.nodes} - {n.type for n in case.document.nodes}
        assert not added & OWN_CODE, case.text


@pytest.mark.parametrize(
    "text", ["count the orders instead of summing their totals", "a count of 7 instead of 99"]
)
def test_what_is_to_be_replaced_must_have_been_there(text: str, spoken: Asker) -> None:
    made = spoken.ask(WISH, schema="", apply=True)
    before = nodes(spoken, made["pipeline_id"])
    said = spoken.ask(text, pipeline_id=made["pipeline_id"], schema="", apply=True)
    assert said["status"] != "applied"
    assert nodes(spoken, made["pipeline_id"]) == before

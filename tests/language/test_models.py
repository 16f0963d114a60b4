"""Models behind services, by the real SDKs against a local server: whatever they answer, the
caller gets a proposal or a typed error, and what was spent is on record."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastmcp import Client

from lakestream_mcp.surfaces.mcp import server

from ..surfaces.callers import CliCaller, RestCaller
from .conftest import KEY, TOKEN, Asker, Asking, Opener
from .drafts import GOOD, WRONG_COLUMN, add, reply
from .model_server import CUT, ModelServer, Step, fails, late, raw, says, stops, talks


def test_a_good_answer_is_a_proposal(asker: Asker, models: ModelServer) -> None:
    models.script = [says(GOOD)]
    said = asker.ask()
    assert said["status"] == "proposed"
    assert said["backend"] == asker.backend
    assert [n["id"] for n in said["diff"]["nodes_added"]] == ["orders", "burst", "alerts"]
    assert said["counts"]["errors"] == 0
    assert {e["expected"] for e in said["examples"]} == {"match", "no match"}
    assert said["assumptions"] == GOOD["assumptions"]
    (call,) = asker.calls()
    assert (call.outcome, call.tokens_in, call.tokens_out) == ("ok", 1000, 200)
    assert call.backend == asker.backend
    assert call.model == said["model"]


def test_each_service_gets_its_own_key_and_a_strict_tool(asker: Asker, models: ModelServer) -> None:
    models.script = [says(GOOD)]
    asker.ask()
    (asked,) = models.received
    own, other = (KEY, TOKEN) if asker.backend == "anthropic" else (TOKEN, KEY)
    assert own in asked.headers["authorization"]
    assert other not in str(asked.headers)
    tool = asked.body["tools"][0]
    tool = tool.get("function", tool)
    assert tool["strict"] is True
    assert (tool.get("input_schema") or tool["parameters"])["additionalProperties"] is False


@pytest.mark.parametrize("surface", [RestCaller, CliCaller])
def test_what_was_asked_can_be_read_without_its_words(
    surface: type[RestCaller | CliCaller], models: ModelServer, opened: Opener
) -> None:
    models.script = [says(reply(refusal="no"))]
    asker = Asker(opened(), "anthropic")
    asker.ask("alert on zebras")
    said = surface(asker.host).call("list_model_calls", {})
    (call,) = said["calls"]
    assert (call["outcome"], said["spent"]) == ("refused", 1200)
    assert len(call["prompt_sha256"]) == 64
    assert "zebras" not in str(said)


def test_a_broken_draft_is_repaired_with_what_the_validator_says(
    asker: Asker, models: ModelServer
) -> None:
    models.script = [says(WRONG_COLUMN), says(GOOD)]
    said = asker.ask()
    assert said["counts"]["errors"] == 0
    assert "Repaired once." in said["notes"]
    assert len(models.received) == 2
    assert "UNKNOWN_COLUMN" in str(models.received[1].body)


def test_repairs_end_after_two_rounds(asker: Asker, models: ModelServer) -> None:
    models.script = [says(reply(add("burst", "no-such-type", {})))]
    said = asker.ask()
    assert len(models.received) == 3
    assert said["counts"]["errors"] >= 1
    assert "Repaired twice." in said["notes"]
    assert "proposal" not in said


UNREADABLE: dict[str, Step] = {
    "talk instead of a tool": talks("Sure! I would add a node."),
    "another tool": says(GOOD, tool="run_shell"),
    "no object": says("[1, 2"),
    "a config that is no JSON": says(
        reply({"op": "add_node", "id": "a", "type": "filter", "config": "{broken", "after": ""})
    ),
    "an unknown change": says(reply({"op": "replace_document", "document": {}})),
    "a field too many": says(reply() | {"shell": "rm"}),
    "oversized": says(reply(add("a", "filter", {"condition": "x" * 300_000}))),
    "too many changes": says(reply(*[add(f"n{i}", "filter", {}) for i in range(100)])),
    "cut off by the limit of tokens": stops("max_tokens"),
    "nothing at all": says({}, choices=None, content=None),
}


@pytest.mark.parametrize("step", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_asked_for_again_and_then_an_error(
    step: Step, asker: Asker, models: ModelServer
) -> None:
    models.script = [step]
    error = asker.ask()["error"]
    assert error["code"] == "MODEL_ANSWER_UNREADABLE"
    assert len(models.received) == 3
    assert len(asker.calls()) == 3


def test_an_answer_that_can_be_read_at_last_is_taken(asker: Asker, models: ModelServer) -> None:
    models.script = [talks("Sure!"), says(GOOD)]
    assert asker.ask()["status"] == "proposed"
    assert "could not be used" in str(models.received[1].body)


FAILING: dict[str, tuple[Sequence[Step], set[str]]] = {
    "busy": ([fails(429, retry_after="0")], {"MODEL_BUSY", "DATABRICKS_RATE_LIMITED"}),
    "down": ([fails(500)], {"MODEL_FAILED", "DATABRICKS_FAILED"}),
    "cut": ([fails(CUT)], {"MODEL_FAILED", "DATABRICKS_UNREACHABLE", "DATABRICKS_FAILED"}),
    "no access": ([fails(403)], {"MODEL_NOT_AVAILABLE", "DATABRICKS_FORBIDDEN"}),
    "refusing": ([stops("refusal")], {"MODEL_REFUSED"}),
}


@pytest.mark.parametrize(("script", "codes"), FAILING.values(), ids=FAILING)
def test_failures_are_typed_and_on_record(
    script: Sequence[Step], codes: set[str], asker: Asker, models: ModelServer
) -> None:
    models.script = script
    error = asker.ask()["error"]
    assert error["code"] in codes
    assert KEY not in str(error)
    assert TOKEN not in str(error)
    (call,) = asker.calls()
    assert call.outcome == error["code"]


def test_a_body_that_is_no_json_is_a_typed_error(asker: Asker, models: ModelServer) -> None:
    models.script = [raw("<html>gateway</html>")]
    assert asker.ask()["error"]["code"].startswith(("MODEL_", "DATABRICKS_"))


def test_the_sdk_tries_a_busy_service_again(asker: Asker, models: ModelServer) -> None:
    models.script = [fails(429, retry_after="0"), says(GOOD)]
    assert asker.ask()["status"] == "proposed"
    assert len(models.received) == 2


def test_a_slow_model_is_given_up_on(asking: Asking, models: ModelServer) -> None:
    models.script = [late(says(GOOD), 5)]
    asker = asking(timeout_s=1)
    assert asker.ask()["error"]["code"] == "MODEL_TIMEOUT"
    (call,) = asker.calls()
    assert call.tokens_in > 1000  # What nobody knows counts in full.


def test_a_budget_ends_before_the_question_is_sent(asking: Asking, models: ModelServer) -> None:
    models.script = [says(GOOD)]
    asker = asking(tokens_per_day=100)
    assert asker.ask()["error"]["code"] == "MODEL_BUDGET_SPENT"
    assert not models.received
    (call,) = asker.calls()
    assert (call.tokens_in, call.outcome) == (0, "MODEL_BUDGET_SPENT")


def test_questions_at_one_time_do_not_spend_more_than_there_is(
    models: ModelServer, opened: Opener
) -> None:
    models.script = [late(says(reply(refusal="no")), 0.3)]
    asker = Asker(opened(tokens_per_day=30_000, tokens_per_call=1_000), "anthropic")
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: asker.ask(), range(8)))
    asked = sum("error" not in answer for answer in said)
    assert len(models.received) == asked < 8
    worst = max(c.tokens_in + c.tokens_out for c in asker.calls())
    assert asked * worst <= 30_000


def test_what_was_spent_counts(models: ModelServer, opened: Opener) -> None:
    models.script = [says(GOOD)]
    asker = Asker(opened(tokens_per_day=25_000, tokens_per_call=1_000), "anthropic")
    outcomes = [asker.ask().get("status", "spent") for _ in range(14)]
    assert outcomes[0] == "proposed"
    assert outcomes[-1] == "spent"
    assert sum(c.tokens_in + c.tokens_out for c in asker.calls()) <= 25_000


@pytest.mark.parametrize("endpoint", ["no-such-endpoint", "opus", "../evil"])
def test_an_endpoint_that_is_not_there_is_refused_by_name(
    endpoint: str, models: ModelServer, opened: Opener
) -> None:
    error = Asker(opened(endpoint=endpoint), "databricks").ask()["error"]
    assert error["code"] in ("MODEL_NOT_AVAILABLE", "INVALID_ARGUMENT")
    assert not models.received


def test_the_newest_of_a_family_is_taken(models: ModelServer, opened: Opener) -> None:
    models.script = [says(GOOD)]
    Asker(opened(endpoint="sonnet"), "databricks").ask()
    assert models.received[0].body["model"] == "databricks-claude-sonnet-4-6"


@pytest.mark.parametrize("given", [reply(), reply(refusal="I only build pipelines.")])
def test_a_model_that_proposes_nothing_is_a_kind_refusal(
    given: dict[str, object], models: ModelServer, opened: Opener
) -> None:
    models.script = [says(given)]
    said = Asker(opened(), "anthropic").ask("write me a poem")
    assert said["status"] == "refused"
    assert said["refusal"] == given["refusal"] or not given["refusal"]


def test_a_question_comes_before_changes(models: ModelServer, opened: Opener) -> None:
    question = {"text": "Which topic?", "options": ["a", "b"]}
    models.script = [says(reply(questions=[question]))]
    said = Asker(opened(), "anthropic").ask()
    assert said["status"] == "question"
    assert said["questions"] == [question]
    assert "proposal" not in said


@pytest.mark.usefixtures("no_models")
@pytest.mark.parametrize("backend", ["client", "anthropic", "databricks"])
def test_a_back_end_that_is_not_there_says_so(backend: str, opened: Opener) -> None:
    assert Asker(opened(), backend).ask()["error"]["code"] == "MODEL_NOT_SET_UP"


def test_auto_goes_on_where_one_fails_and_says_why(models: ModelServer, opened: Opener) -> None:
    models.script = [stops("refusal"), says(GOOD)]
    asker = Asker(opened(endpoint="our-llama"), "auto")
    said = asker.ask()
    assert said["backend"] == "databricks"
    assert set(said["others"]) == {"client", "anthropic"}
    assert "MODEL_REFUSED" in said["others"]["anthropic"]


def test_a_caller_that_leaves_ends_the_wait(asking: Asking, models: ModelServer) -> None:
    models.script = [late(says(GOOD), 10)]
    asker = asking(timeout_s=60)

    async def leave() -> None:
        async with Client(server(asker.host)) as client:
            arguments = {"text": "alert on big orders", "backend": asker.backend}
            waiting = asyncio.create_task(client.call_tool("nl_generate", arguments))
            while not models.received:
                await asyncio.sleep(0.05)
            waiting.cancel()
            while asker.calls()[0].outcome == "asking":
                await asyncio.sleep(0.05)

    asyncio.run(leave())
    (call,) = asker.calls()
    assert call.outcome == "cancelled"
    assert call.tokens_in > 1000

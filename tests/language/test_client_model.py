"""The calling client's own model, through MCP: in the modern protocol, if the client has one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastmcp import Client
from mcp.types import CreateMessageResult, TextContent

from lakestream_mcp.errors import InvalidArgument
from lakestream_mcp.surfaces.dialogue import state_security
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import server

from .conftest import COLUMNS, Opener
from .drafts import GOOD, WRONG_COLUMN, add, reply

pytestmark = pytest.mark.usefixtures("no_models")
GIVEN = {"text": "alert on big orders", "schema": COLUMNS, "backend": "client"}


def asked(
    host: Host, answers: list[str], mode: str = "auto", stops: str = "endTurn", **arguments: Any
) -> Any:
    """What nl_generate says to a client whose model gives these answers, and what it was asked."""
    questions: list[Any] = []

    async def sample(messages: Any, params: Any, context: Any) -> CreateMessageResult:
        questions.append(params)
        text = answers[min(len(questions), len(answers)) - 1]
        content = TextContent(type="text", text=text)
        return CreateMessageResult(
            role="assistant", content=content, model="model-of-the-client", stop_reason=stops
        )

    async def ask() -> Any:
        handler = {"sampling_handler": sample} if answers else {}
        async with Client(server(host), mode=mode, **handler) as client:
            result = await client.call_tool("nl_generate", GIVEN | arguments, raise_on_error=False)
        return result.structured_content

    return asyncio.run(ask()), questions


def test_the_clients_model_is_asked(opened: Opener) -> None:
    host = opened()
    said, questions = asked(host, [json.dumps(GOOD)])
    assert (said["backend"], said["model"]) == ("client", "model-of-the-client")
    assert said["counts"]["errors"] == 0
    assert len(questions) == 1
    with host.workspace.store.transaction() as store:
        (call,) = store.list_language_calls()
    assert (call.outcome, call.model) == ("ok", "model-of-the-client")


def test_its_answers_are_repaired_over_several_rounds(opened: Opener) -> None:
    fenced = f"```json\n{json.dumps(GOOD)}\n```"
    host = opened()
    said, questions = asked(host, ["Sure!", json.dumps(WRONG_COLUMN), fenced])
    assert said["status"] == "proposed"
    assert said["counts"]["errors"] == 0
    assert len(questions) == 3
    with host.workspace.store.transaction() as store:
        assert len(store.list_language_calls()) == 3


OVERSIZED = json.dumps(reply(add("a", "filter", {"condition": "x" * 300_000})))


@pytest.mark.parametrize(
    ("stops", "answer", "code", "times"),
    [
        ("refusal", "No.", "MODEL_REFUSED", 1),
        # A question that was asked already has its answer: the third one is the second again.
        ("maxTokens", json.dumps(GOOD)[:40], "MODEL_ANSWER_UNREADABLE", 2),
        ("endTurn", OVERSIZED, "MODEL_ANSWER_UNREADABLE", 2),
    ],
    ids=["refusing", "cut off", "oversized"],
)
def test_what_the_clients_model_does_not_answer_is_typed_and_on_record(
    stops: str, answer: str, code: str, times: int, opened: Opener
) -> None:
    host = opened()
    said, questions = asked(host, [answer], stops=stops)
    assert said["error"]["code"] == code
    assert len(questions) == times
    with host.workspace.store.transaction() as store:
        assert store.list_language_calls()[0].outcome == code


@pytest.mark.parametrize(("mode", "answers"), [("auto", []), ("legacy", [json.dumps(GOOD)])])
def test_a_client_that_cannot_be_asked_is_told_what_else_there_is(
    mode: str, answers: list[str], opened: Opener
) -> None:
    said, questions = asked(opened(), answers, mode)
    assert said["error"]["code"] == "MODEL_NOT_SET_UP"
    assert not questions


def test_processes_that_share_a_key_take_answers_to_one_anothers_questions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LAKESTREAM_STATE_KEY", "a key that two processes share 0123456789")
    one, other = state_security(), state_security()
    assert one
    assert other
    assert other.codec.unseal(one.codec.seal(b"answers so far")) == b"answers so far"
    monkeypatch.setenv("LAKESTREAM_STATE_KEY", "short")
    with pytest.raises(InvalidArgument):
        state_security()


def test_a_shared_key_seals_whole_conversations(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKESTREAM_STATE_KEY", "a key that two processes share 0123456789")
    said, questions = asked(opened(), ["Sure!", json.dumps(GOOD)])
    assert said["status"] == "proposed"
    assert len(questions) == 2

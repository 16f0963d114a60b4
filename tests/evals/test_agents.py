"""Agents at their tasks: a scripted one does them all in few calls; one that does nothing, none."""

from __future__ import annotations

import json
import statistics
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from evals.agents.model import ModelAgent
from evals.agents.run import Outcome, main, play
from evals.agents.session import Scripted, Session
from evals.agents.task import Task, tasks
from lakestream_mcp.surfaces.prompts import prompts

TASKS = list(tasks())
PROMPTS = {task.prompt.name: task for task in TASKS if task.prompt}
MEDIAN_CALLS_MAX = 6
TASK_TOKENS_MAX = 6_000


class Idle:
    """An agent that says it is done."""

    name = "idle"
    tokens = 0

    async def work(self, task: Task, session: Session) -> None:
        """Nothing at all."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What became of each task in the hands of the scripted agent."""
    return {t.id: play(t, Scripted(), tmp_path_factory.mktemp("scripted")) for t in TASKS}


def test_there_are_enough() -> None:
    assert len(TASKS) >= 15


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.id)
def test_the_scripted_agent_does_it(outcomes: dict[str, Outcome], task: Task) -> None:
    outcome = outcomes[task.id]
    assert not outcome.failures
    assert not outcome.failed_calls
    assert outcome.tokens <= TASK_TOKENS_MAX


def test_few_calls_are_enough(outcomes: dict[str, Outcome]) -> None:
    assert statistics.median(len(o.calls) for o in outcomes.values()) <= MEDIAN_CALLS_MAX


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.id)
def test_doing_nothing_is_not_enough(tmp_path: Path, task: Task) -> None:
    assert play(task, Idle(), tmp_path).failures


def test_every_prompt_is_a_task() -> None:
    assert PROMPTS.keys() == {prompt.name for prompt in prompts()}


@pytest.mark.parametrize("name", PROMPTS)
def test_a_step_that_is_left_out_is_noticed(name: str, tmp_path_factory: Any) -> None:
    task = PROMPTS[name]
    short = task.model_copy(update={"solution": task.solution[:1]})
    found = play(short, Scripted(), tmp_path_factory.mktemp("short")).failures
    assert any("was called for" in said for said in found), found


class Scribe(BaseHTTPRequestHandler):
    """Anthropic's protocol, spoken by the solution of a task: a tool use a turn, then words."""

    task: ClassVar[Task]
    asked: ClassVar[list[dict[str, Any]]]
    failing_from: ClassVar[int]

    def do_POST(self) -> None:
        """The next message of the model."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body)
        if len(self.asked) > self.failing_from:
            self.send_error(400)
            return
        turn = sum(m["role"] == "assistant" for m in body["messages"])
        content: list[dict[str, Any]] = [{"type": "text", "text": "Working on it."}]
        if turn < len(self.task.solution):
            step = self.task.solution[turn]
            use = {"type": "tool_use", "id": f"t{turn}", "name": step.tool}
            content.append({**use, "input": step.arguments})
        answer = {
            "id": f"m{turn}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": "tool_use" if len(content) > 1 else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 7, "output_tokens": 3},
        }
        sent = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def anthropic_address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that answers as the service does, for the first task."""
    Scribe.task, Scribe.asked, Scribe.failing_from = TASKS[0], [], 1_000
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scribe)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    yield address
    server.shutdown()


def test_a_model_works_with_the_same_tools(anthropic_address: str, tmp_path: Path) -> None:
    agent = ModelAgent()
    outcome = play(TASKS[0], agent, tmp_path)
    assert not outcome.failures
    assert [c.tool for c in outcome.calls] == [s.tool for s in TASKS[0].solution]
    assert outcome.model_tokens == agent.tokens == 10 * (len(TASKS[0].solution) + 1)
    first, last = Scribe.asked[0], Scribe.asked[-1]
    assert {"test_pattern", "edit_pipeline"} <= {tool["name"] for tool in first["tools"]}
    assert first["messages"][0]["content"] == TASKS[0].says
    (result,) = last["messages"][-1]["content"]
    assert "match" in result["content"]


def test_a_run_is_printed_and_stored(
    anthropic_address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, solution = tmp_path / "run.json", TASKS[0].solution
    asked = ["--agent", "anthropic", "--task", TASKS[0].id, "--json", str(file)]
    assert main(asked) == 0
    (task,) = json.loads(file.read_text())["tasks"]
    assert [call["tool"] for call in task["calls"]] == [step.tool for step in solution]
    assert (task["failures"], task["failed_calls"]) == ([], 0)
    assert task["model_tokens"] == 10 * (len(solution) + 1)
    assert f"| {task['tokens']} | {task['model_tokens']} |" in capsys.readouterr().out


def test_an_error_of_the_service_ends_one_task_and_not_the_run(
    anthropic_address: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    Scribe.failing_from = 1
    outcomes = [play(TASKS[0], ModelAgent(), tmp_path_factory.mktemp("store")) for _ in "12"]
    assert [len(outcome.calls) for outcome in outcomes] == [1, 0]
    assert outcomes[0].model_tokens == 10
    assert all("BadRequestError" in outcome.failures[0] for outcome in outcomes)


def test_without_a_key_nothing_is_played(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert main(["--agent", "anthropic"]) == 2
    assert capsys.readouterr().out == "anthropic: ANTHROPIC_API_KEY is not set\n"

"""Agents at their tasks: `python -m evals.agents.run [--agent scripted|anthropic] [--task ID]`.

Prints for each task whether it was done, its calls, those that failed, the tokens of calls and
answers, and the tokens that the model itself counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fastmcp import Client

from lakestream_mcp.identity import LocalUser
from lakestream_mcp.operations import call, find
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import server
from lakestream_mcp.tools.language_backends import ANTHROPIC_KEY

from .checks import failures
from .prompted import unfollowed, with_prompt
from .session import Agent, AgentFailed, Called, Scripted, Session
from .task import Task, tasks

HEAD = "| task | done | calls | failed calls | tokens | model's tokens |\n|---|---|--:|--:|--:|--:|"


class Outcome(NamedTuple):
    """What became of a task."""

    task: Task
    failures: list[str]
    calls: list[Called]
    model_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Of arguments and answers, without the tool list."""
        return sum(called.tokens_sent + called.tokens_read for called in self.calls)

    @property
    def failed_calls(self) -> int:
        """Calls that were answered with an error."""
        return sum(called.failed for called in self.calls)

    def line(self) -> str:
        """A line of the table."""
        done = "no: " + "; ".join(self.failures) if self.failures else "yes"
        return (
            f"| {self.task.id} | {done} | {len(self.calls)} | {self.failed_calls} "
            f"| {self.tokens} | {self.model_tokens} |"
        )

    def to_json(self) -> dict[str, Any]:
        """All of it, with each call; what tools answered is left out."""
        sent = [
            {
                "tool": called.tool,
                "failed": called.failed,
                "tokens_sent": called.tokens_sent,
                "tokens_read": called.tokens_read,
            }
            for called in self.calls
        ]
        return {
            "task": self.task.id,
            "failures": self.failures,
            "failed_calls": self.failed_calls,
            "tokens": self.tokens,
            "model_tokens": self.model_tokens,
            "calls": sent,
        }


def play(task: Task, agent: Agent, folder: Path) -> Outcome:
    """One task in a store of its own, done over MCP in the task's role, then checked."""
    user = LocalUser(task.role)
    root = folder / "root"
    root.mkdir()
    for name, text in task.files.items():
        (root / name).write_text(text, encoding="utf-8")
    host = Host.local(Settings(data_dir=folder, data_roots=(root,), role=task.role))
    try:
        for step in task.given:
            call(find(step.tool), host.workspace.with_caller(user.identity), step.arguments)
        with host.workspace.reading() as store:
            given = {row.id for row in store.list_pipelines(limit=200)}

        async def work() -> tuple[list[Called], list[str]]:
            async with Client(server(host)) as client:
                session, broken = Session(client), []
                told = await with_prompt(task, client)
                try:
                    await agent.work(told, session)
                except AgentFailed as error:
                    broken = [f"the agent gave up: {error}"]
                tools = {tool.name for tool in await client.list_tools()}
            steps = unfollowed(told.says, tools, session.calls) if task.prompt else []
            return session.calls, broken + steps

        calls, broken = asyncio.run(work())
        wrong = broken + failures(host.workspace, task.checks, given)
        return Outcome(task, wrong, calls, agent.tokens)
    finally:
        host.workspace.close()


def main(arguments: Sequence[str]) -> int:
    """Play the tasks asked for and print a table. Exit code 1: some were not done; 2: no key."""
    known = {task.id: task for task in tasks()}
    parser = argparse.ArgumentParser(prog="python -m evals.agents.run", description=__doc__)
    parser.add_argument("--agent", choices=["scripted", "anthropic"], default="scripted")
    parser.add_argument("--model", default="", help="of the agent `anthropic`")
    parser.add_argument("--task", choices=known, metavar="TASK", help="only this one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to store each call too")
    asked = parser.parse_args(arguments)
    if asked.agent == "anthropic" and not os.environ.get(ANTHROPIC_KEY):
        sys.stdout.write(f"anthropic: {ANTHROPIC_KEY} is not set\n")
        return 2
    outcomes = []
    print(HEAD)
    for task in [known[asked.task]] if asked.task else known.values():
        with tempfile.TemporaryDirectory() as folder:
            outcomes.append(play(task, _agent(asked.agent, asked.model), Path(folder)))
        print(outcomes[-1].line(), flush=True)
    print(_sums(outcomes))
    if asked.json:
        stored = {"agent": asked.agent, "tasks": [outcome.to_json() for outcome in outcomes]}
        asked.json.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    return int(any(outcome.failures for outcome in outcomes))


def _sums(outcomes: Sequence[Outcome]) -> str:
    calls = statistics.median(len(outcome.calls) for outcome in outcomes)
    done = sum(not outcome.failures for outcome in outcomes)
    failed = sum(outcome.failed_calls for outcome in outcomes)
    tokens = sum(outcome.tokens for outcome in outcomes)
    models = sum(outcome.model_tokens for outcome in outcomes)
    return (
        f"\ndone {done} of {len(outcomes)}, median of calls {calls}, failed calls {failed}, "
        f"tokens of calls and answers {tokens}, tokens of the model {models}"
    )


def _agent(name: str, model: str) -> Agent:
    if name == "scripted":
        return Scripted()
    from .model import ModelAgent

    return ModelAgent(model)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

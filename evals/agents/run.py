"""Agents at their tasks: `python -m evals.agents.run [--agent scripted|anthropic] [--task ID]`.

Prints for each task whether it was done, its calls, those that failed, and the tokens of calls and
answers. The exit code is the number of tasks that were not done.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

from fastmcp import Client

from lakestream_mcp.identity import LocalUser
from lakestream_mcp.operations import call, find
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import server

from .checks import failures
from .session import Agent, Called, Scripted, Session
from .task import Task, tasks


class Outcome(NamedTuple):
    """What became of a task."""

    task: Task
    failures: list[str]
    calls: list[Called]

    @property
    def tokens(self) -> int:
        """Of arguments and answers, without the tool list."""
        return sum(called.tokens_sent + called.tokens_read for called in self.calls)

    @property
    def failed_calls(self) -> int:
        """Calls that were answered with an error."""
        return sum(called.failed for called in self.calls)


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

        async def work() -> list[Called]:
            async with Client(server(host)) as client:
                session = Session(client)
                await agent.work(task, session)
            return session.calls

        calls = asyncio.run(work())
        return Outcome(task, failures(host.workspace, task.checks, given), calls)
    finally:
        host.workspace.close()


def main() -> int:
    """Play the tasks asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", choices=["scripted", "anthropic"], default="scripted")
    parser.add_argument("--model", default="", help="of the agent `anthropic`")
    parser.add_argument("--task", default="", help="only this one")
    asked = parser.parse_args()
    outcomes = []
    print("| task | done | calls | failed calls | tokens |\n|---|---|--:|--:|--:|")
    for task in tasks():
        if asked.task in ("", task.id):
            with tempfile.TemporaryDirectory() as folder:
                outcome = play(task, _agent(asked.agent, asked.model), Path(folder))
            outcomes.append(outcome)
            done = "no: " + "; ".join(outcome.failures) if outcome.failures else "yes"
            print(
                f"| {task.id} | {done} | {len(outcome.calls)} | {outcome.failed_calls} "
                f"| {outcome.tokens} |",
                flush=True,
            )
    calls = statistics.median(len(outcome.calls) for outcome in outcomes)
    tokens = sum(outcome.tokens for outcome in outcomes)
    print(f"\nmedian of calls {calls}, tokens in all {tokens}")
    return sum(bool(outcome.failures) for outcome in outcomes)


def _agent(name: str, model: str) -> Agent:
    if name == "scripted":
        return Scripted()
    from .model import ModelAgent

    return ModelAgent(model)


if __name__ == "__main__":
    raise SystemExit(main())

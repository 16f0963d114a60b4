"""One agent at work: its calls through a real MCP client, and what they cost."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Protocol

from fastmcp import Client

from .task import Task

CHARACTERS_PER_TOKEN = 4


class Called(NamedTuple):
    """One call of a tool. Tokens are characters by four, of the longer of text and structure."""

    tool: str
    failed: bool
    tokens_sent: int
    tokens_read: int
    answer: dict[str, Any]
    text: str


class Session:
    """The tools as an agent has them, with a record of their use."""

    def __init__(self, client: Client[Any]) -> None:
        self.client = client
        self.calls: list[Called] = []

    async def call(self, tool: str, arguments: dict[str, Any]) -> Called:
        """Call a tool; errors are answers."""
        result = await self.client.call_tool(tool, arguments, raise_on_error=False)
        answer: dict[str, Any] = result.structured_content or {}
        text = "".join(getattr(part, "text", "") for part in result.content)
        read = max(len(text), len(json.dumps(answer, ensure_ascii=False)))
        called = Called(
            tool,
            bool(result.is_error),
            len(json.dumps(arguments, ensure_ascii=False)) // CHARACTERS_PER_TOKEN,
            read // CHARACTERS_PER_TOKEN,
            answer,
            text,
        )
        self.calls.append(called)
        return called


class AgentFailed(Exception):
    """The agent cannot go on with its task."""


class Agent(Protocol):
    """Something that does a task with tools; `tokens` is what its model counted."""

    name: str
    tokens: int

    async def work(self, task: Task, session: Session) -> None:
        """Do the task; whatever is wrong afterwards, the checks will find."""
        ...


class Scripted:
    """An agent without a model: it makes the calls of the task's solution."""

    name = "scripted"
    tokens = 0

    async def work(self, task: Task, session: Session) -> None:
        """One call after the other; later ones may use what earlier ones answered."""
        for call in task.solution:
            await session.call(call.tool, filled(call.arguments, session.calls))


def filled(value: Any, calls: list[Called]) -> Any:
    """Arguments with `$2.run_id` and the like replaced by that part of the third call's answer."""
    if isinstance(value, dict):
        return {name: filled(part, calls) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, calls) for part in value]
    if not (isinstance(value, str) and value.startswith("$") and value[1:2].isdigit()):
        return value
    number, *path = value[1:].split(".")
    found: Any = calls[int(number)].answer
    for part in path:
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found

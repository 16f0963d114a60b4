"""An agent with a real model behind it: a task, the tools, and nothing else."""

from __future__ import annotations

from typing import Any

from .session import AgentFailed, Session
from .task import Task

MODEL = "claude-sonnet-5-5"
TURNS_MAX = 30
TOKENS_MAX = 4_000
SYSTEM = (
    "You work for the user with the tools you have, and with nothing else. Do what is asked "
    "completely, check it, and then say in two sentences what you did."
)


class ModelAgent:
    """Claude through the Anthropic API; its key and address come from the environment."""

    name = "anthropic"

    def __init__(self, model: str = "") -> None:
        import anthropic

        self.model = model or MODEL
        self.client = anthropic.AsyncAnthropic()
        self.tokens = 0

    async def work(self, task: Task, session: Session) -> None:
        """Turns of the model until it calls no tool any more. Raises AgentFailed."""
        import anthropic

        try:
            await self._turns(task, session)
        except anthropic.AnthropicError as error:
            said = " ".join(str(error).split())[:200]
            raise AgentFailed(f"{type(error).__name__}: {said}") from error

    async def _turns(self, task: Task, session: Session) -> None:
        instructions = session.client.initialize_result
        told = getattr(instructions, "instructions", "") or ""
        tools = await self._tools(session)
        said: list[dict[str, Any]] = [{"role": "user", "content": task.says}]
        for _ in range(TURNS_MAX):
            answer = await self.client.messages.create(
                model=self.model,
                max_tokens=TOKENS_MAX,
                system=f"{SYSTEM}\n\n{told}",
                messages=said,  # type: ignore[arg-type]
                tools=tools,  # type: ignore[arg-type]
            )
            self.tokens += answer.usage.input_tokens + answer.usage.output_tokens
            said.append({"role": "assistant", "content": answer.content})
            wanted = [block for block in answer.content if block.type == "tool_use"]
            if not wanted:
                return
            results = [await self._result(session, block) for block in wanted]
            said.append({"role": "user", "content": results})

    async def _tools(self, session: Session) -> list[dict[str, Any]]:
        return [
            {
                "name": tool.name,
                "description": tool.description or "",
                "input_schema": tool.input_schema,
            }
            for tool in await session.client.list_tools()
        ]

    async def _result(self, session: Session, block: Any) -> dict[str, Any]:
        called = await session.call(block.name, dict(block.input))
        return {
            "type": "tool_result",
            "tool_use_id": block.id,
            "content": called.text,
            "is_error": called.failed,
        }

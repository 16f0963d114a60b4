"""Operations as MCP tools, and which of them a caller sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import anyio.to_thread
from fastmcp.server.dependencies import get_context
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.tools import Tool, ToolResult
from mcp.types import Tool as MCPTool
from mcp.types import ToolAnnotations
from pydantic import PrivateAttr

from ..dialogue import ClientAsked
from ..errors import LakestreamError
from ..identity import includes
from ..operations import Operation
from . import app as canvas
from .answering import answered, error_text
from .asking import agreed_before, ask, declined
from .brief import brief, brief_text, with_detail, without_detail
from .dialogue import ClientDialogue
from .host import Host
from .senders import sender


class OperationTool(Tool):
    """One operation as a tool: short text for the model, the whole answer as structured content."""

    _op: Operation = PrivateAttr()
    _host: Host = PrivateAttr()

    @classmethod
    def of(cls, op: Operation, host: Host) -> OperationTool:
        """The tool of an operation."""
        tool = cls(
            name=op.name,
            title=op.title,
            description=op.description,
            parameters=dict(with_detail(op.schema)),
            output_schema=None,
            annotations=ToolAnnotations(
                read_only_hint=op.effect == "read",
                destructive_hint=op.effect == "destroy",
                idempotent_hint=op.idempotent,
                open_world_hint=False,
            ),
        )
        tool._op, tool._host = op, host
        return tool

    def to_mcp_tool(self, **overrides: Any) -> MCPTool:
        """Without the framework's own notes, which cost every client tokens."""
        return super().to_mcp_tool(**({"_meta": self.meta} | overrides))

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """Run the operation in a thread, so that the event loop stays free for other callers."""
        context = get_context()
        dialogue = ClientDialogue(context)
        agreed = agreed_before(dialogue)
        try:
            arguments, whole_asked = without_detail(arguments, self._op.schema)
            answer = await answered(self._host, self._op, {**arguments, **(agreed or {})}, dialogue)
            asked = answer.confirmation()
            if agreed == {}:
                return declined(answer)
            reply = await ask(context, dialogue, asked) if asked and agreed is None else None
            if asked and reply is True:
                answer = await answered(self._host, self._op, {**arguments, **asked.arguments})
        except ClientAsked as question:
            return dialogue.question(question)
        except LakestreamError as error:
            return ToolResult(
                content=brief_text(error_text(error)),
                structured_content={"error": brief(error.to_json())},
                is_error=True,
            )
        if isinstance(reply, ToolResult):
            return reply
        if reply is False:
            return declined(answer)
        text, whole = answer.told(), answer.to_json()
        if not whole_asked:
            text, whole = brief_text(text), brief(whole)
        return ToolResult(content=text, structured_content=whole)


class CanvasTool(Tool):
    """What the canvas reads inside a client: any reading operation, by its REST path."""

    _host: Host = PrivateAttr()

    @classmethod
    def over(cls, host: Host) -> CanvasTool:
        """The tool; only clients that show pages list it."""
        tool = cls(
            name=canvas.READ,
            title="Read for the canvas",
            description="For the canvas page: what REST answers at `path`.",
            parameters={
                "type": "object",
                "properties": {"path": {"type": "string"}},
                "required": ["path"],
                "additionalProperties": False,
            },
            output_schema=None,
            annotations=ToolAnnotations(
                read_only_hint=True, idempotent_hint=True, open_world_hint=False
            ),
        )
        tool._host = host
        return tool

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """The whole answer: it goes to a page, not to a model."""
        try:
            op, given = canvas.asked(str(arguments.get("path", "")))
            answer = await answered(self._host, op, given)
        except LakestreamError as error:
            return ToolResult(content="", structured_content={"error": error.to_json()})
        return ToolResult(content="", structured_content={"answer": answer.to_json()})


class VisibleByRole(Middleware):
    """A caller sees the tools the caller may use; calling another one is refused by the runner."""

    def __init__(self, host: Host) -> None:
        self.host = host

    async def on_list_tools(
        self, context: MiddlewareContext[Any], call_next: Any
    ) -> Sequence[Tool]:
        """The tools that the caller may use on some pipeline."""
        tools = cast("Sequence[Tool]", await call_next(context))
        ws = sender(self.host)
        best = await anyio.to_thread.run_sync(lambda: ws.access.best)
        mine = [t for t in tools if not isinstance(t, OperationTool) or includes(best, t._op.role)]
        return canvas.for_client(mine, canvas.shows_apps(context.fastmcp_context))

"""The MCP surface: tools, resources and prompts derived from the registry and from texts."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import anyio.from_thread
import anyio.to_thread
from fastmcp import FastMCP
from fastmcp.exceptions import ResourceError
from fastmcp.resources import ResourceContent, ResourceResult, ResourceTemplate
from fastmcp.server.dependencies import get_context, get_http_headers
from fastmcp.server.middleware import Middleware, MiddlewareContext
from fastmcp.tools import Tool, ToolResult
from mcp.types import Tool as MCPTool
from mcp.types import ToolAnnotations
from pydantic import PrivateAttr

from .. import __version__
from ..errors import LakestreamError
from ..operations import Answer, Operation, call, find, operations
from ..workspace import Progress
from .host import Host
from .prompts import prompts

PROGRESS_INTERVAL_S = 0.1
INSTRUCTIONS = """\
LakeStream builds streaming pipelines that find patterns of events, tests them on real rows,
explains the matches and generates Spark code for Databricks.

Way of working:
1. `list_templates` has ready pipelines with events to try them on; `describe_node_types` lists node
   types; with `types` it gives their fields and an example.
2. `create_pipeline`, then `edit_pipeline` with one batch of changes (add_node with `after`,
   connect, update_node …). A batch is applied whole or not at all; `dry_run` shows the outcome.
3. Every edit answers with what changed and with findings: code, place, and often a `fix`, which is
   changes to send back.
4. `test_pattern` runs the pipeline on rows you give, a file or the simulator; `explain_match` says
   why one matched, or where partial matches ended.
5. `generate_code` gives declarative SQL, a Spark notebook, or both. `link` opens the live canvas:
   show it to the user.

Conditions are Spark SQL over the input's columns (`mag >= 5 AND net = 'us'`); durations are texts
(`6 hours`, `90 seconds`). Pass `expect_revision` when somebody else may edit too, and `reason` so
that the history tells why. `restore_revision` undoes. Errors have one shape: code, message, where,
got, expected, hint, fix.
"""


class Shown(NamedTuple):
    """A resource: what an operation answers, under an address."""

    uri: str
    name: str
    description: str
    operation: str
    mime_type: str
    fixed: dict[str, Any]


PIPELINE = "lakestream://pipelines/{pipeline_id}"
JSON = "application/json"
RESOURCES = (
    Shown(
        PIPELINE, "pipeline", "A pipeline to import", "get_pipeline", JSON, {"detail": "document"}
    ),
    Shown(
        f"{PIPELINE}/code/{{file*}}{{?target}}",
        "code",
        "A generated file",
        "get_code",
        "text/plain",
        {},
    ),
    Shown("lakestream://runs/{run_id}", "run", "The report of a test", "get_run", JSON, {}),
    Shown(
        "lakestream://node-types/{type}",
        "node_type",
        "Meaning, fields and examples of a node type",
        "get_node_type",
        "text/markdown",
        {},
    ),
    Shown(
        "lakestream://templates/{template}",
        "template",
        "A pipeline to start from, with its events and the matches expected of them",
        "get_template",
        JSON,
        {},
    ),
)


def server(host: Host) -> FastMCP[Any]:
    """An MCP server over this host, for any transport."""
    app: FastMCP[Any] = FastMCP(
        "lakestream-mcp",
        instructions=INSTRUCTIONS,
        version=__version__,
        on_duplicate="error",
        mask_error_details=True,
        middleware=[VisibleByRole(host)],
    )
    for op in operations():
        if op.mcp:
            app.add_tool(OperationTool.of(op, host))
    for shown in RESOURCES:
        app.add_template(OperationResource.of(host, shown))
    for prompt in prompts():
        app.add_prompt(prompt)
    return app


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
            parameters=op.schema,
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
        return super().to_mcp_tool(**({"_meta": None} | overrides))

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """Run the operation in a thread, so that the event loop stays free for other callers."""
        try:
            answer = await _answer(self._host, self._op, arguments)
        except LakestreamError as error:
            return ToolResult(
                content=error_text(error),
                structured_content={"error": error.to_json()},
                is_error=True,
            )
        return ToolResult(content=answer.text(), structured_content=answer.to_json())


class OperationResource(ResourceTemplate):
    """A read-only operation as a resource."""

    _host: Host = PrivateAttr()
    _op: Operation = PrivateAttr()
    _fixed: dict[str, Any] = PrivateAttr()

    @classmethod
    def of(cls, host: Host, shown: Shown) -> OperationResource:
        """The template of an operation's answer."""
        template = cls(
            uri_template=shown.uri,
            name=shown.name,
            description=shown.description,
            mime_type=shown.mime_type,
            parameters={},
        )
        template._host, template._op, template._fixed = host, find(shown.operation), shown.fixed
        return template

    async def read(self, arguments: dict[str, Any]) -> ResourceResult:
        """The part of the answer that the address names."""
        file = arguments.pop("file", None)
        try:
            answer = await _answer(self._host, self._op, {**arguments, **self._fixed})
            text = answer.resource_text(file)
        except LakestreamError as error:
            raise ResourceError(error_text(error)) from None
        return ResourceResult([ResourceContent(text, mime_type=self.mime_type)])

    async def _read(self, uri: str, params: dict[str, Any]) -> ResourceResult:
        """What the server calls: no temporary resource in between."""
        return await self.read(dict(params))


class VisibleByRole(Middleware):
    """A caller sees the tools the caller may use; calling another one is refused by the runner."""

    def __init__(self, host: Host) -> None:
        self.host = host

    async def on_list_tools(
        self, context: MiddlewareContext[Any], call_next: Any
    ) -> Sequence[Tool]:
        """The tools of the caller's role."""
        tools = cast("Sequence[Tool]", await call_next(context))
        identity = self.host.identities.identify(get_http_headers())
        return [t for t in tools if not isinstance(t, OperationTool) or identity.may(t._op.role)]


def error_text(error: LakestreamError) -> str:
    """An error as a model reads it: sentence, then what it can act on."""
    lines = [f"{error.code}: {error.message}"]
    shape = error.to_json()
    lines += [
        f"{part}: {shape[part]}"
        for part in ("where", "got", "expected", "hint", "fix")
        if part in shape
    ]
    return "\n".join(lines)


async def _answer(host: Host, op: Operation, arguments: dict[str, Any]) -> Answer:
    ws = host.caller(get_http_headers(), _progress() if op.effect == "run" else None)
    return await anyio.to_thread.run_sync(call, op, ws, arguments)


def _progress() -> Progress:
    """Progress notifications from the operation's thread, at most ten a second."""
    context, sent_at = get_context(), 0.0

    def report(fraction: float, message: str) -> None:
        nonlocal sent_at
        now = time.monotonic()
        if fraction < 1 and now - sent_at < PROGRESS_INTERVAL_S:
            return
        sent_at = now
        # A client that has left must not fail the work; its cancellation still ends it.
        with contextlib.suppress(Exception):
            anyio.from_thread.run(context.report_progress, fraction, 1.0, message)

    return report

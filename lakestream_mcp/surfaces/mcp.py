"""The MCP surface: tools, resources and prompts derived from the registry and from texts."""

from __future__ import annotations

from typing import Any

from fastmcp import FastMCP
from fastmcp.apps import AppConfig, ResourceCSP
from fastmcp.server.transforms import Transform

from .. import __version__
from ..operations import operations
from . import app as canvas
from .completions import completed
from .dialogue import state_security
from .host import Host
from .mcp_resources import RESOURCES, OperationResource
from .mcp_tools import CanvasTool, OperationTool, VisibleByRole
from .prompts import prompts

INSTRUCTIONS = """\
LakeStream builds streaming pipelines that find patterns of events, tests them on real rows,
explains the matches and generates Spark code for Databricks.

Way of working:
1. `nl_generate` turns words into a proposal with rows that would match; `accept` stores it.
   `list_templates` has ready pipelines; `describe_node_types` lists node types, and with `types`
   their fields and an example.
2. By hand: `create_pipeline`, then `edit_pipeline` with one batch of changes (add_node with
   `after`, connect, update_node …). A batch is applied whole or not at all; `dry_run` shows the
   outcome.
3. Every edit answers with what changed and with findings: code, place, and often a `fix`, which is
   changes to send back.
4. `test_pattern` runs the pipeline on rows you give, a file or the simulator; `explain_match` says
   why one matched, or where partial matches ended.
5. `review_pipeline` names risks with fixes: before deploying. `generate_code` gives declarative
   SQL, a Spark notebook, or both. `link` opens the live canvas: show it to the user.
6. With the role deployer: `deploy` answers with a plan; show it, and when the user agrees send the
   same call with its hash as `confirm`. `run_pipeline` runs the code on this machine's Spark.

Conditions are Spark SQL over the input's columns (`mag >= 5 AND net = 'us'`); durations are texts
(`6 hours`, `90 seconds`). Pass `expect_revision` when somebody else may edit too, and `reason` so
that the history tells why. `restore_revision` undoes. Errors have one shape: code, message, where,
got, expected, hint, fix.
"""


PINNED = (
    "create_pipeline",
    "describe_node_types",
    "edit_pipeline",
    "get_pipeline",
    "list_pipelines",
    "test_pattern",
)
"""Listed even where the others are found by searching."""


def server(host: Host) -> FastMCP[Any]:
    """An MCP server over this host, for any transport."""
    app: FastMCP[Any] = FastMCP(
        "lakestream-mcp",
        instructions=INSTRUCTIONS,
        version=__version__,
        on_duplicate="error",
        mask_error_details=True,
        middleware=[VisibleByRole(host)],
        request_state_security=state_security(),
    )
    for op in operations():
        if op.mcp:
            app.add_tool(OperationTool.of(op, host))
    for shown in RESOURCES:
        app.add_template(OperationResource.of(host, shown))
    for prompt in prompts():
        app.add_prompt(prompt)
    app.add_tool(CanvasTool.over(host))
    nothing = ResourceCSP(connect_domains=[], resource_domains=[])
    app.resource(canvas.CANVAS, title="Canvas", app=AppConfig(csp=nothing, prefers_border=True))(
        canvas.page
    )
    app.completion(lambda _, argument, __: completed(host, argument))
    if host.workspace.settings.tool_search:
        app.add_transform(searched_tools())
    return app


def searched_tools() -> Transform:
    """For clients that show a model every tool: a few tools, and a search for the others."""
    from fastmcp.server.transforms import search

    return search.BM25SearchTransform(
        max_results=3,
        always_visible=list(PINNED),
        search_result_serializer=search.serialize_tools_for_output_markdown,
    )

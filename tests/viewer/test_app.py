"""The canvas as an MCP App: in a frame that may load nothing, fed by the client alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.apps import UI_EXTENSION_ID, UI_MIME_TYPE
from mcp.client import advertise
from playwright.sync_api import Browser, FrameLocator, Page, expect

from .server import Server

pytestmark = pytest.mark.browser
CANVAS = "ui://lakestream/canvas.html"
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; connect-src 'none'"
)
"""What clients allow a page: what is in it, and nothing else."""
HOST_PAGE = """<!doctype html><meta http-equiv="Content-Security-Policy" content="%s">
<iframe sandbox="allow-scripts" style="width:100%%;height:640px"></iframe>
<script>
const frame = document.querySelector("iframe");
addEventListener("message", async ({ source, data }) => {
  if (source !== frame.contentWindow) return;
  const answer = await window.fromPage(data);
  if (answer) frame.contentWindow.postMessage(answer, "*");
});
window.toPage = (message) => frame.contentWindow.postMessage(message, "*");
</script>"""


def app_client(server: Server) -> Client[Any]:
    """A client that says it shows pages."""
    return Client(
        f"{server.url}/mcp",
        extensions=[advertise(UI_EXTENSION_ID, {"mimeTypes": [UI_MIME_TYPE]})],
    )


class AppHost:
    """An MCP client that shows the page, as far as the page can tell."""

    def __init__(self, server: Server, page: Page) -> None:
        self.server = server
        self.page = page
        self.heard: list[dict[str, Any]] = []
        html = self._ask(self._html)
        page.expose_function("fromPage", self._from_page)
        page.set_content(HOST_PAGE % POLICY)
        page.evaluate("html => { document.querySelector('iframe').srcdoc = html }", html)

    @property
    def canvas(self) -> FrameLocator:
        """The page in its frame."""
        return self.page.frame_locator("iframe")

    def _ask(self, what: Callable[..., Any], *arguments: Any) -> Any:
        import asyncio

        async def ask() -> Any:
            async with app_client(self.server) as client:
                return await what(client, *arguments)

        return self.server.thread.submit(asyncio.run, ask()).result()

    async def _html(self, client: Client[Any]) -> str:
        (content,) = await client.read_resource(CANVAS)
        assert content.mime_type == UI_MIME_TYPE
        return str(content.text)

    def _from_page(self, message: dict[str, Any]) -> dict[str, Any] | None:
        self.heard.append(message)
        if "id" not in message:
            return None
        result: dict[str, Any] = {}
        if message["method"] == "tools/call":
            result = self._ask(self._tool, message["params"])
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}

    async def _tool(self, client: Client[Any], params: dict[str, Any]) -> dict[str, Any]:
        found = await client.call_tool(params["name"], params["arguments"])
        return {"structuredContent": found.structured_content, "content": []}

    def agent_called(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The model calls a tool; the page is told the result."""
        answer = self.server.call(tool, **arguments)
        params = {"structuredContent": answer, "content": []}
        message = {"jsonrpc": "2.0", "method": "ui/notifications/tool-result", "params": params}
        self.page.evaluate("message => window.toPage(message)", message)
        return answer


@pytest.fixture
def app(browser: Browser, server: Server) -> Iterator[AppHost]:
    """The page in a client; it may not complain of anything."""
    context = browser.new_context(viewport={"width": 1100, "height": 700})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("request", lambda r: None if r.url.startswith("data:") else wrong.append(r.url))
    yield AppHost(server, page)
    context.close()
    assert wrong == []


def test_the_page_follows_what_the_agent_does(app: AppHost, orders: str) -> None:
    expect(app.canvas.get_by_role("heading", name="Pipelines")).to_be_visible()
    app.agent_called("get_pipeline", pipeline_id=orders)
    expect(app.canvas.locator(".react-flow__node")).to_have_count(4)
    change = {"op": "add_node", "node": {"type": "filter", "id": "extra"}}
    app.server.call("edit_pipeline", pipeline_id=orders, changes=[change], reason="One more")
    expect(app.canvas.locator(".react-flow__node")).to_have_count(5)
    expect(app.canvas.get_by_text("One more").first).to_be_visible()


def test_panels_and_links_work_without_an_address(app: AppHost, orders: str) -> None:
    app.agent_called("get_pipeline", pipeline_id=orders)
    app.canvas.get_by_role("button", name="History").click()
    expect(app.canvas.get_by_role("complementary", name="History")).to_be_visible()
    app.canvas.get_by_role("link", name="All pipelines").click()
    expect(app.canvas.get_by_role("heading", name="Pipelines")).to_be_visible()
    app.canvas.get_by_role("link").filter(has_text=orders).first.click()
    expect(app.canvas.locator(".react-flow__node")).to_have_count(4)


def test_the_page_introduces_itself_first(app: AppHost) -> None:
    expect(app.canvas.get_by_role("heading", name="Pipelines")).to_be_visible()
    methods = [message["method"] for message in app.heard]
    assert methods.index("ui/initialize") < methods.index("ui/notifications/initialized")


def test_only_clients_that_show_pages_are_told_of_it(server: Server) -> None:
    import asyncio

    async def listed(client: Client[Any]) -> dict[str, Any]:
        async with client:
            tools = await client.list_tools()
        return {t.name: t.model_dump(by_alias=True, exclude_none=True) for t in tools}

    def ask(client: Client[Any]) -> dict[str, Any]:
        return server.thread.submit(asyncio.run, listed(client)).result()

    plain, apps = ask(Client(f"{server.url}/mcp")), ask(app_client(server))
    assert set(apps) - set(plain) == {"read_canvas"}
    assert "ui://" not in json.dumps(plain)
    assert apps["edit_pipeline"]["_meta"]["ui"]["resourceUri"] == CANVAS
    assert apps["read_canvas"]["_meta"]["ui"]["visibility"] == ["app"]


def test_the_page_reads_only_what_reading_operations_answer(server: Server, orders: str) -> None:
    import asyncio

    async def read(path: str) -> dict[str, Any]:
        async with app_client(server) as client:
            result = await client.call_tool("read_canvas", {"path": path})
        return dict(result.structured_content or {})

    def ask(path: str) -> dict[str, Any]:
        return server.thread.submit(asyncio.run, read(path)).result()

    assert ask(f"/api/pipelines/{orders}/view")["answer"] == server.get(
        f"/api/pipelines/{orders}/view"
    )
    assert ask(f"/api/pipelines/{orders}?detail=nothing")["error"]["code"] == "INVALID_ARGUMENT"
    assert ask("/api/pipelines/nothing-here/view")["error"]["code"] == "PIPELINE_NOT_FOUND"
    assert ask("/etc/passwd")["error"]["code"] == "NOT_FOUND"
    assert ask(f"/api/pipelines/{orders}/undo")["error"]["code"] == "NOT_FOUND"

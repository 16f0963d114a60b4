"""How soon an edit made over MCP is seen in the viewer.

    python benchmarks/viewer_latency.py [--count 30] [--json]

Starts the real server and a real Chromium, renames one node again and again, and notes when the
new title is in the page. Three times are told, in milliseconds: from sending the call to seeing it,
from the call's answer to seeing it, and the same REST edit without a tool call around it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402

from tests.viewer.chromium import find_chromium  # noqa: E402
from tests.viewer.orders import nodes  # noqa: E402
from tests.viewer.server import Server  # noqa: E402

PIPELINE = "latency"
# Between two edits the page comes to rest, or the limit of four updates a second would be measured.
REST_S = 0.4
WATCH = """() => {
  window.seen = {};
  new MutationObserver(() => {
    const title = document.querySelector("[data-node=large] strong")?.textContent;
    if (!title || title in window.seen) return;
    requestAnimationFrame(() => { window.seen[title] ??= Date.now(); });
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def over_mcp(server: Server, title: str) -> None:
    """Rename the node as an agent does."""
    changes = [{"op": "rename_node", "id": "large", "name": title}]
    server.call("edit_pipeline", pipeline_id=PIPELINE, changes=changes)


def over_rest(server: Server, title: str) -> None:
    """Rename the node by one request."""
    body = {"changes": [{"op": "rename_node", "id": "large", "name": title}]}
    request = urllib.request.Request(
        f"{server.url}/api/pipelines/{PIPELINE}",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
        method="PATCH",
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()


def measure(server: Server, page: Page, edit: Any, word: str, count: int) -> dict[str, list[float]]:
    """From the start and from the answer of each edit to the page, in milliseconds."""
    started, answered = [], []
    for i in range(count):
        title = f"{word} {i}"
        before = time.time() * 1000
        edit(server, title)
        after = time.time() * 1000
        page.wait_for_function("title => title in window.seen", arg=title)
        seen = float(page.evaluate("title => window.seen[title]", title))
        started.append(seen - before)
        answered.append(seen - after)
        time.sleep(REST_S)
    return {"from_call": started, "from_answer": answered}


def summary(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile, worst."""
    ordered = sorted(times)
    return {
        "p50_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "max_ms": round(ordered[-1], 1),
    }


def run(count: int) -> dict[str, dict[str, float]]:
    """Both ways to edit, `count` times each, on a pipeline of four nodes."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        server.start()
        try:
            server.call("create_pipeline", id=PIPELINE, name="Latency")
            changes = [{"op": "add_node", **node} for node in nodes(server.folder)]
            server.call("edit_pipeline", pipeline_id=PIPELINE, changes=changes)
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox"]
            )
            page = browser.new_page()
            page.goto(f"{server.url}/p/{PIPELINE}")
            page.wait_for_selector(".live-on")
            page.evaluate(WATCH)
            measure(server, page, over_mcp, "warm", 3)
            mcp = measure(server, page, over_mcp, "mcp", count)
            rest = measure(server, page, over_rest, "rest", count)
            browser.close()
        finally:
            server.stop()
    return {
        "mcp_call_to_page": summary(mcp["from_call"]),
        "mcp_answer_to_page": summary(mcp["from_answer"]),
        "rest_call_to_page": summary(rest["from_call"]),
    }


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description="From an edit to the page.")
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options.count)
    if options.json:
        print(json.dumps(result))
        return
    for name, times in result.items():
        print(f"{name:<20}" + "  ".join(f"{k} {v:>7}" for k, v in times.items()))


if __name__ == "__main__":
    main()

"""Build, test, explain and generate three pipelines over real earthquakes, as an agent does.

Starts the server, connects an MCP client to it and uses nothing but that. Every number that comes
back is compared with `earthquakes_reference.py`. Then it serves until Ctrl-C; with ONCE=1 it ends.
The exit code is 0 only if all checks held.
"""

from __future__ import annotations

import ast
import asyncio
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from earthquakes_questions import QUESTIONS, Change, Question
from earthquakes_reference import EVENTS, expected
from fastmcp import Client
from local_server import LocalServer, ServerFailed

ROWS = 1_707


class Agent:
    """An MCP client that prints every call in one line and remembers what did not hold."""

    def __init__(self, client: Client[Any]) -> None:
        self.client = client
        self.calls = 0
        self.checks = 0
        self.broken: list[str] = []

    async def call(
        self,
        tool: str,
        said: Callable[[dict[str, Any]], str],
        may_say: str = "",
        **arguments: Any,
    ) -> dict[str, Any]:
        """Call a tool; `said` puts what came out into words, `may_say` is an error to expect."""
        started = time.perf_counter()
        result = await self.client.call_tool(tool, arguments, raise_on_error=False)
        took_ms = (time.perf_counter() - started) * 1000
        answer: dict[str, Any] = result.structured_content or {}
        self.calls += 1
        outcome = said(answer) if "error" not in answer else _error_line(answer)
        link = f"  {answer['link']}" if "link" in answer else ""
        print(f"{tool:<18}{took_ms:>8.0f} ms  {outcome}{link}", flush=True)
        code = answer.get("error", {}).get("code")
        self.check(code is None or code == may_say, f"{tool} answers without an error")
        return answer

    async def read(self, uri: str) -> str:
        """The text of a resource."""
        return "".join(part.text for part in await self.client.read_resource(uri))

    def check(self, held: bool, what: str) -> None:
        """Count a check; a broken one is printed and decides the exit code."""
        self.checks += 1
        if not held:
            self.broken.append(what)
            print(f"    DOES NOT HOLD: {what}", flush=True)


def _error_line(answer: dict[str, Any]) -> str:
    error = answer.get("error", {})
    return f"{error.get('code')}: {error.get('message')} {error.get('hint', '')}"


async def ask(agent: Agent, question: Question) -> None:
    """From nothing to tested, explained and generated code, for one question."""
    print(f"\n{question.name}: {question.description}")
    await build(agent, question)
    run = await test(agent, question)
    if run is not None:
        await explain(agent, run)
        await generate(agent, question, run)


async def build(agent: Agent, question: Question) -> None:
    """Create the pipeline, send its nodes as one batch, and read the findings."""
    created = await agent.call(
        "create_pipeline",
        lambda a: f"{a['pipeline_id']}, revision {a['revision']}",
        may_say="PIPELINE_DELETED",
        id=question.id,
        name=question.name,
        description=question.description,
        tags=["demo"],
        reason="The demonstration asks this question",
    )
    if "error" in created:
        restored = {"pipeline_id": question.id, "mode": "restore"}
        await agent.call("restore_revision", lambda a: f"revision {a['revision']}", **restored)
    await agent.call(
        "edit_pipeline",
        _edited,
        pipeline_id=question.id,
        changes=[*await removals(agent, question), *question.changes()],
        reason="Source, filter, pattern and sink in one revision",
    )
    answer = await agent.call("validate_pipeline", _validated, pipeline_id=question.id)
    agent.check(answer.get("ok") is True, "the pipeline is valid")


async def removals(agent: Agent, question: Question) -> list[Change]:
    """Changes that clear what an earlier run, or somebody since, has put there."""
    arguments = {"pipeline_id": question.id, "detail": "document"}
    result = await agent.client.call_tool("get_pipeline", arguments, raise_on_error=False)
    document = (result.structured_content or {}).get("document", {"nodes": []})
    return [{"op": "remove_node", "id": node["id"]} for node in document["nodes"]]


def _edited(answer: dict[str, Any]) -> str:
    changed = {what: answer["changed"].get(what) for what in ("added", "updated", "removed")}
    parts = [f"{what} {', '.join(ids)}" for what, ids in changed.items() if ids]
    return f"revision {answer['revision']}: {'; '.join(parts) or 'nothing to change'}"


def _validated(answer: dict[str, Any]) -> str:
    counts = answer["counts"]
    return f"{counts['errors']} errors, {counts['warnings']} warnings"


async def test(agent: Agent, question: Question) -> dict[str, Any] | None:
    """Run the whole file through the pipeline and compare every match with the reference."""
    wanted = expected(question.answer)
    answer = await agent.call(
        "test_pattern",
        lambda a: f"{a['counts']['matches']} matches ({len(wanted)} expected) in "
        f"{a['counts']['events']:,} rows",
        pipeline_id=question.id,
        events={"file": str(EVENTS)},
        check_order=True,
        limit=1000,
        detail="full",
    )
    if "error" in answer:
        return None
    found = {
        tuple(event["row"]["event_id"] for event in match["events"]) for match in answer["matches"]
    }
    agent.check(answer["counts"]["events"] == ROWS, f"all {ROWS:,} rows were read")
    agent.check(answer["counts"]["matches"] == len(wanted), f"there are {len(wanted)} matches")
    agent.check(found == wanted, "each match has the events that the reference found")
    order = answer["order"][question.pattern["id"]]
    agent.check(not order["depends_on_order"], "shuffled rows give the same answer")
    return answer


async def explain(agent: Agent, run: dict[str, Any]) -> None:
    """Ask why the strongest match matched."""
    match = max(run["matches"], key=lambda m: m["events"][0]["row"]["magnitude"])
    await agent.call(
        "explain_match",
        lambda a: a["sentences"][0],
        run_id=run["run_id"],
        match_id=match["match_id"],
    )


async def generate(agent: Agent, question: Question, run: dict[str, Any]) -> None:
    """Generate the notebook: it is Python, and it carries the very code that the test ran."""
    answer = await agent.call(
        "generate_code",
        lambda a: ", ".join(f"{g['name']} with {g['lines']} lines" for g in a["generated"]),
        pipeline_id=question.id,
    )
    for file in answer.get("generated", []):
        text = await agent.read(file["resource"])
        agent.check(bool(ast.parse(text).body), f"{file['name']} is Python")
        hashes = run["code_hash"].values()
        agent.check(all(h in text for h in hashes), f"{file['name']} names what was tested")


async def converse(url: str) -> Agent:
    """All questions over one connection."""
    async with Client(f"{url}/mcp") as client:
        agent = Agent(client)
        tools = await client.list_tools()
        print(f"Connected to {url}/mcp: {len(tools)} tools")
        for question in QUESTIONS:
            await ask(agent, question)
    return agent


def main() -> int:
    """Start the server, do the work, and serve on unless ONCE is set."""
    try:
        with LocalServer() as server:
            agent = asyncio.run(converse(server.url))
            print(f"\n{agent.checks - len(agent.broken)} of {agent.checks} checks held", end="")
            print(f" over {agent.calls} calls")
            if os.environ.get("ONCE") not in {"1", "true", "yes"} and not agent.broken:
                server.serve_on()
            return 1 if agent.broken else 0
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())

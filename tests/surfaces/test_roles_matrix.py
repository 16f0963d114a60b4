"""Every operation, for every kind of caller, on every surface: allowed or refused as stated."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from lakestream_mcp.authorization import BY_ARGUMENT
from lakestream_mcp.identity import includes
from lakestream_mcp.operations import Operation, operations
from lakestream_mcp.surfaces.gate import OPEN
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.http import application
from lakestream_mcp.surfaces.mcp import server

from .callers import CliCaller, RestCaller
from .personas import (
    PERSONAS,
    PIPELINE,
    SENTINEL,
    Persona,
    app_host,
    as_persona,
    headers_of,
    populate,
)
from .served import served

Verdict = Literal["allowed", "forbidden", "hidden"]
EVERY = operations()
TOOLS = tuple(op for op in EVERY if op.mcp)


class Place:
    """A process with one pipeline, which is deleted so that what is allowed does nothing."""

    def __init__(self, host: Host, run_id: str, url: str) -> None:
        self.host = host
        self.run_id = run_id
        self.url = url

    def arguments(self, op: Operation) -> dict[str, Any]:
        """The first example of an operation, on the pipeline or its run."""
        given = dict(op.examples[0])
        known = {"pipeline_id": PIPELINE, "run_id": self.run_id}
        return given | {k: v for k, v in known.items() if k in op.schema["properties"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One process for all callers, over HTTP as a Databricks App."""
    with app_host(tmp_path_factory.mktemp("roles")) as host:
        run_id = populate(host)
        with host.workspace.store.transaction(write=True) as store:
            store.delete_pipeline(PIPELINE, actor="root@example.com")
        with served(host) as url:
            yield Place(host, run_id, url)


def stated(op: Operation, persona: Persona) -> Verdict:
    """What docs/security.md says of this caller and this operation, on the pipeline if it can."""
    if not includes(persona.best, op.role):
        return "forbidden"
    if set(op.schema["properties"]) & {"pipeline_id", "run_id"}:
        if persona.here == "none":
            return "hidden"
        return "allowed" if includes(persona.here, op.role) else "forbidden"
    if op.role == "viewer" or (op.effect == "read" and op.role == "author"):
        return "allowed"  # and shows what this caller may see, or changes what is their own
    return "allowed" if includes(persona.everywhere, op.role) else "forbidden"


def verdict(answer: Mapping[str, Any]) -> Verdict:
    """What an answer says."""
    code = answer.get("error", {}).get("code", "")
    if code == "FORBIDDEN":
        return "forbidden"
    return "hidden" if code in {"PIPELINE_NOT_FOUND", "RUN_NOT_FOUND"} else "allowed"


def compare(persona: Persona, found: Mapping[str, Any], every: tuple[Operation, ...]) -> None:
    """Each operation answered as stated, and nothing that is hidden shows through."""
    wanted = {op.name: stated(op, persona) for op in every}
    assert {name: verdict(answer) for name, answer in found.items()} == wanted
    if persona.here == "none":
        assert SENTINEL not in str(found)


async def by_mcp(client: Client[Any], place: Place) -> tuple[set[str], dict[str, Any]]:
    """The tools that are listed, and what each tool answers, listed or not."""
    listed = {tool.name for tool in await client.list_tools()}
    found = {}
    for op in TOOLS:
        result = await client.call_tool(op.name, place.arguments(op), raise_on_error=False)
        found[op.name] = result.structured_content or {}
    return listed, found


def check_tools(persona: Persona, listed: set[str], found: Mapping[str, Any]) -> None:
    """Listed is what the caller may use somewhere."""
    assert listed == {op.name for op in TOOLS if includes(persona.best, op.role)}
    compare(persona, found, TOOLS)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.name)
def test_mcp_in_memory(place: Place, persona: Persona) -> None:
    async def ask() -> tuple[set[str], dict[str, Any]]:
        async with Client(server(as_persona(place.host, persona))) as client:
            return await by_mcp(client, place)

    check_tools(persona, *asyncio.run(ask()))


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.name)
def test_mcp_over_http(place: Place, persona: Persona) -> None:
    async def ask() -> tuple[set[str], dict[str, Any]]:
        transport = StreamableHttpTransport(f"{place.url}/mcp", headers=persona.headers)
        async with Client(transport) as client:
            return await by_mcp(client, place)

    check_tools(persona, *asyncio.run(ask()))


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.name)
def test_rest(place: Place, persona: Persona) -> None:
    caller = RestCaller(place.host)

    async def ask(op: Operation) -> Any:
        arguments, path = place.arguments(op), op.path
        for name in op.path_parameters:
            path = path.replace(f"{{{name}}}", str(arguments.pop(name)))
        answer = await caller.request(op.method, path, arguments, persona.headers)
        is_json = answer.headers["content-type"] == "application/json"
        return answer.json() if is_json else {"lines": answer.text}

    async def ask_all() -> dict[str, Any]:
        return {op.name: await ask(op) for op in EVERY}

    compare(persona, asyncio.run(ask_all()), EVERY)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.name)
def test_command_line(place: Place, persona: Persona) -> None:
    caller = CliCaller(as_persona(place.host, persona))
    found = {op.name: caller.call(op.name, place.arguments(op)) for op in EVERY}
    compare(persona, found, EVERY)


def test_a_viewer_sees_no_tool_that_deploys(place: Place) -> None:
    viewers = [p for p in PERSONAS if p.best == "viewer"]
    assert viewers
    for persona in viewers:

        async def ask(persona: Persona = persona) -> set[str]:
            async with Client(server(as_persona(place.host, persona))) as client:
                return {tool.name for tool in await client.list_tools()}

        assert not asyncio.run(ask()) & {op.name for op in EVERY if op.role != "viewer"}


def test_every_argument_that_may_name_a_pipeline_is_known_to_the_runner() -> None:
    harmless = {"match_id"}  # of a run that is named beside it
    for op in EVERY:
        named = {name for name in op.schema["properties"] if re.search(r"_ids?$", name)}
        assert named - harmless <= set(BY_ARGUMENT), op.name


def paths(host: Host) -> Iterator[tuple[str, str]]:
    """Method and address of every route of the application."""
    for route in application(host, host.workspace.settings).routes:
        path = re.sub(r"{[^}]*}", "x", route.path)
        for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
            yield method, path


def test_every_route_asks_who_calls_and_from_where(place: Place) -> None:
    known = headers_of("root@example.com")
    with httpx2.Client(base_url=place.url) as client:
        for method, path in paths(place.host):
            foreign = client.request(method, path, headers=known | {"Host": "evil.example"})
            page = client.request(method, path, headers=known | {"Origin": "https://evil.example"})
            assert (foreign.status_code, page.status_code) == (421, 403), path
            unknown = client.request(method, path)
            if OPEN.fullmatch(path):
                assert unknown.status_code != 401, path
                continue
            forged = client.request(method, path, headers={"x-forwarded-email": "root@example.com"})
            for refused in (unknown, forged):
                assert refused.status_code == 401, path
                assert refused.headers["www-authenticate"].startswith("Bearer ")
                assert refused.json()["error"]["code"] == "UNAUTHENTICATED"
            assert 'error="invalid_token"' in forged.headers["www-authenticate"]
            assert "error=" not in unknown.headers["www-authenticate"]


def test_what_is_open_tells_nothing(place: Place) -> None:
    open_paths = {path for _, path in paths(place.host) if OPEN.fullmatch(path)}
    assert open_paths == {
        "/health",
        "/hooks/x/x",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
    }
    with httpx2.Client(base_url=place.url) as client:
        for path in open_paths:
            method = "POST" if path.startswith("/hooks") else "GET"
            assert PIPELINE not in client.request(method, path).text


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.name)
def test_the_stream_of_events_is_guarded_alike(place: Place, persona: Persona) -> None:
    url = f"{place.url}/api/pipelines/{PIPELINE}/events"
    with contextlib.closing(httpx2.Client(headers=persona.headers)) as client:
        code = client.get(url).json()["error"]["code"]
    assert code == ("PIPELINE_NOT_FOUND" if persona.here == "none" else "PIPELINE_DELETED")

"""Roles on single pipelines: given, taken, and no way around them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastmcp import Client
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.access import ANY, Access, Grant
from lakestream_mcp.identity import ROLES, Identity, Role, includes
from lakestream_mcp.operations import call, find
from lakestream_mcp.surfaces import events
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.http import application
from lakestream_mcp.surfaces.mcp import server

from .callers import BASE
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

ROOT = headers_of("root@example.com")
ANN, BOB = headers_of("ann@example.com"), headers_of("bob@example.com")
KEPT_OUT = next(p for p in PERSONAS if p.name == "kept-out")
roles = st.sampled_from(ROLES)


class Http:
    """The application of a host, asked by somebody."""

    def __init__(self, host: Host) -> None:
        self.app = application(host, host.workspace.settings)

    def __call__(self, who: dict[str, str], method: str, path: str, **body: Any) -> Any:
        async def ask() -> httpx2.Response:
            transport = httpx2.ASGITransport(self.app)
            async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
                kept = {"params": body} if method in {"GET", "DELETE"} else {"json": body}
                return await client.request(method, path, headers=who, **kept)

        return asyncio.run(ask()).json()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A process where nobody but root has a role."""
    with app_host(tmp_path) as started:
        yield started


@pytest.fixture
def http(host: Host) -> Http:
    """It over HTTP."""
    return Http(host)


def create(http: Http, who: dict[str, str], name: str) -> Any:
    """A blank pipeline."""
    return http(who, "POST", "/api/pipelines", name=name, id=name)


def grant(http: Http, actor: str, role: str, pipeline_id: str = ANY) -> Any:
    """What root gives."""
    return http(ROOT, "PUT", "/api/access", actor=actor, role=role, pipeline_id=pipeline_id)


def listed(http: Http, who: dict[str, str]) -> list[str]:
    """The pipelines that somebody sees."""
    answer = http(who, "GET", "/api/pipelines")
    return sorted(p["id"] for p in answer["pipelines"])


def test_pipelines_are_opened_to_some_and_closed_to_others(http: Http) -> None:
    for name in ("one", "two"):
        create(http, ROOT, name)
    assert http(ANN, "GET", "/api/pipelines")["error"]["code"] == "FORBIDDEN"
    grant(http, "ann@example.com", "author", "one")
    assert listed(http, ANN) == ["one"]
    assert create(http, ANN, "three")["error"]["code"] == "FORBIDDEN"
    grant(http, "*", "viewer")
    assert listed(http, ANN) == listed(http, BOB) == ["one", "two"]
    grant(http, "*", "none", "two")
    assert listed(http, BOB) == ["one"]
    grant(http, "bob@example.com", "deployer", "two")
    assert listed(http, BOB) == ["one", "two"]
    assert http(BOB, "DELETE", "/api/pipelines/two")["pipeline_id"] == "two"
    grant(http, "bob@example.com", "default", "two")
    assert listed(http, BOB) == ["one"]


def test_a_deployer_of_one_pipeline_gives_roles_there_alone(http: Http) -> None:
    create(http, ROOT, "one")
    create(http, ROOT, "two")
    grant(http, "ann@example.com", "deployer", "one")
    given = {"actor": "bob@example.com", "role": "viewer"}
    told = http(ANN, "PUT", "/api/access", **given, pipeline_id="one")
    assert [g["granted_by"] for g in told["grants"]] == ["root@example.com", "ann@example.com"]
    assert listed(http, BOB) == ["one"]
    for elsewhere in ("*", "two"):
        refused = http(ANN, "PUT", "/api/access", **given, pipeline_id=elsewhere)
        assert refused["error"]["code"] in {"FORBIDDEN", "PIPELINE_NOT_FOUND"}
    assert "grants" not in http(BOB, "GET", "/api/access", pipeline_id="one")
    assert http(ANN, "GET", "/api/audit")["error"]["code"] == "FORBIDDEN"
    seen = http(ANN, "GET", "/api/audit", pipeline_id="one")["entries"]
    assert {e["pipeline_id"] for e in seen} == {"one"}


def test_nobody_locks_themselves_out(http: Http) -> None:
    create(http, ROOT, "one")
    grant(http, "ann@example.com", "deployer", "one")
    given = {"role": "viewer", "pipeline_id": "one"}
    refused = http(ANN, "PUT", "/api/access", actor="ann@example.com", **given)
    assert refused["error"]["code"] == "LOCKED_OUT"
    assert http(ANN, "PUT", "/api/access", actor="*", **given)["you"]["role"] == "deployer"
    assert grant(http, "*", "none")["you"]["role"] == "deployer", "grants do not bind root"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"actor": "", "role": "viewer"}, "INVALID_ARGUMENT"),
        ({"actor": "ann", "role": "boss"}, "INVALID_ARGUMENT"),
        ({"actor": "ann", "role": "viewer", "pipeline_id": "nothing"}, "PIPELINE_NOT_FOUND"),
        ({"actor": "x" * 201, "role": "viewer"}, "INVALID_ARGUMENT"),
    ],
)
def test_wrong_grants_are_refused(http: Http, wrong: dict[str, str], code: str) -> None:
    assert http(ROOT, "PUT", "/api/access", **wrong)["error"]["code"] == code


def test_whoever_makes_a_pipeline_gets_no_more_than_they_had(http: Http) -> None:
    grant(http, "ann@example.com", "author")
    create(http, ANN, "anns")
    assert http(ANN, "GET", "/api/access", pipeline_id="anns")["you"]["role"] == "author"
    assert http(ANN, "DELETE", "/api/pipelines/anns")["error"]["code"] == "FORBIDDEN"


def test_what_is_hidden_is_as_if_it_were_not_there(host: Host, http: Http) -> None:
    run_id = populate(host)
    who = KEPT_OUT.headers
    nothing = http(who, "GET", "/api/pipelines/the-pipelime")["error"]
    hidden = http(who, "GET", f"/api/pipelines/{PIPELINE}")["error"]
    assert {**nothing, "request_id": 0, "got": 0, "where": 0, "message": 0} == {
        **hidden,
        "request_id": 0,
        "got": 0,
        "where": 0,
        "message": 0,
    }, "and no name is near it"
    taken = http(who, "POST", "/api/pipelines", name="Mine", id=PIPELINE)["error"]
    assert taken["code"] == "PIPELINE_EXISTS"
    answers = [nothing, hidden, taken]
    answers += [http(who, "GET", path) for path in ("/api/pipelines", "/api/runs")]
    answers += [http(who, "GET", "/api/pipelines", deleted="true", text=SENTINEL)]
    answers += [http(who, "GET", f"/api/runs/{run_id}/explanation")]
    given = {"pipeline_id": PIPELINE, "run_id": run_id}
    answers += [http(who, "PUT", "/api/templates/mine", **given)]
    assert SENTINEL not in json.dumps(answers)


def test_no_resource_shows_what_is_hidden(host: Host) -> None:
    run_id = populate(host)
    addresses = [
        f"lakestream://pipelines/{PIPELINE}",
        f"lakestream://pipelines/{PIPELINE}/code/x.sql",
        f"lakestream://runs/{run_id}",
    ]

    async def read(persona: Persona) -> list[str]:
        found = []
        async with Client(server(as_persona(host, persona))) as client:
            for address in addresses:
                try:
                    found.append(str(await client.read_resource(address)))
                except Exception as error:  # noqa: BLE001 - whatever the client makes of it
                    found.append(f"refused: {error}")
        return found

    hidden = asyncio.run(read(KEPT_OUT))
    assert all(text.startswith("refused") and "NOT_FOUND" in text for text in hidden)
    viewer = next(p for p in PERSONAS if p.name == "viewer-here")
    assert SENTINEL in asyncio.run(read(viewer))[0]


def test_a_stream_ends_when_its_reader_may_read_no_more(
    host: Host, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "POLL_S", 0.05)
    create(http, ROOT, "one")
    grant(http, "ann@example.com", "viewer", "one")
    heard: list[str] = []

    def rename(name: str) -> None:
        changes = [{"op": "set_pipeline", "name": name}]
        root = host.caller(ROOT)
        call(find("edit_pipeline"), root, {"pipeline_id": "one", "changes": changes})

    with served(host) as url, httpx2.Client(headers=ANN, timeout=20) as client:
        address = f"{url}/api/pipelines/one/events"
        with client.stream("GET", address) as response:
            for line in response.iter_lines():
                if line == ": connected":
                    rename("First")
                if line.startswith("event: "):
                    heard.append(line.removeprefix("event: "))
                if heard == ["revision"] and line.startswith("data: "):
                    grant(http, "ann@example.com", "default", "one")
                    rename("Second")
    assert heard == ["revision", "deleted"]


def test_a_stream_ends_after_a_while_and_is_taken_up_again(
    host: Host, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LIFE_S", 0.3)
    create(http, ROOT, "one")
    with served(host) as url, httpx2.Client(headers=ROOT, timeout=20) as client:
        assert ": connected" in client.get(f"{url}/api/pipelines/one/events").text
        changes = [{"op": "set_pipeline", "name": "Meanwhile"}]
        call(find("edit_pipeline"), host.caller(ROOT), {"pipeline_id": "one", "changes": changes})
        again = {"Last-Event-ID": "1"}
        assert "id: 2\n" in client.get(f"{url}/api/pipelines/one/events", headers=again).text


names = st.sampled_from(["ann", "bob", ANY])
pipelines = st.sampled_from(["one", "two", ANY])
grants = st.lists(
    st.builds(Grant, names, pipelines, roles), unique_by=lambda g: (g.actor, g.pipeline_id)
)


@given(grants, roles, roles, st.sampled_from(["one", "two", None]))
def test_the_closest_grant_counts(
    given_grants: list[Grant], usual: Role, most: Role, pipeline: str | None
) -> None:
    access = Access(Identity("ann", usual, most=most), given_grants)
    held = {(g.actor, g.pipeline_id): g.role for g in given_grants}
    order = [("ann", pipeline), (ANY, pipeline), ("ann", ANY), (ANY, ANY)]
    wanted: Role = next((held[key] for key in order if key in held), usual)
    assert access.on(pipeline) == min(wanted, most, key=ROLES.index)
    assert includes(access.best, access.on(pipeline))
    assert includes(most, access.best)


@given(grants, roles)
def test_what_is_listed_is_what_is_seen(given_grants: list[Grant], usual: Role) -> None:
    from sqlalchemy import create_engine, literal, select, union_all

    access = Access(Identity("ann", usual), given_grants)
    known = ["one", "two", "three"]
    rows = union_all(*(select(literal(name).label("id")) for name in known)).subquery()
    with create_engine("sqlite://").connect() as connection:
        found = connection.execute(select(rows).where(*access.visible(rows.c.id))).scalars()
        assert sorted(found) == sorted(name for name in known if access.sees(name))


@given(grants)
def test_grants_do_not_bind_an_administrator(given_grants: list[Grant]) -> None:
    access = Access(Identity("ann", "deployer", admin=True), given_grants)
    assert {access.on(p) for p in ("one", "two", None)} == {"deployer"}

"""How often one caller may do something, and what is told when it was too often."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastmcp import Client
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.access import ANY
from lakestream_mcp.errors import RateLimited
from lakestream_mcp.limits import BUCKETS_MAX, Limits
from lakestream_mcp.security import Security
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.http import application
from lakestream_mcp.surfaces.mcp import server

from .callers import BASE
from .personas import PERSONAS, SECURITY, app_host, as_persona, headers_of

ANN, BOB = headers_of("ann@example.com"), headers_of("bob@example.com")


class Clock:
    """A clock that tests set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A process where everybody is an author who may edit three times a minute."""
    security = SECURITY._replace(
        default_role="author", edits_per_minute=3, runs_per_minute=2, failures_per_minute=4
    )
    with app_host(tmp_path, security) as started:
        yield started


def asked(host: Host, count: int, method: str, path: str, **kept: Any) -> list[httpx2.Response]:
    """The same request, so many times."""
    app = application(host, host.workspace.settings)

    async def ask() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            return [await client.request(method, path, **kept) for _ in range(count)]

    return asyncio.run(ask())


def test_edits_are_limited_for_each_caller_and_reads_are_not(host: Host) -> None:
    create = {"json": {"name": "Many", "id": "many"}}
    statuses = [
        a.status_code for a in asked(host, 4, "POST", "/api/pipelines", **create, headers=ANN)
    ]
    assert statuses == [200, 200, 200, 429]
    (refused,) = asked(host, 1, "POST", "/api/pipelines", **create, headers=ANN)
    error = refused.json()["error"]
    assert error["code"] == "RATE_LIMITED"
    assert 0 < int(refused.headers["retry-after"]) <= 20
    assert error["where"]["retry_after_s"] == int(refused.headers["retry-after"])
    assert asked(host, 1, "POST", "/api/pipelines", **create, headers=BOB)[0].status_code == 200
    reads = asked(host, 20, "GET", "/api/pipelines", headers=ANN)
    assert {a.status_code for a in reads} == {200}
    run = asked(host, 3, "POST", "/api/pipelines/many/runs", json={}, headers=ANN)
    assert [a.status_code for a in run][2] == 429, "runs are counted by themselves"


def test_mcp_answers_with_the_same_error(host: Host) -> None:
    persona = PERSONAS[2]
    with host.workspace.store.transaction(write=True) as store:
        store.set_grant(persona.identity().name, ANY, "author", by="root")

    async def ask() -> list[Any]:
        async with Client(server(as_persona(host, persona))) as client:
            given = {"name": "Many", "id": "many"}
            return [
                (await client.call_tool("create_pipeline", given, raise_on_error=False))
                for _ in range(4)
            ]

    *fine, refused = asyncio.run(ask())
    assert [r.is_error for r in fine] == [False] * 3
    assert refused.structured_content["error"]["code"] == "RATE_LIMITED"
    assert "Wait" in refused.content[0].text


def test_failed_proofs_are_limited_but_keep_nobody_out(host: Host) -> None:
    answers = asked(host, 6, "GET", "/api/pipelines")
    assert [a.status_code for a in answers] == [401] * 4 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0
    assert asked(host, 1, "GET", "/api/pipelines", headers=ANN)[0].status_code == 200


def test_a_refused_call_leaves_no_audit_row(host: Host) -> None:
    asked(host, 9, "POST", "/api/pipelines", json={"name": "A"}, headers=ANN)
    with host.workspace.store.transaction() as store:
        assert len(list(store.audit_entries())) == 3


def test_the_person_at_this_machine_is_not_limited(fresh: Host) -> None:
    few = fresh.workspace.settings._replace(security=Security(edits_per_minute=1))
    mine = Host.local(few)
    answers = asked(mine, 5, "POST", "/api/pipelines", json={"name": "Mine"})
    mine.workspace.close()
    assert {a.status_code for a in answers} == {200}


@given(
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 90), st.sampled_from("ab")), max_size=200),
)
def test_no_minute_sees_more_than_twice_its_limit(
    limit: int, calls: list[tuple[float, str]]
) -> None:
    clock = Clock()
    limits = Limits(Security(edits_per_minute=limit), clock)
    done: dict[str, list[float]] = {"a": [], "b": []}
    for pause, who in calls:
        clock.now += pause / 10
        waits = [t for t in done[who] if t > clock.now - 60]
        try:
            limits.take("edits", who)
        except RateLimited as refused:
            assert len(waits) >= limit, "within the limit nobody waits"
            clock.now += refused.where["retry_after_s"]
            limits.take("edits", who)
        done[who].append(clock.now)
        assert len([t for t in done[who] if t > clock.now - 60]) <= 2 * limit


def test_callers_do_not_fill_the_memory() -> None:
    limits = Limits(Security(failures_per_minute=5))
    for number in range(BUCKETS_MAX + 100):
        limits.take("failures", f"address {number}")
    assert len(limits._busy_until) <= BUCKETS_MAX

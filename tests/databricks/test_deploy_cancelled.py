"""A caller who leaves: reading ends before its next request, and a deployment can go on at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lakestream_mcp.operations import call, find
from lakestream_mcp.workspace import Progress

from .site import FORCED, ID, Site, jobs
from .stand_in import StandIn


class Left(asyncio.CancelledError):
    """What ends the work of a caller who has cancelled, as the surfaces raise it."""


def leaving_after(number: int, silent: str = "") -> Progress:
    """A caller who waits for so many signs of life, beside the silent ones."""
    told: list[str] = []

    def tell(_: float, message: str) -> None:
        told.extend([message] * (message != silent))
        if len(told) > number:
            raise Left

    return tell


@pytest.fixture
def plain(site: Site, world: StandIn) -> Site:
    """A pipeline that is all SQL."""
    world.unity.add("SCHEMA", "main.default")
    site.make_plain()
    return site


def asked(site: Site, progress: Progress, operation: str, **arguments: Any) -> Any:
    user = site.host.workspace.identity
    ws = site.host.workspace.with_caller(user, progress)
    return call(find(operation), ws, arguments)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("deploy", {"pipeline_id": ID, "force_reason": FORCED}),
        ("get_deployment", {"pipeline_id": ID}),
        ("discover_schema", {"path": "main.default"}),
    ],
)
def test_who_leaves_ends_the_reading(
    plain: Site, world: StandIn, operation: str, arguments: dict[str, Any]
) -> None:
    plain.deploy()
    plain.above(200)
    before = len(world.faults.seen)
    with pytest.raises(Left):
        asked(plain, leaving_after(0), operation, **arguments)
    assert set(world.faults.seen[before:]) <= {"login"}


def test_who_leaves_in_the_middle_keeps_nobody_waiting(plain: Site, world: StandIn) -> None:
    plan = plain.plan()
    asked_for = {"pipeline_id": ID, "force_reason": FORCED, "confirm": plan["confirm"]}
    with pytest.raises(Left):
        asked(plain, leaving_after(1, "working"), "deploy", **asked_for)
    assert not plain.call("get_deployment", pipeline_id=ID).get("busy")
    again = plain.plan()
    assert again["plan"]["continues"], again
    assert plain.confirm(again)["status"] == "deployed"
    assert len(jobs(world)) == 1

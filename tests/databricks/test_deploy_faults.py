"""Every fault at every call of every story: no double, no orphan, and the right end after it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

import pytest

from lakestream_mcp.deploy.apply import LATE

from .site import Json, Site
from .stand_in.faults import AT_WRITES, FAULTS, SLOW
from .stories import STORIES, Ground, Scene, ends_right

HASTY_S = 1.0
"""How long a call may take that hangs on purpose."""
JARGON = re.compile(
    r"HTTPConnectionPool|Connection aborted|Expecting value|JSONDecode|likely a bug|Timed out after"
    r"|NoneType|object has no|Traceback|<html|\b0x[0-9a-f]{6}|Errno|\(\d+, '"
)
"""What libraries say, which nobody should have to read."""


@pytest.fixture(autouse=True)
def quick(no_waiting: None) -> None:
    """The SDK does not wait between its tries."""


def fails(ground: Ground, name: str, number: int, fault: str) -> None:
    """A story in which the nth call goes wrong, and then the same again."""
    with ground.scene(name) as now:
        before = now.snapshot()
        now.world.fail("*", number, fault)
        answer = attempt(ground, now, slow=fault in SLOW)
        judge(now, answer, before, ground.end(name))
        now.mend()
        ends_right(now, ground.end(name))


def attempt(ground: Ground, now: Scene, slow: bool) -> Json:
    """The story's call, by a server that does not wait long where calls hang."""
    if not slow:
        return now.attempt()
    hasty = Site(now.world, now.folder, ground.engine, databricks_timeout_s=HASTY_S)
    try:
        return now.attempt(hasty)
    finally:
        hasty.close()


def judge(now: Scene, answer: Json, before: str, wanted: str) -> None:
    """What is told is what is there: all of it, nothing, or what is left, in plain words."""
    if "error" not in answer:
        assert now.snapshot() == wanted, answer
        return
    error = answer["error"]
    assert not JARGON.search(f"{error['message']} {error.get('where')}"), error
    assert error.get("hint"), error
    if error["code"] == "DEPLOYMENT_PARTIAL":
        assert error["where"]["left"], error
    else:
        known = ("DEPLOYMENT_UNDONE", "PLAN_STALE", "DEPLOYMENT_LACKS")
        assert error["code"] in known or error["code"].startswith("DATABRICKS_"), error
        assert now.snapshot() == before or error["hint"] == LATE, error


def fail_each(ground: Ground, name: str, tries: Iterable[tuple[int, str]]) -> None:
    """Each of these; what fails says which it was."""
    calls = ground.known(name).calls
    for number, fault in tries:
        try:
            fails(ground, name, number, fault)
        except BaseException as error:
            error.add_note(f"{name}: {fault} at call {number}, {calls[number - 1]}")
            raise


FIRST_FAULT = {"unchanged": 0, "first": 14, "hybrid": 27}
"""Where each story begins in the row of faults: by these three every fault has its turn."""


@pytest.mark.parametrize("name", STORIES)
def test_a_fault_at_every_call(ground: Ground, name: str) -> None:
    """Each call from the first that writes on fails in one way; the reads before it, which are the
    same in all stories, do so in the story that only reads."""
    faults = sorted(FAULTS)
    random.Random(1).shuffle(faults)
    known = ground.known(name)
    numbers = [n for n, _ in enumerate(known.calls, 1) if n >= known.first_write]
    begin = FIRST_FAULT.get(name, 0)
    turns = [(number, faults[(begin + turn) % len(faults)]) for turn, number in enumerate(numbers)]
    following = sorted({*FIRST_FAULT.values(), len(faults)})
    assert name not in FIRST_FAULT or begin + len(turns) >= following[following.index(begin) + 1]
    fail_each(ground, name, turns)


@pytest.mark.soak
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", STORIES)
def test_every_fault_at_every_call(ground: Ground, name: str, fault: str) -> None:
    writes = {route.name for route in ground.world.routes if route.writes}
    numbered = enumerate(ground.known(name).calls, 1)
    wanted = [n for n, call in numbered if call in writes or fault not in AT_WRITES]
    fail_each(ground, name, [(number, fault) for number in wanted])

"""A run whose parts are killed one after the other: its status is true, its counts are kept."""

from __future__ import annotations

import pytest

from .conftest import Run
from .killer import Killer, counted

pytestmark = pytest.mark.spark


ROWS = [{"id": 1, "key": "a", "kind": "A", "at": "2026-01-01T00:00:00Z"}]


@pytest.mark.parametrize("victims", [("server", "spark", "supervisor"), ("supervisor", "server")])
def test_whoever_is_killed(run: Run, victims: tuple[str, ...]) -> None:
    options = {"trigger": "1 second", "events": {"feed": ROWS}}
    run.start(**options)
    killer = Killer(run, options)
    for victim in victims:
        run.until_phase("running")
        killer.nothing(0.5)
        getattr(killer, victim)()
    run.until(lambda now: now.phase == "running" and counted(now, 30))
    killer.nothing(1)
    assert counted(run.status, 30), "what Spark does again counts once"
    assert run.stop().phase == "stopped"

"""Stories of a heartbeat: silent, back, just in time, at the deadline, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.scenario import Scenario, Wanted, is_true, just_before
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import HeartbeatConfig

BEAT = Wanted(0, ("last",))


def heartbeat_scenarios(config: HeartbeatConfig) -> Iterator[Scenario]:
    """What becomes of the first heartbeat; after the last one every key is lost."""
    if "lost" in config.emit:
        yield from _lost(config)
    if "recovered" in config.emit:
        yield from _recovered(config)


def _followed(at_us: int) -> tuple[Wanted, Wanted]:
    return (BEAT, BEAT._replace(at_us=at_us))


def _lost(config: HeartbeatConfig) -> Iterator[Scenario]:
    timeout = duration_us(config.timeout)
    lost = (("status", "lost"),)
    soon = _followed(just_before(timeout))
    yield Scenario("a heartbeat that nothing follows", "", True, (BEAT,), (0,), lost)
    yield Scenario("the next one just in time", "timeout", False, soon, (0,), lost)
    late = _followed(timeout)
    yield Scenario("the next one at the deadline, too late", "timeout", True, late, (0,), lost)
    if not is_true(config.where):
        other = Wanted(timeout // 2, (), ("last",))
        yield Scenario("only another event in time", "where", True, (BEAT, other), (0,), lost)
        quiet = (other._replace(at_us=0),)
        yield Scenario("never a heartbeat", "where", False, quiet, (0,))


def _recovered(config: HeartbeatConfig) -> Iterator[Scenario]:
    timeout, forget = duration_us(config.timeout), duration_us(config.forget_after)
    back, both = (("status", "recovered"),), (0, 1)
    for name, clause, matches, at_us in (
        ("back after the timeout", "", True, timeout + (forget - timeout) // 2),
        ("back at the deadline", "timeout", True, timeout),
        ("back before it is lost", "timeout", False, just_before(timeout)),
        ("back just before it is forgotten", "forget_after", True, just_before(forget)),
        ("back when it is forgotten", "forget_after", False, forget),
    ):
        if matches is (timeout <= at_us < forget):
            yield Scenario(name, clause, matches, _followed(at_us), both, back)
    yield Scenario("lost and never back", "timeout", False, (BEAT,), (), back)
    if not is_true(config.where):
        other = Wanted(timeout, (), ("last",))
        yield Scenario("only another event comes", "where", False, (BEAT, other), (0,), back)

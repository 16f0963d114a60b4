"""Stories of a sequence: complete, each step missing or failing, and at the edges of its times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...cep.scenario import Scenario, Wanted, just_before, replaced, spread, without
from ...graph.duration import duration_us
from .config import SequenceConfig, SequenceStep, everything

MOST = 50


class Bound(NamedTuple):
    """An event of the shortest match: its step, the step's field and contiguity."""

    step: SequenceStep
    field: str
    strict: bool


def sequence_scenarios(config: SequenceConfig) -> Iterator[Scenario]:
    """The shortest match, and what happens to it when one thing is different."""
    fields = {chain[at].name: field for field, at, chain in everything(config.steps)}
    bound = list(shortest(config.steps, config, fields))
    if not 0 < len(bound) <= MOST:
        return
    gaps = [duration_us(b.step.within) for b in bound if b.step.within]
    within = duration_us(config.within) if config.within else None
    tightest = min([*([within] if within else []), *(g * len(bound) for g in gaps)], default=None)
    times = spread(len(bound), tightest)
    events = tuple(Wanted(at, (b.step.name,)) for at, b in zip(times, bound, strict=True))
    ends_negated = config.steps[-1].negated
    yield Scenario("every step in order", "", True, events)
    last_of = {one.step.name: at for at, one in enumerate(bound)}
    for at, one in ((at, bound[at]) for at in last_of.values()):
        field = f"{one.field}.where"
        yield Scenario(f"without {one.step.name}", field, False, without(events, at))
        if one.step.where:
            failed = Wanted(times[at], (), (one.step.name,))
            name = f"{one.step.name} does not hold"
            yield Scenario(name, field, False, replaced(events, at, failed))
    if len(bound) > 1 and not ends_negated and not gaps:
        yield from _at_the_end(within, events)
    yield from _between(config, fields, events, bound)
    if ends_negated and within:
        yield from _forbidden_at_the_end(config, fields, events, within)


def shortest(
    steps: Sequence[SequenceStep], config: SequenceConfig, fields: dict[str, str]
) -> Iterator[Bound]:
    """The events of the shortest match."""
    for step in steps:
        if step.negated or step.optional:
            continue
        for n in range(step.min):
            if step.steps:
                yield from shortest(step.steps, config, fields)
            else:
                contiguity = (step.contiguity or config.contiguity) if n == 0 else step.inner
                yield Bound(step, fields[step.name], contiguity == "strict")


def _at_the_end(within: int | None, events: tuple[Wanted, ...]) -> Iterator[Scenario]:
    """The last event just in time, and at exactly the end, which is outside."""
    if within is None:
        return
    last = len(events) - 1
    for name, at_us, matches in (
        ("the last event just in time", just_before(within), True),
        ("the last event when the time is over", within, False),
    ):
        moved = events[last]._replace(at_us=at_us)
        yield Scenario(name, "within", matches, replaced(events, last, moved))


def _between(
    config: SequenceConfig,
    fields: dict[str, str],
    events: tuple[Wanted, ...],
    bound: list[Bound],
) -> Iterator[Scenario]:
    """An event that fits no step, or a forbidden one, between two steps."""
    names = tuple({b.step.name for b in bound})
    for at in sorted({one.step.name: at for at, one in enumerate(bound) if at}.values()):
        middle = (events[at - 1].at_us + events[at].at_us) // 2
        stray = Wanted(middle, (), names)
        mixed = (*events[:at], stray, *events[at:])
        one = bound[at]
        clause = f"{one.field}.contiguity"
        told = f"another event before {one.step.name}"
        yield Scenario(told, clause, not one.strict, mixed)
    chain = config.steps
    for place, step in enumerate(chain):
        if not step.negated or place in (0, len(chain) - 1):
            continue
        following = next((s.name for s in chain[place + 1 :] if not s.negated), None)
        at = next((i for i, b in enumerate(bound) if b.step.name == following), 0)
        if at:
            middle = (events[at - 1].at_us + events[at].at_us) // 2
            stray = Wanted(middle, (step.name,))
            mixed = (*events[:at], stray, *events[at:])
            field = f"{fields[step.name]}.where"
            yield Scenario(f"{step.name} comes in between", field, False, mixed)


def _forbidden_at_the_end(
    config: SequenceConfig, fields: dict[str, str], events: tuple[Wanted, ...], within: int
) -> Iterator[Scenario]:
    """What must not come comes, just in time and too late."""
    last = config.steps[-1]
    field = f"{fields[last.name]}.where"
    for name, at_us, matches in (
        (f"{last.name} comes just in time", just_before(within), False),
        (f"{last.name} comes when the time is over", within, True),
    ):
        yield Scenario(name, field, matches, (*events, Wanted(at_us, (last.name,))))

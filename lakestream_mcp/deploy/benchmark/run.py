"""A whole benchmark of one pattern: rates, saturation point, and the report that is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ...cep.host import Host
from .figures import Step
from .paced import Tell, refuse_engine, run_paced
from .reference import reference_us
from .search import saturation
from .stream import DELAY_MS, Pool, Shape, pool_of, stream

PROBE_EVENTS = 100_000
MAX_EVENTS = 500_000
UNSEARCHED = (
    "on Spark no saturation point is looked for: `busy` tells how near each given rate comes to it"
)


class Asked(NamedTuple):
    """What to measure: events per second, one after the other, each for so many seconds."""

    rates: Sequence[float]
    seconds: float
    shape: Shape


def events_of(rate: float, seconds: float, most: int = MAX_EVENTS) -> int:
    """How many events a stream has; a fast one is shorter."""
    return max(1, min(round(rate * seconds), most))


def benchmark_on_host(
    host: Host, node: str, asked: Asked, tell: Tell, given: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The report of a benchmark in this process. Raises Unsupported, InvalidEvents.

    given: rows to draw from, by source, instead of made-up ones.
    """
    refuse_engine(host, node)
    tell(0.0, "making rows")
    pool = pool_of(host, node, asked.shape.seed, given)

    def measured(rate: float, most: int, told: Tell) -> Step:
        events = events_of(rate, asked.seconds, most)
        tables = stream(host, pool, asked.shape, rate, events)
        return run_paced(host, node, tables, rate, told)[0]

    steps = []
    for number, rate in enumerate(asked.rates):
        part = _part(tell, 0.6 * number / len(asked.rates), 0.6 / len(asked.rates))
        steps.append(measured(rate, MAX_EVENTS, part))
    report = report_of(host, node, "host", asked, pool, steps)
    told = _part(tell, 0.6, 0.0)
    end = saturation(lambda rate: measured(rate, PROBE_EVENTS, told), steps)
    return report | {"saturation": end.model_dump(mode="json")}


def report_of(
    host: Host, node: str, engine: str, asked: Asked, pool: Pool, steps: Sequence[Step]
) -> dict[str, Any]:
    """What is stored of a benchmark, as plain JSON."""
    return {
        "engine": engine,
        "node": node,
        "type": host.type_of(node),
        "shape": asked.shape._asdict(),
        "seconds": asked.seconds,
        "reference_us": round(reference_us(), 5),
        "steps": [step.model_dump(mode="json") for step in steps],
        "notes": [*notes(host, node, pool), *([UNSEARCHED] if engine == "spark" else [])],
    }


def notes(host: Host, node: str, pool: Pool) -> list[str]:
    """What to know when reading the figures."""
    found = []
    for name in pool.tables:
        delay = host.relations[name].delay_ms or 0
        if delay > DELAY_MS:
            found.append(
                f"`{name}` declares a watermark delay of {delay / 1000:g} s; the stream ran with "
                f"{DELAY_MS / 1000:g} s, and the rest comes on top of each latency"
            )
        if not pool.keys[name]:
            found.append(
                f"no key column of `{name}` can be counted freely, so keys are those of its rows"
            )
        if not pool.others[name]:
            found.append(f"every row of `{name}` is one that `{node}` wants")
    return found


def _part(tell: Tell, start: float, length: float) -> Callable[[float, str], None]:
    """Progress within a part of the whole."""

    def told(fraction: float, message: str) -> None:
        tell(start + length * fraction, message)

    return told

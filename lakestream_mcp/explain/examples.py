"""Examples made from a pattern's configuration: what matches, what just misses, and where it turns.

Each scenario the pattern tells is filled with rows that reach it through the pipeline, and run;
only what comes out as told is an example.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..cep.events import ROW
from ..cep.host import Host, Options
from ..cep.near_miss import Seen
from ..cep.replay import FAR, Batch, replay
from ..cep.report import jsonable
from ..cep.scenario import BEGINS_US, Scenario, Wanted
from .candidates import Mentioned, finite, texts
from .path import upstream_of
from .stage import START, Row, Stage, in_order, sources_of, stage_of, tables_of, time_of

ATTEMPTS = 400
DAY_US = 86_400_000_000
FREE = ("string", "int", "bigint")
"""Types of keys that can be told apart by counting."""

Fitted = dict[tuple[int, Wanted], Seen]
"""Rows of a match by place and what was asked of them, times apart."""
Rows = dict[str, list[Row]]
"""Rows by source."""


class Example(NamedTuple):
    """A scenario with rows of the sources that make it true, and the number of each of its events
    among them in order of arrival."""

    scenario: Scenario
    rows: Rows
    numbers: list[int]


def examples_of(host: Host, node: str) -> tuple[list[Example], list[Scenario]]:
    """Examples of a pattern, and the scenarios for which no rows were found."""
    kind, config = host.catalog.get(host.type_of(node)), host.configs[node]
    scenarios = list(kind.scenarios(config))
    stage = stage_of(host, node, scenarios)
    found, left = [], []
    fitted: Fitted = {}
    for scenario in scenarios:
        raises = stage.raises if scenario.movable else (0.0,)
        tries = (_example(stage, scenario.raised(amount), fitted) for amount in raises)
        example = next((made for made in tries if made is not None), None)
        if example is None:
            left.append(scenario)
        else:
            found.append(example)
    return found, left


def _example(stage: Stage, scenario: Scenario, fitted: Fitted) -> Example | None:
    """Rows that make a scenario true, or None.

    fitted: what matched together before is tried first, so that what just misses differs from it
    by one thing only.
    """
    choices = [_fitting(stage, event) for event in scenario.events]
    if not all(choices):
        return None
    draw = random.Random(scenario.name)
    roles = [(n, event._replace(at_us=0)) for n, event in enumerate(scenario.events)]
    for attempt in range(ATTEMPTS if scenario.events else 1):
        chosen = [draw.choice(c) for c in choices]
        if attempt == 0:
            chosen = [fitted.get(role, c[0]) for role, c in zip(roles, choices, strict=True)]
        if _tried(stage, scenario, chosen) == scenario.matches:
            example = _confirmed(stage, scenario, chosen)
            if example is not None:
                if scenario.matches:
                    fitted |= zip(roles, chosen, strict=True)
                return example
    return None


def _fitting(stage: Stage, event: Wanted) -> list[Seen]:
    """The candidates an event may be."""
    places = {v.name.lower(): 1 + i for i, v in enumerate(stage.pattern.plan.values)}
    return [
        seen
        for at, seen in enumerate(stage.candidates)
        if stage.ports[seen.number] == event.port
        and all(stage.truth[name][at] for name in event.holds)
        and not any(stage.truth[name][at] for name in event.fails)
        and all(
            # A narrow type may have rounded what was given.
            name.lower() in places
            and (
                _same(value, seen.values[places[name.lower()]])
                or _same(value, stage.given[seen.number].get(name))
            )
            for name, value in event.values
        )
    ]


def _same(wanted: Any, got: Any) -> bool:
    """Whether a value is the one asked for; numbers may have been rounded on their way."""
    number = finite(got) if isinstance(wanted, float) else None
    if number is None:
        return bool(wanted == got)
    return math.isclose(wanted, number, rel_tol=1e-9, abs_tol=1e-9)


def _tried(stage: Stage, scenario: Scenario, chosen: list[Seen]) -> bool:
    """Whether the pattern has the match that is meant, of these candidates at their times."""
    import pyarrow as pa

    packed = stage.pattern.packed
    places = {number: i for i, number in enumerate(packed["row"].to_pylist())}
    kept = [n for n, seen in enumerate(chosen) if seen.number in places]
    rows = packed.take(pa.array([places[chosen[n].number] for n in kept], type=pa.int64()))
    stamps = [BEGINS_US + scenario.events[n].at_us for n in kept]
    for name, values in (("ts", stamps), ("row", kept)):
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, pa.array(values, type=pa.int64()))
    outcome = replay(stage.pattern.text, stage.node, [Batch(rows, 0)], 0, FAR)
    names = [measure.name for measure in stage.pattern.plan.measures]
    return any(
        scenario.means((row[-1] for _, _, row in bound), dict(zip(names, measures)))
        for _, (_, _, _, bound, measures, _) in outcome.matches
    )


def _confirmed(stage: Stage, scenario: Scenario, chosen: list[Seen]) -> Example | None:
    """The example, if the whole pipeline, run on its rows, says the same."""
    host = stage.host
    rows: Rows = {name: [] for name in in_order(host, stage.sources)}
    places = []
    for seen, event in zip(chosen, scenario.events, strict=True):
        source = stage.sources[event.port]
        time = time_of(host, source)
        timed = {time: START + dt.timedelta(microseconds=event.at_us)} if time else {}
        places.append((source, len(rows[source])))
        rows[source].append({**stage.given[seen.number], **timed})
    tables = tables_of(host, rows)
    numbers = [tables[source][ROW][at].as_py() for source, at in places]
    way = [*upstream_of(host, stage.node), stage.node]
    run = host.run(tables, Options(traced=False, batch_rows=1_000_000), way)
    found = any(
        scenario.means((numbers.index(bound[-1]) for _, _, bound in match[3]), row)
        for row, match in run.patterns[stage.node].found
    )
    return Example(scenario, jsonable(rows), numbers) if found == scenario.matches else None


def combined(host: Host, node: str, examples: list[Example]) -> Rows | list[Row]:
    """The rows of all examples as one input: each under a key of its own where the key is free,
    and later than the one before by more than any of them lasts."""
    names = in_order(host, sources_of(host, node))
    keys = _free_keys(host, node)
    longest = max((e.at_us for x in examples for e in x.scenario.events), default=0)
    together = math.lcm(*(x.scenario.aligned_us for x in examples))
    apart = dt.timedelta(microseconds=-(-(3 * longest + DAY_US) // together) * together)
    rows: Rows = {name: [] for name in names}
    for number, example in enumerate(examples):
        for name, listed in example.rows.items():
            time = time_of(host, name)
            for row in listed:
                moved = dict(row)
                if time:
                    at = dt.datetime.fromisoformat(row[time])
                    moved[time] = jsonable(at + number * apart)
                own = {key: _own(row[key], number + 1) for key in keys[name]}
                rows[name].append(moved | own)
    return plain(rows)


def plain(rows: Rows) -> Rows | list[Row]:
    """Rows as a test takes them: of a single source just a list."""
    return rows if len(rows) > 1 else next(iter(rows.values()), [])


def _free_keys(host: Host, node: str) -> dict[str, list[str]]:
    """The key columns of each source whose values no condition mentions in any of them."""
    sources = sources_of(host, node)
    relations = [host.relations[edge.source] for edge in host.inputs(node)]
    plan = host.catalog.get(host.type_of(node)).plan(host.configs[node], relations, host.resolver)
    mentioned = Mentioned(t for c in host.configs.values() for t in texts(c.model_dump()))
    together = zip(*(part.key for part in plan.parts()), strict=True)
    free = [
        names
        for names in together
        if all(
            host.relations[source].type_of(name) in FREE and name.lower() not in mentioned.by_column
            for source, name in zip(sources, names, strict=True)
        )
    ]
    return {source: [names[port] for names in free] for port, source in enumerate(sources)}


def _own(value: Any, number: int) -> Any:
    """A key of an example's own."""
    return f"{value}{number}" if isinstance(value, str) else number


def told(
    examples: list[Example], left: list[Scenario], matches: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Each example with the numbers of its events in the combined input, and what came of it.

    matches: of the run on the combined input. Scenarios without rows are named, too.
    """
    listed, first = [], 0
    for scenario, rows, places in examples:
        numbers = [first + place for place in places]
        found = [m for m in matches if _meant(scenario, m, numbers)]
        listed.append(
            {
                "name": scenario.name,
                "clause": scenario.clause,
                "expected": "match" if scenario.matches else "no match",
                "events": numbers,
                **_which(scenario, numbers),
                "matches": [m["match_id"][:12] for m in found],
                "rows": plain(rows),
            }
        )
        first += len(numbers)
    return listed + [{"name": s.name, "clause": s.clause, "not_found": True} for s in left]


def _meant(scenario: Scenario, match: dict[str, Any], numbers: Sequence[int]) -> bool:
    """Whether a reported match is of these events and the one that is meant."""
    places = [numbers.index(e["event"]) for e in match["events"] if e["event"] in numbers]
    return bool(places) and scenario.means(places, match["measures"])


def _which(scenario: Scenario, numbers: Sequence[int]) -> dict[str, Any]:
    """Which match is meant, where a pattern gives several."""
    asked: dict[str, Any] = {}
    if scenario.together:
        asked["events"] = [numbers[place] for place in scenario.together]
    if scenario.measures:
        asked["measures"] = dict(scenario.measures)
    return {"meant": asked} if asked else {}

"""What scenarios are played with: rows that came through the pipeline, and what holds for them.

Likely rows go through first. Where scenarios ask for numbers that the pattern computes, it shows
which column each is made of, and rows with the numbers asked for follow.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..cep.events import ROW, table_of, with_arrivals
from ..cep.host import Host, Options, PatternRun
from ..cep.near_miss import Seen
from ..cep.physical import EPOCH
from ..cep.scenario import BEGINS_US, Scenario
from ..errors import Unsupported
from ..graph.node_type import SourceType
from .candidates import Line, Mentioned, candidate_rows, finite, line_of, storable, texts
from .path import upstream_of
from .truth import Truth
from .view import seen_rows

START = EPOCH + dt.timedelta(microseconds=BEGINS_US)
MAX_TEMPLATES = 24
MAX_RAISES = 4
Row = dict[str, Any]
Numbers = dict[str, Any]
"""Values asked for together, by the name of the plan's value, or by column."""


class Stage(NamedTuple):
    """Everything needed to try scenarios of one pattern."""

    host: Host
    node: str
    sources: tuple[str, ...]  # by port
    pattern: PatternRun
    candidates: tuple[Seen, ...]
    ports: dict[int, int]  # by arrival number
    given: dict[int, Row]  # source rows, by arrival number
    truth: dict[str, list[bool]]  # of each condition, by place among the candidates
    raises: tuple[float, ...] = (0.0,)  # by how much a movable scenario may be raised


def stage_of(host: Host, node: str, scenarios: list[Scenario]) -> Stage:
    """Candidates for the scenarios of a pattern. Raises Unsupported."""
    sources = sources_of(host, node)
    configs = [host.configs[n] for n in [*upstream_of(host, node), node]]
    mentioned = Mentioned(text for config in configs for text in texts(config.model_dump()))
    fixed = _fixed(host, node, sources, mentioned)
    rows = [
        candidate_rows(
            host.relations[source],
            mentioned,
            fixed[port],
            _wanted(scenarios, port),
            host.only_values(source),
        )
        for port, source in enumerate(sources)
    ]
    stage = _played(host, node, sources, rows)
    raises = _raises(stage, scenarios)
    aimed = [_aimed(stage, port, _wanted(scenarios, port, raises)) for port in range(len(sources))]
    if any(aimed):
        stage = _played(host, node, sources, [r + a for r, a in zip(rows, aimed, strict=True)])
    return stage._replace(raises=raises)


def sources_of(host: Host, node: str) -> tuple[str, ...]:
    """The source behind each input of a pattern. Raises Unsupported."""
    found = []
    for edge in host.inputs(node):
        before = [*upstream_of(host, edge.source), edge.source]
        found.append(
            [n for n in before if isinstance(host.catalog.get(host.type_of(n)), SourceType)]
        )
    sources = tuple(listed[0] for listed in found if len(listed) == 1)
    if len(set(sources)) < len(found):
        raise Unsupported(
            "Examples are made where each input of a pattern reads one source of its own.",
            code="NO_EXAMPLES",
            where={"node": node},
            got=found,
            hint="test with rows of your own",
        )
    return sources


def _wanted(
    scenarios: list[Scenario], port: int, raises: Sequence[float] = (0.0,)
) -> list[Numbers]:
    """The values that events of an input are to have, each group once."""
    groups = [
        event.values
        for scenario in scenarios
        for amount in (raises if scenario.movable else (0.0,))
        for event in (scenario.raised(amount) if scenario.movable else scenario).events
        if event.values and event.port == port
    ]
    return [dict(values) for values in dict.fromkeys(groups)]


def _fixed(
    host: Host, node: str, sources: tuple[str, ...], mentioned: Mentioned
) -> list[dict[str, Any]]:
    """Columns with one value, by port: the same key for all, and the time."""
    relations = [host.relations[edge.source] for edge in host.inputs(node)]
    kind = host.catalog.get(host.type_of(node))
    keys: list[Any] = []
    fixed = []
    for source, part in zip(
        sources, kind.plan(host.configs[node], relations, host.resolver).parts(), strict=True
    ):
        relation = host.relations[source]
        keys = keys or [mentioned.pool(n, relation.type_of(n) or "")[:1] for n in part.key]
        own = {n: v[0] for n, v in zip(part.key, keys) if v and relation.type_of(n)}
        time = time_of(host, source)
        fixed.append(own | ({time: START} if time else {}))
    return fixed


def time_of(host: Host, source: str) -> str | None:
    """The column of a source that is event time, which a watermark node may declare later on."""
    own = host.relations[source]
    later = (host.relations.get(n) for n in host.order if source in upstream_of(host, n))
    declared = [own.event_time, *(relation.event_time for relation in later if relation)]
    return next((name for name in declared if name and own.type_of(name) == "timestamp"), None)


def tables_of(host: Host, rows: dict[str, list[Row]]) -> dict[str, Any]:
    """The rows of each source as a table with arrival numbers."""
    tables = {
        name: table_of(listed, host.relations[name], name)[0] for name, listed in rows.items()
    }
    numbered = with_arrivals(tables, {name: time_of(host, name) for name in rows})
    return {name: host.let_through(name, table).table for name, table in numbered.items()}


def in_order(host: Host, sources: Sequence[str]) -> list[str]:
    """Sources in the order in which a test numbers their events."""
    return [name for name in host.order if name in sources]


def _played(
    host: Host,
    node: str,
    sources: tuple[str, ...],
    rows: list[list[Row]],
) -> Stage:
    """Send rows through the nodes before a pattern."""
    by_source = dict(zip(sources, rows, strict=True))
    tables = tables_of(host, {name: by_source[name] for name in in_order(host, sources)})
    options = Options(traced=False, advance_to=None)
    run = host.run(tables, options, [*upstream_of(host, node), node])
    pattern = run.patterns[node]
    candidates = seen_rows(host, pattern, node, pattern.inputs)
    ports = {n: port for port, t in enumerate(pattern.inputs) for n in t[ROW].to_pylist()}
    given = {
        number: row
        for name in sources
        for number, row in zip(tables[name][ROW].to_pylist(), by_source[name], strict=True)
    }
    truth = _truths(host, node, pattern, candidates)
    return Stage(host, node, sources, pattern, candidates, ports, given, truth)


def _truths(
    host: Host, node: str, pattern: PatternRun, candidates: tuple[Seen, ...]
) -> dict[str, list[bool]]:
    """Whether each condition's parts on the row itself hold; what reads earlier rows is open."""
    kind = host.catalog.get(host.type_of(node))
    truth = Truth(host.engine, pattern.inputs, pattern.plan.steps)
    found = {}
    for name, condition in kind.step_conditions(host.configs[node]).items():
        found[name] = [truth.may_hold(condition, seen.number) for seen in candidates]
    return found


def _raises(stage: Stage, scenarios: list[Scenario]) -> tuple[float, ...]:
    """Amounts that lift numbers counted from 0 to where conditions hold."""
    names = {name for s in scenarios if s.movable for e in s.events for name, _ in e.values}
    places = [_place(stage, name) for name in names]
    found = {
        float(math.ceil(number))
        for place in filter(None, places)
        for at, seen in enumerate(stage.candidates)
        if all(held[at] for held in stage.truth.values())
        and (number := finite(seen.values[place])) is not None
    }
    return (0.0, *sorted(found - {0.0}, key=abs)[:MAX_RAISES])


def _place(stage: Stage, name: str) -> int | None:
    """Where a computed value is in a packed row."""
    computed = [(v.name, v.role == "computed") for v in stage.pattern.plan.values]
    return 1 + computed.index((name, True)) if (name, True) in computed else None


def _aimed(stage: Stage, port: int, wanted: list[Numbers]) -> list[Row]:
    """Rows whose computed values are those asked for, as far as one column makes each."""
    lines = {name: _line(stage, port, name) for name in {n for group in wanted for n in group}}
    relation = stage.host.relations[stage.sources[port]]
    templates = _templates(stage, port) if any(lines.values()) else []
    rows = []
    for group in wanted:
        aims = [(lines[name], value) for name, value in group.items()]
        columns = {
            line.column: storable(line.at(value), relation.type_of(line.column) or "")
            for line, value in aims
            if line is not None
        }
        if columns and None not in columns.values():
            rows += [template | columns for template in templates]
    return rows


def _line(stage: Stage, port: int, name: str) -> Line | None:
    """The source column that a computed value is made of."""
    place = _place(stage, name)
    if place is None:
        return None
    seen = [s for s in stage.candidates if stage.ports[s.number] == port]
    return line_of([stage.given[s.number] for s in seen], [s.values[place] for s in seen])


def _templates(stage: Stage, port: int) -> list[Row]:
    """Rows that satisfy as many conditions as possible, the likeliest first."""
    own = [(at, s) for at, s in enumerate(stage.candidates) if stage.ports[s.number] == port]
    own.sort(key=lambda pair: -sum(held[pair[0]] for held in stage.truth.values()))
    return [stage.given[s.number] for _, s in own[:MAX_TEMPLATES]]

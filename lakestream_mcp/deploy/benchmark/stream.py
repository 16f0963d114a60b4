"""Synthetic streams: events at an even rate, keys with a skew, a set share that the pattern wants.

The rows are drawn from a pool of rows that came through the pipeline: the simulator's, those of the
pattern's own examples, and rows made of the values that conditions mention. A seed gives the same
stream each time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...cep.events import ROW, table_of, with_arrivals
from ...cep.host import Host, Options
from ...cep.packing import united_rows
from ...cep.pattern_type import PatternType
from ...cep.scenario import BEGINS_US
from ...errors import LakestreamError, Unsupported
from ...explain.candidates import Mentioned, texts
from ...explain.examples import FREE, examples_of
from ...explain.path import upstream_of
from ...explain.samples import made_up_rows

SIMULATED = 1_000
MADE_UP = 400
SECOND_US = 1_000_000
DELAY_MS = 1_000
"""The watermark delay, where the declared one is longer: a stream of seconds has to pass it."""


class Shape(NamedTuple):
    """What a stream is like.

    keys: how many there are; skew: exponent of Zipf's law, 0 for keys that are equally frequent.
    share: of events that the pattern wants to see.
    """

    keys: int = 1_000
    skew: float = 0.0
    share: float = 0.5
    seed: int = 0


class Pool(NamedTuple):
    """Rows to draw from, by source.

    wanted, others: places of the rows that reach the pattern with a condition that holds, and of
    the rest. keys: the columns of each source that may be overwritten with keys.
    """

    tables: dict[str, Any]
    wanted: dict[str, Any]
    others: dict[str, Any]
    keys: dict[str, list[str]]
    times: dict[str, list[str]]


def pool_of(host: Host, node: str, seed: int, given: dict[str, Any] | None = None) -> Pool:
    """Rows for the sources of a pattern: those given, or made up. Raises Unsupported."""
    before = upstream_of(host, node)
    sources = [n for n in host.sources if n in before]
    tables = given or _made_up(host, node, sources, seed)
    bare = {name: tables[name].select(list(host.relations[name].names)) for name in sources}
    seen = _seen(host, node, with_arrivals(bare, dict.fromkeys(sources)))
    wanted, others, first = {}, {}, 0
    for name, table in bare.items():
        wanted[name] = [n for n in range(table.num_rows) if first + n in seen]
        others[name] = [n for n in range(table.num_rows) if first + n not in seen]
        first += table.num_rows
    if not any(wanted.values()):
        raise Unsupported(
            f"No row comes through to `{node}` with a condition that holds.",
            code="NO_EXAMPLES",
            where={"node": node},
            got="rows given" if given else "rows made up",
            hint='give rows that it wants: events={"file": "events.jsonl"}',
        )
    times = {name: _times(host, name) for name in sources}
    return Pool(bare, wanted, others, _keys(host, node, sources), times)


def stream(host: Host, pool: Pool, shape: Shape, rate: float, events: int) -> dict[str, Any]:
    """`events` events at `rate` per second, as the tables of the sources with arrival numbers."""
    import numpy as np

    draw = np.random.default_rng(shape.seed)
    moments = BEGINS_US + np.floor(np.arange(events) * (SECOND_US / rate)).astype(np.int64)
    ranks = keys_drawn(draw, shape, events)
    wanted = draw.random(events) < shape.share
    names = list(pool.tables)
    ports = draw.integers(0, len(names), events)
    tables = {}
    for port, name in enumerate(names):
        mine = ports == port
        rows = _drawn(draw, pool, name, wanted[mine])
        tables[name] = _stamped(host, pool, name, rows, moments[mine], ranks[mine])
    return with_arrivals(tables, {name: host.relations[name].event_time for name in names})


def keys_drawn(draw: Any, shape: Shape, events: int) -> Any:
    """The number of each event's key, the frequent ones first."""
    import numpy as np

    weights = 1.0 / np.arange(1, shape.keys + 1) ** shape.skew
    return np.searchsorted(np.cumsum(weights / weights.sum()), draw.random(events) * (1 - 1e-12))


def _drawn(draw: Any, pool: Pool, name: str, wanted: Any) -> Any:
    """Places in the pool; where one kind of row is missing, the other stands in."""
    import numpy as np

    good, rest = pool.wanted[name], pool.others[name]
    good, rest = np.array(good or rest), np.array(rest or good)
    return np.where(
        wanted,
        good[draw.integers(0, len(good), len(wanted))],
        rest[draw.integers(0, len(rest), len(wanted))],
    )


def _stamped(host: Host, pool: Pool, name: str, places: Any, moments: Any, ranks: Any) -> Any:
    """Rows of the pool with times and keys of their own."""
    import pyarrow as pa

    from ...relational.arrow_types import arrow_type

    rows = pool.tables[name].take(pa.array(places))
    for column in pool.times[name]:
        kind = rows.schema.field(column).type
        stamps = pa.array(moments, pa.timestamp("us", tz="UTC")).cast(kind)
        rows = rows.set_column(rows.column_names.index(column), column, stamps)
    for column in pool.keys[name]:
        kind = host.relations[name].type_of(column) or "string"
        texts = [f"k{rank}" for rank in ranks] if kind == "string" else ranks
        values = pa.array(texts).cast(arrow_type(kind))
        rows = rows.set_column(rows.column_names.index(column), column, values)
    return rows


def _made_up(host: Host, node: str, sources: list[str], seed: int) -> dict[str, Any]:
    told = _examples(host, node)
    return {name: _rows(host, name, told.get(name, []), seed) for name in sources}


def _examples(host: Host, node: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of the pattern's own examples, by source."""
    if not isinstance(host.catalog.get(host.type_of(node)), PatternType):
        return {}
    try:
        found, _ = examples_of(host, node)
    except LakestreamError:
        return {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for example in found:
        for name, listed in example.rows.items():
            rows.setdefault(name, []).extend(listed)
    return rows


def _rows(host: Host, name: str, told: list[dict[str, Any]], seed: int) -> Any:
    import pyarrow as pa

    relation = host.relations[name]
    kind = host.catalog.get(host.type_of(name))
    parts = [table_of([*told, *made_up_rows(host, name, MADE_UP, seed)], relation, name)[0]]
    if hasattr(kind, "simulate"):
        made = kind.simulate(host.configs[name], SIMULATED, host.engine)
        parts.append(made.select(parts[0].column_names).cast(parts[0].schema))
    return pa.concat_tables(parts)


def _seen(host: Host, node: str, tables: dict[str, Any]) -> set[int]:
    """The arrival numbers of the rows that a pattern has a use for."""
    import pyarrow.compute as pc

    kind = host.catalog.get(host.type_of(node))
    run = host.run(tables, Options(traced=False), upstream_of(host, node))
    inputs = [run.along(edge) for edge in host.inputs(node)]
    if not isinstance(kind, PatternType):
        return {number for table in inputs for number in table[ROW].to_pylist()}
    relations = host.input_relations(node)
    plan = kind.plan(host.configs[node], relations, host.resolver)
    packed = united_rows(plan, relations, inputs, host.engine)
    if not plan.all_rows:
        packed = packed.filter(pc.not_equal(packed["mask"], 0))
    return set(packed["row"].to_pylist())


def _keys(host: Host, node: str, sources: list[str]) -> dict[str, list[str]]:
    """The key columns of each source that are counted freely and that no condition mentions."""
    kind, config = host.catalog.get(host.type_of(node)), host.configs[node]
    if isinstance(kind, PatternType):
        parts = kind.plan(config, host.input_relations(node), host.resolver).parts()
        names = {name for part in parts for name in part.key}
    else:
        names = set(kind.processor(config).key)
    mentioned = Mentioned(t for c in host.configs.values() for t in texts(c.model_dump()))
    free = {name for name in names if name.lower() not in mentioned.by_column}
    return {
        source: [
            c.name for c in host.relations[source].columns if c.name in free and c.type in FREE
        ]
        for source in sources
    }


def _times(host: Host, name: str) -> list[str]:
    """The columns that say when: the event time, or all times where a later node declares it."""
    relation = host.relations[name]
    if relation.event_time is not None:
        return [relation.event_time]
    found = [column.name for column in relation.columns if column.type == "timestamp"]
    if not found:
        raise Unsupported(
            f"When an event of `{name}` happened is inside its payload, so no stream can be made.",
            where={"node": name},
            expected="a source with a column of type timestamp",
            hint="benchmark a pipeline whose source declares its columns",
        )
    return found

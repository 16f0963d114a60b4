"""How far an event, or the events of a key, came through the graph to a pattern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from ..cep.events import ROW
from ..cep.host import Host
from ..cep.report import jsonable
from ..errors import NotFound
from .reopen import Reopened
from .truth import Truth
from .view import some

MAX_NAMED = 5


def upstream_of(host: Host, node: str) -> list[str]:
    """The nodes before a pattern, in graph order."""
    found, todo = set(), [node]
    while todo:
        for edge in host.inputs(todo.pop()):
            if edge.source not in found:
                found.add(edge.source)
                todo.append(edge.source)
    return [n for n in host.order if n in found]


def event_path(opened: Reopened, node: str, event: int) -> tuple[list[str], bool]:
    """Where an event went on its way to a pattern, and whether it arrived. Raises NotFound."""
    tables = opened.run.tables
    before = upstream_of(opened.host, node)
    total = sum(t.num_rows for t in opened.sources.values())
    if not 0 <= event < total:
        raise NotFound(
            f"This run has no event {event}.",
            code="EVENT_NOT_FOUND",
            got=event,
            expected=f"0 to {total - 1}" if total else "no events at all",
        )
    carriers = [n for n in before if some(tables[n], [event], ROW).num_rows]
    if not carriers:
        return [f"Event {event} comes from a source that does not lead to `{node}`."], False
    entering = [opened.run.along(edge) for edge in opened.host.inputs(node)]
    if any(some(rows, [event], ROW).num_rows for rows in entering):
        return [], True
    last = carriers[-1]
    left = [p for p, t in opened.run.ports.get(last, {}).items() if some(t, [event], ROW).num_rows]
    if left:
        return [f"Event {event} left `{last}` by port `{'`, `'.join(left)}`."], False
    blocking = [n for n in before if any(e.source == last for e in opened.host.inputs(n))]
    return [_stopped(opened, n, event, last) for n in blocking], False


def _stopped(opened: Reopened, node: str, event: int, last: str) -> str:
    """Why a node let an event not through."""
    config = opened.host.configs[node]
    condition = getattr(config, "condition", None)
    said = f"Event {event} did not pass `{node}`"
    if not isinstance(condition, str):
        return f"{said}."
    rows = some(opened.run.tables[last], [event], ROW)
    (row,) = rows.to_pylist()
    row.pop(ROW)
    parts = Truth(opened.host.engine, [rows], ()).parts_of(condition, event, row, ())
    return f"{said}: {' and '.join(p.told() for p in parts if not p.holds)}."


def key_funnel(opened: Reopened, node: str, key: Sequence[Any]) -> list[str]:
    """How many events of a key each node on the way let through, where any were lost."""
    parts = opened.run.patterns[node].plan.parts()
    sentences: list[str] = []
    for part, edge in zip(parts, opened.host.inputs(node), strict=True):
        way = [*upstream_of(opened.host, edge.source), edge.source]
        sentences += _lost_on(opened, [*way, node], dict(zip(part.key, key, strict=True)))
    return list(dict.fromkeys(sentences))


def never_came(
    opened: Reopened, node: str, key: dict[str, Any], known: Iterable[tuple[Any, ...]]
) -> list[str]:
    """Where the events of a key that is not among the pattern's were lost, if there were any."""
    names = opened.run.patterns[node].plan.key
    whole = set(key) == set(names)
    lost = key_funnel(opened, node, [key[name] for name in names]) if whole else []
    others = [_key_told(names, values) for values in islice(known, MAX_NAMED)]
    came = f" Keys that did: {'; '.join(others)}." if others and not lost else ""
    return [*lost, f"No event of this key reached `{node}`.{came}"]


def nothing_near(opened: Reopened, node: str) -> list[str]:
    """That nothing began a match; where no event came so far, what stopped the first of them."""
    if any(table.num_rows for table in opened.run.patterns[node].inputs):
        return ["Nothing came near a match."]
    total = sum(table.num_rows for table in opened.sources.values())
    first = event_path(opened, node, 0)[0] if total else []
    return [f"None of the {total} events reached `{node}`.", *first]


def _key_told(names: Sequence[str], values: Sequence[Any]) -> str:
    return ", ".join(f"{n} = {jsonable(v)}" for n, v in zip(names, values, strict=True))


def _lost_on(opened: Reopened, way: list[str], key: dict[str, Any]) -> Iterator[str]:
    """Where on the way to a pattern, which is its last stop, events of a key were lost."""
    previous = None
    for name in way[:-1]:
        table = _leaving(opened, name, way)
        if not set(key) <= set(table.column_names):
            continue
        columns = [table[column].to_pylist() for column in key]
        wanted = [jsonable(v) for v in key.values()]
        count = sum(jsonable(values) == wanted for values in zip(*columns))
        if previous is not None and count < previous:
            yield f"`{name}` let {count} of {previous} events of this key through."
        previous = count


def _leaving(opened: Reopened, name: str, way: list[str]) -> Any:
    """The rows that left a node towards others on the way; all, where they took several ports."""
    edges = [e for e in opened.host.document.outputs(name) if e.target in way]
    ports = {edge.source_port for edge in edges}
    return opened.run.rows(name, *ports) if len(ports) == 1 else opened.run.tables[name]

"""Where nodes stand: layers from left to right, the same picture for the same graph."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from .model import Edge, Node, Position

COLUMN = 280.0
ROW = 120.0
NODE_WIDTH = 220.0
NODE_HEIGHT = 84.0
_SWEEPS = 4
_SNAP = 10.0
_Links = dict[str, list[str]]


def tidy(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, Position]:
    """A fresh place for every node: components below each other, each in layers."""
    ids = [node.id for node in nodes]
    before, after = _links(ids, edges)
    layers = _layers(ids, before, after)
    places: dict[str, Position] = {}
    top = 0.0
    for component in _components(ids, before, after):
        columns = _columns(component, layers, before, after)
        rows = _rows(columns, before)
        highest, lowest = min(rows.values()), max(rows.values())
        for layer, column in enumerate(columns):
            for node_id in column:
                y = top + rows[node_id] - highest
                places[node_id] = Position(x=layer * COLUMN, y=y)
        top += lowest - highest + ROW
    return places


def place(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, Position]:
    """A place for each node that has none, beside its neighbours and on top of nothing."""
    unplaced = [node.id for node in nodes if node.position is None]
    if not unplaced:
        return {}
    if len(unplaced) == len(nodes):
        return tidy(nodes, edges)
    ids = [node.id for node in nodes]
    before, after = _links(ids, edges)
    layers = _layers(ids, before, after)
    known = {node.id: node.position for node in nodes if node.position is not None}
    board = _Board(known.values())
    placed: dict[str, Position] = {}
    for node_id in sorted(unplaced, key=lambda n: layers[n]):
        wanted = _wanted(before[node_id], after[node_id], known, board)
        found = board.free_near(wanted)
        board.occupy(found)
        known[node_id] = placed[node_id] = found
    return placed


def _links(ids: Sequence[str], edges: Iterable[Edge]) -> tuple[_Links, _Links]:
    """Predecessors and successors of each node; loops and edges to nowhere are left out."""
    before: _Links = {node_id: [] for node_id in ids}
    after: _Links = {node_id: [] for node_id in ids}
    for edge in edges:
        if edge.source in before and edge.target in before and edge.source != edge.target:
            before[edge.target].append(edge.source)
            after[edge.source].append(edge.target)
    return before, after


def _layers(ids: Sequence[str], before: _Links, after: _Links) -> dict[str, int]:
    """The longest way from a start to each node; a cycle is entered at its first node."""
    waiting = {node_id: len(before[node_id]) for node_id in ids}
    layers = dict.fromkeys(ids, 0)
    ready = [node_id for node_id in ids if waiting[node_id] == 0]
    done: set[str] = set()
    remaining = iter(ids)
    while len(done) < len(layers):
        if not ready:
            ready = [next(node_id for node_id in remaining if node_id not in done)]
        node_id = ready.pop()
        if node_id in done:
            continue
        done.add(node_id)
        for follower in after[node_id]:
            if follower in done:
                continue
            layers[follower] = max(layers[follower], layers[node_id] + 1)
            waiting[follower] -= 1
            if waiting[follower] == 0:
                ready.append(follower)
    return layers


def _components(ids: Sequence[str], before: _Links, after: _Links) -> list[list[str]]:
    """Sets of connected nodes, in document order."""
    label: dict[str, int] = {}
    count = 0
    for start in ids:
        if start in label:
            continue
        stack = [start]
        while stack:
            node_id = stack.pop()
            if node_id not in label:
                label[node_id] = count
                stack += before[node_id] + after[node_id]
        count += 1
    components: list[list[str]] = [[] for _ in range(count)]
    for node_id in ids:
        components[label[node_id]].append(node_id)
    return components


def _columns(
    component: Sequence[str], layers: Mapping[str, int], before: _Links, after: _Links
) -> list[list[str]]:
    """The nodes of each layer, ordered so that few edges cross (barycentres, swept both ways)."""
    columns: list[list[str]] = [[] for _ in range(1 + max(layers[n] for n in component))]
    for node_id in component:
        columns[layers[node_id]].append(node_id)
    columns = [column for column in columns if column]
    rank = {n: _share(row, column) for column in columns for row, n in enumerate(column)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        links = before if forward else after
        for column in columns if forward else reversed(columns):
            means = {n: _mean([rank[m] for m in links[n]], rank[n]) for n in column}
            column.sort(key=means.__getitem__)
            rank |= {node_id: _share(row, column) for row, node_id in enumerate(column)}
    return columns


def _rows(columns: Sequence[Sequence[str]], before: _Links) -> dict[str, float]:
    """How far down each node stands: level with what feeds it, as far as there is room."""
    rows: dict[str, float] = {}
    for column in columns:
        wanted = [
            _mean([rows[m] for m in before[node_id] if m in rows], row * ROW)
            for row, node_id in enumerate(column)
        ]
        rows |= dict(zip(column, _spread(wanted), strict=True))
    return rows


def _spread(wanted: Sequence[float]) -> list[float]:
    """The heights nearest to the wanted ones that keep order and distance.

    Less the distance kept, heights must not fall: neighbours that would are moved to their mean.
    """
    blocks: list[tuple[float, int]] = []
    for row, height in enumerate(wanted):
        total, count = height - row * ROW, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            total, count = total + blocks[-1][0], count + blocks[-1][1]
            blocks.pop()
        blocks.append((total, count))
    levels = [round(total / count / _SNAP) * _SNAP for total, count in blocks for _ in range(count)]
    return [level + row * ROW for row, level in enumerate(levels)]


def _share(row: int, column: Sequence[str]) -> float:
    """How far down its column a row is, so that columns of different height compare."""
    return row - (len(column) - 1) / 2


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _wanted(
    before: Sequence[str], after: Sequence[str], known: Mapping[str, Position], board: _Board
) -> Position:
    """The best place for a node: right of what feeds it, else left of what it feeds."""
    feeding = [known[n] for n in before if n in known]
    fed = [known[n] for n in after if n in known]
    if feeding:
        x = max(p.x for p in feeding) + COLUMN
        return Position(x=x, y=_mean([p.y for p in feeding], 0.0))
    if fed:
        return Position(x=min(p.x for p in fed) - COLUMN, y=_mean([p.y for p in fed], 0.0))
    return Position(x=board.left, y=board.bottom + ROW)


class _Board:
    """Which places are taken, by grid cell."""

    def __init__(self, taken: Iterable[Position]) -> None:
        self._cells: dict[tuple[int, int], list[Position]] = {}
        self.left = math.inf
        self.bottom = -math.inf
        for position in taken:
            self.occupy(position)

    def occupy(self, position: Position) -> None:
        self._cells.setdefault(self._cell(position), []).append(position)
        self.left = min(self.left, position.x)
        self.bottom = max(self.bottom, position.y)

    def free_near(self, wanted: Position) -> Position:
        """The wanted place, or the nearest free one below or above it."""
        distance = 0
        while True:
            for row in (distance, -distance):
                candidate = Position(x=wanted.x, y=wanted.y + row * ROW)
                if self._is_free(candidate):
                    return candidate
            distance += 1

    def _is_free(self, wanted: Position) -> bool:
        column, row = self._cell(wanted)
        return not any(
            abs(taken.x - wanted.x) < COLUMN and abs(taken.y - wanted.y) < ROW
            for near_column in (column - 1, column, column + 1)
            for near_row in (row - 1, row, row + 1)
            for taken in self._cells.get((near_column, near_row), ())
        )

    @staticmethod
    def _cell(position: Position) -> tuple[int, int]:
        return math.floor(position.x / COLUMN), math.floor(position.y / ROW)

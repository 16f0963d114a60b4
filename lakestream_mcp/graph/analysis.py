"""One node at a time: its typed config, what flows out, and what is wrong; kept if unchanged."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import EngineFailed, LakestreamError
from . import config as configs
from .config_problems import Config
from .model import Column, Problem, Relation
from .node_type import ColumnResolver, NodeConfig, NodeType

if TYPE_CHECKING:
    from sqlglot import exp

Inputs = tuple[Relation, ...]
_Key = tuple[NodeType, str, Inputs | None]


class Analysis(NamedTuple):
    """What is known of one configured node. `relation` is None where it could not be worked out."""

    config: NodeConfig | None
    relation: Relation | None
    problems: tuple[Problem, ...]


class AnalysisCache:
    """Analyses by node type, config and inputs, so that an unchanged node costs a look-up."""

    def __init__(self, capacity: int = 20_000) -> None:
        self._capacity = capacity
        self._known: dict[_Key, Analysis] = {}
        self._lock = threading.Lock()

    def get(self, key: _Key) -> Analysis | None:
        """The analysis, or None."""
        return self._known.get(key)

    def put(self, key: _Key, analysis: Analysis) -> None:
        """Keep an analysis; the oldest quarter goes when there are too many."""
        with self._lock:
            if len(self._known) >= self._capacity:
                for old in list(self._known)[: max(1, self._capacity // 4)]:
                    del self._known[old]
            self._known[key] = analysis

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known = {}

    def __len__(self) -> int:
        return len(self._known)


class _Watching:
    """A resolver that remembers whether a file was read: files change behind the cache's back."""

    def __init__(self, resolver: ColumnResolver) -> None:
        self._resolver = resolver
        self.read_file = False

    def columns(self, query: exp.Query, inputs: Sequence[Relation]) -> tuple[Column, ...]:
        return self._resolver.columns(query, inputs)

    def file_columns(self, path: str, file_format: str) -> tuple[Column, ...]:
        self.read_file = True
        return self._resolver.file_columns(path, file_format)


def analyse(
    node_type: NodeType,
    config: Config,
    inputs: Inputs | None,
    resolver: ColumnResolver,
    cache: AnalysisCache,
) -> Analysis:
    """Analyse a node. With `inputs` None (something upstream is wrong) only its config is."""
    key = (node_type, json.dumps(config, sort_keys=True), inputs)
    known = cache.get(key)
    if known is not None:
        return known
    analysis, lasting = _worked_out(node_type, config, inputs, resolver)
    if lasting:
        cache.put(key, analysis)
    return analysis


def _worked_out(
    node_type: NodeType, config: Config, inputs: Inputs | None, resolver: ColumnResolver
) -> tuple[Analysis, bool]:
    """The analysis, and whether it would be the same the next time."""
    parsed = configs.parse(node_type, config)
    if parsed.config is None or inputs is None:
        return Analysis(parsed.config, None, parsed.problems), True
    problems: list[Problem] = []
    watching = _Watching(resolver)
    relation = None
    lasting = True
    try:
        problems += node_type.check(parsed.config, inputs)
        relation = node_type.relation(parsed.config, inputs, watching)
    except LakestreamError as error:
        lasting = not isinstance(error, EngineFailed)
        problem = configs.problem_of(error)
        if not any(
            (p.code, p.field, p.got) == (problem.code, problem.field, problem.got) for p in problems
        ):
            problems.append(problem)
    return Analysis(parsed.config, relation, tuple(problems)), lasting and not watching.read_file

"""One node at a time: its typed config, what flows out, and what is wrong; kept if unchanged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import EngineFailed, LakestreamError
from . import config as configs
from .config_places import Config
from .kept import Kept
from .model import Column, Problem, Relation
from .near_columns import with_near_name
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


class AnalysisCache(Kept[_Key, Analysis]):
    """Analyses by node type, config and inputs, so that an unchanged node costs a look-up."""

    def __init__(self, capacity: int = 20_000) -> None:
        super().__init__(capacity)


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
    key = (node_type, json.dumps(config), inputs)
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
    if (
        relation is not None
        and not relation.columns
        and any(p.severity == "error" for p in problems)
    ):
        relation = None
    said = (with_near_name(node_type, parsed.config, inputs, problem) for problem in problems)
    return Analysis(parsed.config, relation, tuple(said)), lasting and not watching.read_file

"""Where the keys of a pattern stand in the rows of the sources, so that rows can be found again."""

from __future__ import annotations

from ...cep.host import Host
from ...explain.path import upstream_of
from ...graph.node_type import SourceType

Pairs = list[tuple[str, str]]
"""Key columns of match rows, each with the column of the source that holds the same."""


def keys_of(host: Host, patterns: list[str]) -> dict[str, dict[str, Pairs]]:
    """By pattern and source; a source is left out where a key is no column of its own.

    A column counts where all nodes on the way have it under one name and type. What such a node may
    have computed anew is found out later: the matches are played again, and compared.
    """
    return {node: _of_pattern(host, node) for node in patterns}


def _of_pattern(host: Host, node: str) -> dict[str, Pairs]:
    kind, config = host.catalog.get(host.type_of(node)), host.configs[node]
    plan = kind.plan(config, host.input_relations(node), host.resolver)
    found: dict[str, Pairs] = {}
    for part, edge in zip(plan.parts(), host.inputs(node), strict=True):
        way = [*upstream_of(host, edge.source), edge.source]
        for source in way:
            if not isinstance(host.catalog.get(host.type_of(source)), SourceType):
                continue
            types = [[host.relations[n].type_of(column) for n in way] for column in part.key]
            if part.key and all(None not in each and len(set(each)) == 1 for each in types):
                found[source] = list(zip(plan.key, part.key, strict=True))
    return found

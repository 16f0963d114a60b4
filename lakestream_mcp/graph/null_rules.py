"""Comparisons with NULL, which are never true; other languages write the test for it so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .config_places import patched
from .facts import Facts, Rule
from .model import Finding
from .reads import Leaf, leaves

_QUOTED = r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`"
_COMPARED = re.compile(rf"({_QUOTED})|\s*(<=>|==|=|!=|<>)\s*NULL\b", re.IGNORECASE)


def compared_with_null(facts: Facts) -> Iterator[Finding]:
    """`x = NULL` is NULL for every row: no row passes."""
    for node_id, config in facts.configs.items():
        for leaf in leaves(config):
            mended = _COMPARED.sub(_tested, leaf.text)
            if mended != leaf.text:
                yield _finding(facts, node_id, leaf, mended)


def _tested(found: re.Match[str]) -> str:
    quoted, operator = found.groups()
    if quoted or operator == "<=>":
        return found.group()
    return " IS NULL" if operator in ("=", "==") else " IS NOT NULL"


def _finding(facts: Facts, node_id: str, leaf: Leaf, mended: str) -> Finding:
    given = facts.graph.nodes[node_id].config
    patch = patched(given, leaf.path, mended) if str(leaf.path[0]) in given else None
    return Finding(
        code="NULL_COMPARISON",
        severity="warning",
        message="a comparison with NULL is true for no row",
        node=node_id,
        field=leaf.field,
        got=leaf.text,
        expected=mended,
        hint="`IS NULL` and `IS NOT NULL` ask for it",
        fix=[{"op": "update_node", "id": node_id, "config": patch}] if patch else None,
    )


NULL_RULES: tuple[Rule, ...] = (compared_with_null,)

"""Values that a pipeline's own conditions and sample rows show of its columns."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...graph.model import PipelineDocument

_CONDITIONS = ("condition", "where", "trigger", "expected", "left", "right")
MAX_VALUES = 200


def known_values(document: PipelineDocument) -> dict[str, list[str]]:
    """Texts by column: those compared with it, and those in sample rows."""
    found: dict[str, dict[str, None]] = {}
    for node in document.nodes:
        rows = node.config.get("sample_rows")
        for row in rows if isinstance(rows, list) else ():
            for name, value in row.items() if isinstance(row, dict) else ():
                if isinstance(value, str) and len(value) <= 100:
                    found.setdefault(name, {})[value] = None
        for text in _conditions(node.config):
            for name, value in _compared(text):
                found.setdefault(name, {})[value] = None
    return {name: list(values)[:MAX_VALUES] for name, values in found.items()}


def _conditions(config: Any) -> list[str]:
    if isinstance(config, dict):
        own = [v for k, v in config.items() if k in _CONDITIONS and isinstance(v, str)]
        return own + [t for v in config.values() for t in _conditions(v)]
    return [t for item in config for t in _conditions(item)] if isinstance(config, list) else []


def _compared(text: str) -> list[tuple[str, str]]:
    from sqlglot import exp

    from ...errors import LakestreamError
    from ...relational.sql import parse_expression

    try:
        tree = parse_expression(text, None, aggregates=True)
    except LakestreamError:
        return []
    found = []
    for node in tree.find_all(exp.EQ, exp.In):
        if isinstance(node.this, exp.Column):
            values = node.expressions if isinstance(node, exp.In) else [node.expression]
            found += [
                (node.this.name, v.name)
                for v in values
                if isinstance(v, exp.Literal) and v.is_string
            ]
    return found


def numbers_of(config: Any) -> set[Fraction]:
    """The numbers that the conditions of a configuration compare with."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    trees = [parse_expression(text, None, aggregates=True) for text in _conditions(config)]
    literals = [n for tree in trees for n in tree.find_all(exp.Literal)]
    return {Fraction(n.name) for n in literals if not n.is_string}

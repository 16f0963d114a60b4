"""Every finding says what would do: a fix, a hint, or what was expected."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "lakestream_mcp"
WAYS_OUT = {"fix", "hint", "expected", None}
"""None stands for `**parts`, which bring them."""
POSITION_OF_EXPECTED = 5


def bare(file: Path) -> Iterator[str]:
    """Findings of a file that leave their reader alone."""
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        named = {keyword.arg for keyword in call.keywords}
        told = named & WAYS_OUT or len(call.args) >= POSITION_OF_EXPECTED
        if call.func.id in ("Problem", "Finding") and not told:
            yield f"{file.relative_to(PACKAGE)}:{call.lineno}"


def test_no_finding_is_without_a_way_out() -> None:
    found = [place for file in sorted(PACKAGE.rglob("*.py")) for place in bare(file)]
    assert not found

"""Write the parts of the docs that are derived from the code; `--check` only compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECTION = re.compile(r"(<!-- derived:(\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def tools() -> str:
    """The operations, with the surfaces they have."""
    from lakestream_mcp.operations import operations

    lines = ["| operation | what it does | role | MCP | REST |", "|---|---|---|---|---|"]
    for op in operations():
        mcp = "yes" if op.mcp else ""
        what = op.description.split("\n\n")[0].replace("\n", " ")
        lines.append(f"| `{op.name}` | {what} | {op.role} | {mcp} | `{op.method} {op.path}` |")
    return "\n".join(lines)


def node_types() -> str:
    """The node types, by category."""
    from lakestream_mcp.catalog import Catalog

    lines = ["| node type | category | what it does |", "|---|---|---|"]
    catalog = Catalog.load()
    for node in map(catalog.get, catalog.types()):
        lines.append(f"| `{node.type}` | {node.category} | {node.summary} |")
    return "\n".join(lines)


def templates() -> str:
    """The templates that come with the product, by industry."""
    from lakestream_mcp.templates.library import built_in

    lines = ["| template | industry | level | nodes | what it finds |", "|---|---|---|---|---|"]
    for made in sorted(built_in().values(), key=lambda t: (t.industry.casefold(), t.id)):
        nodes, finds = ", ".join(made.node_types), made.pipeline.description
        lines.append(f"| `{made.id}` | {made.industry} | {made.level} | {nodes} | {finds} |")
    return "\n".join(lines)


DERIVED: dict[str, Callable[[], str]] = {
    "tools": tools,
    "node_types": node_types,
    "templates": templates,
}
DOCS = ("README.md", "docs/templates.md")


def main(check: bool) -> int:
    """Write, or with `check` compare; the exit code says whether the docs were as derived."""
    stale = False
    for name in DOCS:
        path = ROOT / name
        old = path.read_text(encoding="utf-8")
        new = SECTION.sub(lambda m: f"{m[1]}{DERIVED[m[2]]()}\n{m[3]}", old)
        stale = stale or new != old
        if new != old and check:
            print(f"{name} differs from the code: run `make docs`", file=sys.stderr)
        elif new != old:
            path.write_text(new, encoding="utf-8")
    return int(stale and check)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))

"""Imports go one way, and heavy things are imported late."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter

from lakestream_mcp.cep.carried import MARK

from .sources import PACKAGE, ROOT, Module, imports, product

RUNNER = (
    *("workspace", "operations", "calls", "authorization", "arguments", "argument_names"),
    *("services", "limits", "metrics"),
)
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "identity", "access", "security", "dialogue", "__init__"),
    ("settings", "graph"),
    ("cep", "storage"),
    ("relational",),
    ("cep.host",),
    ("patterns", "nodes"),
    ("catalog", "templates"),
    ("explain",),
    ("codegen",),
    ("deploy", "language", "review"),
    ("conformance",),
    RUNNER,
    ("tools",),
    ("surfaces",),
    ("__main__",),
)
"""Lowest first: a module imports from its own layer and from lower ones. Inside a layer the named
parts are independent of each other, except where `TOGETHER` says so."""
TOGETHER = {RUNNER}
DISCOVERY = {("operations", "tools")}
"""Upward on purpose, when first called: the registry loads the modules that register themselves."""
CORE = {
    "carried",
    "expression",
    "kernel",
    "kernel_layout",
    "match_row",
    "near_miss",
    "pattern_type",
    "physical",
    "processor_type",
    "scenario",
    "sqlnull",
    "sqlvalues",
    "syntax_tree",
    "watermark",
}
"""The modules of `cep/` that know no SQL engine; the others run a whole graph with one."""
HEAVY = (
    "jwt",
    "pysail",
    "pyspark",
    "pandas",
    "pyarrow",
    "sqlglot",
    "databricks",
    "anthropic",
    "alembic",
)
CARRIED_KERNEL = {"numpy", "pyarrow"}


def test_imports_go_down() -> None:
    found = []
    for module in product():
        mine = _part(module.dotted)
        for imported in imports(module):
            if not imported.target.startswith("lakestream_mcp."):
                continue
            theirs = _part(imported.target)
            if not _allowed(mine, theirs) and ((mine, theirs) not in DISCOVERY or imported.at_load):
                found.append(f"{module.name}:{imported.line} ({mine}) imports {imported.target}")
    assert not found, "see LAYERS: move the code down, or pass what is needed as an argument"


def test_no_module_needs_itself_to_load() -> None:
    known = {m.dotted for m in product()}
    needs = {
        m.dotted: {i.target for i in imports(m) if i.at_load and i.target in known} - {m.dotted}
        for m in product()
    }
    done: set[str] = set()
    while ready := {m for m, wanted in needs.items() if m not in done and wanted <= done}:
        done |= ready
    assert not set(needs) - done, "these modules import each other"


def test_matchers_import_the_standard_library_only() -> None:
    for module in _carried("matcher.py"):
        assert _foreign(module) <= set(), f"{module.name} is carried into generated code"


def test_the_kernel_imports_what_spark_has() -> None:
    for module in _carried("kernel.py"):
        assert _foreign(module) <= CARRIED_KERNEL, f"{module.name} is carried into generated code"


def test_carried_names_are_unique() -> None:
    names = Counter(
        name for module in _carried("matcher.py", "kernel.py") for name in _top_level(module.tree)
    )
    assert not [name for name, times in names.items() if times > 1], "they share one namespace"


def test_carried_code_has_no_dataclasses_and_no_future() -> None:
    for module in _carried("matcher.py", "kernel.py"):
        targets = {i.target for i in imports(module)}
        assert not targets & {"dataclasses", "__future__"}, f"{module.name}: Spark breaks them"


def test_the_server_starts_without_heavy_packages() -> None:
    code = (
        "import json, sys, lakestream_mcp.surfaces.mcp, lakestream_mcp.surfaces.http;"
        "import lakestream_mcp.operations as o; o.operations();"
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == []


def _part(dotted: str) -> str:
    """The part of the architecture that a module belongs to."""
    pieces = dotted.split(".")[1:] or ["__init__"]
    if pieces[0] == "cep" and len(pieces) > 1 and not _is_core(pieces[1]):
        return "cep.host"
    known = {part for layer in LAYERS for part in layer}
    return pieces[0] if pieces[0] in known else "__init__"


def _is_core(name: str) -> bool:
    return name in CORE or name.startswith("expression_")


def _allowed(mine: str, theirs: str) -> bool:
    rank = {part: n for n, layer in enumerate(LAYERS) for part in layer}
    if rank[mine] == rank[theirs]:
        return mine == theirs or LAYERS[rank[mine]] in TOGETHER or rank[mine] == 0
    return rank[mine] > rank[theirs]


def _carried(*names: str) -> list[Module]:
    """The modules of these names, and the parts of matchers: what follows the mark in them."""
    found = []
    for module in product():
        parts = module.path.relative_to(PACKAGE).parts
        _, mark, tail = module.text.partition(MARK)
        if mark and parts[0] == "patterns" and "matcher.py" in names:
            found.append(module._replace(text=tail, tree=ast.parse(tail)))
        elif module.path.name in names and parts[0] in ("patterns", "cep"):
            found.append(module)
    return found


def _foreign(module: Module) -> set[str]:
    first = {i.target.split(".")[0] for i in imports(module)}
    return first - set(sys.stdlib_module_names)


def _top_level(tree: ast.Module) -> list[str]:
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
    return names

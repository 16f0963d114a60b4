"""Are the fast tests sharp? Breaks matchers and `cep/` in small ways and counts what is noticed.

    scripts/mutation.py --count 300 --seed 1 [--only patterns/absence] [--show]

Each mutant is one change of one expression or statement, judged by the tests that its file names in
`JUDGES`. Survivors are printed with the line: each is a missing test, or code that does nothing.
The exit code is 0 if the score reaches `--least` (per cent).
"""

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lakestream_mcp"
PATTERN_TESTS = "tests/patterns"
JUDGES = {
    "cep/kernel.py": ("tests/cep", "tests/patterns/absence", "tests/patterns/count_threshold"),
    "cep/sqlnull.py": ("tests/cep/test_expression.py",),
    "cep/expression.py": ("tests/cep/test_expression.py", "tests/patterns/sequence"),
    "cep/expression_python.py": ("tests/cep/test_expression.py", "tests/patterns/sequence"),
    "cep/watermark.py": ("tests/cep",),
    "cep/packing.py": ("tests/cep/test_packing.py", "tests/patterns/test_readmes.py"),
    "cep/replay.py": ("tests/cep", "tests/explain"),
    "cep/order_check.py": ("tests/cep", "tests/patterns/test_readmes.py"),
    "patterns/sequence/automaton.py": ("tests/patterns/sequence",),
}
COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
CALCULATED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Mod: ast.Mult, ast.Div: ast.Mult,
}  # fmt: skip


def judges(name):
    """The tests that judge a file of the package."""
    if name in JUDGES:
        return JUDGES[name]
    folder = Path(name).parent.name
    own = f"{PATTERN_TESTS}/{folder}"
    readme = f"{PATTERN_TESTS}/test_readmes.py"
    return (own, "tests/cep/test_invariance.py", "tests/cep/test_growth.py", readme)


def targets(only):
    """Files to break, relative to the package."""
    found = [*JUDGES, *(str(p.relative_to(PACKAGE)) for p in PACKAGE.glob("patterns/*/matcher.py"))]
    return sorted(name for name in found if not only or name.startswith(only))


class Finder(ast.NodeVisitor):
    """Collects (path to the node, what is done) for every mutation of a module."""

    def __init__(self):
        self.found = []
        self.path = []

    def generic_visit(self, node):
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_params"):
                continue
            children = value if isinstance(value, list) else [value]
            for at, child in enumerate(children):
                if isinstance(child, ast.AST):
                    self.path.append((field, at if isinstance(value, list) else None))
                    self.visit(child)
                    self.path.pop()

    def visit(self, node):
        for kind in kinds(node):
            self.found.append((tuple(self.path), kind))
        self.generic_visit(node)


def kinds(node):  # noqa: PLR0911
    """What can be done to a node."""
    if isinstance(node, ast.Compare):
        return ["compare"] if type(node.ops[0]) in COMPARED else []
    if isinstance(node, ast.BinOp):
        return ["calculate"] if type(node.op) in CALCULATED else []
    if isinstance(node, ast.BoolOp):
        return ["logic"]
    if isinstance(node, ast.UnaryOp):
        return ["drop not"] if isinstance(node.op, ast.Not) else []
    if isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        return ["constant"]
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        return ["never"] if isinstance(node, ast.While) else ["never", "always"]
    if isinstance(node, (ast.Expr, ast.AugAssign)):
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        return [] if text else ["drop"]
    if isinstance(node, (ast.Continue, ast.Break)):
        return ["swap"]
    return []


def mutated(tree, path, kind):
    """The source of a module with one mutation, and the line it is on."""
    made = copy.deepcopy(tree)
    holder, node = None, made
    for field, at in path:
        holder, place = node, (field, at)
        value = getattr(node, field)
        node = value if at is None else value[at]
    line = node.lineno
    new = changed(node, kind)
    field, at = place
    if at is None:
        setattr(holder, field, new)
    else:
        getattr(holder, field)[at] = new
    return ast.unparse(ast.fix_missing_locations(made)), line


def changed(node, kind):
    """The node after a mutation."""
    if kind == "compare":
        node.ops[0] = COMPARED[type(node.ops[0])]()
    elif kind == "calculate":
        node.op = CALCULATED[type(node.op)]()
    elif kind == "logic":
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif kind == "drop not":
        return node.operand
    elif kind == "constant":
        same = isinstance(node.value, bool)
        return ast.Constant(not node.value if same else node.value + 1)
    elif kind in ("never", "always"):
        node.test = ast.Constant(kind == "always")
    elif kind == "drop":
        return ast.Pass()
    elif kind == "swap":
        return ast.Break() if isinstance(node, ast.Continue) else ast.Continue()
    return node


def mutants(names, count, seed):
    """A seeded choice of mutations over all files: (file, path, kind)."""
    every = []
    for name in names:
        finder = Finder()
        finder.visit(ast.parse((PACKAGE / name).read_text()))
        every += [(name, path, kind) for path, kind in finder.found]
    random.Random(seed).shuffle(every)
    return every[:count]


def workspace(folder):
    """A copy of what the tests need, to break without harm."""
    shutil.copytree(PACKAGE, folder / "lakestream_mcp", symlinks=False)
    for name in ("tests", "examples", "docs", "prompts", "benchmarks", "scripts", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def judged(folder, name, source, timeout_s):
    """Whether the tests notice the mutant: `killed`, `survived`."""
    file = folder / "lakestream_mcp" / name
    original = file.read_text()
    file.write_text(source)
    tests = [t for t in judges(name) if (ROOT / t).exists()]
    words = Path(name).parent.name.replace("_", "-")
    own = f"not (test_readmes or test_growth) or {words}"
    chosen = ["-k", own] if name.endswith("matcher.py") else []
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
    marks = ["-m", "not soak and not spark and not kafka and not postgres and not browser"]
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        run = subprocess.run(
            [*command, *marks, *chosen, *tests],
            cwd=folder, env=env, capture_output=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        return "survived" if run.returncode == 0 else "killed"
    except subprocess.TimeoutExpired:
        return "killed"
    finally:
        file.write_text(original)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--least", type=float, default=90.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--timeout-s", type=float, default=300)
    given = parser.parse_args()
    names = targets(given.only)
    chosen = mutants(names, given.count, given.seed)
    trees = {name: ast.parse((PACKAGE / name).read_text()) for name in names}
    print(f"{len(chosen)} mutants of {len(names)} files, seed {given.seed}", flush=True)
    counts = Counter()

    def work(share):
        with tempfile.TemporaryDirectory() as place:
            folder = workspace(Path(place))
            for name, path, kind in share:
                source, line = mutated(trees[name], path, kind)
                verdict = judged(folder, name, source, given.timeout_s)
                counts[name, verdict] += 1
                if verdict == "survived":
                    text = (PACKAGE / name).read_text().splitlines()[line - 1].strip()
                    print(f"survived: {name}:{line} {kind}: {text}", flush=True)

    with ThreadPoolExecutor(given.workers) as pool:
        list(pool.map(work, [chosen[n :: given.workers] for n in range(given.workers)]))
    killed = sum(n for (_, verdict), n in counts.items() if verdict == "killed")
    for name in names:
        k, s = counts[name, "killed"], counts[name, "survived"]
        if k + s:
            print(f"{name}: {k} of {k + s} noticed")
    score = 100 * killed / max(len(chosen), 1)
    print(f"score {score:.1f} % ({killed} of {len(chosen)})")
    return int(score < given.least)


if __name__ == "__main__":
    sys.exit(main())

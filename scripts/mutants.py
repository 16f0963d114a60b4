"""The small changes that break a module: each replaces the text of one expression or statement.

The rest of a file stays as it is written, with its comments: the texts that Spark runs are cut out
of some of them at a mark.
"""

import ast
import copy
import hashlib
from typing import NamedTuple

COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
CALCULATED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Mod: ast.Mult, ast.Div: ast.Mult,
}  # fmt: skip
WITHOUT_PLACES = (ast.JoinedStr,)
"""Python 3.11 does not say where the expressions inside stand."""
NOT_RUN = ("annotation", "returns", "decorator_list", "type_params")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Mutant(NamedTuple):
    """One change of one file. `owner`: the outermost function it is in, '' outside of any."""

    file: str  # relative to the package
    line: int
    kind: str
    start: int  # bytes
    end: int
    text: str  # what stands there instead
    owner: str
    owner_line: int

    def applied(self, source):
        """The source with the change."""
        data = source.encode()
        return (data[: self.start] + self.text.encode() + data[self.end :]).decode()

    def told(self, source):
        """The line, what is changed there and how, as lists of mutants name it."""
        old = source.encode()[self.start : self.end].decode()
        before = source.encode()[: self.start].decode().rpartition("\n")[2].lstrip()
        line = source.splitlines()[self.line - 1].strip()
        place = f"{old} at {len(before)}" if line.count(old) > 1 else old
        change = f"{self.kind}: {place} → {self.text}"
        return {"file": self.file, "in": self.owner, "line": line, "change": change}


def mutants(sources, count, seed, skipped=()):
    """A seeded choice of mutations over sources by file, without those that are skipped.

    Each is drawn by a hash of its own, so that a change of one line leaves the others as they were.
    """
    every = [m for name in sorted(sources) for m in Finder(name, sources[name]).found]
    told = [(mutant, mutant.told(sources[mutant.file])) for mutant in every]
    drawn = [(hashed(seed, *words.values()), m) for m, words in told if words not in skipped]
    return [mutant for _, mutant in sorted(drawn, key=lambda pair: pair[0])][:count]


def hashed(*words):
    """A number that looks random and is the same every time."""
    return hashlib.sha256("\0".join(map(str, words)).encode()).hexdigest()


class Finder(ast.NodeVisitor):
    """Collects every mutation of a module."""

    def __init__(self, file, source):
        self.file = file
        self.found = []
        self.names = []
        self.owner = ("", 0)
        lines = source.encode().split(b"\n")
        self.starts = [0]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.visit(ast.parse(source))

    def visit(self, node):
        if isinstance(node, WITHOUT_PLACES) or _does_nothing(node):
            return
        for kind, replaced, text in changes(node):
            start = self.starts[replaced.lineno - 1] + replaced.col_offset
            end = self.starts[replaced.end_lineno - 1] + replaced.end_col_offset
            found = Mutant(self.file, replaced.lineno, kind, start, end, text, *self.owner)
            self.found.append(found)
        if isinstance(node, (ast.ClassDef, *FUNCTIONS)):
            self.named(node)
        else:
            self.generic_visit(node)

    def named(self, node):
        """Visits a class or function; only the body of a function runs when it is called."""
        self.names.append(node.name)
        outer = self.owner
        if isinstance(node, FUNCTIONS):
            self.visit(node.args)
            if not outer[0]:
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                self.owner = (".".join(self.names), first)
        for child in node.body:
            self.visit(child)
        self.owner = outer
        self.names.pop()

    def generic_visit(self, node):
        for field, value in ast.iter_fields(node):
            if field not in NOT_RUN:
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        self.visit(child)


def _does_nothing(node):
    """`if TYPE_CHECKING:` runs nothing, and `strict=True` only asserts."""
    if isinstance(node, ast.keyword):
        return node.arg == "strict"
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def changes(node):
    """What can be done to a node: (kind, the node whose text is replaced, by what)."""
    for kind in kinds(node):
        if kind in ("never", "always"):
            yield kind, node.test, str(kind == "always")
        elif kind == "drop":
            yield kind, node, "pass"
        elif kind == "swap":
            yield kind, node, "break" if isinstance(node, ast.Continue) else "continue"
        else:
            yield kind, node, f"({ast.unparse(changed(copy.deepcopy(node), kind))})"


def kinds(node):  # noqa: PLR0911
    """What can be done to a node, by name."""
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


def changed(node, kind):
    """The expression after a mutation."""
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
    return node

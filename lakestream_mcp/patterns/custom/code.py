"""An author's code as a tree: its class, its methods, its state. Never executed here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from ...cep.authored.safety import imported_modules
from ...cep.processor_type import StateVariable
from ...cep.syntax_tree import module_tree

BASE = "StatefulProcessor"
STATE_CALLS = {"getValueState": "value", "getListState": "list", "getMapState": "map"}
PARAMETERS = {
    "getValueState": ("stateName", "schema", "ttlDurationMs"),
    "getListState": ("stateName", "schema", "ttlDurationMs"),
    "getMapState": ("stateName", "userKeySchema", "valueSchema", "ttlDurationMs"),
}


class Declaration(NamedTuple):
    """A call that declares state: its arguments by name, as literals where they are."""

    kind: str
    call: ast.Call
    arguments: dict[str, ast.expr]
    method: str

    def text(self, name: str, constants: dict[str, str]) -> str | None:
        """A text argument: a literal, or a constant of the module; None for anything else."""
        given = self.arguments.get(name)
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            return given.value
        return constants.get(given.id) if isinstance(given, ast.Name) else None

    @property
    def schema_names(self) -> tuple[str, ...]:
        """Which arguments are schemas."""
        return ("userKeySchema", "valueSchema") if self.kind == "map" else ("schema",)


class Authored(NamedTuple):
    """What an author's code is made of."""

    tree: ast.Module
    classes: tuple[ast.ClassDef, ...]  # subclasses of StatefulProcessor
    constants: dict[str, str]
    declarations: tuple[Declaration, ...]
    imports: tuple[tuple[str, int], ...]  # module and line

    @property
    def methods(self) -> dict[str, ast.FunctionDef]:
        """The methods of the processor's class."""
        body = self.classes[0].body if len(self.classes) == 1 else []
        return {f.name: f for f in body if isinstance(f, ast.FunctionDef)}

    @property
    def states(self) -> tuple[StateVariable, ...]:
        """Every state whose name and schemas are literals."""
        found = []
        for declared in self.declarations:
            name = declared.text("stateName", self.constants)
            schemas = [declared.text(n, self.constants) for n in declared.schema_names]
            if name is not None and None not in schemas:
                found.append(StateVariable(name, declared.kind, tuple(map(str, schemas))))
        return tuple(found)


@lru_cache(maxsize=64)
def read_code(code: str) -> Authored:
    """Parse an author's code. Raises SyntaxError, ValueError, RecursionError, MemoryError."""
    tree = module_tree(code)
    classes = tuple(c for c in tree.body if isinstance(c, ast.ClassDef) and _is_processor(c))
    constants = {
        s.targets[0].id: s.value.value
        for s in tree.body
        if isinstance(s, ast.Assign)
        and isinstance(s.targets[0], ast.Name)
        and isinstance(s.value, ast.Constant)
        and isinstance(s.value.value, str)
    }
    return Authored(
        tree, classes, constants, tuple(_declarations(classes)), tuple(imported_modules(tree))
    )


def _is_processor(node: ast.ClassDef) -> bool:
    return any(
        (isinstance(b, ast.Name) and b.id == BASE)
        or (isinstance(b, ast.Attribute) and b.attr == BASE)
        for b in node.bases
    )


def _declarations(classes: tuple[ast.ClassDef, ...]) -> Iterator[Declaration]:
    for node in classes:
        for method in node.body:
            if isinstance(method, ast.FunctionDef):
                for call in ast.walk(method):
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                        name = call.func.attr
                        if name in STATE_CALLS:
                            yield _declaration(name, call, method.name)


def _declaration(name: str, call: ast.Call, method: str) -> Declaration:
    given: dict[str, Any] = dict(zip(PARAMETERS[name], call.args, strict=False))
    given |= {k.arg: k.value for k in call.keywords if k.arg}
    return Declaration(STATE_CALLS[name], call, given, method)

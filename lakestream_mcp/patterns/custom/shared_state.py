"""What an author's class changes outside its declared state."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...cep.authored.mutation import root_of, stored_names, written
from ...cep.authored.safety import at
from ...graph.model import Problem
from .code import Authored


def shared_state(authored: Authored) -> Iterator[Problem]:
    """Assignments that outlive a key within a batch, and are lost after it."""
    module_names = stored_names(authored.tree)
    for name, method in authored.methods.items():
        if name in ("init", "__init__", "close"):
            continue
        for node in ast.walk(method):
            target = written(node)
            root = root_of(target) if target is not None else None
            own = isinstance(target, ast.Attribute | ast.Subscript) and root == "self"
            local = root in {a.arg for a in method.args.args} | stored_names(method)
            if own or (root in module_names and not local and not isinstance(target, ast.Name)):
                yield at(
                    getattr(node, "lineno", method.lineno),
                    "STATE_ON_SELF",
                    f"`{ast.unparse(target)}` is changed in `{name}`: Spark shares it between the "  # type: ignore[arg-type]
                    "keys of a partition and loses it after the batch.",
                    got=ast.unparse(target),  # type: ignore[arg-type]
                    expected="state declared in `init`",
                    hint="self.count = handle.getValueState('count', 'n bigint') in `init`",
                )

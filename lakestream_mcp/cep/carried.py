"""The Python text that both hosts run, and its hash: "tested = deployed" made checkable.

A pattern's text is the kernel, its matcher's file and the few lines that build the matcher from
the plan. Generated code contains it verbatim; the tester executes it.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from .kernel_layout import layout_of
from .pattern_type import PatternPlan

PACKAGE = Path(__file__).parent.parent
KERNEL = Path(__file__).with_name("kernel.py")
SQL_NULL = Path(__file__).with_name("sqlnull.py")
VALUE_CALLS = re.compile(r"\b(sql_call|Decimal|decimal_of|texts_of)\(")
MARK = "# --- carried ---\n"
SQL_VALUES = Path(__file__).with_name("sqlvalues.py")


class Carried(NamedTuple):
    """The parts of one pattern's text. `runtime`, `values`: '' unless conditions need them."""

    kernel: str
    runtime: str
    matcher: str
    build: str  # defines `matcher_<node id>()` and `LAYOUT_<NODE ID>`
    values: str = ""

    @property
    def sha256(self) -> str:
        """The hash that generated code and test runs both name."""
        parts = self if self.values else self[:-1]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def carried(plan: PatternPlan, node_id: str) -> Carried:
    """The text of one configured pattern."""
    runtime = _text(SQL_NULL) if plan.functions else ""
    matcher = matcher_text(PACKAGE / "patterns" / plan.matcher / "matcher.py")
    values = _text(SQL_VALUES) if VALUE_CALLS.search(plan.functions) else ""
    return Carried(_text(KERNEL), runtime, matcher, build_text(plan, node_id), values)


def matcher_text(path: Path) -> str:
    """A matcher's file; where it holds the mark, what follows it, behind what it imports so."""
    parts: dict[Path, str] = {}
    todo = [path]
    while todo:
        here = todo[-1]
        head, mark, tail = _text(here).partition(MARK)
        needed = [
            here.with_name(f"{n}.py") for n in re.findall(r"^from \.(\w+) import", head, re.M)
        ]
        missing = [each for each in needed if each not in parts] if mark else []
        if missing:
            todo += missing
        else:
            parts[todo.pop()] = tail.strip() + "\n" if mark else head
    return "\n\n".join(parts.values())


def build_text(plan: PatternPlan, node_id: str) -> str:
    """The lines that build this node's matcher, whose functions stay local to it."""
    fields = ",\n".join(f"    {k}={v!r}" for k, v in layout_of(plan, node_id).arguments().items())
    functions = f"{textwrap.indent(plan.functions.strip(), '    ')}\n\n" if plan.functions else ""
    return (
        f"LAYOUT_{node_id.upper()} = Layout(\n{fields},\n)\n\n\n"
        f"def matcher_{node_id}():\n{functions}    return {plan.construct}\n"
    )


def load(text: Carried, node_id: str) -> tuple[ModuleType, Any, Any]:
    """Execute the text: the kernel module, a fresh matcher and its layout."""
    kernel = _module("kernel", text.kernel)
    names: dict[str, Any] = {"__name__": f"carried_{node_id}", "Layout": kernel.Layout}
    for part in (text.runtime, text.values, text.matcher):
        if part:
            names.update(_public(_module("part", part)))
    exec(compile(text.build, f"<{node_id}>", "exec"), names)
    return kernel, names[f"matcher_{node_id}"](), names[f"LAYOUT_{node_id.upper()}"]


@lru_cache(maxsize=64)
def _module(name: str, text: str) -> ModuleType:
    module = ModuleType(name)
    exec(compile(text, f"<carried {name}>", "exec"), module.__dict__)
    return module


def _public(module: ModuleType) -> dict[str, Any]:
    return {k: v for k, v in vars(module).items() if not re.fullmatch(r"__\w+__", k)}


@lru_cache(maxsize=64)
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")

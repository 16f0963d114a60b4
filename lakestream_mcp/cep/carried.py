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


class Carried(NamedTuple):
    """The parts of one pattern's text. `runtime` is '' unless conditions need it."""

    kernel: str
    runtime: str
    matcher: str
    build: str  # defines `matcher_<node id>()` and `LAYOUT_<NODE ID>`

    @property
    def sha256(self) -> str:
        """The hash that generated code and test runs both name."""
        return hashlib.sha256("\0".join(self).encode()).hexdigest()


def carried(plan: PatternPlan, node_id: str) -> Carried:
    """The text of one configured pattern."""
    runtime = _text(SQL_NULL) if plan.functions else ""
    matcher = _text(PACKAGE / "patterns" / plan.matcher / "matcher.py")
    return Carried(_text(KERNEL), runtime, matcher, build_text(plan, node_id))


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
    for part in (text.runtime, text.matcher):
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

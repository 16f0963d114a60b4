"""Code generation: a validated pipeline becomes one notebook that runs here and on Databricks."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from .. import __version__
from ..graph.model import PipelineDocument
from ..graph.node_type import ColumnResolver


class NodeLines(BaseModel):
    """Where a node's code stands: lines counted from 1, both ends included."""

    node: str
    start: int
    end: int


class Generated(BaseModel):
    """Generated files and what identifies them.

    hashes: sha256 by file name, and of what each pattern carries by node id: the same that a test
    run names. frames: the Python name of each node's frame. state_version changes when stored state
    can no longer be read.
    """

    files: dict[str, str]
    hashes: dict[str, str]
    line_map: list[NodeLines]
    frames: dict[str, str]
    state_version: str


def generate(
    document: PipelineDocument,
    validation: Any,
    catalog: Any,
    pipeline_id: str,
    revision: int,
    resolver: ColumnResolver | None = None,
) -> Generated:
    """Structured Streaming code of a pipeline. Raises InvalidPipeline, Unsupported."""
    from .plan import plan_notebook
    from .render import notebook
    from .verify import check, formatted

    plan = plan_notebook(
        document, validation, catalog, pipeline_id, revision, resolver, reserved_names()
    )
    text = formatted(notebook(plan, __version__))
    check(text)
    name = f"{pipeline_id}.py"
    hashes = {name: hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()}
    hashes |= plan.hashes
    return Generated(
        files={name: text},
        hashes=hashes,
        line_map=line_map(text),
        frames={step.node.id: step.frame for step in plan.steps},
        state_version=plan.state_version,
    )


def line_map(text: str) -> list[NodeLines]:
    """The lines of each node's cell."""
    found: list[NodeLines] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(NODE_MARK):
            found.append(NodeLines(node=line.removeprefix(NODE_MARK), start=number, end=number))
        elif line == CELL_MARK:
            open_node = found[-1] if found else None
            if open_node is not None and open_node.end == open_node.start:
                open_node.end = number - 1
    return found


NODE_MARK = "# lakestream:node="
CELL_MARK = "# COMMAND ----------"


@lru_cache(maxsize=1)
def reserved_names() -> frozenset[str]:
    """Names that a notebook may define itself; no frame takes one of them."""
    from ..cep.carried import KERNEL, PACKAGE, SQL_NULL
    from .inline import FOLDER, PLATFORM, top_level_names

    files = [KERNEL, FOLDER / "spark_host.py", *(FOLDER / "platform" / f"{n}.py" for n in PLATFORM)]
    files += sorted(PACKAGE.glob("patterns/*/matcher.py"))
    files += [SQL_NULL] if SQL_NULL.exists() else []
    names = {"PIPELINE", "CHECKPOINTS", "TABLES", "TRIGGER", "BUCKETS", "dbutils", "display"}
    for file in files:
        names |= top_level_names(file.read_text(encoding="utf-8"))
    return frozenset(names | {"spark", "F"})

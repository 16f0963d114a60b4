"""What generated code needs of this machine, read from the code itself before it is started."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from ...cep.syntax_tree import module_tree
from ...codegen import CELL_MARK, NODE_MARK, Generated
from ...errors import NotFound, Unsupported
from ...graph.model import PipelineDocument

DATABRICKS_ONLY = "read_on_databricks"
RESCUE_OPTIONS = {"rescuedDataColumn", "cloudFiles.schemaEvolutionMode"}
WRITES_HERE = {"write_table", "merge_table", "write_files", "write_feature_table"}


class Cell(NamedTuple):
    """A node's part of a notebook: its calls, as their function's name and the call."""

    node: str
    calls: list[tuple[str, ast.Call]]


def cells(generated: Generated) -> Iterator[Cell]:
    """The cells of nodes, in the order of the notebook."""
    for text in next(iter(generated.files.values())).split(f"\n{CELL_MARK}\n"):
        marks = [line for line in text.splitlines() if line.startswith(NODE_MARK)]
        if marks:
            calls = [n for n in ast.walk(module_tree(text)) if isinstance(n, ast.Call)]
            named = [(n.func.id, n) for n in calls if isinstance(n.func, ast.Name)]
            yield Cell(marks[0].removeprefix(NODE_MARK), named)


def refuse_impossible(document: PipelineDocument, generated: Generated) -> None:
    """Raise Unsupported for a source that only Databricks reads."""
    for cell in cells(generated):
        node = document.node(cell.node)
        if node is not None and (reason := _impossible(cell)):
            raise Unsupported(
                f"`{node.id}` cannot be read by a local Spark: {reason}.",
                code="LOCAL_RUN_IMPOSSIBLE",
                where={"node": node.id},
                got=node.type,
                expected="files, Kafka, Delta tables, MQTT, a webhook or a stream-simulator",
                hint="Rehearse it on given events: `events` takes rows or a file by source, or "
                '{"template": id}, as test_pattern does.',
            )


def _impossible(cell: Cell) -> str | None:
    for name, call in cell.calls:
        texts = {n.value for n in ast.walk(call) if isinstance(n, ast.Constant)}
        if name == DATABRICKS_ONLY:
            return "only Databricks has a source for it"
        if name == "read_files" and texts & RESCUE_OPTIONS:
            return "only Databricks rescues data of files"
    return None


def secrets_needed(generated: Generated, without: Collection[str] = ()) -> list[str]:
    """The variables that hold the secrets the code reads. Raises NotFound for one that is missing.

    without: nodes whose code is not run.
    """
    found: dict[str, None] = {}
    for cell in cells(generated):
        for name, call in cell.calls:
            if name != "secret" or cell.node in without:
                continue
            place = "_".join(str(a.value) for a in call.args if isinstance(a, ast.Constant))
            variable = re.sub(r"\W", "_", place).upper()
            if variable not in os.environ:
                raise NotFound(
                    f"A secret of `{cell.node}` is not known here.",
                    code="SECRET_NOT_FOUND",
                    where={"node": cell.node},
                    expected=f"the environment variable {variable}",
                    hint="Set it where the run is started, or rehearse on given `events`: then "
                    "nothing is read from or sent to other systems.",
                )
            found[variable] = None
    return list(found)


def sends_away(generated: Generated, document: PipelineDocument) -> list[str]:
    """Sinks that write to other systems than tables and files."""
    found = []
    for cell in cells(generated):
        names = {name for name, _ in cell.calls}
        if not document.outputs(cell.node) and not names & WRITES_HERE:
            found.append(cell.node)
    return found

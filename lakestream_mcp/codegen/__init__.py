"""Code generation: a validated pipeline becomes files that run on Databricks.

A notebook of Structured Streaming runs here as well; declarative SQL is the other target.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..graph.model import PipelineDocument
from ..graph.node_type import ColumnResolver
from ..graph.validate import Validation, refuse_errors
from .deploying import Deploying
from .generated import CodeTarget, Generated, NodeLines, Route, Task

if TYPE_CHECKING:
    from .hybrid import Stage
    from .routing import Routing

__all__ = [
    "CodeTarget",
    "Generated",
    "NodeLines",
    "Route",
    "Task",
    "generate",
    "line_map",
    "reserved_names",
]


def generate(
    document: PipelineDocument,
    validation: Validation,
    catalog: Any,
    pipeline_id: str,
    revision: int,
    resolver: ColumnResolver | None = None,
    target: CodeTarget = "sss",
) -> Generated:
    """The code of a pipeline for a target. Raises InvalidPipeline, Unsupported."""
    from .hybrid import cut
    from .routing import route

    refuse_errors(validation)
    deployed = Deploying.of(document).code if target == "bundle" else target
    routing = route(document, validation, catalog, deployed)
    stages = cut(document, validation, catalog, pipeline_id, routing.stages)
    names = _suffixes([stage.target for stage in stages])
    parts = [
        _declarative(stage, catalog, pipeline_id + suffix, pipeline_id, revision, routing)
        if stage.target == "sdp"
        else _notebook(stage, catalog, pipeline_id + suffix, pipeline_id, revision, resolver)
        for stage, suffix in zip(stages, names, strict=True)
    ]
    tasks = _tasks(stages, names, parts)
    made = _merged(parts).model_copy(
        update={"target": routing.target, "routes": routing.routes, "tasks": tasks}
    )
    if target != "bundle":
        return made
    from .bundle import bundle

    return bundle(made, document, pipeline_id)


def _tasks(
    stages: Sequence[Stage], suffixes: Sequence[str], parts: Sequence[Generated]
) -> list[Task]:
    """What a job runs: each stage after those whose tables it reads."""
    keys = {
        stage.number: TASKS[stage.target] + suffix
        for stage, suffix in zip(stages, suffixes, strict=True)
    }
    return [
        Task(
            key=keys[stage.number],
            kind="pipeline" if stage.target == "sdp" else "notebook",
            files=list(part.files),
            depends_on=[keys[number] for number in stage.after],
        )
        for stage, part in zip(stages, parts, strict=True)
    ]


def _suffixes(targets: Sequence[str]) -> list[str]:
    """What tells files of one kind apart: nothing for the first, then `_2` …"""
    counts = [targets[: i + 1].count(target) for i, target in enumerate(targets)]
    return ["" if count == 1 else f"_{count}" for count in counts]


def _notebook(
    stage: Stage,
    catalog: Any,
    name: str,
    pipeline_id: str,
    revision: int,
    resolver: ColumnResolver | None,
) -> Generated:
    from .plan import plan_notebook
    from .render import notebook
    from .verify import check, formatted

    plan = plan_notebook(
        stage.document,
        stage.validation,
        catalog,
        pipeline_id,
        revision,
        resolver,
        reserved_names(),
    )
    text = formatted(notebook(plan, __version__))
    check(text)
    file = f"{name}.py"
    return Generated(
        files={file: text},
        hashes={file: _sha256(text)} | plan.hashes,
        line_map=line_map(text, file),
        frames={key: frame for step in plan.steps for key, frame in step.frames().items()},
        state_version=plan.state_version,
        checkpoints=plan.checkpoints,
    )


def _declarative(
    stage: Stage,
    catalog: Any,
    name: str,
    pipeline_id: str,
    revision: int,
    routing: Routing,
) -> Generated:
    from .declarative.late import late_row_warnings
    from .declarative.plan import plan_parts
    from .declarative.render import Header, python_file, sinks_of, sql_file
    from .verify import check, formatted

    header = Header(__version__, stage.document.name, pipeline_id, revision)
    parts = plan_parts(stage.document, stage.validation, catalog, routing.statements)
    file = f"{name}.sql"
    text, places = sql_file(header, parts)
    files = {file: text}
    lines = [NodeLines(**place._asdict(), file=file) for place in places]
    sinks = sinks_of(parts)
    if sinks:
        module = f"{name}_sinks.py"
        files[module] = formatted(python_file(header, sinks))
        check(files[module])
        lines += line_map(files[module], module)
    hashes = {file: _sha256(text) for file, text in files.items()}
    return Generated(
        files=files,
        hashes=hashes,
        line_map=lines,
        frames={},
        state_version="",
        warnings=late_row_warnings(stage.document),
    )


def _merged(parts: Sequence[Generated]) -> Generated:
    """The files of all stages. Of several notebooks each has a part in the state's version."""
    versions = [part.state_version for part in parts if part.state_version]
    several = _sha256(" ".join(versions))[:16]
    return Generated(
        files={name: text for part in parts for name, text in part.files.items()},
        hashes={name: value for part in parts for name, value in part.hashes.items()},
        line_map=[lines for part in parts for lines in part.line_map],
        frames={node: frame for part in parts for node, frame in part.frames.items()},
        state_version=several if len(versions) > 1 else "".join(versions),
        checkpoints={sink: held for part in parts for sink, held in part.checkpoints.items()},
        warnings=[warning for part in parts for warning in part.warnings],
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def line_map(text: str, file: str = "") -> list[NodeLines]:
    """The lines of each node's cell in a notebook."""
    found: list[NodeLines] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(NODE_MARK):
            node = line.removeprefix(NODE_MARK)
            found.append(NodeLines(node=node, start=number, end=number, file=file))
        elif line == CELL_MARK:
            open_node = found[-1] if found else None
            if open_node is not None and open_node.end == open_node.start:
                open_node.end = number - 1
    return found


NODE_MARK = "# lakestream:node="
CELL_MARK = "# COMMAND ----------"
TASKS = {"sdp": "declarative", "sss": "streaming"}


@lru_cache(maxsize=1)
def reserved_names() -> frozenset[str]:
    """Names that a notebook may define itself; no frame takes one of them."""
    from ..cep.carried import KERNEL, PACKAGE, SQL_NULL
    from .inline import FOLDER, PLATFORM_FILES, top_level_names

    files = [KERNEL, FOLDER / "spark_host.py", *PLATFORM_FILES]
    files += sorted(PACKAGE.glob("patterns/*/matcher.py"))
    files += [SQL_NULL] if SQL_NULL.exists() else []
    names = {"PIPELINE", "CHECKPOINTS", "TABLES", "TRIGGER", "BUCKETS", "dbutils", "display"}
    for file in files:
        names |= top_level_names(file.read_text(encoding="utf-8"))
    return frozenset(names | {"spark", "F"})
